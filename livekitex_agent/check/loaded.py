"""``python -m livekitex_agent.check.loaded``: import a program and set it up, in a process that is there for that alone.

Its arguments are the program's place, what it holds (`Holds`), the name of it, the descriptor to write to, and the classes of its user
data. It writes one line of JSON: what the setup left behind, the fields that cannot be written, and why it could not be loaded.
"""

import json
import logging
import os
import sys
from typing import Any

from actors import load_reference
from livekitex_agent.check.fields import unwritable
from livekitex_agent.console.program_file import Holds
from livekitex_agent.program.left_behind import Held, left_since
from livekitex_agent.program.loading import load_program
from protocols import LivekitexError


def main(place: str, holds: str, name: str, descriptor: str, *classes: str) -> None:
    """See the module."""
    logging.getLogger("livekitex.program").disabled = True  # what it has to say is told
    told: dict[str, Any] = {"failure": "", "left": [], "fields": {}}
    try:
        if holds == Holds.AGENT:
            load_reference(f"{place}:{name}")
        else:
            program = load_program(place, name)
            before = Held.now()
            program.set_up()
            told["left"] = left_since(before)
        for cls in classes:
            told["fields"][cls] = list(unwritable(load_reference(f"{place}:{cls}")))
    except LivekitexError as failure:
        told["failure"] = str(failure)
    except Exception as failure:  # noqa: BLE001 - the program's own
        told["failure"] = f"{type(failure).__name__}: {failure}"
    os.write(int(descriptor), json.dumps(told).encode())
    os._exit(0)  # threads of the program may be left, and nobody waits for them


if __name__ == "__main__":
    main(*sys.argv[1:])

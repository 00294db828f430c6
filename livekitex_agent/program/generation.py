"""The fork parent of a program's calls: a partition that has imported the program and set it up, so that each call is born with it."""

import gc
import logging
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from livekitex_agent.program.left_behind import Held, left_since
from livekitex_agent.program.loading import load_program
from livekitex_agent.program.source_files import SourceFile, first_changed, sources_since
from protocols import CheckProgram, Message, ProgramChecked, SystemClock, abnormal, shorten_reason
from supervision import DynamicSupervisor, StopStart

log = logging.getLogger("livekitex.program")

LEAVES: Final = "program_leaves"
"""The reason of a start that failed because ``import`` or ``setup`` leaves what no fork may have; begun anew with less, it does not."""

_IMPORT, _SETUP, _NOTHING = "import", "setup", "nothing"


class ProgramGeneration(DynamicSupervisor):
    """One generation of a program: its calls' supervisors are its children.

    Its arguments are those of a `DynamicSupervisor`, and ``program``: ``place`` and ``server`` (see `load_program`), and ``mode``, how much
    of it is done here: its import and its ``setup``, its ``import`` alone, or ``nothing``. What is not done here each call does for itself.

    Its start acknowledges first, so whoever starts it is free while the program loads. It fails with `InvalidAgentError` for a program that
    cannot be loaded, and for `LEAVES` if a thread or a descriptor is left behind, which are named in the log. It answers `CheckProgram`
    with whether the files that it has loaded are as they were; modules that a call imports later are not known here.
    """

    def on_start(self, args: Mapping[str, Any]) -> None:
        """Acknowledge, then load."""
        described = dict(args)
        program = described.pop("program")
        self._sources: tuple[SourceFile, ...] | None = None
        self.context.acknowledge_start()
        self.context.defer_start()
        self.context.post(partial(self._begin, program, described))

    def on_message(self, message: Message) -> None:
        """Besides what every supervisor is asked: whether the program has changed. Until it is loaded nothing is answered."""
        if self._sources is None:
            return
        if isinstance(message, CheckProgram):
            self.context.reply(ProgramChecked(changed=first_changed(self._sources)))
        else:
            super().on_message(message)

    def _begin(self, program: Mapping[str, str], described: Mapping[str, Any]) -> None:
        self._sources = _load(program) if program["mode"] != _NOTHING else ()
        super().on_start(described)


def _load(program: Mapping[str, str]) -> tuple[SourceFile, ...]:
    began_ns, known = int(SystemClock().wall() * 1e9), frozenset(sys.modules)
    held = Held.now()
    loaded = load_program(program["place"], program["server"])
    _require_nothing_left(program["place"], _IMPORT, held)
    if program["mode"] == _SETUP:
        loaded.set_up()
        _require_nothing_left(program["place"], _SETUP, held)
    gc.collect()
    gc.freeze()  # a collection in a call never looks at what it was born with, so does not write to the pages that it shares
    return sources_since(known, began_ns)


def _require_nothing_left(place: str, what: str, held: Held) -> None:
    if left := left_since(held):
        log.warning(
            "the %s of %s leaves %s: it is done in each call's process instead, which is slower and takes more memory",
            what,
            place,
            ", ".join(left),
        )
        raise StopStart(abnormal(shorten_reason(f"{LEAVES}:{what}: {', '.join(left)}")))

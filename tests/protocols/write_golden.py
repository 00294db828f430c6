"""``python tests/protocols/write_golden.py``: write the golden bytes of message classes that have none, and forget those that are gone.

It never changes a line: the bytes of a message change with `protocols.envelope.WIRE_VERSION`, whose change begins with an empty file.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

if __name__ == "__main__":
    from protocols import encode_envelope
    from support.messages import EVENTS, GOLDEN, MESSAGES, sample_envelope

    known = json.loads(GOLDEN.read_text("utf-8")) if GOLDEN.exists() else {}
    golden = {cls.TAG: known.get(cls.TAG) or encode_envelope(sample_envelope(cls)).hex() for cls in MESSAGES + EVENTS}
    GOLDEN.write_text(json.dumps(golden, indent=0, sort_keys=True) + "\n", "utf-8")

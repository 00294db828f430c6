"""``python tests/actors/agent_session/records/write_golden.py``: write the bytes of record types that have none to the newest version.

It never changes a line. Where one has to change (a type has a new field), give it a new version to write to: an empty ``<n+1>.json``.
"""

import json
import sys
from pathlib import Path

import actors
import protocols
import supervision

_REAL = (actors, protocols, supervision)  # before the tests are on the path, whose folders have the same names
sys.path.insert(0, str(Path(__file__).parents[3]))

if __name__ == "__main__":
    from support.records import GOLDEN, encoded, samples

    newest = max(GOLDEN.glob("*.json"), key=lambda path: int(path.stem))
    known = json.loads(newest.read_text("utf-8"))
    golden = {name: known.get(name) or encoded(value).hex() for name, value in samples().items()}
    newest.write_text(json.dumps(golden, indent=0, sort_keys=True) + "\n", "utf-8")

"""The check: what of a program will not survive the death of its call's process, before it dies.

How it works. The program's own files are read (`source`), and what stands in them is judged (`agents`, `effects`, `loops`); then a process
of its own imports and sets it up (`loaded`), and tells what the setup left behind and which fields of its user data cannot be written
(`fields`). `examination` puts it together.
"""

from livekitex_agent.check.examination import examine, prepare
from livekitex_agent.check.findings import STYLES, Finding, Kind, lines, to_json

__all__ = ["STYLES", "Finding", "Kind", "examine", "lines", "prepare", "to_json"]

"""The doctor: what this machine can do for a system and for the demo, and how to get what it cannot.

What is found is gathered by `machine` (reads) and `trials` (really tries, and leaves nothing); `judgements` decides, purely, what it means;
`report` shows it.
"""

from livekitex_agent.doctor.examination import Terminal, examine
from livekitex_agent.doctor.findings import DEMO, START, Finding, Verdict, can_run
from livekitex_agent.doctor.report import STYLES, conclusion, lines, to_json

__all__ = ["DEMO", "START", "STYLES", "Finding", "Terminal", "Verdict", "can_run", "conclusion", "examine", "lines", "to_json"]

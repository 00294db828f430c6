import os
import subprocess
import sys

SCRIPT = """
import logging, structlog, sys
from livekitex_agent.launcher.logs import configure_logs
configure_logs(sys.argv[1])
logging.getLogger("livekitex.actor").info("not at warning")
logging.getLogger("livekitex.actor").warning("child ended", extra={"child": "a"})
structlog.get_logger("livekitex.tool").bind(call_id="c").info("looked up")
structlog.get_logger("livekitex.tool").bind(call_id="c").error("failed")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("livekitex.actor").exception("actor crashed")
"""


def run(level: str) -> list[str]:
    here = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", SCRIPT, level], capture_output=True, text=True, check=True, env=here)
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_entries_of_both_kinds_go_to_standard_error_a_line_each() -> None:
    child, failed, crashed, *trace = run("warning")
    assert "[warning  ] child ended" in child
    assert "child=a" in child
    assert "[error    ] failed" in failed
    assert "call_id=c" in failed
    assert "actor crashed" in crashed
    assert trace[0] == "Traceback (most recent call last):"
    assert trace[-1] == "ZeroDivisionError: division by zero"


def test_the_level_decides() -> None:
    assert sum("not at warning" in line or "looked up" in line for line in run("info")) == 2

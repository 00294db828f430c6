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
    assert trace[0] == "    Traceback (most recent call last):"
    assert trace[-1] == "    ZeroDivisionError: division by zero"


FORGERY = """
import logging, structlog
from livekitex_agent.launcher.logs import configure_logs
configure_logs("info")
forged = "x\\n2026-01-01T00:00:00Z [error    ] forged\\x1b[2J\\x9b\\u2028\\u202e\\x85"
log = logging.getLogger("livekitex.actor")
log.warning("message %s", forged, extra={"extra": forged, "listed": [forged]})
structlog.get_logger("livekitex.tool").info(forged, **{forged: 1})
try:
    raise ValueError(forged)
except ValueError:
    log.exception("failed", stack_info=True)
"""


def test_no_text_looks_like_another_entry_or_commands_the_terminal() -> None:
    here = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", FORGERY], capture_output=True, check=True, env=here)
    written = done.stderr.decode()
    entries = [line for line in written.split("\n") if line and not line.startswith("    ")]
    assert len(entries) == 3
    assert not any(line.startswith("2026-01-01") for line in entries)
    assert set(written) & set("\x1b\x9b\u2028\u202e\x85\r") == set()
    assert "\\x1b[2J" in written


def test_the_level_decides() -> None:
    assert sum("not at warning" in line or "looked up" in line for line in run("info")) == 2

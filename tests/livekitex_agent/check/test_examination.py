"""A program, examined as its author does it: read, loaded in a process of its own, and told."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from livekitex_agent.check import Finding, Kind, examine, lines
from livekitex_agent.cli.app import make_app
from livekitex_agent.console.program_file import find_program

PROGRAM = """
import sqlite3, sys, threading
from dataclasses import dataclass

from livekitex_agent.worker import AgentServer

print("it is imported")

@dataclass
class Data:
    names: list[str]
    db: sqlite3.Connection | None = None

def setup(proc):
    threading.Thread(target=threading.Event().wait, name="poller", daemon=True).start()
    proc.userdata["db"] = sqlite3.connect("calls.db")
    proc.userdata["menu"] = open(__file__)

server = AgentServer(setup_fnc=setup)

@server.rtc_session(agent_name="shop")
async def entrypoint(ctx):
    await ctx.start(AgentSession(userdata=Data([])))
"""


def examined(folder: Path, source: str) -> list[Finding]:
    (folder / "shop.py").write_text(source, "utf-8")
    return examine(find_program(folder / "shop.py"))


@pytest.mark.processes
def test_what_setup_leaves_and_what_cannot_be_written_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = {(one.kind, one.line, one.found.partition(",")[0]) for one in examined(tmp_path, PROGRAM)}
    descriptor = next(text for kind, _, text in found if "calls.db" in text)
    assert found == {
        (Kind.SETUP, 14, "its setup leaves a thread poller"),
        (Kind.SETUP, 14, descriptor),
        (Kind.USER_DATA, 23, "userdata.db is sqlite3.Connection"),
    }


@pytest.mark.processes
@pytest.mark.parametrize(
    ("source", "failure"),
    [
        ("server = AgentServer()", "NameError: name 'AgentServer' is not defined"),
        ("import os\nserver = AgentServer = 1\nos._exit(3)\nserver = AgentServer()", "its process has ended with 3"),
        (
            "from livekitex_agent.worker import AgentServer\nserver = AgentServer()\nserver.setup_fnc = lambda proc: 1 / 0",
            "its setup_fnc failed",
        ),
    ],
)
def test_a_program_that_cannot_be_loaded_is_a_finding(source: str, failure: str, tmp_path: Path) -> None:
    (only,) = examined(tmp_path, source)
    assert (only.kind, only.is_lost) == (Kind.PROGRAM, True)
    assert failure in only.found


@pytest.mark.processes
def test_the_command_tells_it_and_its_code_says_whether_something_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "agent.py").write_text("from livekitex_agent import Agent\nagent = Agent(instructions='x')\n", "utf-8")
    runner = CliRunner()
    fine = runner.invoke(make_app(80), ["check"])
    assert (fine.exit_code, fine.stdout) == (0, "All that is known of it survives a death.\n")
    (tmp_path / "bad.py").write_text("agent = Agent(instructions='x')\n", "utf-8")
    bad = runner.invoke(make_app(80), ["check", "bad.py"])
    assert bad.exit_code == 1
    assert bad.stdout.endswith("1 of it will not survive a death.\n")
    report = json.loads(runner.invoke(make_app(80), ["check", "bad.py", "--json"]).stdout)
    assert report["survives"] is False
    assert report["findings"][0]["path"] == str(tmp_path / "bad.py")
    missing = runner.invoke(make_app(80), ["check", "missing.py"])
    assert missing.exit_code == 2


def test_a_finding_is_shown_with_its_place_and_its_cure() -> None:
    finding = Finding(path="shop.py", line=7, kind=Kind.EFFECT, found="it is done again", cure="do it once")
    assert ["".join(parts) for parts in lines(finding)] == ["effect    shop.py:7: it is done again", "          cure: do it once"]
    assert not Finding(path="shop.py", line=7, kind=Kind.LOOP, found="x", cure="y").is_lost

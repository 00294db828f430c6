"""The console as its user runs it: a call that is written to, whose process is killed by a key, by a line, by itself."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support import fresh
from support.pressing import in_terminal

AGENT = '''
import time

from livekitex_agent.voice.agent import Agent
from livekitex_agent import function_tool


@function_tool(idempotent=True)
def price(product: str) -> str:
    """Tell the price of a product."""
    time.sleep(0.2)
    return f"{product} is nine dollars."


agent = Agent(instructions="You sell pizza.", tools=[price], greeting="Hello there.")
'''
CONSOLE = ("-m", "livekitex_agent", "console", "--text")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "agent.py").write_text(AGENT, "utf-8")
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    return fresh.environment() | {"XDG_STATE_HOME": str(folder), "TERM": "xterm", "COLUMNS": "100", "LINES": "30"}


def console(folder: Path, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *CONSOLE, *arguments],
        cwd=folder,
        env=environment(folder),
        input=said,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def words(shown: str) -> list[str]:
    """The entries without their times and states."""
    entries = re.findall(r"^ *[\d.]+  (\w+) +(.*)$", shown, re.MULTILINE)
    return [f"{kind}: {re.sub(r'[0-9]+', 'N', text)}" for kind, text in entries if kind not in {"state", "time"}]


@pytest.mark.processes
def test_a_key_kills_the_process_and_the_call_comes_back_before_the_eyes(folder: Path) -> None:
    with in_terminal(*CONSOLE, cwd=folder, environment=environment(folder)) as terminal:
        terminal.wait_for("agent +Hello there.")
        terminal.press("price of a pizzz\x7fa\r")
        terminal.wait_for("caller +price of a pizza")
        terminal.wait_for("agent +a pizza is nine dollars.")
        terminal.press("price of")
        terminal.wait_for("> price of")
        terminal.press("\x0b")
        first = terminal.wait_for(r"SIGKILL to process \d+")
        terminal.wait_for(r"incarnation 2 of the call has its conversation again \(the last one: killed\), \d+ ms after the kill")
        terminal.press(" a salad\r")
        terminal.wait_for("caller +price of a salad")
        terminal.wait_for("agent +a salad is nine dollars.")
        terminal.press("/kill\r")
        assert terminal.wait_for(r"SIGKILL to process \d+") != first
        terminal.wait_for("incarnation 3 of the call has its conversation again")
        terminal.press("/quit\r")
        terminal.wait_for("the call has ended: caller hung up")
        assert terminal.wait_ended() == 0


@pytest.mark.processes
@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_keys_end_it_and_the_terminal_is_as_before(key: str, folder: Path) -> None:
    with in_terminal(*CONSOLE, cwd=folder, environment=environment(folder)) as terminal:
        terminal.wait_for("agent +Hello there.")
        assert not terminal.is_for_lines
        terminal.press(key)
        terminal.wait_for("the call has ended: caller hung up")
        assert terminal.wait_ended() == 0
        assert terminal.is_for_lines
    assert "Traceback" not in terminal.shown


@pytest.mark.processes
def test_lines_of_a_pipe_are_said_when_it_is_quiet(folder: Path) -> None:
    done = console(folder, said="price of a pizza\n\n/kill\nprice of a salad\n")
    assert done.returncode == 0, done.stderr
    assert words(done.stdout) == [
        "agent: Hello there.",
        "caller: price of a pizza",
        'tool: price({"product": "a pizza"})',
        "tool: price -> a pizza is nine dollars.",
        "agent: a pizza is nine dollars.",
        "KILL: SIGKILL to process N, the call's session, as its caller asked",
        "BACK: incarnation N of the call has its conversation again (the last one: killed), N ms after the kill",
        "caller: price of a salad",
        'tool: price({"product": "a salad"})',
        "tool: price -> a salad is nine dollars.",
        "agent: a salad is nine dollars.",
        "note: the call has ended: caller hung up",
    ]


@pytest.mark.processes
def test_it_is_killed_in_the_tool_by_itself_and_the_answer_comes_all_the_same(folder: Path) -> None:
    done = console(folder, "--kill-at", "tool", said="price of a pizza\n/quit\n")
    assert done.returncode == 0, done.stderr
    said = words(done.stdout)
    assert "KILL: SIGKILL to process N, the call's session, while tool" in said
    assert said.count("agent: a pizza is nine dollars.") == 1


@pytest.mark.processes
def test_a_kill_that_never_came_is_a_failure(folder: Path) -> None:
    done = console(folder, "--kill-at", "tool", said="hello\n")
    assert done.returncode == 1
    assert "1 of 1 kills did not take place: it was never tool" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [
        (["--wav", "x.wav"], "--text and --wav exclude each other: drop one"),
        (["--record"], "--record records voices: drop --text"),
        (["--kill-at", "listening"], "--kill-at listening needs a caller who speaks: drop --text"),
        (["nothing.py"], "nothing.py: No such file or directory: name the program's file, or write one: livekitex init NAME"),
        (["--llm", "nobody:x"], "llm='nobody:x': no installed package offers that"),
    ],
)
def test_what_cannot_work_is_said(arguments: list[str], cure: str, folder: Path) -> None:
    done = console(folder, *arguments)
    assert done.returncode == 2
    assert cure in done.stderr
    assert os.listdir(folder) == ["agent.py"] or "--llm" in arguments


PROGRAM = """
from livekitex_agent import AgentServer

server = AgentServer()


@server.rtc_session()
async def entrypoint(ctx):
    {}
"""


@pytest.mark.processes
@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("raise ValueError('no database')", "the call has failed: the entrypoint has failed: ValueError: no database"),
        ("pass", "the call has failed: the entrypoint has returned and started no session: await session.start(...) in it"),
        (
            "import asyncio; await asyncio.Event().wait()",
            "the call takes no end within 10 s (has its program started a session?): it is ended with the system",
        ),
    ],
)
def test_a_program_that_starts_no_session_is_a_failure_and_holds_nobody(body: str, problem: str, folder: Path) -> None:
    (folder / "agent.py").write_text(PROGRAM.format(body), "utf-8")
    done = console(folder, said="")
    assert done.returncode == 1, done.stdout
    assert problem in done.stderr

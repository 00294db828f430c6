"""A program is found by its place, once in a process, and whoever wrote it is told what is wrong and where."""

import asyncio
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from livekitex_agent.program import loading
from livekitex_agent.program.loading import load_program
from protocols import InvalidAgentError

SERVER = """
from livekitex_agent.job import JobContext
from livekitex_agent.worker import AgentServer
server = AgentServer()

@server.rtc_session(agent_name="waiter")
async def serve(ctx: JobContext) -> None:
    pass
"""


@pytest.fixture(autouse=True)
def _own_state(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(loading, "_loaded", {})
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    known = set(sys.modules)
    yield
    for name in set(sys.modules) - known:
        if name.startswith("__livekitex_script__") or name == "menu":
            del sys.modules[name]


def script(folder: Path, text: str, name: str = "waiter.py") -> str:
    (folder / name).write_text(text, "utf-8")
    return str(folder / name)


def test_a_server_is_found_with_the_modules_beside_its_script(tmp_path: Path) -> None:
    script(tmp_path, "PRICE = 9\n", "menu.py")
    place = script(tmp_path, SERVER + "import menu\nassert __name__ != '__main__'\n")
    program = load_program(place)
    assert program.session_for("waiter").entrypoint.__name__ == "serve"
    assert program.session_for("").entrypoint.__name__ == "serve"
    assert load_program(place) is program
    with pytest.raises(InvalidAgentError, match=r"waiter\.py: no rtc_session is named 'cook': choose one of 'waiter'"):
        program.session_for("cook")


@pytest.mark.parametrize(
    ("text", "entrypoint", "setup"),
    [
        ("from livekitex_agent.worker import WorkerOptions\nasync def run(ctx): ...\noptions = WorkerOptions(run)", "run", None),
        ("async def entrypoint(ctx): ...\nasync def other(ctx): ...\ndef prewarm(proc): ...", "entrypoint", "prewarm"),
        (
            "async def serve(ctx): ...\ndef warm(proc): ...\nif __name__ == '__main__':\n    run_app(WorkerOptions(prewarm_fnc=warm))",
            "serve",
            "warm",
        ),
        ("import asyncio\nfrom asyncio import sleep\nasync def serve(ctx): ...\nasync def _two(a, b): ...", "serve", None),
    ],
)
def test_older_ways_to_write_a_program_are_found(tmp_path: Path, text: str, entrypoint: str, setup: str | None) -> None:
    program = load_program(script(tmp_path, text))
    assert program.session_for("").entrypoint.__name__ == entrypoint
    assert (program.server.setup_fnc and program.server.setup_fnc.__name__) == setup


def test_one_of_several_is_chosen_by_its_name(tmp_path: Path) -> None:
    text = SERVER + "night = AgentServer()\n@night.rtc_session()\nasync def late(ctx): ...\nnumber = 3\n"
    place = script(tmp_path, text)
    with pytest.raises(InvalidAgentError, match="describes 2 programs: say which one by the name of its AgentServer"):
        load_program(place)
    assert load_program(place, "night").session_for("").entrypoint.__name__ == "late"
    assert load_program(place, "late").session_for("").entrypoint.__name__ == "late"
    with pytest.raises(InvalidAgentError, match="defines no day: define `server = AgentServer"):
        load_program(place, "day")
    with pytest.raises(InvalidAgentError, match="3 is no AgentServer, no WorkerOptions and no async function"):
        load_program(place, "number")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("x = 1\n", r"waiter\.py describes no program: define `server = AgentServer\(\)`"),
        ("x = 1\nraise OSError('no disk')\n", r"waiter\.py: its import failed: OSError: no disk \(.*waiter\.py:2\)"),
        ("import nix_da\n", r"ModuleNotFoundError: No module named 'nix_da' \(.*waiter\.py:1\): install it where the system runs"),
        ("def x(:\n", r"its import failed: SyntaxError: .* \(.*waiter\.py:1\)"),
        ("import json\n\njson.loads('{')\n", r"its import failed: JSONDecodeError: .* \(.*waiter\.py:3\)"),
        ("import sys\nsys.exit(3)\n", r"its import failed: SystemExit: 3 \(.*waiter\.py:2\)"),
        (
            "from livekitex_agent.worker import AgentServer\nserver = AgentServer(preload_modules=['nix_da'])",
            "its preload_modules cannot be",
        ),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(InvalidAgentError, match=complaint):
        load_program(script(tmp_path, text))


def test_a_place_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidAgentError, match=r"/none\.py: its import failed: FileNotFoundError"):
        load_program(str(tmp_path / "none.py"))
    with pytest.raises(InvalidAgentError, match="nix_da: its import failed: ModuleNotFoundError"):
        load_program("nix_da")


def test_a_module_is_a_place_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path, SERVER, "menu.py")
    monkeypatch.syspath_prepend(tmp_path)
    assert load_program("menu").session_for("waiter").entrypoint.__module__ == "menu"


def test_setup_runs_once_and_what_fails_in_it_is_told(tmp_path: Path) -> None:
    place = script(
        tmp_path, SERVER + "def setup(proc):\n    proc.userdata['n'] = proc.userdata.get('n', 0) + 1\nserver.setup_fnc = setup\n"
    )
    program = load_program(place)
    program.set_up()
    program.set_up()
    assert program.process.userdata == {"n": 1}
    broken = load_program(script(tmp_path, SERVER + "server.setup_fnc = lambda proc: proc.userdata['n']\n", "broken.py"))
    with pytest.raises(InvalidAgentError, match=r"broken\.py: its setup_fnc failed: KeyError: 'n' \(.*broken\.py:\d+\)"):
        broken.set_up()


def test_an_async_setup_is_awaited(tmp_path: Path) -> None:
    place = script(tmp_path, SERVER + "async def setup(proc):\n    proc.userdata['n'] = 1\nserver.setup_fnc = setup\n")
    program = load_program(place)
    program.set_up()
    assert program.process.userdata == {"n": 1}
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()


def test_a_fork_has_random_numbers_of_its_own(tmp_path: Path) -> None:
    program = load_program(place := script(tmp_path, SERVER))
    random.seed(7)
    expected = random.Random(7).random()
    program.pid = os.getpid() + 1  # as if this process were forked from the one that loaded it
    load_program(place)
    assert random.random() != expected
    random.seed(7)
    load_program(place)
    assert random.random() == expected

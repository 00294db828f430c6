"""What of a file takes the call, found without running it."""

from pathlib import Path

import pytest

from livekitex_agent.console.program_file import Holds, find_program
from protocols import ConfigurationError


def found(folder: Path, source: str) -> tuple[Holds, str]:
    file = folder / "shop.py"
    file.write_text(source, "utf-8")
    program = find_program(file)
    assert program.path == str(file)
    return program.holds, program.name


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("agent = Agent(instructions='x')", (Holds.AGENT, "agent")),
        ("other = Agent.text(instructions='x')\nagent = Agent(instructions='y')", (Holds.AGENT, "agent")),
        ("shop: Agent = livekitex_agent.Agent(instructions='x')", (Holds.AGENT, "shop")),
        ("class Waiter(Agent): ...\nwaiter = Waiter()", (Holds.AGENT, "waiter")),
        ("server = AgentServer()\nagent = Agent(instructions='x')", (Holds.PROGRAM, "server")),
        ("main_server = agents.AgentServer(num_idle_processes=1)", (Holds.PROGRAM, "main_server")),
        ("options = WorkerOptions(entrypoint_fnc=entry)", (Holds.PROGRAM, "options")),
        ("if __name__ == '__main__':\n    cli.run_app(WorkerOptions(entrypoint_fnc=entry))", (Holds.PROGRAM, "entry")),
        ("a = AgentServer()\nb = AgentServer()\nif __name__ == '__main__':\n    cli.run_app(b)", (Holds.PROGRAM, "b")),
    ],
)
def test_what_takes_the_call_is_read(source: str, expected: tuple[Holds, str], tmp_path: Path) -> None:
    assert found(tmp_path, f"raise SystemExit('it ran')\n{source}\n") == expected


@pytest.mark.parametrize(
    ("source", "cure"),
    [
        ("x = 1", "nothing in it takes a call: give its top level a server"),
        ("text = Button.text(1)", "nothing in it"),
        ("x = (", r":1: this is no Python"),
    ],
)
def test_what_takes_none_is_refused_with_the_cure(source: str, cure: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=cure):
        found(tmp_path, source)


def test_without_a_file_it_is_the_one_that_init_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ConfigurationError, match=r"agent\.py: No such file or directory: name the program's file, or write one: livekitex init"
    ):
        find_program(None)
    (tmp_path / "agent.py").write_text("agent = Agent(instructions='x')", "utf-8")
    assert find_program(None).path == str(tmp_path / "agent.py")


@pytest.mark.parametrize(
    "source",
    [
        "async def entrypoint(ctx): ...",
        "@server.rtc_session\nasync def main(ctx): ...",
        "async def entrypoint(ctx): ...\nif __name__ == '__main__':\n    options = make()\n    cli.run_app(options)",
    ],
)
def test_what_only_an_import_tells_is_left_to_it(source: str, tmp_path: Path) -> None:
    assert found(tmp_path, source) == (Holds.PROGRAM, "")

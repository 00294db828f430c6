"""``cli.run_app(server)``: a program's own script is its console, and says what it cannot serve yet."""

import subprocess
import sys
from pathlib import Path

import pytest

from livekitex_agent import cli
from protocols import ConfigurationError
from support import fresh

PROGRAM = '''
from typing import Literal

from livekitex_agent import Agent, AgentServer, AgentSession, JobContext, ProviderRef, RunContext, cli, function_tool

RULES = {
    "vocabularies": {"product": {"pizza": ["pizza"], "salad": ["salad"]}},
    "intents": [
        {
            "name": "add",
            "examples": ["add a {product}"],
            "slots": {"product": {"type": "choice", "of": "product", "ask": "What?"}},
            "call": {"tool": "add", "arguments": {"product": "{product}"}},
        }
    ],
    "results": {"add": {"say": "{result}"}},
}


class Waiter(Agent):
    async def on_enter(self) -> None:
        await self.session.say("What would you like?")

    @function_tool
    async def add(self, ctx: RunContext, product: Literal["pizza", "salad"]) -> str:
        """Add something to the order."""
        ctx.userdata.append(product)
        return f"You have {' and '.join(ctx.userdata)}."


async def entrypoint(ctx: JobContext) -> None:
    llm = ProviderRef(factory="actors.providers.offline:rule_llm", options=RULES)
    session = AgentSession(llm=llm, userdata=[])
    await session.start(Waiter(instructions="You take orders."), room=ctx.room)
'''
SERVER = PROGRAM + "\n\nserver = AgentServer()\nserver.rtc_session(entrypoint)\nif __name__ == '__main__':\n    cli.run_app(server)\n"
OPTIONS = (
    PROGRAM.replace("AgentServer,", "WorkerOptions,")
    + "\n\nif __name__ == '__main__':\n    cli.run_app(WorkerOptions(entrypoint_fnc=entrypoint))\n"
)


def run(folder: Path, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    variables = fresh.environment() | {"XDG_STATE_HOME": str(folder)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=variables, input=said, capture_output=True, text=True, check=False, timeout=300)


def agent_lines(shown: str) -> list[str]:
    return [line.split("agent   ")[1] for line in shown.splitlines() if "  agent   " in line]


@pytest.mark.processes
@pytest.mark.parametrize("source", [SERVER, OPTIONS], ids=["AgentServer", "WorkerOptions"])
def test_a_program_is_talked_to_by_its_own_script_and_comes_back(source: str, tmp_path: Path) -> None:
    (tmp_path / "my_agent.py").write_text(source, "utf-8")
    done = run(tmp_path, "my_agent.py", "console", "--text", said="add a pizza\n/kill\nadd a salad\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "incarnation 2 of the call has its conversation again" in done.stdout
    assert agent_lines(done.stdout) == ["What would you like?", "You have pizza.", "You have pizza and salad."], (
        "greeted once, nothing lost"
    )


@pytest.mark.processes
@pytest.mark.parametrize("command", ["dev", "start"])
def test_serving_prepares_the_program_and_says_that_rooms_are_not_there(command: str, tmp_path: Path) -> None:
    (tmp_path / "my_agent.py").write_text(SERVER, "utf-8")
    done = run(tmp_path, "my_agent.py", command, "--url", "ws://localhost:7880")
    assert (done.returncode, done.stdout) == (1, f"{tmp_path}/my_agent.py is imported and set up, it is 'server'.\n")
    assert (
        f"this version takes no jobs from a LiveKit server, the next one does. Until then talk to the program: livekitex console {tmp_path}"
        in (done.stderr)
    )


@pytest.mark.processes
def test_a_program_that_cannot_be_loaded_is_not_prepared(tmp_path: Path) -> None:
    (tmp_path / "agent.py").write_text("server = AgentServer()\n", "utf-8")
    done = run(tmp_path, "-m", "livekitex_agent", "start")
    assert (done.returncode, done.stdout) == (1, "")
    assert "the program cannot be loaded" in done.stderr
    assert "NameError: name 'AgentServer' is not defined" in done.stderr


def test_what_is_no_program_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"run_app was given a int: give it an AgentServer, or WorkerOptions\(entrypoint_fnc"):
        cli.run_app(3)  # type: ignore[arg-type]


def test_a_prompt_has_no_program_that_another_process_could_import() -> None:
    done = fresh.python(
        """
        from livekitex_agent import AgentServer, cli
        cli.run_app(AgentServer())
        """,
        status=1,
    )
    assert "what is typed at a prompt cannot be imported: put it in a file" in done.stderr


def test_a_script_that_runs_its_command_when_it_is_loaded_is_told_where_to_put_it(tmp_path: Path) -> None:
    (tmp_path / "my_agent.py").write_text("from livekitex_agent import AgentServer, cli\ncli.run_app(AgentServer())\n", "utf-8")
    done = fresh.python(f"from actors import load_reference\nload_reference({f'{tmp_path}/my_agent.py:server'!r})", status=1)
    assert 'runs its command when it is loaded, and a call\'s process loads it: put run_app under if __name__ == "__main__":' in done.stderr


def test_whoever_imports_it_loads_nothing_of_a_terminal() -> None:
    done = fresh.python(
        "import sys\nfrom livekitex_agent import cli\nprint({'typer', 'rich', 'click'} & set(sys.modules), cli.run_app.__name__)"
    )
    assert done.stdout == "set() run_app\n"

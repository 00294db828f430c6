"""A tool that ends its session's process, in any of the ways there are: its call is there again, and no other notices."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from livekitex_agent import Agent, AgentMessage, Restarted, ToolCalled, ToolReturned, WorkerOptions, sync
from support import dangerous_tools as tools

pytestmark = pytest.mark.processes

AGENT = Agent.text(
    instructions="You take orders.",
    tools=[
        tools.remember,
        tools.recall,
        tools.null_pointer,
        tools.abortion,
        tools.sudden_death,
        tools.exit_at_once,
        tools.broken_thread,
        tools.broken_callback,
        tools.broken_task,
        tools.mere_exception,
    ],
)


@dataclass
class Running:
    system: sync.AgentSystem
    bystander: sync.CallHandle
    log: Path


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("system")
    log = folder / "stderr"
    with _standard_error(log):
        system = sync.AgentSystem.start(WorkerOptions(preload=False, partitions=1, journal_dir=folder / "calls"))
    with system:
        yield Running(system, system.start_session(AGENT), log)


@contextmanager
def _standard_error(path: Path) -> Iterator[None]:
    """Whoever is started meanwhile writes its standard error to a file."""
    kept = os.dup(2)
    with path.open("wb") as file:
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def say(session: sync.CallHandle, line: str) -> str:
    """Say it, and hear the reply."""
    session.send_text(line)
    return session.wait_for(AgentMessage).text


@pytest.mark.parametrize(
    ("tool", "reason"),
    [
        (tools.null_pointer, "error:SIGSEGV"),
        (tools.abortion, "error:SIGABRT"),
        (tools.sudden_death, "killed"),
        (tools.exit_at_once, "'error:exit code 7'"),
        (tools.broken_thread, "'error:ValueError: a defect of the tool'"),
        (tools.broken_callback, "'error:ValueError: a defect of the tool'"),
        (tools.broken_task, "'error:ValueError: a defect of the tool'"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_tool_that_ends_the_process_costs_one_turn_of_one_call(running: Running, tool: Callable[[], str], reason: str) -> None:
    session, bystander = running.system.start_session(AGENT), running.bystander
    assert say(session, "remember the product of pizza") == "Noted pizza."
    before, elsewhere = session.info(), bystander.info()

    assert say(session, tool.__name__.replace("_", " ")).startswith("error: the outcome of this call is unknown.")

    after = session.info()
    assert (after.incarnation, after.os_pid != before.os_pid) == (2, True)
    assert after.history.items[: len(before.history)] == before.history.items
    assert say(session, "recall") == "pizza"
    assert f"child=agent_session/{session.call_id} final=False reason={reason} " in running.log.read_text("utf-8")
    assert (bystander.info().os_pid, bystander.info().incarnation) == (elsewhere.os_pid, 1)
    assert say(bystander, "recall") == "nothing"
    session.end()


def test_an_exception_of_a_tool_is_an_answer_to_the_model_and_ends_nothing(running: Running) -> None:
    session = running.system.start_session(AGENT)
    before = session.info().os_pid
    assert say(session, "mere exception") == "error: ValueError: a defect of the tool"
    assert session.info().os_pid == before
    session.end()


def test_the_events_tell_the_restart_between_the_tools_start_and_its_outcome(running: Running) -> None:
    session = running.system.start_session(AGENT)
    say(session, "null pointer")
    session.end()
    events = [pushed.event for pushed in session.events()]
    kinds = [type(event) for event in events if isinstance(event, ToolCalled | Restarted | ToolReturned)]
    assert kinds == [ToolCalled, Restarted, ToolReturned]

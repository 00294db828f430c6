"""What kills a session twice is given up, told, and never tried again; what a tool did before its process died is done once."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors import FileStore
from actors.agent_session.core import Happened
from actors.agent_session.core.tools import OUTCOME_UNKNOWN
from actors.agent_session.records import decode_entry
from actors.journal import UnknownRecord
from livekitex_agent import AgentMessage, Restarted, SessionEvent, ToolReturned, TurnFailed, UserMessage, WorkerOptions, sync
from livekitex_agent.testing.fakes import spoken
from protocols import FailedTurn
from support import poison
from support.poison import POISON

pytestmark = pytest.mark.processes

APOLOGY = "I am sorry, something went wrong with that. Please go on."
RATE_HZ = 16_000


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sync.AgentSystem]:
    options = WorkerOptions(preload=False, partitions=1, journal_dir=tmp_path_factory.mktemp("calls"), log_level="error")
    with sync.AgentSystem.start(options) as system:
        yield system


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    """What tools and providers leave behind."""
    return tmp_path / "lines"


def use(session: sync.CallHandle, tool: str, **arguments: object) -> ToolReturned:
    """Have the model use a tool, and hear what it is told of it."""
    session.send_text(f"use {tool} {json.dumps(arguments)}")
    returned = session.wait_for(ToolReturned)
    assert session.wait_for(AgentMessage).text == f"It came back: {returned.result}."
    return returned


def journalled(session: sync.CallHandle) -> list[SessionEvent]:
    """The events in the call's journal."""
    path = Path(session.info().journal_path)
    content = FileStore(path.parent).read(path.name)
    assert content is not None
    entries = [decode_entry(body) for body in content.bodies]
    return [entry.event for entry in entries if isinstance(entry, Happened) and not isinstance(entry.event, UnknownRecord)]


def is_given_up(session: sync.CallHandle, text: str, failed: TurnFailed) -> None:
    """The turn of ``text`` is told and journalled as failed, and apologised for."""
    assert failed.text == text
    assert failed.reason.startswith("the session died 2 times in the same step: ")
    assert session.wait_for(AgentMessage, lambda message: not message.interrupted).text == APOLOGY
    events = journalled(session)
    assert failed in events
    assert sum(isinstance(event, Restarted) for event in events) == 2


@pytest.mark.parametrize(("tool", "point"), [("order", "during"), ("order", "returned"), ("look_up", "returned")])
def test_a_tool_that_may_have_run_runs_again_only_if_it_is_idempotent(system: sync.AgentSystem, lines: Path, tool: str, point: str) -> None:
    runs, result = (1, OUTCOME_UNKNOWN) if tool == "order" else (2, "1 orders")
    session = system.start_session(poison.agent())
    assert use(session, "count").result == "1"
    assert use(session, tool, path=str(lines), point=point).result == result
    assert lines.read_text("utf-8") == "".join(f"life {life}\n" for life in range(1, runs + 1))
    user_data = json.loads(session.info().user_data_json)
    assert user_data == {"count": 1} | ({"orders": 1} if result != OUTCOME_UNKNOWN else {})  # the result and its data, or neither
    session.end()


def test_every_kind_of_function_has_the_calls_data_through_a_death(system: sync.AgentSystem) -> None:
    session = system.start_session(poison.agent())
    assert [use(session, "opening").result, use(session, "add", amount=5).result, use(session, "count").result] == ["10", "15", "1"]
    os.kill(session.info().os_pid, signal.SIGSEGV)
    assert [use(session, "add", amount=5).result, use(session, "count").result] == ["20", "2"]
    assert session.info().incarnation == 2
    session.end()


def test_a_tool_that_aborts_on_one_word_costs_one_turn(system: sync.AgentSystem, lines: Path) -> None:
    session = system.start_session(poison.agent())
    assert use(session, "serve", product="olives", path=str(lines)).result == "olives served"
    text = f"use serve {json.dumps({'product': POISON, 'path': str(lines)})}"
    session.send_text(text)
    is_given_up(session, text, session.wait_for(TurnFailed))
    assert use(session, "serve", product="capers", path=str(lines)).result == "capers served"
    assert lines.read_text("utf-8").split() == ["olives", POISON, POISON, "capers"]
    history = session.info().history
    assert [item.text for item in history if isinstance(item, FailedTurn)] == [text]
    session.end()


def test_a_model_that_dies_of_a_text_is_never_told_of_it_again(system: sync.AgentSystem, lines: Path) -> None:
    session = system.start_session(poison.agent(llm=poison.provider("poison:llm", path=str(lines))))
    text = f"some {POISON} please"
    session.send_text(text)
    is_given_up(session, text, session.wait_for(TurnFailed))
    session.send_text("and now")
    assert session.wait_for(AgentMessage).text == "You said and now. That was message 1."
    assert lines.read_text("utf-8") == "asked\n" * 2
    session.end()


def test_ears_that_die_of_what_the_caller_says_hear_the_next_words(system: sync.AgentSystem, lines: Path) -> None:
    session = system.start_session(poison.voice_agent(str(lines)))
    listening = threading.Thread(target=list, args=(session.audio(),))  # so the apology is spoken at once
    listening.start()
    session.stream_audio(spoken(f"and a pizza with {POISON} please", pause_s=0.8), RATE_HZ)
    failed = session.wait_for(TurnFailed)
    session.stream_audio(bytes(2 * RATE_HZ), RATE_HZ)  # the line stays open
    is_given_up(session, "", failed)
    session.stream_audio(spoken("then one with olives please", pause_s=0.8), RATE_HZ)
    assert session.wait_for(UserMessage).text == "then one with olives please"
    assert lines.read_text("utf-8") == f"and a pizza with {POISON} please\n" * 2
    session.end()
    listening.join()

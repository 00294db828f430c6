"""On real processes: callbacks have each event once through a death, and nothing of a card leaves the session's process."""

import os
import queue
import signal
from pathlib import Path

import pytest

from livekitex_agent import (
    Agent,
    AgentMessage,
    CallEnded,
    CommandDone,
    EventPushed,
    Restarted,
    SessionEvent,
    UserMessage,
    WorkerOptions,
    sync,
)
from livekitex_agent.events import CallbackFailed, SpeechDone, TurnLatency, UsageUpdated

pytestmark = pytest.mark.processes

CARD = "4111 1111 1111 1111"
WITHIN_S = 60.0


def look_up(number: str) -> str:
    """Look up a customer.

    Args:
        number: Of the customer.
    """
    raise LookupError(f"there is no customer {number}")


def test_callbacks_have_each_event_once_through_a_death_and_nothing_of_a_card(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    got: queue.Queue[EventPushed] = queue.Queue()
    failed: queue.Queue[CallbackFailed] = queue.Queue()
    options = WorkerOptions(journal_dir=tmp_path, retention_s=600, log_level="info", redactor="patterns")
    with sync.AgentSystem.start(options) as system:
        session = system.start_session(Agent.text(instructions="You sell pizza.", tools=[look_up]))

        @session.on(AgentMessage)
        def fails(event: AgentMessage) -> None:
            raise ValueError(event.speech_id)

        session.on(CallbackFailed, failed.put)
        session.on(SessionEvent, lambda _event, around: got.put(around), from_number=1)
        session.send_text(f"my card is {CARD} ok", command_id="one")
        session.wait_for(CommandDone, lambda done: done.command_id == "one")
        os.kill(session.info().os_pid, signal.SIGKILL)
        session.wait_for(Restarted)
        session.send_text("hello", command_id="two")
        speech = session.say(f"Your card is {CARD}.")
        ended: queue.Queue[sync.SpeechHandle] = queue.Queue()
        speech.add_done_callback(ended.put)
        assert speech.wait_for_playout(timeout_s=WITHIN_S).text == "Your card is [card]."
        assert ended.get(timeout=WITHIN_S) is speech
        assert (speech.source, speech.done(), speech.interrupted) == ("say", True, False)
        history = session.info().history
        session.end()
        events: list[EventPushed] = []
        while not events or not isinstance(events[-1].event, CallEnded):
            events.append(got.get(timeout=WITHIN_S))
        assert failed.get(timeout=WITHIN_S).event == "agent_message"
        session.off(fails)
    kept = [pushed for pushed in events if pushed.event.kept]
    assert [pushed.number for pushed in kept] == list(range(1, len(kept) + 1))
    assert [pushed.event.text for pushed in kept if isinstance(pushed.event, UserMessage)] == ["my card is [card] ok", "hello"]
    assert {pushed.event.speech_id for pushed in kept if isinstance(pushed.event, SpeechDone)} >= {"speech-1", speech.speech_id}
    assert [pushed.turn_id for pushed in kept if isinstance(pushed.event, TurnLatency)] == ["turn-1", "turn-2"]
    usage = [pushed.event for pushed in kept if isinstance(pushed.event, UsageUpdated)][-1]
    assert [(model.kind, model.requests) for model in usage.models] == [("llm", 2)]
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    logged = capfd.readouterr()
    assert b"my card is [card] ok" in written
    for text in (written.decode(errors="replace"), logged.err, logged.out, repr(events), repr(history)):
        assert "1111" not in text

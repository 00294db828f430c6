"""The words for events: every event has them or none, and none breaks the line."""

import pytest

from livekitex_agent.console.entries import Entry, Kind
from livekitex_agent.console.transcript import lines_of
from protocols import (
    AgentChanged,
    AgentMessage,
    AgentSentence,
    CallEnded,
    Degraded,
    PartFailed,
    PartRecovered,
    PartRestarted,
    ReplyLatency,
    Restarted,
    SessionError,
    SessionEvent,
    StateChanged,
    ToolCalled,
    ToolReturned,
    TurnFailed,
    TurnLatency,
    UserMessage,
)


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (UserMessage(turn_id="t", text="A pizza.", source="audio"), [(Kind.CALLER, "A pizza.")]),
        (AgentSentence(speech_id="s", text="Fine."), [(Kind.AGENT, "Fine.")]),
        (AgentMessage(speech_id="s", text="Fine.", interrupted=False), []),
        (AgentMessage(speech_id="s", text="Fi", interrupted=True), [(Kind.NOTE, 'interrupted; heard was: "Fi"')]),
        (AgentMessage(speech_id="s", text="", interrupted=True), [(Kind.NOTE, "interrupted before a word was heard")]),
        (StateChanged(old="idle", new="thinking"), [(Kind.STATE, "idle -> thinking")]),
        (ToolCalled(call_id="c", name="price", arguments='{"a": 1}'), [(Kind.TOOL, 'price({"a": 1})')]),
        (ToolReturned(call_id="c", name="price", result="9", ok=True), [(Kind.TOOL, "price -> 9")]),
        (ToolReturned(call_id="c", name="price", result="no", ok=False), [(Kind.TOOL, "price failed: no")]),
        (TurnLatency(turn_id="t", end_of_turn_ms=250.4, heard_ms=412.0), [(Kind.TIME, "turn over 250 ms, heard 412 ms")]),
        (TurnLatency(turn_id="t"), []),
        (ReplyLatency(turn_id="t", latency_ms=3.0), []),
        (AgentChanged(old="a", new="b"), [(Kind.NOTE, "a hands the call to b")]),
        (PartFailed(part="stt", text="slow", retryable=True), [(Kind.ERROR, "stt: slow")]),
        (PartFailed(part="stt", text="no key", retryable=False), [(Kind.ERROR, "stt: no key (not tried again)")]),
        (PartRestarted(part="stt", restarts=2, text="slow"), [(Kind.NOTE, "stt is asked again, for the 2. time")]),
        (PartRecovered(part="stt"), [(Kind.NOTE, "stt works again")]),
        (Degraded(part="tts", to="text", text="gone"), [(Kind.ERROR, "tts is given up, text takes its place: gone")]),
        (SessionError(source="tool", text="bad", retryable=False), [(Kind.ERROR, "tool: bad")]),
        (TurnFailed(turn_id="t", text="hm", reason="poison"), [(Kind.ERROR, "a turn is given up: poison")]),
        (CallEnded(reason="normal"), [(Kind.NOTE, "the call has ended: normal")]),
        (
            Restarted(reason="killed", incarnation=2),
            [(Kind.BACK, "incarnation 2 of the call has its conversation again (the last one: killed)")],
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_event_has_its_line(event: SessionEvent, lines: list[tuple[Kind, str]]) -> None:
    assert list(lines_of(event)) == lines


def test_an_entry_is_one_line_whatever_is_said() -> None:
    assert str(Entry(at_s=1.5, kind=Kind.CALLER, text="a\nb\x1b[2J")) == "   1.50  caller  a\\nb\\x1b[2J"

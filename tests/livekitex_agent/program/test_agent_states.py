"""The agent's states as a session tells them."""

from typing import Final

from livekitex_agent.program.agent_states import AgentStates
from protocols import (
    AgentSentence,
    AgentStateChanged,
    ConversationItemAdded,
    FunctionToolsExecuted,
    SessionEvent,
    SpeechCreated,
    SpeechDone,
    SpeechOutcome,
)

SENTENCE: Final = AgentSentence(speech_id="s", text="Hello.")
DONE: Final = SpeechDone(speech_id="s", source="reply", outcome=SpeechOutcome.COMPLETED)
SPOKEN: Final = SpeechCreated(speech_id="s", source="audio", priority=5, allow_interruptions=True, user_initiated=False)
WORDS: Final = ConversationItemAdded(kind="message", role="user", text="hello", item_id="1", interrupted=False)
TOOLS: Final = FunctionToolsExecuted(calls=())


def become(new: str) -> SessionEvent:
    return AgentStateChanged(old="", new=new)


def told(*events: SessionEvent, voice: bool = False) -> list[str]:
    states = AgentStates()
    changes = list(states.begin())
    for event in events:
        changes += states.after(event, voice=voice)
    return [new for _, new in changes]


def test_a_session_that_is_live_listens() -> None:
    assert told() == ["listening"]


def test_an_agent_without_a_voice_speaks_while_its_text_is_written() -> None:
    assert told(become("thinking"), SENTENCE, DONE, become("listening")) == ["listening", "thinking", "speaking", "listening"]


def test_after_the_words_before_a_tool_it_thinks_again() -> None:
    events = (become("thinking"), SENTENCE, TOOLS, SENTENCE, DONE, become("listening"))
    assert told(*events) == ["listening", "thinking", "speaking", "thinking", "speaking", "listening"]


def test_while_its_tools_let_others_speak_it_thinks() -> None:
    events = (become("thinking"), become("listening"), become("thinking"), SENTENCE, DONE, become("listening"), become("thinking"))
    assert told(*events) == ["listening", "thinking", "speaking", "listening", "thinking"]


def test_what_is_said_while_nobody_thinks_ends_with_the_speech() -> None:
    assert told(SENTENCE, DONE) == ["listening", "speaking", "listening"]


def test_a_voice_tells_itself_when_it_speaks_and_a_pause_is_to_listen() -> None:
    events = (become("thinking"), SENTENCE, become("speaking"), become("paused"))
    assert told(*events, voice=True) == ["listening", "thinking", "speaking", "listening"]


def test_it_thinks_once_the_callers_words_are_in_the_history() -> None:
    assert told(SPOKEN, become("thinking"), voice=True) == ["listening"]
    assert told(SPOKEN, become("thinking"), WORDS, become("speaking"), voice=True) == ["listening", "thinking", "speaking"]


def test_of_a_turn_that_the_hook_has_dropped_it_has_not_thought() -> None:
    dropped = (SPOKEN, become("thinking"), DONE, become("listening"))
    assert told(*dropped, voice=True) == ["listening"]
    assert told(*dropped, become("thinking"), voice=True) == ["listening", "thinking"]

"""The agent's states as a session tells them."""

from typing import Final

from livekitex_agent.program.agent_states import AgentStates
from protocols import (
    AgentChanged,
    AgentSentence,
    AgentStateChanged,
    ConversationItemAdded,
    EventPushed,
    FunctionToolsExecuted,
    InterruptedBy,
    SessionEvent,
    SpeechCreated,
    SpeechDone,
    SpeechInterrupted,
    SpeechOutcome,
    ToolCalled,
)

SENTENCE: Final = AgentSentence(speech_id="s", text="Hello.")
DONE: Final = SpeechDone(speech_id="s", source="reply", outcome=SpeechOutcome.COMPLETED)
SPOKEN: Final = SpeechCreated(speech_id="s", source="audio", priority=5, allow_interruptions=True, user_initiated=False)
WORDS: Final = ConversationItemAdded(kind="message", role="user", text="hello", item_id="1", interrupted=False)
CALLED: Final = ToolCalled(call_id="1", name="look", arguments="{}")
TOOLS: Final = FunctionToolsExecuted(calls=())


def said(speech_id: str) -> SessionEvent:
    return SpeechCreated(speech_id=speech_id, source="say", priority=5, allow_interruptions=True, user_initiated=True)


def become(new: str) -> SessionEvent:
    return AgentStateChanged(old="", new=new)


def of(speech_id: str, event: SessionEvent) -> EventPushed:
    return EventPushed(call_id="call", number=1, incarnation=1, wall_s=0.0, event=event, speech_id=speech_id)


def told(*events: SessionEvent | EventPushed, voice: bool = False) -> list[str]:
    """What is told of events, which are of the speech ``s`` where they do not say of which."""
    states = AgentStates()
    changes = list(states.begin())
    for event in events:
        changes += states.after(event if isinstance(event, EventPushed) else of("s", event), voice=voice)
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


def test_for_what_is_said_as_it_stands_it_does_not_think() -> None:
    states = ["listening", "speaking", "listening"]
    assert told(said("s"), become("thinking"), become("speaking"), become("listening"), voice=True) == states
    assert told(said("s"), become("thinking"), SENTENCE, DONE, become("listening")) == states
    waits = (said("s"), said("t"), become("thinking"), become("speaking"), DONE, become("listening"), of("t", become("thinking")))
    assert told(*waits, voice=True) == states


def test_while_tools_are_at_work_it_thinks_but_for_what_is_said_meanwhile() -> None:
    begun = (become("thinking"), CALLED, said("t"), become("listening"))
    over = SpeechDone(speech_id="t", source="say", outcome=SpeechOutcome.COMPLETED)
    spoken = (of("t", become("thinking")), of("t", become("speaking")), of("t", become("listening")), over)
    rest = (become("thinking"), TOOLS, become("speaking"), become("listening"))
    states = ["listening", "thinking", "speaking", "thinking", "speaking", "listening"]
    assert told(*begun, *spoken, *rest, voice=True) == states
    written = (of("t", AgentSentence(speech_id="t", text="Wait.")), over)
    assert told(*begun, *written, *rest[:2], SENTENCE, DONE, become("listening")) == states


def test_of_a_reply_that_is_over_no_tools_are_waited_for() -> None:
    begun = (become("thinking"), CALLED)
    stopped = SpeechInterrupted(speech_id="s", by=InterruptedBy.PROGRAM)
    assert told(*begun, stopped, become("listening"), voice=True)[-1] == "listening"
    assert told(*begun, become("listening"), DONE, voice=True) == ["listening", "thinking", "listening"]


def test_another_agent_that_speaks_while_a_tool_waits_for_it_listens_afterwards() -> None:
    entered = AgentChanged(old="first", new="other")
    task = (become("thinking"), CALLED, become("listening"), entered, of("t", become("speaking")), of("t", become("listening")))
    assert told(*task, voice=True) == ["listening", "thinking", "speaking", "listening"]


def over(speech_id: str) -> SessionEvent:
    return SpeechDone(speech_id=speech_id, source="say", outcome=SpeechOutcome.COMPLETED)


def test_a_reply_that_comes_back_after_what_its_tool_said_was_thought_about_meanwhile() -> None:
    begun = (become("thinking"), CALLED, said("t"), TOOLS, become("listening"))
    spoken = (of("t", become("thinking")), of("t", become("speaking")), over("t"), of("", become("listening")))
    rest = (AgentStateChanged(old="listening", new="thinking"), become("speaking"), DONE, become("listening"))
    states = ["listening", "thinking", "speaking", "listening", "speaking", "listening"]
    assert told(*begun, *spoken, *rest, voice=True) == states
    again = (AgentStateChanged(old="listening", new="thinking"), CALLED, become("speaking"), become("thinking"))
    assert told(*begun, *spoken, *again, voice=True) == [*states[:-1], "thinking"], "for tools that it calls then it thinks"


def test_where_its_tools_return_while_another_is_heard_it_thinks_from_then_on() -> None:
    begun = (become("thinking"), CALLED, said("t"), become("listening"), of("t", become("thinking")), of("t", become("speaking")), TOOLS)
    rest = (over("t"), of("", become("listening")), AgentStateChanged(old="listening", new="thinking"), become("speaking"))
    assert told(*begun, *rest, voice=True) == ["listening", "thinking", "speaking", "thinking", "speaking"]
    states = AgentStates()
    changes = list(states.begin())
    for event in (*begun, *rest):
        changes += states.after(event if isinstance(event, EventPushed) else of("s", event), voice=True, answers=False)
    assert [new for _, new in changes] == ["listening", "thinking", "speaking", "listening", "speaking"], "not for what needs no answer"


def test_a_turn_that_says_nothing_ends_with_what_waits_to_be_said() -> None:
    begun = (become("thinking"), CALLED, said("t"), TOOLS, DONE, of("", become("listening")))
    spoken = (of("t", become("thinking")), of("t", become("speaking")), over("t"), of("", become("listening")))
    assert told(*begun, *spoken, voice=True) == ["listening", "thinking", "speaking", "listening"]

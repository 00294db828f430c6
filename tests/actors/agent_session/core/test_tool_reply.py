"""What a tool has the agent say as it returns is said before the reply to it, for which the model is asked meanwhile."""

from dataclasses import replace
from operator import attrgetter
from typing import Any

import pytest

from actors.agent_session.core import SessionConfig
from actors.agent_session.core.entries import AnswerMeasured, HandedOff, TurnSuspended
from actors.agent_session.core.inputs import RoundFinished, SentenceReady, ThinkingFailed
from actors.agent_session.core.tool_reply import ON_ITS_WAY_S
from protocols import (
    AgentConfigUpdate,
    AgentHandoff,
    AgentMessage,
    CancelResponse,
    ChatContext,
    ConversationItemAdded,
    ConversationState,
    EndCall,
    FunctionCall,
    FunctionCallOutput,
    FunctionToolsExecuted,
    GenerateReply,
    ModelUsage,
    Role,
    Say,
    SendText,
    SessionError,
    SpeechDone,
    SpeechOutcome,
    TokenUsage,
    ToolReturned,
    UsageUpdated,
)
from support.session_world import CHECKED, SPOKEN, World

TEXT = replace(CHECKED, program=True, parallel_tools=True)
VOICE = replace(SPOKEN, program=True, parallel_tools=True)
LINE = "I am looking."
SAY = Say(command_id="say", text=LINE)
ANSWER = "It came back: done."
BOTH = pytest.mark.parametrize("setup", [TEXT, VOICE], ids=["text", "speech"])


def in_tool(setup: SessionConfig, text: str = "use order", *, words_heard: bool = True) -> World:
    world = World(setup)
    world.subscribe()
    world.send(text, "text")
    while not world.tools or (words_heard and go_on(world)):
        assert world.tools or go_on(world)
    return world


def go_on(world: World, *, plays: bool = True) -> bool:
    """One thing happens, but in no tool; time passes."""
    world.now += 0.001
    moved = world.commit() or world.hear_again() or world.think() or world.recognize("hello") or world.load_agent()
    return moved or (plays and (world.play() or world.wait()))


def rest(world: World) -> World:
    while go_on(world):
        pass
    return world


def events(world: World, kind: type) -> list[Any]:
    return [pushed.event for pushed in world.events if isinstance(pushed.event, kind)]


def kinds(context: ChatContext) -> list[str]:
    return [
        "call" if isinstance(item, FunctionCall) else "output" if isinstance(item, FunctionCallOutput) else getattr(item, "text", "")
        for item in context
        if not isinstance(item, AgentHandoff | AgentConfigUpdate)
    ]


def spoken(world: World) -> list[tuple[str, str]]:
    outcomes = {event.speech_id: event.outcome for event in events(world, SpeechDone)}
    return [(event.text, outcomes[event.speech_id]) for event in events(world, AgentMessage)]


@BOTH
def test_it_is_said_before_the_reply_and_behind_the_outcome(setup: SessionConfig) -> None:
    world = in_tool(setup)
    world.finish_tool(asks=[SAY])
    rest(world)
    assert kinds(world.state.memory.history) == ["use order", "One moment.", "call", "output", LINE, ANSWER]
    assert spoken(world) == [(LINE, "completed"), (f"One moment. {ANSWER}", "completed")]
    told = [
        event
        for event in (pushed.event for pushed in sorted((*world.events, *world.passing), key=attrgetter("number")))
        if isinstance(event, FunctionToolsExecuted) or (isinstance(event, ConversationItemAdded) and event.role == Role.ASSISTANT)
    ]
    assert [type(event) for event in told] == [ConversationItemAdded, FunctionToolsExecuted, ConversationItemAdded, ConversationItemAdded]
    assert (world.state.memory.suspended, world.state.aside, world.state.guess) == ((), (), None)
    assert world.state.phase is ConversationState.IDLE


@BOTH
def test_the_model_is_asked_once_and_at_once_with_what_was_known(setup: SessionConfig) -> None:
    world = in_tool(setup)
    world.finish_tool(asks=[SAY])
    world.commit_all()
    assert len(world.thoughts) == 2, "nothing of it was heard yet"
    rest(world)
    assert len(world.thoughts) == 2
    assert kinds(world.thought_about) == ["Be brief.", "use order", "One moment.", "call", "output"]


def test_its_answer_is_there_when_the_say_was_heard_and_nothing_shows_of_it_before() -> None:
    world = in_tool(VOICE)
    world.finish_tool(asks=[SAY])
    while go_on(world, plays=False):
        pass
    assert world.model is None, "the answer is complete"
    assert ANSWER not in [entry.text for entry in world.entries if hasattr(entry, "text")]
    rest(world)
    assert kinds(world.state.memory.history)[-1] == ANSWER


def test_in_a_text_call_the_question_is_on_its_way_before_it_is_said() -> None:
    world = in_tool(TEXT)
    world.finish_tool(asks=[SAY])
    world.commit_all()
    assert spoken(world) == []
    began = world.now
    rest(world)
    assert spoken(world)[0] == (LINE, "completed")
    assert world.now >= began + ON_ITS_WAY_S


def test_it_waits_until_the_words_before_the_tool_were_heard() -> None:
    world = in_tool(VOICE, words_heard=False)
    world.finish_tool(asks=[SAY])
    world.commit_all()
    assert len(world.thoughts) == 1
    rest(world)
    assert kinds(world.state.memory.history) == ["use order", "One moment.", "call", "output", LINE, ANSWER]


@BOTH
def test_where_the_outcome_needs_no_reply_the_turn_is_over_first(setup: SessionConfig) -> None:
    world = in_tool(setup)
    world.finish_tool(reply=False, asks=[SAY])
    rest(world)
    assert spoken(world) == [("One moment.", "completed"), (LINE, "completed")]
    assert len(world.thoughts) == 1
    assert not [entry for entry in world.entries if isinstance(entry, TurnSuspended)]


@BOTH
def test_who_hands_the_call_on_says_it_before_that(setup: SessionConfig) -> None:
    world = in_tool(replace(setup, tools=(*setup.tools, "to_billing")), "use to_billing")
    world.finish_tool(reply=False, asks=[SAY])
    rest(world)
    assert spoken(world) == [(LINE, "completed"), ("One moment.", "completed")]
    history = world.state.memory.history.items
    said = next(at for at, item in enumerate(history) if getattr(item, "text", "") == LINE)
    assert isinstance(history[said + 1], AgentHandoff)
    assert [entry.done for entry in world.entries if isinstance(entry, HandedOff)] == [True]


@BOTH
def test_what_several_tools_say_is_said_in_order_and_the_last_outcome_is_answered(setup: SessionConfig) -> None:
    world = in_tool(setup, "use order look")
    world.finish_tool("one", asks=[SAY])
    rest(world)
    world.finish_tool("two", asks=[Say(command_id="more", text="Still looking."), Say(command_id="last", text="Here.")])
    rest(world)
    assert [text for text, _ in spoken(world)] == [LINE, "Still looking.", "Here.", "One moment. It came back: two."]
    assert len(world.thoughts) == 2


def test_a_reply_that_is_asked_for_has_the_model_first_and_the_question_stays_what_it_was() -> None:
    world = in_tool(VOICE)
    world.finish_tool(asks=[GenerateReply(command_id="reply", instructions="Say that you look.")])
    world.commit_all()
    assert len(world.thoughts) == 2
    assert kinds(world.thought_about)[-1] == "Say that you look."
    while go_on(world, plays=False):
        pass
    assert len(world.thoughts) == 3, "while that is heard"
    assert kinds(world.thought_about) == ["Be brief.", "use order", "One moment.", "call", "output"]
    rest(world)
    assert len(world.thoughts) == 3
    assert spoken(world)[-1] == (f"One moment. {ANSWER}", "completed")


def test_a_reply_that_comes_meanwhile_takes_the_model_and_the_question_is_asked_again() -> None:
    world = in_tool(VOICE)
    world.finish_tool(asks=[SAY])
    world.commit_all()
    world.command(GenerateReply(command_id="reply", instructions="Ask."), owner="program")
    rest(world)
    assert kinds(world.thoughts[1].context) == kinds(world.thoughts[3].context)
    assert world.thoughts[3].token != world.thoughts[1].token
    assert spoken(world)[-1] == (f"One moment. {ANSWER}", "completed")


@pytest.mark.parametrize("answered", [False, True])
def test_who_stops_what_is_said_before_does_not_stop_the_answer(answered: bool) -> None:
    world = in_tool(VOICE)
    world.finish_tool(asks=[SAY])
    world.commit_all()
    while answered and go_on(world, plays=False):
        pass
    world.command(CancelResponse(command_id="stop", speech_id=world.state.memory.turn.speech_id))  # type: ignore[union-attr]
    rest(world)
    assert spoken(world) == [("", "interrupted"), (f"One moment. {ANSWER}", "completed")]
    assert len(world.thoughts) == 2


def test_who_stops_the_turn_itself_stops_the_model() -> None:
    world = in_tool(VOICE)
    world.finish_tool(asks=[SAY])
    world.commit_all()
    assert world.model is not None
    world.command(CancelResponse(command_id="stop", speech_id="speech-1"))
    world.commit_all()
    assert (world.model, world.state.guess) == (None, None)
    rest(world)
    assert spoken(world) == [(LINE, "completed"), ("One moment.", "interrupted")]
    assert ANSWER not in kinds(world.state.memory.history)


def test_a_caller_who_speaks_over_it_is_answered_instead() -> None:
    world = in_tool(VOICE)
    world.finish_tool(asks=[SAY])
    while world.state.phase is not ConversationState.SPEAKING:
        assert go_on(world, plays=False) or world.play(100)
    world.speak()
    rest(world)
    assert ANSWER not in kinds(world.state.memory.history)
    assert kinds(world.state.memory.history)[-2:] == ["hello", "You said hello. Anything else?"]
    assert (world.state.guess, world.state.memory.suspended) == (None, ())


def test_a_short_word_over_it_changes_nothing() -> None:
    world = in_tool(VOICE)
    world.finish_tool(asks=[SAY])
    while world.state.phase is not ConversationState.SPEAKING:
        assert go_on(world, plays=False) or world.play(100)
    world.speak(lasts=False)
    rest(world)
    assert spoken(world) == [(LINE, "completed"), (f"One moment. {ANSWER}", "completed")]
    assert len(world.thoughts) == 2


def test_a_question_that_fails_is_asked_again_when_its_turn_comes_and_only_then_told() -> None:
    world = in_tool(VOICE)
    world.finish_tool(asks=[SAY])
    world.commit_all()
    world.model = None
    world.feed(ThinkingFailed(token=world.thoughts[-1].token, text="it is down", retryable=True, retry_in_s=1.0))
    world.commit_all()
    assert len(world.thoughts) == 2
    rest(world)
    assert len(world.thoughts) == 3
    assert not events(world, SessionError)
    assert spoken(world)[-1] == (f"One moment. {ANSWER}", "completed")


def test_what_is_not_accepted_is_refused_and_the_outcome_counts() -> None:
    world = in_tool(TEXT)
    world.finish_tool(asks=[Say(command_id="say", text="")])
    rest(world)
    assert world.refusal(world.requests).error
    assert spoken(world) == [(f"One moment. {ANSWER}", "completed")]


def test_what_comes_with_an_outcome_that_nobody_waits_for_is_accepted_all_the_same() -> None:
    world = in_tool(TEXT)
    ran = world.tools[0]
    world.finish_tool()
    rest(world)
    world.tools.append(ran)
    world.finish_tool(asks=[SAY])
    rest(world)
    assert world.accepted(world.requests)
    assert spoken(world)[-1] == (LINE, "completed")
    assert len(events(world, ToolReturned)) == 1


def test_the_request_is_counted_once_and_measured_with_the_reply() -> None:
    world = in_tool(replace(VOICE, models=(ModelUsage(kind="llm", provider="p", model="m"),)))
    world.finish_tool(asks=[SAY])
    world.commit_all()
    token = world.thoughts[-1].token
    world.model = None
    world.feed(SentenceReady(token=token, text=ANSWER))
    world.feed(RoundFinished(token=token, calls=(), first_token_s=0.25, usage=TokenUsage(prompt_tokens=7, completion_tokens=3)))
    rest(world)
    said = next(pushed.speech_id for pushed in world.events if isinstance(pushed.event, SpeechDone))
    used = [pushed for pushed in world.events if isinstance(pushed.event, UsageUpdated)]
    (llm,) = (usage for usage in used[-1].event.models if usage.kind == "llm")  # type: ignore[union-attr]
    assert (llm.requests, llm.input_tokens, llm.output_tokens) == (2, 7, 3)
    measured = {entry.turn_id: entry.metrics for entry in world.entries if isinstance(entry, AnswerMeasured)}
    assert measured["turn-1"]["llm_node_ttft"] == 0.25
    assert "llm_node_ttft" not in measured["turn-2"]
    assert all(usage.kind != "llm" for pushed in used if pushed.speech_id == said for usage in pushed.event.models)  # type: ignore[union-attr]


@BOTH
@pytest.mark.parametrize("reply", [True, False])
def test_killed_after_every_effect_it_is_said_once_and_so_is_the_reply(setup: SessionConfig, reply: bool) -> None:
    for fuse in range(1_000):
        world = World(setup, fuse=fuse)
        world.subscribe()
        sent = {}
        for command in (SendText(command_id="text", text="use order"), EndCall(command_id="end")):
            sent[command.command_id] = world.command(command)
            while not world.left and not world.dead and (go_on(world) or world.finish_tool(reply=reply, asks=[SAY])):
                pass
            if world.dead:
                world.fuse = None
                world.kill()
                world.subscribe()
                if not world.accepted(sent[command.command_id]):
                    world.command(command)
                while not world.left and (go_on(world) or world.finish_tool(reply=reply, asks=[SAY])):
                    pass
        assert world.left
        assert world.ran["call-1"] <= 1
        texts = kinds(world.state.memory.history)
        accepted = "say" in world.state.memory.seen
        assert texts.count(LINE) == accepted
        assert sum(text.startswith("It came back:") for text in texts) <= 1
        assert texts.count("call") == texts.count("output") == 1
        if accepted:
            assert texts.count(ANSWER) == reply
            assert all(event.outcome is SpeechOutcome.COMPLETED for event in events(world, SpeechDone))
        if world.lives == 1:
            break
    assert world.lives == 1
    assert fuse > 20

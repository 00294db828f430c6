"""Turns within turns: a tool has the agent speak, or lets another agent talk with the caller, and goes on."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from actors.agent_session.core import AgentChange, SessionConfig
from actors.agent_session.core.chat import IN_PROGRESS
from actors.agent_session.core.entries import Happened, TurnResumed, TurnSuspended
from actors.agent_session.core.inputs import RoundFinished
from actors.agent_session.core.suspension import MAX_SUSPENDED
from actors.agent_session.core.tools import NOT_RUN, OUTCOME_UNKNOWN
from protocols import (
    AgentConfigUpdate,
    AgentHandoff,
    AgentMessage,
    AgentSentence,
    CancelResponse,
    ChatContext,
    CommandDone,
    ConversationState,
    EndCall,
    FunctionCall,
    FunctionCallOutput,
    GenerateReply,
    InterruptedBy,
    Say,
    SendText,
    SessionCommand,
    SpeechCreated,
    SpeechDone,
    SpeechInterrupted,
    SpeechOutcome,
    ToolReturned,
    TurnFailed,
    UserMessage,
)
from support.chat import said, texts
from support.session_world import CHECKED, SPOKEN, World, agent_of
from support.turns import finish, rest

TEXT = replace(CHECKED, program=True, parallel_tools=True)
VOICE = replace(SPOKEN, program=True, parallel_tools=True)
GREETER = agent_of("to_greeter")
LINE = "Please wait. It takes a while."


@pytest.fixture(params=[TEXT, VOICE], ids=["text", "speech"])
def world(request: Any) -> World:
    """A tool runs, and the words before it were heard."""
    return in_tool(request.param)


def in_tool(setup: SessionConfig, text: str = "use order", **also: Any) -> World:
    world = World(setup, **also)
    world.subscribe()
    world.send(text, "text")
    return rest(world)


def events(world: World, kind: type) -> list[Any]:
    return [pushed.event for pushed in (*world.events, *world.passing) if isinstance(pushed.event, kind)]


def spoken(world: World) -> list[tuple[str, str]]:
    """What was said, and how its speech ended, in the order of their ends."""
    outcomes = {event.speech_id: event.outcome for event in events(world, SpeechDone)}
    return [(event.text, outcomes[event.speech_id]) for event in events(world, AgentMessage)]


def kinds(context: ChatContext) -> list[str]:
    return [
        "call" if isinstance(item, FunctionCall) else "output" if isinstance(item, FunctionCallOutput) else getattr(item, "text", "")
        for item in context
        if not isinstance(item, AgentHandoff | AgentConfigUpdate)
    ]


def test_what_a_tool_has_the_agent_say_is_said_while_it_runs(world: World) -> None:
    world.command(Say(command_id="say", text=LINE))
    rest(world)
    assert spoken(world) == [(LINE, "completed")]
    assert "say" in {event.command_id for event in events(world, CommandDone)}
    assert [turn.turn_id for turn in world.state.memory.suspended] == ["turn-1"]
    finish(world)
    assert spoken(world) == [(LINE, "completed"), ("One moment. It came back: done.", "completed")]
    assert kinds(world.state.memory.history) == ["use order", "One moment.", "call", LINE, "output", "It came back: done."]
    assert (world.state.memory.suspended, world.state.aside, world.state.phase) == ((), (), ConversationState.IDLE)
    assert kinds(world.thought_about) == ["Be brief.", "use order", "One moment.", "call", LINE, "output"]
    assert [entry.turn_id for entry in world.entries if isinstance(entry, TurnResumed)] == ["turn-1"]


def test_the_whole_reply_is_heard_in_order_and_once() -> None:
    world = in_tool(VOICE)
    world.command(Say(command_id="say", text=LINE))
    rest(world)
    finish(world)
    reached = 0
    for start, end in sorted(world.played["speech-1"]):
        assert start <= reached
        reached = max(reached, end)
    assert reached == sum(world.lengths["speech-1"].values())
    assert [event.text for event in events(world, AgentSentence)] == [
        "One moment.",
        "Please wait.",
        "It takes a while.",
        "It came back: done.",
    ]


def test_a_model_that_is_asked_meanwhile_is_told_that_the_call_is_in_progress(world: World) -> None:
    world.command(GenerateReply(command_id="reply", instructions="Say that it takes a while."))
    rest(world)
    assert kinds(world.thought_about) == ["Be brief.", "use order", "One moment.", "call", "output", "Say that it takes a while."]
    assert texts(world.thought_about)[-2] == IN_PROGRESS
    finish(world)
    assert IN_PROGRESS not in texts(world.thought_about)
    assert "Say that it takes a while." not in texts(world.state.memory.history)
    assert kinds(world.state.memory.history)[:3] == ["use order", "One moment.", "call"]


def test_a_reply_that_is_asked_for_meanwhile_may_be_suspended_too(world: World) -> None:
    world.command(GenerateReply(command_id="reply", user_input="use order"))
    rest(world)
    world.command(Say(command_id="say", text=LINE))
    rest(world)
    assert [turn.turn_id for turn in world.state.memory.suspended] == ["turn-1", "turn-2"]
    finish(world, "inner", last=True)
    assert [turn.turn_id for turn in world.state.memory.suspended] == ["turn-1"]
    finish(world, "outer")
    assert spoken(world) == [
        (LINE, "completed"),
        ("One moment. It came back: inner.", "completed"),
        ("One moment. It came back: outer.", "completed"),
    ]


def test_one_whose_tools_end_while_another_is_open_is_answered_after_that() -> None:
    world = in_tool(VOICE)
    world.command(Say(command_id="say", text=LINE))
    world.commit_all()
    world.play(100)
    assert world.finish_tool()
    world.commit_all()
    assert len(world.thoughts) == 2, "the model is asked meanwhile"
    returned = next(pushed for pushed in world.events if isinstance(pushed.event, ToolReturned))
    assert (returned.turn_id, returned.speech_id) == ("turn-1", "speech-1")
    rest(world)
    assert [text for text, _ in spoken(world)] == [LINE, "One moment. It came back: done."]


def test_an_older_one_whose_tools_have_ended_need_not_wait_for_a_newer_one(world: World) -> None:
    world.command(GenerateReply(command_id="reply", user_input="use order"))
    rest(world)
    world.command(Say(command_id="say", text=LINE))
    rest(world)
    finish(world, "outer")
    assert [text for text, _ in spoken(world)] == [LINE, "One moment. It came back: outer."]
    assert [turn.turn_id for turn in world.state.memory.suspended] == ["turn-2"]
    finish(world, "inner")
    assert world.state.phase is ConversationState.IDLE


def test_several_tools_of_one_answer_have_the_agent_speak() -> None:
    world = in_tool(VOICE, "use order look order")
    for number in range(3):
        world.command(Say(command_id=f"say-{number}", text=f"Line {number}."))
        finish(world)
    assert [text for text, _ in spoken(world)] == ["Line 0.", "Line 1.", "Line 2.", "One moment. It came back: done."]


def test_what_the_caller_writes_or_says_waits_for_the_end(world: World) -> None:
    world.command(Say(command_id="say", text=LINE))
    rest(world)
    world.send("and this", "later")
    rest(world)
    assert len(world.thoughts) == 1
    finish(world)
    assert [event.text for event in events(world, UserMessage)] == ["use order", "and this"]


def test_until_its_words_are_heard_everything_waits() -> None:
    world = World(VOICE)
    world.subscribe()
    world.send("use order")
    while not world.tools:
        assert world.commit() or world.think()
    world.command(Say(command_id="say", text=LINE))
    world.commit_all()
    assert not world.state.memory.suspended
    rest(world)
    assert spoken(world) == [(LINE, "completed")]


def test_an_agent_of_plain_data_says_one_thing_after_the_other() -> None:
    world = in_tool(SPOKEN)
    world.command(Say(command_id="say", text=LINE))
    rest(world)
    assert not world.state.memory.suspended
    finish(world)
    assert [text for text, _ in spoken(world)] == ["One moment. It came back: done.", LINE]


def test_only_so_many_are_suspended_and_what_comes_on_top_waits() -> None:
    world = in_tool(TEXT)
    for number in range(MAX_SUSPENDED):
        world.command(GenerateReply(command_id=f"reply-{number}", user_input="use order"))
        rest(world)
    world.command(Say(command_id="say", text=LINE))
    rest(world)
    assert len(world.state.memory.suspended) == MAX_SUSPENDED
    assert not spoken(world)
    while world.tools:
        finish(world, last=True)
    assert [text for text, _ in spoken(world)][1] == LINE
    assert world.state.phase is ConversationState.IDLE


# An agent enters.


def entered(setup: SessionConfig, **also: Any) -> World:
    world = in_tool(setup, **also)
    world.want_agent("greeter", AgentChange.ENTER)
    return rest(world)


@pytest.mark.parametrize("setup", [TEXT, VOICE], ids=["text", "speech"])
def test_while_an_agent_has_entered_it_talks_with_the_caller(setup: SessionConfig) -> None:
    world = entered(setup)
    assert [turn.turn_id for turn in world.state.memory.suspended] == ["turn-1"]
    world.command(GenerateReply(command_id="reply", instructions="Ask for the name."))
    rest(world)
    assert said(world.thought_about)[:2] == [("tool", IN_PROGRESS), ("system", "You are greeter.")]
    world.send("Ann", "name")
    rest(world)
    assert texts(world.thought_about)[-1] == "Ann"
    if setup.voice:
        world.speak()
        rest(world, heard="Smith")
    world.want_agent("", AgentChange.LEAVE)
    rest(world)
    assert len(world.state.memory.suspended) == 1
    finish(world, "Ann")
    names = ["use order", "Ann", "Smith"] if setup.voice else ["use order", "Ann"]
    assert [event.text for event in events(world, UserMessage)] == names
    assert said(world.thought_about)[0] == ("system", "Be brief.")
    assert kinds(world.thought_about)[-1] == "output"
    assert (world.state.memory.agent, world.state.memory.agents, world.state.memory.suspended) == ("", (), ())
    outer = kinds(world.state.memory.history)
    assert outer.index("call") < outer.index("Ann") < outer.index("output")


def test_a_caller_who_speaks_while_it_enters_is_not_taken_to_interrupt() -> None:
    world = World(VOICE)
    world.subscribe()
    world.send("use order")
    while not world.tools:
        assert world.commit() or world.think()
    world.commit_all()
    world.play(100)
    world.want_agent("greeter", AgentChange.ENTER)
    while world.loading is not None or world.writes:
        assert world.commit() or world.load_agent()
    world.begin_to_speak()
    world.stop_speaking()
    rest(world, heard="my name is Ann")
    assert texts(world.thought_about)[-1] == "my name is Ann"
    assert not events(world, SpeechInterrupted)
    world.want_agent("", AgentChange.LEAVE)
    rest(world)
    finish(world)
    assert spoken(world)[-1] == ("One moment. It came back: done.", "completed")


def test_one_that_has_not_left_when_the_tool_ends_is_left() -> None:
    world = entered(TEXT)
    finish(world)
    assert (world.state.memory.agent, world.state.memory.agents, world.state.setup.agent) == ("", (), "agent")
    assert said(world.thought_about)[0] == ("system", "Be brief.")
    assert spoken(world) == [("One moment. It came back: done.", "completed")]


def test_what_it_is_handed_to_has_the_conversation_in_its_place() -> None:
    world = entered(replace(TEXT, tools=(*TEXT.tools, "to_billing")))
    world.send("use to_billing")
    rest(world)
    world.finish_tool("over to billing", last=True, reply=False)
    rest(world)
    assert (world.state.setup.agent, len(world.state.memory.agents)) == ("billing", 1)
    world.want_agent("", AgentChange.LEAVE)
    rest(world)
    finish(world)
    assert (world.state.setup.agent, world.state.memory.agents) == ("agent", ())


def test_a_hand_off_by_the_tool_that_was_suspended_comes_when_its_turn_is_over() -> None:
    world = in_tool(replace(TEXT, tools=(*TEXT.tools, "to_billing")), "use to_billing")
    world.command(Say(command_id="say", text=LINE))
    rest(world)
    world.command(Say(command_id="more", text=LINE))
    world.finish_tool("over to billing")
    rest(world)
    assert said(world.thought_about)[0] == ("system", "Be brief.")
    assert [text for text, _ in spoken(world)] == [LINE, LINE, "One moment. It came back: over to billing."]
    assert world.state.setup.agent == "billing"


# It is stopped.


@pytest.mark.parametrize("how", ["cancelled", "overdue"])
def test_one_that_is_stopped_meanwhile_is_over_when_it_comes_back(how: str) -> None:
    world = in_tool(VOICE)
    world.command(Say(command_id="say", text=LINE))
    world.commit_all()
    world.play(100)
    if how == "cancelled":
        world.command(CancelResponse(command_id="cancel", speech_id="speech-1"))
        by = InterruptedBy.PROGRAM
    else:
        world.now += 1_801.0
        assert world.overdue()
        by = InterruptedBy.DEADLINE
    world.commit_all()
    assert SpeechInterrupted(speech_id="speech-1", by=by) in events(world, SpeechInterrupted)
    world.kill() if how == "cancelled" else None
    world.subscribe()
    rest(world)
    if world.tools:
        finish(world)
    assert len(world.thoughts) == 1
    outcomes = {event.speech_id: event.outcome for event in events(world, SpeechDone)}
    assert outcomes["speech-1"] is (SpeechOutcome.INTERRUPTED if how == "cancelled" else SpeechOutcome.EXPIRED)
    assert "One moment." in texts(world.state.memory.history)


def test_cancelling_what_is_said_now_leaves_what_is_suspended() -> None:
    world = in_tool(VOICE)
    world.command(Say(command_id="say", text=LINE))
    world.commit_all()
    world.play(100)
    world.command(CancelResponse(command_id="cancel"))
    rest(world)
    assert [event.speech_id for event in events(world, SpeechInterrupted)] == ["speech-2"]
    finish(world)
    assert [outcome for _, outcome in spoken(world)] == ["interrupted", "completed"]


def test_with_nothing_said_now_the_newest_that_is_suspended_is_meant(world: World) -> None:
    world.command(Say(command_id="say", text=LINE))
    rest(world)
    request = world.command(CancelResponse(command_id="cancel"))
    rest(world)
    assert world.accepted(request)
    assert [event.speech_id for event in events(world, SpeechInterrupted)] == ["speech-1"]
    finish(world)
    assert [outcome for _, outcome in spoken(world)] == ["completed", "interrupted"]


def test_one_that_may_not_be_interrupted_is_not_cancelled_without_force() -> None:
    world = World(TEXT)
    world.subscribe()
    world.command(GenerateReply(command_id="reply", user_input="use order", allow_interruptions=False))
    rest(world)
    world.command(Say(command_id="say", text=LINE))
    rest(world)
    refused = world.command(CancelResponse(command_id="cancel", speech_id="speech-1", force=False))
    rest(world)
    assert world.refusal(refused).error == "UsageError"


@pytest.mark.parametrize("how", ["the caller", "the program"])
def test_a_tool_of_a_turn_that_is_being_stopped_may_still_await_its_words(how: str) -> None:
    world = World(VOICE)
    world.subscribe()
    world.send("use order")
    while not world.tools:
        assert world.commit() or world.think()
    world.commit_all()
    world.play(500)
    if how == "the caller":
        world.begin_to_speak()
        world.stop_speaking()
    else:
        world.command(CancelResponse(command_id="cancel"))
    rest(world, heard="no wait")
    assert not spoken(world), "the tool is awaited"
    world.command(Say(command_id="say", text=LINE))
    rest(world, heard="no wait")
    done = {event.command_id for event in events(world, CommandDone)}
    assert "say" in done
    finish(world, heard="no wait")
    assert world.state.phase is ConversationState.IDLE
    outcomes = {event.speech_id: event.outcome for event in events(world, SpeechDone)}
    assert outcomes["speech-1"] is SpeechOutcome.INTERRUPTED
    assert ("cancel" in {event.command_id for event in events(world, CommandDone)}) is (how == "the program")
    if how == "the caller":
        assert texts(world.state.memory.history)[-2:] == ["no wait", "You said no wait. Anything else?"]


def test_the_end_of_the_call_waits_for_it(world: World) -> None:
    world.command(Say(command_id="say", text=LINE))
    rest(world)
    world.command(EndCall(command_id="end"))
    rest(world)
    assert not world.left
    finish(world)
    assert world.left
    assert [text for text, _ in spoken(world)] == [LINE, "One moment. It came back: done."]


@pytest.mark.parametrize("setup", [TEXT, VOICE], ids=["text", "speech"])
def test_the_end_of_the_call_does_not_wait_for_a_tool_that_waits_for_an_agent_which_has_entered(setup: SessionConfig) -> None:
    world = entered(setup)
    world.send("Ann", "name")
    world.commit_all()
    world.command(EndCall(command_id="end"))
    rest(world)
    assert world.left
    assert len(world.tools) == 1, "it was not awaited"
    assert [outcome for _, outcome in spoken(world)] == ["completed", "interrupted"]
    assert [text for kind, text in said(world.state.memory.history) if kind == "tool"] == [OUTCOME_UNKNOWN]
    assert not world.state.running


# It dies.


def test_after_a_death_its_outcome_is_unknown_and_it_comes_back_after_what_is_open() -> None:
    world = in_tool(VOICE, "use order look")
    world.command(Say(command_id="say", text=LINE))
    world.commit_all()
    world.play(100)
    world.kill()
    world.subscribe()
    rest(world)
    assert not world.tools
    assert spoken(world)[0] == (LINE, "completed")
    outputs = [text for kind, text in said(world.state.memory.history) if kind == "tool"]
    assert outputs == [OUTCOME_UNKNOWN, OUTCOME_UNKNOWN], "nobody waits for them, so none is run again"
    assert world.ran == {"call-1": 1, "call-2": 1}
    assert spoken(world)[1][1] == "completed"
    assert [event.text for event in events(world, AgentSentence)].count("One moment.") == 1, "what was heard is not said again"


def test_after_a_death_an_agent_that_had_entered_ends_its_turn_and_leaves() -> None:
    world = entered(VOICE)
    world.send("Ann", "name")
    while len(world.thoughts) < 2:
        assert world.commit()
    world.kill()
    world.subscribe()
    rest(world)
    instructions = [next(text for who, text in said(thought.context) if who == "system") for thought in world.thoughts]
    assert instructions == ["Be brief.", "You are greeter.", "You are greeter.", "Be brief."]
    assert kinds(world.thought_about)[-4:] == ["call", "Ann", "output", "You said Ann. Anything else?"]
    assert (world.state.memory.agent, world.state.memory.agents) == ("", ())
    assert [outcome for _, outcome in spoken(world)] == ["completed", "completed"]


def words_play_while_an_agent_enters() -> World:
    """The turn is not suspended yet."""
    world = World(replace(VOICE, tools=(*VOICE.tools, "ask_greeter"), idempotent=frozenset({"order"})))
    world.subscribe()
    world.send("use order")
    while not world.tools:
        assert world.commit() or world.think()
    world.commit_all()
    world.play(100)
    world.want_agent("greeter", AgentChange.ENTER)
    while world.loading is not None or world.writes:
        assert world.commit() or world.load_agent()
    assert (world.state.memory.agents, world.state.memory.suspended) == (("",), ())
    return world


def test_a_death_before_the_turn_was_suspended_for_it_leaves_it_too() -> None:
    world = words_play_while_an_agent_enters()
    world.kill()
    world.subscribe()
    rest(world)
    assert world.ran == {"call-1": 1}, "whose tool it is is not known while another agent has the call"
    assert [said(thought.context)[0][1] for thought in world.thoughts] == ["Be brief."] * 2
    assert (world.state.memory.agents, world.state.setup.agent) == ((), "agent")
    assert spoken(world) == [(f"One moment. It came back: {OUTCOME_UNKNOWN}.", "completed")]


def test_so_does_a_tool_that_ends_before_that() -> None:
    world = words_play_while_an_agent_enters()
    world.finish_tool()
    rest(world)
    assert [said(thought.context)[0][1] for thought in world.thoughts] == ["Be brief."] * 2
    assert (world.state.memory.agents, spoken(world)) == ((), [("One moment. It came back: done.", "completed")])


def test_a_tool_that_ends_while_the_agent_that_it_wanted_is_loaded_waits_for_that_and_leaves_it() -> None:
    world = in_tool(VOICE)
    world.want_agent("greeter", AgentChange.ENTER)
    world.commit_all()
    world.finish_tool()
    world.commit_all()
    assert len(world.thoughts) == 1
    rest(world)
    assert [said(thought.context)[0][1] for thought in world.thoughts] == ["Be brief."] * 2
    assert world.state.memory.agents == ()


def test_a_tool_that_the_session_dies_of_twice_is_given_up() -> None:
    world = in_tool(TEXT)
    for number in range(2):
        world.command(Say(command_id=f"say-{number}", text=LINE))
        rest(world)
        assert [turn.step for turn in world.state.memory.suspended] == ["the tool order"]
        world.kill()
        world.subscribe()
        if number == 0:
            while world.model is None:
                assert world.commit()
            world.model = None
            again = FunctionCall(call_id="again", name="order", arguments="{}")
            world.feed(RoundFinished(token=world.state.thinking, calls=(again,)))
            rest(world)
    rest(world)
    assert [event.reason for event in events(world, TurnFailed)] == ["the session died 2 times in the same step: the tool order"]
    assert [text for text, _ in spoken(world)] == [LINE, LINE, "One moment.", TEXT.apology]
    assert world.state.phase is ConversationState.IDLE


def test_a_speech_that_the_session_dies_of_twice_does_not_take_the_turn_around_it_with_it() -> None:
    world = in_tool(VOICE)
    world.command(Say(command_id="say", text=LINE))
    for _ in range(2):
        world.commit_all()
        world.play(100)
        world.kill()
        world.subscribe()
    rest(world)
    assert [event.turn_id for event in events(world, TurnFailed)] == ["turn-2"]
    assert spoken(world)[-1] == (f"One moment. It came back: {OUTCOME_UNKNOWN}.", "completed")


@pytest.mark.parametrize("how", ["farewell", "set back"])
def test_a_call_that_is_given_up_or_set_back_goes_on_with_none_of_them(how: str) -> None:
    world = in_tool(VOICE)
    world.command(Say(command_id="say", text=LINE))
    world.commit_all()
    world.play(100)
    if how == "farewell":
        world.setup = replace(world.setup, farewell_reason="it died too often")
        world.kill()
    else:
        world.report, world.lost = "the journal is damaged", None
        world.kill()
    world.subscribe()
    rest(world)
    assert (world.state.memory.turn, world.state.memory.suspended, len(world.thoughts)) == (None, (), 1)
    assert world.left is (how == "farewell")
    assert [outcome for _, outcome in spoken(world)][:2] == ["interrupted", "interrupted"]


COMMANDS: tuple[SessionCommand, ...] = (
    Say(command_id="say", text="Please wait."),
    GenerateReply(command_id="reply", instructions="Ask for the name."),
    SendText(command_id="name", text="Ann"),
)


def run_tool(world: World) -> None:
    """A tool speaks, has an agent enter that talks with the caller and leaves, and ends."""
    say, reply, name = COMMANDS
    for deed in (
        lambda: world.command(say),
        lambda: world.want_agent("greeter", AgentChange.ENTER),
        lambda: world.command(reply),
        lambda: world.command(name),
        lambda: world.want_agent("", AgentChange.LEAVE),
        lambda: world.finish_tool("Ann"),
    ):
        if world.dead or not world.tools:
            return
        deed()
        rest_unless_dead(world)


def rest_unless_dead(world: World) -> None:
    while not world.dead and (world.commit() or world.hear_again() or world.think() or world.load_agent() or world.play() or world.wait()):
        world.now += 0.001


@pytest.mark.parametrize("setup", [TEXT, VOICE], ids=["text", "speech"])
def test_killed_after_every_single_effect_everything_ends_once_and_the_call_is_whole(setup: SessionConfig) -> None:
    for fuse in range(1_000):
        world = World(setup, fuse=fuse)
        world.subscribe()
        request = world.send("use order", "text")
        rest_unless_dead(world)
        run_tool(world)
        while world.dead:
            world.fuse = None
            world.kill()
            world.subscribe()
            if not world.accepted(request):
                request = world.send("use order", "text")
            rest_unless_dead(world)
            run_tool(world)
        place = f"killed after {fuse} effects"
        stored = [entry.event for entry in world.entries if isinstance(entry, Happened)]
        memory = world.state.memory
        assert (memory.agent, memory.agents, memory.suspended, memory.turn, memory.inbox) == ("", (), (), None, ()), place
        assert world.state.phase is ConversationState.IDLE, place
        created = Counter(event.speech_id for event in stored if isinstance(event, SpeechCreated))
        assert created == Counter(event.speech_id for event in stored if isinstance(event, SpeechDone)), place
        assert set(created.values()) == {1}, place
        done = Counter(event.command_id for event in stored if isinstance(event, CommandDone))
        assert set(done.values()) == {1}, place
        assert set(done) == set(memory.seen), place
        assert all(event.outcome is SpeechOutcome.COMPLETED for event in stored if isinstance(event, SpeechDone)), place
        items = kinds(memory.history)
        assert items.count("use order") == 1, place
        assert items.index("call") < items.index("output"), place
        (outcome,) = [item.output for item in memory.history if isinstance(item, FunctionCallOutput)]
        assert outcome in ("Ann", OUTCOME_UNKNOWN), place
        assert world.ran["call-1"] <= 1, place
        assert items[-1] == f"It came back: {outcome}.", place
        assert said(world.thoughts[-1].context)[0] == ("system", "Be brief."), place
        if "Ann" in items:
            assert items.index("call") < items.index("Ann") < items.index("output"), place
        numbers = [entry.number for entry in world.entries if isinstance(entry, Happened)]
        assert numbers == list(range(1, len(numbers) + 1)), place
        if world.lives == 1:
            assert outcome == "Ann"
            assert sum(isinstance(entry, TurnSuspended) for entry in world.entries) == 1
            break
    assert world.lives == 1
    assert fuse > 80


def test_not_even_an_interrupted_one_runs_what_was_not_begun() -> None:
    world = in_tool(replace(VOICE, parallel_tools=False), "use order look")
    world.command(Say(command_id="say", text=LINE))
    rest(world)
    world.command(CancelResponse(command_id="cancel", speech_id="speech-1"))
    rest(world)
    finish(world)
    assert [text for kind, text in said(world.state.memory.history) if kind == "tool"] == ["done", NOT_RUN]

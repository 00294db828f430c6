"""Tools that tell how far they are and go on: what the model is told, when the caller is, and what of it a death leaves."""

from dataclasses import replace
from typing import Any

import pytest

from actors.agent_session.core import AgentChange, Checkpoint, SessionConfig
from actors.agent_session.core.detached import DETACHED_WAIT_S, MAX_DETACHED, NEWS, OLDER_NEWS, UNFINISHED
from actors.agent_session.core.inputs import RoundFinished, ToolFinished
from actors.agent_session.core.reports import MAX_REPORTS
from actors.agent_session.core.tools import CUT, MAX_TURN_BYTES, OUTCOME_UNKNOWN
from protocols import (
    AgentChanged,
    AgentState,
    CallEnded,
    CancelResponse,
    CommandAccepted,
    EndCall,
    ErrorReply,
    FunctionCall,
    FunctionCallOutput,
    FunctionToolsExecuted,
    Say,
    ToolChoice,
    ToolReply,
    ToolReturned,
    ToolUpdated,
)
from protocols.redaction import REDACTED_KEY
from support.session_world import CHECKED, SPOKEN, World
from support.turns import finish, rest

TEXT = replace(CHECKED, program=True, parallel_tools=True)
VOICE = replace(SPOKEN, program=True, parallel_tools=True)
HANDS_ON = replace(TEXT, tools=("look", "order", "to_billing"))


def in_tool(setup: SessionConfig = TEXT, text: str = "use order") -> World:
    world = World(setup)
    world.subscribe()
    world.send(text)
    return rest(world, waits=False)


def detached(setup: SessionConfig = TEXT, text: str = "use order") -> World:
    """A tool has told how far it is, and that was answered."""
    world = in_tool(setup, text)
    world.progress()
    return rest(world, waits=False)


@pytest.fixture(params=[TEXT, VOICE], ids=["text", "speech"])
def world(request: Any) -> World:
    return detached(request.param)


def told(world: World, kind: type) -> list[Any]:
    return [pushed.event for pushed in (*world.events, *world.passing) if isinstance(pushed.event, kind)]


def outputs(world: World) -> list[tuple[str, str]]:
    return [(item.call_id, item.output) for item in world.state.memory.history if isinstance(item, FunctionCallOutput)]


def replies(world: World) -> list[tuple[tuple[str, ...], str]]:
    return [(event.update_ids, event.status) for event in told(world, ToolReply)]


def test_what_a_tool_tells_first_is_its_result_and_the_tool_goes_on(world: World) -> None:
    assert outputs(world) == [("call-1", "[half]")]
    assert world.state.agent is AgentState.LISTENING
    assert [run.call.call_id for run in world.state.memory.detached] == ["call-1"]
    assert world.state.running == {"call-1"}
    assert told(world, ToolUpdated) == [ToolUpdated(call_id="call-1", name="order", update_id="call-1", message="half", silent=False)]
    assert [call.result for event in told(world, FunctionToolsExecuted) for call in event.calls] == ["[half]"]
    assert told(world, ToolReturned) == []
    assert world.state.memory.user_data_json == '{"told": "half"}'
    assert world.thoughts[-1].options.tool_choice is ToolChoice.NONE, "it may not be called again while it goes on"


def test_it_is_told_that_it_is_heard_once_the_journal_has_it() -> None:
    world = in_tool()
    request = world.progress()
    assert request not in world.answers
    rest(world)
    assert world.answers[request] == CommandAccepted(command_id="call-1")


def test_a_model_that_calls_a_tool_in_the_answer_to_that_calls_none() -> None:
    world = in_tool()
    world.progress()
    world.commit_all()
    assert world.model is not None
    token, _ = world.model
    world.model = None
    world.feed(RoundFinished(token=token, calls=(FunctionCall(call_id="x", name="order", arguments="{}"),)))
    rest(world)
    assert world.state.memory.turn is None
    assert len(world.tools) == 1


def test_what_it_comes_to_is_a_call_of_its_own_and_the_model_tells_it(world: World) -> None:
    finish(world, "booked")
    assert outputs(world) == [("call-1", "[half]"), ("call-1_final", "booked")]
    assert [item.call_id for item in world.state.memory.history if isinstance(item, FunctionCall)] == ["call-1", "call-1_final"]
    assert world.thoughts[-1].options.tool_choice is ToolChoice.AUTO
    assert world.thoughts[-1].context.messages[-1].text == NEWS.format(call_ids=["call-1_final"])
    assert replies(world) == [(("call-1_final",), status) for status in ("pending", "scheduled", "completed")]
    assert told(world, ToolReturned) == [ToolReturned(call_id="call-1", name="order", result="booked", ok=True)]
    assert world.state.memory.user_data_json == '{"last": "call-1"}'
    assert (world.state.memory.detached, world.state.memory.reports, world.state.running) == ((), (), frozenset())


def test_later_updates_are_told_together_when_nobody_speaks(world: World) -> None:
    world.send("hello")
    world.progress("more")
    world.progress("most")
    rest(world)
    assert outputs(world)[1:] == [("call-1_update_1", "[more]"), ("call-1_update_2", "[most]")]
    assert [ids for ids, status in replies(world) if status == "scheduled"] == [("call-1_update_1", "call-1_update_2")]
    assert world.thoughts[-1].options.tool_choice is ToolChoice.NONE
    assert world.thoughts[-1].context.messages[-1].text == OLDER_NEWS.format(call_ids=["call-1_update_1", "call-1_update_2"])
    world.progress("all but")
    finish(world)
    assert [ids for ids, status in replies(world) if status == "scheduled"][1:] == [("call-1_update_3", "call-1_final")]


def test_what_a_tool_tells_as_it_ends_is_told_with_what_it_comes_to(world: World) -> None:
    world.progress("all but")
    world.commit_all()
    assert [status for _, status in replies(world)] == ["pending"]
    finish(world, "booked")
    assert [ids for ids, status in replies(world) if status == "scheduled"] == [("call-1_update_1", "call-1_final")]
    assert world.thoughts[-1].options.tool_choice is ToolChoice.AUTO


def test_what_comes_while_a_turn_is_open_stands_behind_what_that_answers() -> None:
    world = detached()
    world.send("use look")
    world.commit_all()
    world.now += 1
    world.progress("more", silent=True)
    world.now += 1
    rest(world, waits=False)
    assert world.finish_tool("seen", last=True)
    rest(world, waits=False)
    since = [item for item in world.thoughts[-1].context if item.created_at > 1.0][-6:]
    assert [getattr(item, "call_id", "") or getattr(item, "text", "") for item in since] == [
        "use look",
        "call-1_update_1",
        "call-1_update_1",
        "One moment.",
        "call-2",
        "call-2",
    ]
    kept = [item.id for item in world.state.memory.history]
    assert kept.index("turn-2.user") < kept.index("call-1_update_1") < kept.index("call-2")


def test_what_is_silent_is_known_to_the_model_and_not_told_the_caller() -> None:
    world = in_tool()
    thoughts = len(world.thoughts)
    world.progress("quiet", silent=True)
    rest(world, waits=False)
    world.progress("quieter", silent=True)
    rest(world, waits=False)
    assert len(world.thoughts) == thoughts, "nobody is asked to answer it"
    assert world.state.memory.turn is None
    world.finish_tool("ignored", reply=False)
    rest(world)
    assert outputs(world) == [("call-1", "[quiet]"), ("call-1_update_1", "[quieter]"), ("call-1_final", "ignored")]
    assert replies(world) == []


def test_what_the_model_says_nothing_about_is_skipped_and_what_is_cut_off_is_interrupted(world: World) -> None:
    world.progress("more")
    assert world.gather()
    world.commit_all()
    assert world.model is not None
    token, _ = world.model
    world.model = None
    world.feed(RoundFinished(token=token, calls=()))
    rest(world)
    world.progress("most")
    assert world.gather()
    world.commit_all()
    world.command(CancelResponse(command_id="stop"))
    rest(world)
    assert [status for _, status in replies(world)] == ["pending", "scheduled", "skipped", "pending", "scheduled", "interrupted"]


def test_of_two_tools_of_an_answer_the_turn_waits_for_the_one_that_tells_nothing() -> None:
    world = in_tool(text="use order look")
    world.progress("half")
    rest(world, waits=False)
    assert world.state.memory.turn is not None
    world.finish_tool("booked")
    rest(world, waits=False)
    assert outputs(world) == [("call-1_final", "booked")], "the turn's own come with it"
    assert [waiting.turn_id for waiting in world.state.memory.suspended] == ["turn-1"]
    finish(world, "seen")
    assert sorted(outputs(world)) == [("call-1", "[half]"), ("call-1_final", "booked"), ("call-2", "seen")]
    assert world.thoughts[-1].options.tool_choice is ToolChoice.AUTO, "one of the two is a result to act on"


def test_of_two_that_go_on_each_is_told_for_itself() -> None:
    world = in_tool(text="use order look")
    world.progress("one")
    world.progress("two", last=True)
    rest(world, waits=False)
    assert world.thoughts[-1].options.tool_choice is ToolChoice.NONE
    world.finish_tool("second", last=True)
    world.finish_tool("first")
    rest(world)
    assert [ids for ids, status in replies(world) if status == "scheduled"] == [("call-2_final",), ("call-1_final",)]
    assert world.state.memory.detached == ()


def test_the_caller_comes_first_and_then_what_has_come() -> None:
    world = detached(VOICE)
    world.begin_to_speak()
    world.finish_tool("booked")
    rest(world, waits=False)
    assert [status for _, status in replies(world)] == ["pending"]
    world.stop_speaking()
    rest(world)
    assert [thought.context.messages[-1].text for thought in world.thoughts][-2:] == [
        "hello",
        OLDER_NEWS.format(call_ids=["call-1_final"]),
    ]


def test_after_an_interruption_what_a_tool_tells_is_its_result_and_the_turn_is_over_at_once() -> None:
    world = in_tool(VOICE)
    world.command(CancelResponse(command_id="stop"))
    rest(world, waits=False)
    assert world.state.memory.turn is not None, "it waits for its tool"
    world.progress()
    rest(world)
    assert world.state.memory.turn is None
    finish(world, "booked")
    assert outputs(world) == [("call-1", "[half]"), ("call-1_final", "booked")]
    assert [ids for ids, status in replies(world) if status == "completed"] == [("call-1_final",)]


def test_a_hand_off_waits_for_the_tools_of_the_agent_and_nobody_tells_what_they_came_to(world: World) -> None:
    request = world.want_agent("billing", AgentChange.REPLACE)
    rest(world)
    assert request not in world.answers
    world.send("hello")
    rest(world)
    assert told(world, AgentChanged) == []
    finish(world, "booked")
    assert world.answers[request] == CommandAccepted(command_id="replace")
    assert [status for _, status in replies(world)] == ["pending"]
    assert (outputs(world)[-1], world.state.memory.reports) == (("call-1_final", "booked"), ())


def test_so_does_one_that_a_tool_wishes() -> None:
    world = detached(HANDS_ON)
    world.send("use to_billing")
    rest(world, waits=False)
    world.finish_tool("over to billing", last=True)
    rest(world)
    assert told(world, AgentChanged) == []
    finish(world, "booked")
    assert [event.new for event in told(world, AgentChanged)] == ["billing"]
    assert "scheduled" not in [status for _, status in replies(world)]


def test_while_another_agent_has_entered_what_comes_waits_for_the_one_that_it_is_of(world: World) -> None:
    world.want_agent("billing", AgentChange.ENTER)
    rest(world)
    finish(world, "booked")
    assert [status for _, status in replies(world)] == ["pending"]
    assert ("call-1_final", "booked") not in [
        (item.call_id, item.output) for item in world.state.memory.known or () if isinstance(item, FunctionCallOutput)
    ]
    world.want_agent("", AgentChange.LEAVE)
    rest(world)
    assert [status for _, status in replies(world)] == ["pending", "scheduled", "completed"]


def test_a_call_that_is_to_end_waits_for_what_goes_on_and_tells_nobody(world: World) -> None:
    world.command(EndCall(command_id="end", reason="bye"))
    rest(world, waits=False)
    assert told(world, CallEnded) == []
    world.progress("more")
    rest(world, waits=False)
    finish(world, "booked")
    assert told(world, CallEnded) == [CallEnded(reason="bye")]
    assert outputs(world)[-2:] == [("call-1_update_1", "[more]"), ("call-1_final", "booked")]
    assert replies(world) == []


def test_but_not_for_ever(world: World) -> None:
    world.command(EndCall(command_id="end", reason="bye"))
    began = world.now
    rest(world)
    assert told(world, CallEnded) == [CallEnded(reason="bye")]
    assert world.now - began >= DETACHED_WAIT_S
    assert outputs(world)[-1] == ("call-1_final", UNFINISHED)


def test_nor_for_a_tool_that_waits_for_an_agent_with_whom_nobody_talks_any_more(world: World) -> None:
    world.want_agent("billing", AgentChange.ENTER)
    rest(world)
    world.command(EndCall(command_id="end", reason="bye"))
    rest(world, waits=False)
    assert told(world, CallEnded) == [CallEnded(reason="bye")]
    assert outputs(world)[-1] == ("call-1_final", UNFINISHED)


def test_a_tool_that_ends_the_call_has_its_result_told_before(world: World) -> None:
    world.finish_tool("booked", end_call="done")
    rest(world)
    assert [status for _, status in replies(world)] == ["pending", "scheduled", "completed"]
    assert told(world, CallEnded) == [CallEnded(reason="done")]


@pytest.mark.parametrize("setup", [TEXT, VOICE], ids=["text", "speech"])
def test_after_a_death_the_outcome_is_unknown_and_the_caller_is_told(setup: SessionConfig) -> None:
    world = detached(setup)
    world.progress("more")
    rest(world, waits=False)
    world.kill()
    world.subscribe()
    rest(world)
    assert outputs(world) == [("call-1", "[half]"), ("call-1_update_1", "[more]"), ("call-1_final", OUTCOME_UNKNOWN)]
    assert [ids for ids, status in replies(world) if status == "scheduled"] == [("call-1_update_1",), ("call-1_final",)]
    assert (world.ran["call-1"], world.state.memory.detached) == (1, ())


def test_what_may_be_run_again_is_and_tells_again_nothing_that_it_had_told() -> None:
    world = detached(text="use look")
    world.progress("more")
    rest(world)
    world.kill()
    rest(world, waits=False)
    assert world.tool is not None
    assert world.tool.call.call_id == "call-1"
    first, second = world.progress("half"), world.progress("again")
    rest(world)
    assert world.answers[first] == world.answers[second] == CommandAccepted(command_id="call-1")
    world.progress("most")
    finish(world, "seen")
    assert outputs(world) == [
        ("call-1", "[half]"),
        ("call-1_update_1", "[more]"),
        ("call-1_update_2", "[most]"),
        ("call-1_final", "seen"),
    ]


def test_one_that_the_session_dies_of_is_not_run_for_ever() -> None:
    world = detached(text="use look")
    for _ in range(2):
        world.kill()
        rest(world, waits=False)
    assert world.tool is None
    assert outputs(world)[-1] == ("call-1_final", OUTCOME_UNKNOWN)


def test_one_whose_arguments_the_journal_has_not_is_not_run_again() -> None:
    world = detached(text="use look")
    (run,) = world.state.memory.detached
    hidden = replace(run, call=replace(run.call, arguments=f'{{"{REDACTED_KEY}": true}}'))
    world.transactions.append((Checkpoint(memory=replace(world.state.memory, detached=(hidden,))),))
    world.kill()
    rest(world)
    assert (world.tool, outputs(world)[-1]) == (None, ("call-1_final", OUTCOME_UNKNOWN))


def test_after_a_death_the_agent_that_had_entered_for_it_leaves_before_the_caller_is_told(world: World) -> None:
    world.want_agent("billing", AgentChange.ENTER)
    rest(world)
    world.send("hello")
    rest(world)
    world.kill()
    world.subscribe()
    rest(world)
    assert world.state.memory.agents == ()
    assert [event.new for event in told(world, AgentChanged)] == ["billing", "agent"]
    assert outputs(world)[-1] == ("call-1_final", OUTCOME_UNKNOWN)
    assert [status for _, status in replies(world)] == ["pending", "scheduled", "completed"]


def test_what_was_about_to_be_told_when_the_session_died_is_told_once() -> None:
    for effects in range(40):
        world = detached()
        world.fuse = effects
        world.finish_tool("booked")
        rest(world, waits=False)
        world.fuse = None
        world.kill()
        world.subscribe()
        world.settle()
        final = [output for call_id, output in outputs(world) if call_id == "call-1_final"]
        assert final in (["booked"], [OUTCOME_UNKNOWN])
        assert [status for _, status in replies(world)].count("scheduled") == 1
        assert [status for _, status in replies(world)].count("completed") == 1


def test_more_than_may_go_on_are_refused_and_stay_with_their_turn() -> None:
    world = World(TEXT)
    for _ in range(MAX_DETACHED):
        world.send("use order")
        rest(world, waits=False)
        world.progress(last=True)
        rest(world, waits=False)
    world.send("use order")
    rest(world, waits=False)
    request = world.progress(last=True)
    rest(world, waits=False)
    answer = world.answers[request]
    assert isinstance(answer, ErrorReply)
    assert (answer.error, answer.retryable, len(world.state.memory.detached)) == ("CapacityError", True, MAX_DETACHED)
    world.finish_tool("booked")
    world.progress("now", last=True)
    rest(world, waits=False)
    assert world.state.memory.turn is None
    assert len(world.state.memory.detached) == MAX_DETACHED


def test_of_more_reports_than_are_counted_the_newest_are_named() -> None:
    world = detached(VOICE)
    world.begin_to_speak()
    for number in range(MAX_REPORTS + 3):
        world.progress(str(number))
    assert len(world.state.memory.reports) == MAX_REPORTS
    assert world.state.memory.reports[-1].call_id == f"call-1_update_{MAX_REPORTS + 3}"


def test_what_is_too_long_is_cut(world: World) -> None:
    world.progress("x" * (MAX_TURN_BYTES + 10))
    rest(world)
    assert all(len(output) <= MAX_TURN_BYTES + len(CUT) for _, output in outputs(world))


def test_what_a_tool_tells_that_nobody_waits_for_is_heard_and_forgotten(world: World) -> None:
    work = world.tools[0]
    finish(world, "booked")
    before = outputs(world)
    world.tools.append(work)
    request = world.progress("too late")
    world.feed(ToolFinished(call_id="call-1", result="again", ok=True, user_data_json="{}", end_call="", duration_ms=1.0))
    rest(world)
    assert world.answers[request] == CommandAccepted(command_id="call-1")
    assert outputs(world) == before


def test_a_program_says_what_it_wants_before_that_is_told(world: World) -> None:
    world.send("hello")
    world.command(Say(command_id="say", text="First this."))
    world.finish_tool("booked")
    rest(world)
    ids = [pushed.event for pushed in world.events if isinstance(pushed.event, ToolReply)]
    assert [event.status for event in ids] == ["pending", "scheduled", "completed"]
    assert world.thoughts[-1].context.messages[-1].text.startswith("New results arrived")

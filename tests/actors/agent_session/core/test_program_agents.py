"""A program changes the agent of its call: replaces it, has another one enter and leave again, gives it other tools."""

from dataclasses import replace
from typing import Any

import pytest

from actors.agent_session.core import AgentChange, restore
from actors.agent_session.core import inputs as i
from actors.agent_session.core.entries import HandedOff, HistorySummarised
from actors.agent_session.core.hand_off import MAX_AGENT_BYTES, MAX_AGENTS, MAX_WANTED
from actors.agent_session.core.memory import ON_EXIT, Memory
from actors.agent_session.core.memory import AgentChange as Change
from actors.agent_session.core.replay import remember
from protocols import (
    AgentChanged,
    AgentConfigUpdate,
    AgentHandoff,
    AgentMessage,
    ChatContext,
    ChatMessage,
    CommandAccepted,
    EndCall,
    ErrorReply,
    FunctionCall,
    FunctionCallOutput,
    Say,
    SessionError,
    ToolChoice,
)
from support.chat import said, texts
from support.session_world import CHECKED, SPOKEN, World, agent_of

TOOLS = ("look", "order", "to_billing", "to_greeter", "to_broken")
TEXT = replace(CHECKED, tools=TOOLS, program=True, parallel_tools=True)
VOICE = replace(SPOKEN, tools=TOOLS, program=True, parallel_tools=True)
BILLING, GREETER = agent_of("to_billing"), agent_of("to_greeter")


def events(world: World, kind: type) -> list[Any]:
    return [pushed.event for pushed in world.events if isinstance(pushed.event, kind)]


def wanted(world: World, name: str, change: Change) -> Any:
    request = world.want_agent(name, change)
    world.settle()
    return world.answers.get(request)


def handoffs(world: World) -> list[tuple[str, str]]:
    """Those behind the first, which says who began with the call."""
    first, *others = [(item.old_agent, item.new_agent) for item in world.state.memory.history if isinstance(item, AgentHandoff)]
    assert first == ("", "agent")
    return others


@pytest.fixture
def world() -> World:
    world = World(TEXT)
    world.subscribe()
    return world


def test_another_agent_takes_the_place_of_the_one_that_has_the_call(world: World) -> None:
    request = world.want_agent("billing", Change.REPLACE)
    world.commit_all()
    assert request not in world.answers, "not before it is loaded"
    world.load_agent()
    assert request not in world.answers, "nor before that is in the journal"
    world.settle()
    assert world.answers[request] == CommandAccepted(command_id="replace")
    assert events(world, AgentChanged) == [AgentChanged(old="agent", new="billing")]
    assert (world.state.memory.agent, world.state.memory.agents) == (BILLING, ())
    assert handoffs(world) == [("agent", "billing")]
    world.send("hello")
    world.settle()
    assert said(world.thought_about)[0] == ("system", "You are billing.")
    assert [event.text for event in events(world, AgentMessage)] == ["You said hello. Anything else?"], (
        "the new one has not spoken by itself"
    )


def test_one_that_cannot_be_loaded_leaves_the_call_where_it_is(world: World) -> None:
    answer = wanted(world, "broken", Change.ENTER)
    assert isinstance(answer, ErrorReply)
    assert answer.text == "there is no such agent"
    assert [event.source for event in events(world, SessionError)] == ["agent"]
    assert (world.state.memory.agent, world.state.setup.agent, handoffs(world)) == ("", "agent", [])
    assert wanted(world, "billing", Change.ENTER) == CommandAccepted(command_id="enter")


def test_agents_enter_on_top_of_each_other_and_leave_in_the_opposite_order(world: World) -> None:
    for name in ("billing", "greeter"):
        wanted(world, name, Change.ENTER)
    assert (world.state.memory.agent, world.state.memory.agents) == (GREETER, ("", BILLING))
    world.kill()
    world.subscribe()
    assert world.state.setup.agent == "greeter"
    assert wanted(world, "", Change.LEAVE) == CommandAccepted(command_id="leave")
    assert world.state.setup.agent == "billing"
    assert wanted(world, "", Change.LEAVE) == CommandAccepted(command_id="leave")
    assert (world.state.memory.agent, world.state.memory.agents, world.state.setup.agent) == ("", (), "agent")
    assert handoffs(world) == [("agent", "billing"), ("billing", "greeter"), ("greeter", "billing"), ("billing", "agent")]
    assert len({item.id for item in world.state.memory.history}) == len(world.state.memory.history)
    assert wanted(world, "", Change.LEAVE).text == "no agent has entered that could leave"


def test_what_replaces_an_agent_waits_until_that_has_no_turn(world: World) -> None:
    world.send("use look")
    while world.tool is None:
        assert world.commit() or world.think()
    request = world.want_agent("billing", Change.REPLACE)
    world.send("and this")
    world.finish_tool()
    world.commit_all()
    assert world.loading is None
    assert world.thoughts[-1].options.tool_choice is ToolChoice.NONE, "it only ends its sentence"
    world.settle()
    assert world.answers[request] == CommandAccepted(command_id="replace")
    assert [thought.context.messages[0].text for thought in world.thoughts] == ["Be brief."] * 2 + ["You are billing."]


def test_what_enters_does_not_wait_for_a_turn_whose_tools_run(world: World) -> None:
    world.send("use look")
    while world.tool is None:
        assert world.commit() or world.think()
    request = world.want_agent("billing", Change.ENTER)
    world.commit_all()
    assert world.load_agent()
    world.commit_all()
    assert world.answers[request] == CommandAccepted(command_id="enter")
    request = world.want_agent("", Change.LEAVE)
    world.commit_all()
    assert world.load_agent(), "nor does that wait which was entered in this turn"
    world.commit_all()
    assert world.answers[request] == CommandAccepted(command_id="leave")
    world.settle()
    assert said(world.thought_about)[0] == ("system", "Be brief.")
    assert [kind for kind, _ in said(world.state.memory.history)] == ["user", "assistant", "tool", "assistant"]


def test_they_are_loaded_one_after_the_other_and_only_so_many_wait(world: World) -> None:
    requests = [world.want_agent("billing" if number % 2 else "greeter", Change.REPLACE) for number in range(MAX_WANTED + 2)]
    world.settle()
    answers = [world.answers[request] for request in requests]
    assert [type(answer) for answer in answers] == [CommandAccepted] * (MAX_WANTED + 1) + [ErrorReply]
    assert answers[-1].error == "CapacityError"  # type: ignore[union-attr]
    assert [event.new for event in events(world, AgentChanged)] == [*["greeter", "billing"] * 4, "greeter"]


@pytest.mark.parametrize(("agent", "error"), [("", "UsageError"), ("x" * (MAX_AGENT_BYTES + 1), "MessageTooLargeError")])
def test_what_is_no_agent_is_refused(world: World, agent: str, error: str) -> None:
    world.feed(i.AgentWanted(request=99, agent=agent, change=Change.ENTER))
    world.settle()
    assert world.answers[99].error == error  # type: ignore[union-attr]


def test_only_so_many_are_on_top_of_each_other(world: World) -> None:
    for _ in range(MAX_AGENTS):
        assert wanted(world, "billing", Change.ENTER) == CommandAccepted(command_id="enter")
    assert wanted(world, "billing", Change.ENTER).error == "CapacityError"


def test_a_call_that_is_over_is_given_to_nobody() -> None:
    world = World(TEXT)
    world.tell_fact("x", "1")
    world.command(EndCall(command_id="end"))
    request = world.want_agent("billing", Change.REPLACE)
    world.commit_all()
    assert world.answers[request].error == "SessionUnavailableError"  # type: ignore[union-attr]


@pytest.mark.parametrize("setup", [TEXT, VOICE], ids=["text", "speech"])
def test_killed_after_every_single_effect_the_agent_is_one_or_the_other(setup: Any) -> None:
    for fuse in range(1_000):
        world = World(setup, fuse=fuse)
        world.subscribe()
        for change in (AgentChange.ENTER, AgentChange.LEAVE, AgentChange.REPLACE):
            request = world.want_agent("billing", change)
            world.settle()
            while world.dead:
                world.fuse = None
                world.kill()
                world.subscribe()
                stands = (world.state.memory.agent, world.state.memory.agents)
                before = {AgentChange.ENTER: ("", ()), AgentChange.LEAVE: (BILLING, ("",)), AgentChange.REPLACE: ("", ())}[change]
                if stands == before and request not in world.answers:  # as a program's rerun does
                    request = world.want_agent("billing", change)
                world.settle()
        assert (world.state.memory.agent, world.state.memory.agents) == (BILLING, ())
        assert handoffs(world) == [("agent", "billing"), ("billing", "agent"), ("agent", "billing")]
        assert sum(isinstance(entry, HandedOff) for entry in world.entries) == 3
        if world.lives == 1:
            break
    assert world.lives == 1
    assert fuse > 15


def test_the_tools_of_an_agent_change_and_the_history_shows_how(world: World) -> None:
    world.feed(i.ToolsChanged(tools=("look", "find"), idempotent=frozenset({"find"})))
    world.feed(i.ToolsChanged(tools=("look", "find"), idempotent=frozenset()))
    world.commit_all()
    *_, item = restore(world.entries).memory.history
    assert isinstance(item, AgentConfigUpdate)
    assert (item.instructions, item.tools_added, item.tools_removed) == (
        None,
        ("find",),
        ("order", "to_billing", "to_broken", "to_greeter"),
    )
    assert (world.state.setup.tools, world.state.setup.idempotent) == (("look", "find"), frozenset())
    world.send("hello")
    world.settle()
    assert world.thoughts[-1].tools == {"look", "find"}


# What tools return.


def asked(text: str, *, reply: bool = True, setup: Any = TEXT) -> World:
    world = World(setup)
    world.subscribe()
    world.send(text)
    while not world.tools:
        assert world.commit() or world.think() or world.play()
    while world.tools:
        world.finish_tool(reply=reply)
    world.settle()
    return world


def test_a_bare_hand_off_ends_the_turn_and_the_new_agent_speaks_by_itself() -> None:
    world = asked("use to_greeter", reply=False)
    assert [event.text for event in events(world, AgentMessage)] == ["One moment."]
    assert len(world.thoughts) == 1
    assert (world.state.memory.agent, world.state.setup.agent, handoffs(world)) == (GREETER, "greeter", [("agent", "greeter")])
    kinds = [item.TAG.removeprefix("chat.") for item in world.state.memory.history]
    of_agent = ["agent_handoff", "agent_config_update"]
    assert kinds == [*of_agent, "message", "message", "function_call", "function_call_output", *of_agent]


def test_with_a_result_the_agent_answers_first_and_calls_nothing_more() -> None:
    world = asked("use to_billing")
    assert [thought.options.tool_choice for thought in world.thoughts] == [ToolChoice.AUTO, ToolChoice.NONE]
    assert [said(thought.context)[0][1] for thought in world.thoughts] == ["Be brief."] * 2
    assert [event.text for event in events(world, AgentMessage)] == ["One moment. It came back: done."]
    assert (world.state.setup.agent, handoffs(world)) == ("billing", [("agent", "billing")])


def test_of_several_agents_none_gets_the_call() -> None:
    world = asked("use to_billing to_greeter")
    assert (world.state.memory.agent, world.state.memory.handing_to, handoffs(world)) == ("", "", [])
    assert [event.source for event in events(world, SessionError)] == ["agent"]
    assert world.thoughts[-1].options.tool_choice is ToolChoice.AUTO


def test_a_hand_off_that_was_interrupted_did_not_happen() -> None:
    world = World(VOICE)
    world.subscribe()
    world.send("use to_billing")
    while not world.tools:
        assert world.commit() or world.think() or world.play() or world.wait()
    world.begin_to_speak()
    world.stop_speaking()
    world.commit_all()
    world.finish_tool()
    world.settle("what is it")
    outputs = [text for kind, text in said(world.state.memory.history) if kind == "tool"]
    assert outputs == ["error: the call was not handed to another agent, because the caller interrupted."]
    assert (world.state.memory.agent, world.state.setup.agent) == ("", "agent")


def test_an_agent_that_the_session_dies_of_twice_is_given_up() -> None:
    world = World(TEXT)
    world.subscribe()
    world.send("use to_billing")
    for _ in range(2):
        while world.loading is None:
            assert world.commit() or world.think() or world.finish_tool(reply=False)
        world.kill()
        world.subscribe()
    world.settle()
    assert (world.state.memory.handing_to, world.state.memory.handing_deaths, world.state.memory.agent) == ("", 0, "")
    assert [event.text for event in events(world, SessionError)] == ["the session died 2 times in the same step: loading an agent"]


@pytest.mark.parametrize("setup", [TEXT, VOICE], ids=["text", "speech"])
@pytest.mark.parametrize("reply", [True, False], ids=["with a result", "bare"])
def test_killed_after_every_single_effect_a_tool_hands_over_once(setup: Any, *, reply: bool) -> None:
    setup = replace(setup, idempotent=TOOLS)
    for fuse in range(1_000):
        world = World(setup, fuse=fuse)
        world.subscribe()
        request = world.send("use to_billing", "text")
        for _ in range(3):
            while not world.dead and (
                world.commit() or world.think() or world.finish_tool(reply=reply) or world.play() or world.load_agent()
            ):
                pass
            if world.dead:
                world.fuse = None
                world.kill()
                world.subscribe()
                if not world.accepted(request):
                    request = world.send("use to_billing", "text")
        assert [event.new for event in events(world, AgentChanged)] == ["billing"], f"killed after {fuse} effects"
        assert handoffs(world) == [("agent", "billing")]
        assert [event.text for event in events(world, AgentMessage)] == ["One moment." + " It came back: done." * reply]
        if world.lives == 1:
            break
    assert world.lives == 1
    assert fuse > 20


def test_what_an_agent_knows_is_summed_up_and_the_history_stays() -> None:
    known = ChatContext().add_message("user", "a", id="a", created_at=5.0).add_message("user", "b", id="b", created_at=6.0)
    memory = Memory(history=known.add_message("user", "c", id="c", created_at=7.0), known=known, summarising="a")
    after = remember(memory, HistorySummarised(until="a", text="in short"))
    assert after.known is not None
    assert texts(after.known) == ["in short", "b"]
    assert texts(after.history) == ["a", "b", "c"]


def test_an_agent_that_has_the_call_again_knows_what_was_said_to_one_that_knew_all() -> None:
    world = World(TEXT)
    world.subscribe()
    wanted(world, "billing", Change.ENTER)
    world.send("hello")
    world.settle()
    wanted(world, "", Change.LEAVE)
    world.send("and now")
    world.settle()
    assert "hello" in texts(world.thought_about)


def test_tools_that_a_life_before_had_been_given_are_shown_once(world: World) -> None:
    wanted(world, "billing", Change.ENTER)
    world.feed(i.ToolsChanged(tools=("look", "find"), idempotent=frozenset()))
    world.commit_all()
    shown = [item for item in world.state.memory.history if isinstance(item, AgentConfigUpdate)]
    assert set(shown[-1].tools_added) == {"find", "look"} - {*shown[-2].tools_added}
    world.kill()
    world.feed(i.ToolsChanged(tools=("look", "find"), idempotent=frozenset()))
    world.commit_all()
    assert [item for item in world.state.memory.history if isinstance(item, AgentConfigUpdate)] == shown
    world.feed(i.ToolsChanged(tools=("look",), idempotent=frozenset()))
    world.commit_all()
    *_, item = world.state.memory.history
    assert isinstance(item, AgentConfigUpdate)
    assert (item.tools_added, item.tools_removed) == ((), ("find",))


def test_a_turn_is_offered_the_tools_that_it_began_with_and_the_update_stands_where_it_was_made(world: World) -> None:
    world.send("use order")
    world.settle()
    world.send("use look")
    while not world.tools:
        assert world.commit() or world.think()
    world.set_clock(1.0)
    world.feed(i.ToolsChanged(tools=("look",), idempotent=frozenset()))
    world.commit_all()
    world.set_clock(1.0)
    world.finish_tool()
    world.settle()
    assert world.thoughts[-1].tools == {*TOOLS}, "the turn goes on as it began"
    assert "order" in {item.name for item in world.thoughts[-1].context if isinstance(item, FunctionCall)}
    kinds = [type(item) for item in restore(world.entries).memory.history][-5:]
    assert kinds == [ChatMessage, FunctionCall, AgentConfigUpdate, FunctionCallOutput, ChatMessage]
    world.send("hello")
    world.settle()
    assert world.thoughts[-1].tools == {"look"}
    assert {item.name for item in world.thoughts[-1].context if isinstance(item, FunctionCall | FunctionCallOutput)} == {"look"}
    assert "order" in {item.name for item in world.state.memory.history if isinstance(item, FunctionCall)}, "it was called all the same"
    world.kill()
    world.send("hello")
    world.settle()
    assert {item.name for item in world.thoughts[-1].context if isinstance(item, FunctionCall | FunctionCallOutput)} == {"look"}


def says(world: World, text: str, owner: str) -> None:
    say = Say(command_id=text.lower(), text=text)
    world.feed(i.CommandArrived(request=900 + len(text), command=say, position=world.position, owner=owner))


@pytest.mark.parametrize("setup", [TEXT, VOICE])
@pytest.mark.parametrize("dies", [False, True])
def test_what_an_agent_says_as_it_leaves_is_said_before_the_next_one_has_the_call(setup: Any, dies: bool) -> None:
    world = World(setup)
    world.subscribe()
    world.send("use to_billing")
    while world.loading is None:
        assert world.commit() or world.think() or world.finish_tool() or world.play()
    says(world, "Later.", "program")
    says(world, "Goodbye.", ON_EXIT)
    world.commit_all()
    while "Goodbye." not in texts(world.state.memory.history):
        assert world.commit() or world.play() or world.wait()
        if dies and world.state.memory.turn is not None and world.state.memory.turn.sentences == ("Goodbye.",):
            dies = False
            world.kill()
            world.subscribe()
    assert handoffs(world) == []
    assert [accepted.command.command_id for accepted in world.state.memory.inbox] == ["later."], "that is the next one's"
    world.settle()
    assert handoffs(world) == [("agent", "billing")]
    assert [text for text in texts(world.state.memory.history) if text in {"Goodbye.", "Later."}] == ["Goodbye.", "Later."]

"""Which tools a reply's model is offered and has to call: as the program said, round by round, through deaths and hand-offs."""

from dataclasses import replace

import pytest

from actors.agent_session.core.chat import context
from actors.agent_session.core.effects import Think
from actors.agent_session.core.entries import TurnOpened
from actors.agent_session.core.inputs import RoundFinished
from actors.agent_session.core.memory import Round, Turn, TurnSource
from actors.agent_session.core.preemption import take_guess
from actors.agent_session.core.state import Guess
from actors.agent_session.core.tool_choice import choice, offered, permitted
from actors.agent_session.core.transition import Transition
from protocols import (
    CommandDone,
    EndCall,
    FunctionCall,
    FunctionChoice,
    GenerateReply,
    SessionCommand,
    ToolCalled,
    ToolChoice,
    ToolReturned,
)
from support.session_world import CHECKED, SPOKEN, World

AUTO, NONE, REQUIRED = ToolChoice.AUTO, ToolChoice.NONE, ToolChoice.REQUIRED
LOOK = FunctionChoice(name="look")


def events(world: World, kind: type) -> list[object]:
    return [pushed.event for pushed in world.events if isinstance(pushed.event, kind)]


def world_of(setup: object = CHECKED) -> World:
    world = World(setup)  # type: ignore[arg-type]
    world.subscribe()
    return world


def asked(world: World) -> list[tuple[list[str], object]]:
    """What the model was offered, and what it had to do, from round to round."""
    return [(sorted(thought.tools), thought.options.tool_choice) for thought in world.thoughts]


def ask(command_id: str = "ask", **fields: object) -> GenerateReply:
    return GenerateReply(command_id=command_id, user_input="hello", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("command", "rounds"),
    [
        (ask(), [(["look", "order"], AUTO)]),
        (ask(tools=("order",)), [(["order"], AUTO)]),
        (ask(tools=()), [([], AUTO)]),
        (ask(tool_choice=NONE), [(["look", "order"], NONE)]),
        (ask(tool_choice=REQUIRED), [(["look", "order"], REQUIRED), (["look", "order"], AUTO)]),
        (ask(tools=("order",), tool_choice=REQUIRED), [(["order"], REQUIRED), (["order"], AUTO)]),
        (ask(tool_choice=REQUIRED, required_tool="look"), [(["look", "order"], LOOK), (["look", "order"], AUTO)]),
        (ask(tools=("look",), tool_choice=REQUIRED, required_tool="look"), [(["look"], LOOK), (["look"], AUTO)]),
    ],
)
def test_the_choice_is_for_the_first_round_and_the_tools_are_for_all(
    command: GenerateReply, rounds: list[tuple[list[str], object]]
) -> None:
    world = world_of()
    world.command(command)
    world.settle()
    assert asked(world) == rounds
    assert events(world, CommandDone) == [CommandDone(command_id="ask")]


def test_the_next_reply_has_all_tools_and_its_own_choice() -> None:
    world = world_of()
    world.command(ask("one", tools=("look",), tool_choice=REQUIRED))
    world.command(ask("two"))
    world.settle()
    assert asked(world)[-1] == (["look", "order"], AUTO)


@pytest.mark.parametrize("named", [{"tools": ("look",)}, {"tool_choice": NONE}, {"tools": ()}])
def test_what_is_not_offered_is_not_run(named: dict[str, object]) -> None:
    world = world_of()
    world.command(ask(**named))
    world.commit_all()
    world.feed(RoundFinished(token=world.thoughts[0].token, calls=(FunctionCall(call_id="1", name="order", arguments="{}"),)))
    world.settle()
    (returned,) = events(world, ToolReturned)
    assert "Unknown function: order" in returned.result  # type: ignore[attr-defined]
    assert not events(world, ToolCalled)
    assert not world.ran
    assert len(asked(world)) == 2, "it is told so"


@pytest.mark.parametrize(
    ("command", "cure"),
    [
        (ask(tools=("look", "fly")), "the agent has no tool 'fly' (it has: look, order): name one of these"),
        (ask(tool_choice=REQUIRED, required_tool="fly"), "the agent has no tool 'fly'"),
        (ask(tools=(), tool_choice=REQUIRED), "name some, or choose auto"),
        (ask(tools=("order",), tool_choice=REQUIRED, required_tool="look"), "'look', which is not offered (order): add it to tools"),
        (ask(required_tool="look"), "it has to be required"),
    ],
)
def test_what_the_agent_cannot_do_is_refused_with_its_cure(command: SessionCommand, cure: str) -> None:
    world = World(CHECKED)
    request = world.command(command)
    world.commit_all()
    refusal = world.refusal(request)
    assert (refusal.error, refusal.retryable) == ("UsageError", False)
    assert cure in refusal.text
    assert not world.state.memory.seen


def test_an_agent_without_tools_can_be_required_to_call_none() -> None:
    world = World(replace(CHECKED, tools=()))
    request = world.command(ask(tool_choice=REQUIRED))
    world.commit_all()
    assert "name some, or choose auto" in world.refusal(request).text


@pytest.mark.parametrize(
    ("turn", "rounds", "expected"),
    [
        ({"tool_choice": REQUIRED}, 0, REQUIRED),
        ({"tool_choice": REQUIRED}, 1, AUTO),
        ({"tool_choice": NONE}, 1, NONE),
        ({"tool_choice": NONE}, 9, NONE),
        ({"tool_choice": REQUIRED, "tools": ("gone",)}, 0, AUTO),
        ({"tool_choice": REQUIRED, "required_tool": "gone"}, 0, AUTO),
        ({"tool_choice": REQUIRED, "required_tool": "look"}, 0, LOOK),
    ],
)
def test_what_was_taken_with_the_call_is_not_required(turn: dict[str, object], rounds: int, expected: object) -> None:
    made = Turn(turn_id="t", source=TurnSource.GENERATE_REPLY, text="", rounds=(Round(ended=True),) * rounds, **turn)  # type: ignore[arg-type]
    assert choice(CHECKED, made) == expected
    assert {*permitted(CHECKED, made)} >= ({expected.name} if isinstance(expected, FunctionChoice) else set())


def test_after_the_last_round_that_may_call_tools_none_is_offered() -> None:
    turn = Turn(turn_id="t", source=TurnSource.TEXT, text="", rounds=(Round(ended=True),) * 8)
    assert not offered(CHECKED, turn)
    assert permitted(CHECKED, turn) == CHECKED.tools


@pytest.mark.parametrize(("named", "taken"), [({}, True), ({"tools": ()}, False), ({"tool_choice": NONE}, False)])
def test_an_answer_that_was_begun_with_all_tools_is_not_taken_for_a_reply_with_some(named: dict[str, object], taken: bool) -> None:
    world = World(CHECKED)
    step = Transition(world.state, world.moment)
    opened = TurnOpened(
        turn_id="turn-1", source=TurnSource.GENERATE_REPLY, text="hello", command_id="", asked_wall_s=0.0, heard_until=0, **named
    )  # type: ignore[arg-type]
    step.record(opened)
    asked = Think(token=1, context=context(step.setup.instructions, step.memory), tools=frozenset())
    guess = Guess(text="hello", question=asked)
    step.state = replace(step.state, guess=guess)
    assert take_guess(step) == (guess if taken else None)


@pytest.mark.parametrize("setup", [CHECKED, SPOKEN], ids=["text", "speech"])
def test_killed_after_every_effect_the_choice_holds(setup: object) -> None:
    command = ask(tools=("order",), tool_choice=REQUIRED)
    for fuse in range(1_000):
        world = world_of(setup)
        world.fuse = fuse
        for sent in (command, EndCall(command_id="end")):
            request = world.command(sent)
            world.settle()
            if world.dead:
                world.fuse = None
                world.kill()
                world.subscribe()
                if not world.accepted(request):
                    world.command(sent)
            world.settle()
        assert world.left
        calls = [event.name for event in events(world, ToolCalled)]  # type: ignore[attr-defined]
        assert calls == ["order"], "once, and not looped"
        assert all(tools == ["order"] for tools, _ in asked(world))
        first = [must for _, must in asked(world)].count(REQUIRED)
        assert 1 <= first <= world.lives
        assert asked(world)[-1] == (["order"], AUTO)
        assert sorted(event.command_id for event in events(world, CommandDone)) == ["ask", "end"]  # type: ignore[attr-defined]
        if world.lives == 1:
            break
    assert world.lives == 1
    assert fuse > 30

"""Every speech ends by its deadline, wherever it is, and says whose it was; a death in between changes nothing."""

from dataclasses import replace

import pytest

from actors.agent_session.core import inputs as i
from actors.agent_session.core.deadlines import is_overdue
from actors.agent_session.core.transition import Moment
from protocols import (
    MAX_SPEECH_S,
    SPEECH_DEADLINE_S,
    AgentMessage,
    CommandDone,
    ConversationState,
    EndCall,
    GenerateReply,
    Say,
    SessionCommand,
    SpeechCreated,
    SpeechDone,
    SpeechInterrupted,
    SpeechOutcome,
    ToolCalled,
)
from support.chat import texts
from support.session_world import CHECKED, SPOKEN, World

S = ConversationState
LONG = "This is a rather long sentence."


def events(world: World, kind: type) -> list[object]:
    return [pushed.event for pushed in world.events if isinstance(pushed.event, kind)]


def world_of(setup: object = SPOKEN) -> World:
    world = World(setup)  # type: ignore[arg-type]
    world.subscribe()
    return world


def outcomes(world: World) -> dict[str, SpeechOutcome]:
    return {event.command_id: event.outcome for event in events(world, SpeechDone)}  # type: ignore[attr-defined]


def heard(world: World) -> dict[str, str]:
    return {event.speech_id: event.text for event in events(world, AgentMessage)}  # type: ignore[attr-defined]


def until_heard(world: World) -> None:
    while world.state.phase is not S.SPEAKING:
        assert world.commit() or world.wait() or world.think() or world.play(1_000)
    world.commit_all()


def test_what_waits_too_long_is_not_said_any_more_and_what_is_said_goes_on() -> None:
    world = world_of()
    world.command(Say(command_id="now", text=LONG))
    until_heard(world)
    world.command(Say(command_id="late", text="Never mind.", deadline_s=5.0))
    world.command(Say(command_id="next", text="One moment.", deadline_s=50.0))
    world.commit_all()
    assert world.overdue()
    world.commit_all()
    assert outcomes(world) == {"late": SpeechOutcome.EXPIRED}
    assert events(world, CommandDone) == [CommandDone(command_id="late")]
    assert not events(world, SpeechInterrupted)
    world.settle()
    assert outcomes(world) == {"late": SpeechOutcome.EXPIRED, "now": SpeechOutcome.COMPLETED, "next": SpeechOutcome.COMPLETED}
    assert heard(world) == {"speech-1": LONG, "speech-2": "", "speech-3": "One moment."}


@pytest.mark.parametrize("protected", [False, True])
def test_what_is_heard_too_long_stops_and_history_keeps_what_was_heard(protected: bool) -> None:
    world = world_of()
    world.command(Say(command_id="say", text=LONG, deadline_s=5.0, allow_interruptions=not protected))
    until_heard(world)
    assert world.overdue()
    world.settle()
    assert [event.by for event in events(world, SpeechInterrupted)] == ["deadline"]  # type: ignore[attr-defined]
    assert outcomes(world) == {"say": SpeechOutcome.EXPIRED}
    assert heard(world) == {"speech-1": "This is a"}
    assert texts(world.state.memory.history) == ["This is a"]
    assert world.state.phase is S.IDLE


def test_a_model_that_does_not_end_is_stopped() -> None:
    world = world_of(CHECKED)
    world.command(GenerateReply(command_id="ask", user_input="hello", deadline_s=5.0))
    world.commit_all()
    world.think()
    assert world.overdue()
    world.settle()
    assert world.model is None
    assert outcomes(world) == {"ask": SpeechOutcome.EXPIRED}
    assert heard(world) == {"speech-1": "You said hello."}


def test_a_tool_ends_first_and_the_model_is_not_asked_again() -> None:
    world = world_of(CHECKED)
    world.command(GenerateReply(command_id="ask", user_input="use order order", deadline_s=5.0))
    world.commit_all()
    while world.think():
        world.commit_all()
    assert world.tool is not None
    assert world.overdue()
    assert not events(world, SpeechDone)
    world.settle()
    assert outcomes(world) == {"ask": SpeechOutcome.EXPIRED}
    assert len(events(world, ToolCalled)) == 1
    assert len(world.thoughts) == 1


def test_one_that_is_held_for_the_callers_voice_ends_too() -> None:
    world = world_of()
    world.command(Say(command_id="say", text=LONG, deadline_s=5.0))
    until_heard(world)
    world.begin_to_speak()
    assert world.state.held
    assert world.overdue()
    world.stop_speaking()
    world.settle("spoken words")
    assert outcomes(world)["say"] is SpeechOutcome.EXPIRED
    assert heard(world)["speech-2"].startswith("You said spoken words.")


def test_one_that_ends_in_time_is_left_alone_and_so_is_the_next() -> None:
    world = world_of()
    world.command(Say(command_id="say", text="One moment.", deadline_s=5.0))
    world.settle()
    world.command(Say(command_id="long", text=LONG))
    until_heard(world)
    assert world.overdue()
    world.settle()
    assert outcomes(world) == {"say": SpeechOutcome.COMPLETED, "long": SpeechOutcome.COMPLETED}


@pytest.mark.parametrize("where", ["waiting", "heard", "thinking", "calling"])
def test_a_deadline_that_came_while_nobody_lived_is_kept_before_anything_goes_on(where: str) -> None:
    world = world_of(CHECKED if where in {"thinking", "calling"} else SPOKEN)
    match where:
        case "waiting":
            world.begin_to_speak()
            world.command(Say(command_id="a", text=LONG, deadline_s=5.0))
        case "heard":
            world.command(Say(command_id="a", text=LONG, deadline_s=5.0))
            until_heard(world)
        case _:
            asked = "hello" if where == "thinking" else "use look"
            world.command(GenerateReply(command_id="a", user_input=asked, deadline_s=5.0))
            world.commit_all()
            while where == "calling" and world.think():
                world.commit_all()
    world.commit_all()
    world.now += 5.0
    world.thoughts.clear()
    world.kill()
    world.subscribe()
    world.commit_all()
    assert world.model is None
    assert world.tool is None
    assert not world.output.queue
    world.settle()
    assert outcomes(world) == {"a": SpeechOutcome.EXPIRED}
    assert not world.thoughts


def test_a_call_that_is_to_end_does_though_what_it_waited_for_is_overdue() -> None:
    world = world_of(CHECKED)
    world.send("hello", "ask")
    world.command(Say(command_id="late", text=LONG, deadline_s=5.0))
    world.command(EndCall(command_id="end"))
    world.commit_all()
    world.now += 5.0
    world.kill()
    world.subscribe()
    world.settle()
    assert world.left
    assert outcomes(world) == {"ask": SpeechOutcome.COMPLETED, "late": SpeechOutcome.EXPIRED}


def test_a_deadline_comes_in_the_next_life_when_it_would_have_come_in_this() -> None:
    world = world_of()
    world.command(Say(command_id="say", text=LONG, deadline_s=50.0))
    until_heard(world)
    world.now += 2.0
    world.kill()
    world.subscribe()
    until_heard(world)
    assert world.overdue()
    assert world.now == 50.0
    world.settle()
    assert outcomes(world) == {"say": SpeechOutcome.EXPIRED}


def test_what_the_agent_says_by_itself_is_its_own_and_ends_too() -> None:
    world = World(replace(CHECKED, greeting="Welcome."))
    world.subscribe()
    world.settle()
    world.send("hello", "ask")
    world.commit_all()
    created = {event.source: event.owner for event in events(world, SpeechCreated)}  # type: ignore[attr-defined]
    assert created == {"greeting": "agent_session/c", "text": "gateway"}
    assert world.state.memory.turn is not None
    assert world.state.memory.turn.deadline_wall_s == world.moment.wall_s + SPEECH_DEADLINE_S
    world.think()
    assert world.overdue()
    world.settle()
    assert outcomes(world)["ask"] is SpeechOutcome.EXPIRED


def test_a_speech_is_owned_by_who_sent_its_command() -> None:
    world = world_of()
    world.send("hello")
    for owner in ("gateway", "somebody"):
        said = Say(command_id=owner, text="One moment.")
        world.feed(i.CommandArrived(request=100 + len(owner), command=said, position=0, owner=owner))
    world.kill()
    world.subscribe()
    for owner in ("gateway", "somebody"):
        said = Say(command_id=owner, text="One moment.")
        world.feed(i.CommandArrived(request=200 + len(owner), command=said, position=0, owner=owner))
    world.settle()
    owners = {"gateway": "gateway", "somebody": "somebody"}
    for kind in (SpeechCreated, SpeechDone):
        assert {event.command_id: event.owner for event in events(world, kind)} == owners  # type: ignore[attr-defined]


@pytest.mark.parametrize("deadline_s", [0.0, -1.0, MAX_SPEECH_S + 1, float("inf"), float("nan")])
def test_a_deadline_that_is_none_is_refused(deadline_s: float) -> None:
    for number, command in enumerate(
        (Say(command_id="a", text="hello", deadline_s=deadline_s), GenerateReply(command_id="b", deadline_s=deadline_s))
    ):
        world = World(CHECKED)
        request = world.command(command)
        world.commit_all()
        assert "give more than 0 and at most 3600" in world.refusal(request).text, number


def test_many_speeches_wait_with_one_timer() -> None:
    world = world_of()
    world.command(Say(command_id="now", text=LONG))
    for number in range(20):
        world.command(Say(command_id=f"say-{number}", text="One moment."))
    world.commit_all()
    timers = [at for at, what in world.timers if isinstance(what, i.SpeechOverdue)]
    assert timers == [SPEECH_DEADLINE_S]


def test_a_clock_that_is_set_ends_no_speech_of_this_life_before_its_time() -> None:
    world = world_of()
    world.command(Say(command_id="say", text=LONG, deadline_s=5.0))
    until_heard(world)
    world.set_clock(3_600.0)
    world.command(Say(command_id="next", text="One moment.", deadline_s=6.0))
    world.settle()
    assert outcomes(world) == {"say": SpeechOutcome.COMPLETED, "next": SpeechOutcome.COMPLETED}


def test_a_clock_that_was_set_back_by_a_year_keeps_no_speech_for_a_year() -> None:
    world = world_of()
    world.command(Say(command_id="say", text=LONG))
    until_heard(world)
    world.set_clock(-365 * 86_400.0)
    world.kill()
    world.subscribe()
    world.settle()
    assert outcomes(world) == {"say": SpeechOutcome.EXPIRED}


def test_journals_of_earlier_versions_tell_of_no_deadline() -> None:
    assert not is_overdue(0.0, Moment(monotonic_s=0.0, wall_s=1e9))


@pytest.mark.parametrize("setup", [CHECKED, SPOKEN], ids=["text", "speech"])
@pytest.mark.parametrize("time_passes", ["in life", "in death"])
def test_killed_after_every_effect_every_speech_ends_once(setup: object, time_passes: str) -> None:
    commands: tuple[SessionCommand, ...] = (
        GenerateReply(command_id="0", user_input="use order", deadline_s=5.0),
        Say(command_id="1", text="Please wait. It takes a while.", deadline_s=5.0),
        Say(command_id="2", text="Here it is.", deadline_s=500.0),
        EndCall(command_id="3"),
    )
    for fuse in range(1_000):
        world = world_of(setup)
        world.fuse = fuse
        for command in commands:
            request = world.command(command)
            world.commit_all()
            _revive(world, 0.0)
            if not world.accepted(request):
                world.command(command)
            world.commit_all()
            _revive(world, 0.0)
        world.think()
        world.play(500)
        if time_passes == "in life":
            world.overdue()
        world.settle()
        _revive(world, 5.0 if time_passes == "in death" else 0.0)
        world.settle()
        assert world.left
        assert sorted(event.command_id for event in events(world, CommandDone)) == ["0", "1", "2", "3"]  # type: ignore[attr-defined]
        assert sorted(event.command_id for event in events(world, SpeechDone)) == ["0", "1", "2"]  # type: ignore[attr-defined]
        assert outcomes(world)["2"] is SpeechOutcome.COMPLETED
        assert sum(world.ran.values()) <= 1
        if world.lives == 1:
            break
    assert world.lives == 1
    assert fuse > 30


def _revive(world: World, after_s: float) -> None:
    if world.dead:
        world.fuse = None
        world.now += after_s
        world.kill()
        world.subscribe()

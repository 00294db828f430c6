from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from livekitex_agent.composition import HEARTBEAT_MS
from livekitex_agent.gateway import Gateway
from livekitex_agent.gateway.exit_messages import why_ended
from livekitex_agent.gateway.frames import (
    Frame,
    Pushed,
    Request,
    Response,
    StopSystem,
    SystemEnded,
    SystemReady,
    Unanswered,
)
from livekitex_agent.gateway.gateway import START_TIMEOUT_S
from livekitex_agent.gateway.lifecycle import END_CALLS_S, STOP_GRACE_S
from livekitex_agent.gateway.names import GONE
from protocols import (
    NORMAL,
    SYSTEM_STOPPED,
    AudioPushed,
    Breakers,
    CallStarted,
    CommandAccepted,
    Drain,
    Drained,
    EndCall,
    EventPushed,
    ExitKind,
    ExitReason,
    GetBreakers,
    Message,
    NameChanged,
    Ping,
    Pong,
    Ref,
    Subscribe,
    WhichChildren,
)
from supervision import HUNG, Actor, ChildExited, ChildSpec, Ignore, Shutdown, SimRuntime, SupervisorFlags, supervisor_args


class Script:
    """The script's end of a link without bytes."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.closed = False
        self.say: Callable[[Frame], None]
        self.go: Callable[[], None]

    def start(self, starter_pid: int, on_frame: Callable[[Frame], None], on_closed: Callable[[], None]) -> None:
        assert starter_pid == 7
        self.say, self.go = on_frame, on_closed

    def send(self, frame: Frame) -> None:
        self.frames.append(frame)

    def close(self) -> None:
        self.closed = True

    def pushed(self, kind: type[Message]) -> list[Any]:
        return [frame.message for frame in self.frames if isinstance(frame, Pushed) and isinstance(frame.message, kind)]

    def answer(self, request_id: int) -> Frame | None:
        answers = [frame for frame in self.frames if isinstance(frame, Response | Unanswered) and frame.request_id == request_id]
        return answers[-1] if answers else None


class LinkedGateway(Gateway):
    script: Script

    def open_link(self, args: Any) -> Script:
        return self.script


class Talker(Actor):
    """Pushes an event and audio to whoever subscribes; answers nothing."""

    def on_message(self, message: Message) -> None:
        sender = self.context.sender
        if isinstance(message, Subscribe) and sender is not None:
            event = EventPushed(call_id="c", number=0, incarnation=1, wall_s=0.0, event=CallStarted(call_id="c"))
            self.context.send(sender, event)
            self.context.send(sender, AudioPushed(call_id="c", speech_id="s", position=0, rate_hz=8_000, pcm=b"\0\0"))
            self.context.send(sender, Pong(probe=1))


class Stubborn(Actor):
    trap_exit = True

    def on_shutdown(self, reason: object) -> None:
        """Does not end."""


class Manager(Actor):
    """Counts calls as it is told to: answers a drain when its time is over, or when its memory says that no call runs."""

    def on_message(self, message: Message) -> None:
        if isinstance(message, Drain):
            DRAINS.append(message.timeout_ms)
            answer = self.context.replier()
            running = len(DRAINS) <= len(RUNNING)
            self.context.after(message.timeout_ms / 1000 if running else 0, lambda: answer(Drained(jobs=int(running))))


class Caller(Actor):
    """A session: ends when it is told to, unless it is a deaf one."""

    def on_start(self, args: Mapping[str, Any]) -> None:
        self.deaf = args.get("deaf", False)

    def on_message(self, message: Message) -> None:
        COMMANDS.append(type(message).__name__)
        if isinstance(message, EndCall):
            assert message.reason == SYSTEM_STOPPED
            self.context.reply(CommandAccepted(command_id=message.command_id))
            if not self.deaf:
                self.context.exit(NORMAL)


DRAINS: list[int] = []
RUNNING: list[str] = []
COMMANDS: list[str] = []


class NeverUp(Actor):
    """Answers, and is never up."""

    def on_start(self, args: Mapping[str, Any]) -> None:
        self.context.defer_start()


class Unwilling(Actor):
    def on_start(self, args: object) -> None:
        raise Ignore


class Broken(Actor):
    def on_start(self, args: object) -> None:
        raise ValueError("no port")


def worker(name: str, actor: str, **fields: Any) -> ChildSpec:
    return ChildSpec(id=name, name=name, actor=actor, **fields)


REGISTRY = worker("registry", "supervision:Registry", is_registry=True)
BREAKERS = worker("circuit_breakers", "supervision:CircuitBreakerRegistry")
MANAGER = worker("worker_manager", f"{__name__}:Manager")
CALLER = worker("agent_session/c", f"{__name__}:Caller", restart="transient")
DEAF = worker("agent_session/d", f"{__name__}:Caller", restart="transient", args={"deaf": True})
TALKER = worker("agent_session/c", f"{__name__}:Talker")


class World:
    def __init__(self, sim: SimRuntime) -> None:
        self.sim = sim
        self.script = Script()

    def start(self, *children: ChildSpec, actor: str = "supervision:Supervisor", within_s: float = 60.0) -> Ref:
        root = {"actor": actor, "args": supervisor_args(SupervisorFlags(), children)}
        LinkedGateway.script = self.script
        gateway = self.sim.start(
            f"{__name__}:LinkedGateway", {"fd": -1, "starter_pid": 7, "root": root, "drain_s": 30.0}, actor_id="gateway"
        )
        self.sim.run_until(lambda: bool(self.script.frames), within_s=within_s, what="word from the gateway")
        return gateway

    def ask(self, name: str, message: Message, timeout_ms: int = 1000) -> Frame:
        request_id = len(self.script.frames)
        self.script.say(Request(request_id=request_id, name=name, message=message, timeout_ms=timeout_ms))
        self.sim.run_until(lambda: self.script.answer(request_id) is not None, what="an answer")
        answer = self.script.answer(request_id)
        assert answer is not None
        return answer

    def end_of(self, gateway: Ref, within_s: float) -> SystemEnded:
        self.sim.run_until(lambda: not self.sim.is_alive(gateway), within_s=within_s, what="the end")
        assert self.sim.alive() == ()
        ended = self.script.frames[-1]
        assert isinstance(ended, SystemEnded)
        return ended

    def wait_for_name(self, name: str) -> None:
        self.sim.run_until(lambda: any(change.name == name for change in self.script.pushed(NameChanged)), what=name)


@pytest.fixture
def world() -> Iterator[World]:
    for heard in (DRAINS, RUNNING, COMMANDS):
        heard.clear()
    with SimRuntime(seed=1) as sim:
        yield World(sim)


def test_a_script_is_told_that_the_tree_is_up_and_may_ask_by_name(world: World) -> None:
    world.start(REGISTRY, BREAKERS)
    assert isinstance(world.script.frames[0], SystemReady)
    world.wait_for_name("circuit_breakers")
    answer = world.ask("circuit_breakers", GetBreakers())
    assert isinstance(answer, Response)
    assert answer.message == Breakers(breakers=())
    children = world.ask("application", WhichChildren())
    assert isinstance(children, Response)


def test_the_root_has_its_name_in_the_registry(world: World) -> None:
    world.start(REGISTRY)
    world.wait_for_name("application")


def test_who_has_no_name_or_does_not_answer_is_told_apart(world: World) -> None:
    world.start(REGISTRY, TALKER)
    assert world.ask("nobody", GetBreakers()) == Unanswered(
        request_id=world.script.frames[-1].request_id, reason="nobody has the name nobody"
    )  # type: ignore[union-attr]
    world.wait_for_name("agent_session/c")
    answer = world.ask("agent_session/c", GetBreakers())
    assert isinstance(answer, Unanswered)
    assert answer.reason == "agent_session/c did not answer in time"


def test_what_the_script_subscribed_to_is_pushed_and_nothing_else(world: World) -> None:
    world.start(REGISTRY, TALKER)
    world.wait_for_name("agent_session/c")
    world.ask("agent_session/c", Subscribe(from_number=0, audio=True))
    world.sim.run_until(lambda: bool(world.script.pushed(AudioPushed)), what="audio")
    world.sim.run_for(1.0)
    assert [event.number for event in world.script.pushed(EventPushed)] == [0]
    assert world.script.pushed(Pong) == []


def test_a_child_that_dies_and_comes_back_has_its_new_life_told(world: World) -> None:
    world.start(REGISTRY, TALKER)
    world.wait_for_name("agent_session/c")
    world.sim.kill("agent_session/c")
    world.sim.run_for(1.0)
    lives = [change for change in world.script.pushed(NameChanged) if change.name == "agent_session/c"]
    assert [change.ref is not None for change in lives] == [True, False, True]
    assert lives[1].reason == "killed"
    assert not lives[1].final


def test_names_go_on_while_the_registry_restarts_and_who_ended_meanwhile_is_told(world: World) -> None:
    world.start(REGISTRY, worker("circuit_breakers", BREAKERS.actor, restart="temporary"), TALKER)
    world.wait_for_name("agent_session/c")
    world.sim.delay_start("registry", 1.0)
    world.sim.kill("registry")
    world.sim.settle()
    assert isinstance(world.ask("circuit_breakers", GetBreakers()), Response)
    world.sim.kill("circuit_breakers")
    world.sim.run_for(10.0)
    last = {change.name: change for change in world.script.pushed(NameChanged)}
    assert last["circuit_breakers"].ref is None
    assert last["agent_session/c"].ref is not None
    assert last["application"].ref is not None


def test_a_stop_ends_the_tree_in_order_and_says_so(world: World) -> None:
    gateway = world.start(REGISTRY, TALKER)
    world.script.say(StopSystem())
    world.sim.run_until(lambda: not world.sim.is_alive(gateway), what="the end")
    assert world.script.frames[-1] == SystemEnded(asked=True, text="")
    assert world.script.closed
    fate = world.sim.fate(gateway)
    assert isinstance(fate, ChildExited)
    assert fate.reason == NORMAL
    assert world.sim.alive() == ()


def test_a_stop_ends_the_calls_for_good_before_the_tree(world: World) -> None:
    gateway = world.start(REGISTRY, MANAGER, CALLER)
    world.wait_for_name("agent_session/c")
    world.script.say(StopSystem())
    assert world.end_of(gateway, END_CALLS_S) == SystemEnded(asked=True, text="")
    assert (DRAINS, COMMANDS) == ([0], ["CancelResponse", "EndCall"])


def test_a_call_that_comes_back_while_calls_are_ended_is_ended_too_and_a_deaf_one_waits_for_nobody(world: World) -> None:
    gateway = world.start(REGISTRY, MANAGER, CALLER, DEAF)
    world.wait_for_name("agent_session/d")
    world.sim.delay_start("agent_session/c", END_CALLS_S / 2)
    world.sim.kill("agent_session/c")
    world.sim.settle()
    world.script.say(StopSystem())
    world.sim.run_for(END_CALLS_S - 0.01)
    assert world.sim.is_alive("agent_session/d")
    assert COMMANDS.count("EndCall") == 2
    assert world.end_of(gateway, 0.1).asked


def test_calls_that_ended_while_the_registry_restarted_are_not_waited_for(world: World) -> None:
    gateway = world.start(REGISTRY, MANAGER, CALLER)
    world.wait_for_name("agent_session/c")
    world.sim.delay_start("registry", 1.0)
    world.sim.kill("registry")
    world.sim.settle()
    world.sim.send(world.sim.ref("agent_session/c"), EndCall(command_id="1", reason=SYSTEM_STOPPED))
    world.sim.run_for(5.0)
    assert [change.name for change in world.script.pushed(NameChanged) if change.reason == GONE] == ["agent_session/c"]
    world.script.say(StopSystem())
    world.end_of(gateway, END_CALLS_S / 2)


def test_a_cut_lifeline_stops_at_once_and_leaves_the_calls_as_they_are(world: World) -> None:
    gateway = world.start(REGISTRY, MANAGER, CALLER)
    world.wait_for_name("agent_session/c")
    world.script.go()
    assert world.end_of(gateway, END_CALLS_S / 2).asked
    assert (DRAINS, COMMANDS) == ([], [])


def signal(world: World, gateway: Ref) -> None:
    world.sim.parent_exit(gateway, ExitReason(ExitKind.SHUTDOWN, "SIGTERM"))


def test_a_signal_ends_a_tree_without_calls_at_once(world: World) -> None:
    gateway = world.start(REGISTRY)
    signal(world, gateway)
    assert world.end_of(gateway, 0.1) == SystemEnded(asked=True, text="SIGTERM")


def test_a_signal_drains_until_no_call_runs(world: World) -> None:
    gateway = world.start(REGISTRY, MANAGER, CALLER)
    world.wait_for_name("agent_session/c")
    signal(world, gateway)
    assert world.end_of(gateway, 1.0) == SystemEnded(asked=True, text="SIGTERM")
    assert DRAINS == [30_000, 0]


def test_calls_that_run_after_the_drain_are_ended(world: World) -> None:
    RUNNING.append("one")
    gateway = world.start(REGISTRY, MANAGER, CALLER)
    world.wait_for_name("agent_session/c")
    signal(world, gateway)
    world.sim.run_for(29.9)
    assert COMMANDS == []
    world.end_of(gateway, 0.2)
    assert COMMANDS == ["CancelResponse", "EndCall"]


def test_a_drain_goes_on_with_the_managers_next_life_for_the_time_that_remains(world: World) -> None:
    RUNNING.extend(["first life", "second life"])
    gateway = world.start(REGISTRY, MANAGER, CALLER)
    world.wait_for_name("agent_session/c")
    signal(world, gateway)
    world.sim.run_for(10.0)
    world.sim.delay_start("worker_manager", 5.0)
    world.sim.kill("worker_manager")
    world.sim.run_for(14.9)
    assert DRAINS == [30_000, 15_000]
    assert world.sim.is_alive(gateway)
    world.end_of(gateway, 5.2)


def test_a_drain_that_the_script_asked_for_holds_for_the_managers_next_lives(world: World) -> None:
    world.start(REGISTRY, MANAGER)
    world.wait_for_name("worker_manager")
    assert isinstance(world.ask("worker_manager", Drain(timeout_ms=1_000)), Response)
    world.sim.run_for(5.0)
    world.sim.kill("worker_manager")
    world.sim.run_for(1.0)
    assert DRAINS == [1_000, 0]


@pytest.mark.parametrize("gone", ["before", "meanwhile"])
def test_a_manager_that_does_not_come_back_ends_the_drain_with_its_time(world: World, gone: str) -> None:
    RUNNING.append("one")
    gateway = world.start(REGISTRY, worker("worker_manager", MANAGER.actor, restart="temporary"), CALLER)
    world.wait_for_name("agent_session/c")
    if gone == "before":
        world.sim.kill("worker_manager")
        world.sim.settle()
    signal(world, gateway)
    if gone == "meanwhile":
        world.sim.kill("worker_manager")
    world.sim.run_for(29.9)
    assert world.sim.is_alive(gateway)
    world.end_of(gateway, 0.2)


def test_each_further_signal_hurries_until_what_is_left_is_the_runtimes(world: World) -> None:
    RUNNING.append("one")
    gateway = world.start(REGISTRY, worker("stubborn", f"{__name__}:Stubborn", shutdown=Shutdown.INFINITY), MANAGER, DEAF)
    world.wait_for_name("agent_session/d")
    for commands in (0, 1, 1):
        signal(world, gateway)
        world.sim.run_for(0.1)
        assert COMMANDS.count("EndCall") == commands
        assert world.sim.is_alive(gateway)
    assert not world.sim.is_alive("agent_session/d")
    signal(world, gateway)
    world.sim.settle()
    assert not world.sim.is_alive(gateway)


def test_a_script_that_stops_while_a_drain_goes_on_is_obeyed(world: World) -> None:
    RUNNING.append("one")
    gateway = world.start(REGISTRY, MANAGER, CALLER)
    world.wait_for_name("agent_session/c")
    signal(world, gateway)
    world.sim.run_for(0.1)
    world.script.say(StopSystem())
    assert world.end_of(gateway, END_CALLS_S) == SystemEnded(asked=True, text="SIGTERM")


def test_a_tree_that_does_not_end_in_time_is_left_to_the_runtime(world: World) -> None:
    gateway = world.start(REGISTRY, worker("stubborn", f"{__name__}:Stubborn", shutdown=Shutdown.INFINITY))
    world.script.say(StopSystem())
    world.script.say(StopSystem())
    world.sim.run_for(STOP_GRACE_S - 0.5)
    assert world.sim.is_alive(gateway)
    world.sim.run_for(1.0)
    assert not world.sim.is_alive(gateway)
    assert world.script.frames[-1] == SystemEnded(asked=True, text="")


def test_a_root_that_hangs_is_killed_and_told(world: World) -> None:
    gateway = world.start(REGISTRY)
    world.sim.run_for(10 * HEARTBEAT_MS / 1000)
    world.sim.suspend("application")
    ended = world.end_of(gateway, within_s=HEARTBEAT_MS / 1000 + 1)
    assert (ended.asked, ended.text) == (False, why_ended(HUNG, "", was_up=True))
    fate = world.sim.fate(gateway)
    assert isinstance(fate, ChildExited)
    assert fate.reason == HUNG


def test_a_root_that_takes_too_long_to_come_up_is_given_up(world: World) -> None:
    gateway = world.start(actor=f"{__name__}:NeverUp", within_s=START_TIMEOUT_S + 1)
    ended = world.end_of(gateway, within_s=1)
    assert (ended.asked, ended.text) == (False, "error:it was not up after 300 s")


def test_a_root_that_hangs_while_it_starts_is_found(world: World) -> None:
    world.sim.delay_start("application", START_TIMEOUT_S + 1)
    gateway = world.start(REGISTRY, within_s=5)
    ended = world.end_of(gateway, within_s=1)
    assert not ended.asked
    assert ended.text.startswith("its root process hung, gave no answer for 4 s and was killed")


def test_a_root_that_does_not_come_up_is_told_with_its_reason(world: World) -> None:
    gateway = world.start(worker("broken", f"{__name__}:Broken"))
    world.sim.run_until(lambda: not world.sim.is_alive(gateway), what="the end")
    (ended,) = world.script.frames
    assert isinstance(ended, SystemEnded)
    assert not ended.asked
    assert ended.text.startswith("shutdown:failed_to_start_child:broken:")
    assert "error:ValueError: no port" in ended.text


def test_a_root_that_is_not_wanted_is_told(world: World) -> None:
    world.start(actor=f"{__name__}:Unwilling")
    assert world.script.frames == [SystemEnded(asked=False, text="error:the root was not wanted")]


def test_a_root_that_gives_up_is_told_with_the_cause(world: World) -> None:
    gateway = world.start(REGISTRY, TALKER)
    for _ in range(10):
        if world.sim.is_alive("agent_session/c"):
            world.sim.kill("agent_session/c")
        world.sim.settle()
    world.sim.run_until(lambda: not world.sim.is_alive(gateway), what="the end")
    why = "more than 3 restarts within 5 s, the last because agent_session/c ended: killed"
    assert world.script.frames[-1] == SystemEnded(
        asked=False, text=f"its supervision tree gave up, it took {why}: cure that, then start another one"
    )


def test_a_frame_that_is_not_the_scripts_is_ignored(world: World) -> None:
    gateway = world.start(REGISTRY)
    world.script.say(SystemReady(root_pid=1))
    world.sim.send(gateway, Ping(probe=1))
    world.sim.run_for(1.0)
    assert world.sim.is_alive(gateway)

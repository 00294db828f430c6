from collections.abc import Callable, Iterator
from typing import Any

import pytest

from protocols import (
    KILLED,
    SHUTDOWN,
    ChildCounts,
    ChildInfo,
    Children,
    ChildResult,
    CountChildren,
    ErrorReply,
    Found,
    Lookup,
    Ref,
    RestartChild,
    SendText,
    StartChild,
    StopSupervisor,
    TerminateChild,
    WhichChildren,
    abnormal,
)
from supervision import ChildSpec, SimRuntime, Supervisor, supervisor_args
from supervision.actor import ActorStart, ChildAcknowledged, ChildExited, ChildStarted, ChildStartFailed
from supervision.core import Backoff, Strategy, SupervisorFlags
from supervision.heartbeats import HUNG
from supervision.shell import SupervisorShell
from support.fake_context import FakeContext, ref
from support.sim_actors import do
from support.supervised import Deaf, FailsAgain, SlowToEnd, Unwanted, supervisor, worker


@pytest.fixture
def sim() -> Iterator[SimRuntime]:
    with SimRuntime(seed=3) as running:
        yield running


def start(sim: SimRuntime, *children: ChildSpec, **flags: Any) -> Ref:
    tree = supervisor("root", *children, flags=SupervisorFlags(**flags))
    return sim.start(tree.actor, tree.args, actor_id="root")


def rows(sim: SimRuntime, of: Ref) -> list[ChildInfo]:
    answer = sim.ask(of, WhichChildren())
    assert isinstance(answer, Children)
    return list(answer.children)


def crash(sim: SimRuntime, actor_id: str, reason: str = "error:boom") -> None:
    life = sim.ref(actor_id)
    sim.send(life, SendText(command_id="1", text=reason))
    sim.run_until(lambda: not sim.is_alive(life))
    sim.settle()


def test_it_is_up_when_its_children_are(sim: SimRuntime) -> None:
    sim.delay_start("b", 2.0)
    begin = sim.clock.monotonic()
    root = start(sim, worker("a"), worker("b"))
    assert sim.clock.monotonic() - begin == 2.0
    assert [(row.id, row.state, row.ref) for row in rows(sim, root)] == [("b", "running", sim.ref("b")), ("a", "running", sim.ref("a"))]
    assert all(row.os_pid for row in rows(sim, root))
    assert sim.ask(root, CountChildren()) == ChildCounts(specs=2, active=2, supervisors=0, workers=2)


def test_a_new_life_is_told_how_the_one_before_ended(sim: SimRuntime) -> None:
    start(sim, worker("a"))
    assert sim.actor("a").context.last_exit == ""
    crash(sim, "a")
    assert sim.actor("a").context.last_exit == "error:boom"
    sim.kill("a")
    sim.settle()
    assert sim.actor("a").context.last_exit == "killed"


def test_a_wrong_specification_fails_its_start(sim: SimRuntime) -> None:
    ref = sim.spawn(ActorStart(actor_id="root", uid="r", actor="supervision:Supervisor", args={"children": [{"id": "a"}]}))
    sim.settle()
    assert sim.fate(ref) == ChildStartFailed(uid="r", reason=abnormal("start_spec:missing_actor"))


def test_the_base_describes_no_supervisor() -> None:
    with pytest.raises(NotImplementedError):
        SupervisorShell.make_machine({}, "uid")


def test_a_failed_boot_is_its_own_failed_start(sim: SimRuntime) -> None:
    tree = supervisor("root", worker("a"), worker("b", args={"fail": True}))
    ref = sim.spawn(ActorStart(actor_id="root", uid="r", actor=tree.actor, args=tree.args))
    sim.settle()
    fate = sim.fate(ref)
    assert isinstance(fate, ChildStartFailed)
    assert str(fate.reason) == "shutdown:failed_to_start_child:b:error:not today"
    assert sim.alive() == ()


def test_an_ignored_child_is_kept(sim: SimRuntime) -> None:
    root = start(sim, worker("a", Unwanted))
    assert [(row.id, row.state, row.ref, row.os_pid) for row in rows(sim, root)] == [("a", "undefined", None, 0)]


def test_who_acknowledges_its_start_holds_up_neither_its_siblings_nor_those_of_its_supervisor(sim: SimRuntime) -> None:
    slow = ChildSpec(id="slow", actor="support.sim_actors:Node", args={"start": "defer"})
    tree = supervisor("root", supervisor("nested", slow, worker("beside")), worker("after"))
    root = sim.spawn(ActorStart(actor_id="root", uid="r", actor=tree.actor, args=tree.args))
    sim.settle()
    assert [sim.is_alive(name) for name in ("slow", "beside", "after")] == [True, False, False]
    sim.send("slow", do("acknowledge"))
    sim.settle()
    assert [sim.is_alive(name) for name in ("slow", "beside", "after")] == [True, True, True]
    assert isinstance(sim.fate(root), ChildAcknowledged)
    sim.send("slow", do("done"))
    sim.settle()
    assert isinstance(sim.fate(root), ChildStarted)


def test_a_crash_is_answered_by_a_restart(sim: SimRuntime) -> None:
    start(sim, worker("a"), worker("b"), strategy=Strategy.ONE_FOR_ALL)
    crash(sim, "a")
    assert [sim.name(ref) for ref in sim.alive()] == ["root#1", "a#2", "b#2"]


def test_who_gives_up_says_why_down_to_the_first_cause(sim: SimRuntime, caplog: pytest.LogCaptureFixture) -> None:
    spent = SupervisorFlags(max_restarts=0, max_seconds=5)
    start(sim, supervisor("beside", worker("b"), flags=spent), supervisor("inner", worker("a"), flags=spent), max_restarts=1)
    crash(sim, "b")
    crash(sim, "a")
    whys = [record.why for record in caplog.records if record.message == "supervisor gives up"]  # type: ignore[attr-defined]
    inner = "more than 0 restarts within 5 s, the last because a ended: error:boom"
    assert whys[1:] == [inner, f"more than 1 restarts within 5 s, the last because inner ended: shutdown ({inner})"]


def test_who_is_killed_has_said_nothing_and_another_childs_words_are_not_its_own(sim: SimRuntime, caplog: pytest.LogCaptureFixture) -> None:
    spent = SupervisorFlags(max_restarts=0, max_seconds=5)
    start(sim, supervisor("inner", worker("a"), flags=spent), worker("b"), max_restarts=1)
    crash(sim, "a")
    sim.kill("b")
    sim.settle()
    whys = [record.why for record in caplog.records if record.message == "supervisor gives up"]  # type: ignore[attr-defined]
    assert whys[1:] == ["more than 1 restarts within 5 s, the last because b ended: killed"]


def test_calls(sim: SimRuntime) -> None:
    root = start(sim, worker("a"))
    assert sim.ask(root, StartChild(spec=worker("b").to_wire())) == ChildResult(result="ok", ref=sim.ref("b"))
    assert sim.ask(root, StartChild(spec=worker("b").to_wire())) == ChildResult(result="error:already_started", ref=sim.ref("b"))
    assert sim.ask(root, TerminateChild(child_id="b")) == ChildResult(result="ok")
    assert sim.ask(root, RestartChild(child_id="b")) == ChildResult(result="ok", ref=sim.ref("b"))
    assert sim.ask(root, StopSupervisor(reason="shutdown:done")) == ChildResult(result="ok")
    sim.settle()
    assert str(sim.fate(root).reason) == "shutdown:done"  # type: ignore[union-attr]


def test_other_messages_are_dropped(sim: SimRuntime) -> None:
    root = start(sim, worker("a"))
    sim.send(root, SendText(command_id="1", text="error:boom"))
    sim.settle()
    assert sim.is_alive(root)


def test_the_parent_ends_it_and_strangers_do_not(sim: SimRuntime) -> None:
    root = start(sim, worker("a"))
    sim.exit_signal(root, SHUTDOWN)
    sim.settle()
    assert sim.is_alive(root)
    sim.parent_exit(root, abnormal("gone"))
    sim.settle()
    assert sim.fate(root) == ChildExited(uid=root.uid, reason=abnormal("gone"))
    assert sim.alive() == ()


def test_who_overruns_its_shutdown_time_is_killed(sim: SimRuntime) -> None:
    root = start(sim, worker("a", SlowToEnd, shutdown=200))
    life, begin = sim.ref("a"), sim.clock.monotonic()
    assert sim.ask(root, TerminateChild(child_id="a")) == ChildResult(result="ok")
    assert sim.clock.monotonic() - begin == pytest.approx(0.2)
    assert str(sim.fate(life).reason) == "killed"  # type: ignore[union-attr]


def test_failed_restarts_are_posted_one_at_a_time(sim: SimRuntime) -> None:
    names = ["a", "b", "c"]
    root = start(sim, *(worker(name, FailsAgain, memory_bytes=1) for name in names), max_restarts=8)
    sim.suspend(root)
    for name in names:
        crash(sim, name)
    sim.resume(root)
    sim.settle()
    assert sim.fate(root) == ChildExited(uid=root.uid, reason=SHUTDOWN)
    failed = [text.partition("#")[0] for text in sim.trace.texts() if text.startswith("start_failed")]
    assert failed[:6] == ["start_failed a", "start_failed b", "start_failed c"] * 2


def test_memory_outlives_the_child_and_goes_with_its_specification(sim: SimRuntime) -> None:
    root = start(sim, worker("a", memory_bytes=1))
    crash(sim, "a")
    memory = sim.actor("a").context.memory
    assert memory is not None
    assert memory[0] == 2
    sim.ask(root, StartChild(spec=worker("t", memory_bytes=1, restart="temporary").to_wire()))
    crash(sim, "t")
    sim.ask(root, StartChild(spec=worker("t", memory_bytes=1, restart="temporary").to_wire()))
    memory = sim.actor("t").context.memory
    assert memory is not None
    assert memory[0] == 1
    sim.ask(root, StartChild(spec=worker("u", restart="temporary").to_wire()))
    crash(sim, "u")
    assert not sim.is_alive("u")


def test_a_restart_waits_for_its_backoff(sim: SimRuntime) -> None:
    start(sim, worker("a"), backoff=Backoff(initial_ms=1_000, max_ms=8_000, jitter_percent=50))
    crash(sim, "a")
    begin = sim.clock.monotonic()
    sim.run_until(lambda: sim.is_alive("a"))
    assert 0.5 <= sim.clock.monotonic() - begin <= 1.5
    assert sim.clock.monotonic() - begin != 1.0


def test_a_child_that_hangs_is_killed_and_restarted(sim: SimRuntime) -> None:
    root = start(sim, worker("a", heartbeat_ms=1_000), worker("b", heartbeat_ms=1_000))
    a, b = sim.ref("a"), sim.ref("b")
    sim.run_for(10)
    sim.suspend(b)
    sim.run_until(lambda: not sim.is_alive(b), within_s=1.1)
    sim.run_for(3)
    assert sim.is_alive(a)
    assert sim.is_alive(root)
    assert sim.name(sim.ref("b")) == "b#2"
    assert sim.actor("b").context.last_exit == str(HUNG)


def test_a_hang_is_named_as_the_reason(sim: SimRuntime, caplog: pytest.LogCaptureFixture) -> None:
    start(sim, worker("a", Deaf, heartbeat_ms=500), max_restarts=1)
    sim.run_for(3)
    assert str(HUNG) in [record.reason for record in caplog.records if record.message == "child ended"]  # type: ignore[attr-defined]


def test_named_children_are_found_also_after_the_registry_restarted(sim: SimRuntime) -> None:
    registry = ChildSpec(id="registry", actor="supervision:Registry", is_registry=True, name="registry")
    nested = supervisor("nested", registry, worker("a", name="tools"))
    start(sim, nested, supervisor("beside", worker("b", name="health")))
    sim.settle()
    for _ in range(2):
        for name in ("tools", "health", "registry"):
            assert sim.ask("registry", Lookup(name=name)) == Found(name=name, ref=sim.ref(name))
        sim.kill("registry")
        sim.settle()
    crash(sim, "health")
    assert sim.ask("registry", Lookup(name="health")) == Found(name="health", ref=sim.ref("health"))


class HostedByATest(FakeContext):
    """Spawns nothing, and notes what was to be spawned."""

    def __init__(self) -> None:
        super().__init__()
        self.spawned: list[ActorStart] = []
        self.killed: list[tuple[str, bool]] = []

    def kill_child(self, uid: str, *, trace: bool = False) -> None:
        self.killed.append((uid, trace))

    def defer_start(self) -> Callable[[], None]:
        return lambda: None

    def spawn(self, start: ActorStart) -> Ref:
        self.spawned.append(start)
        return Ref(id=start.actor_id, uid=start.uid, address="x")


def test_its_parent_and_those_it_names_change_its_children_and_everybody_may_look() -> None:
    context = HostedByATest()
    context.parent = ref("parent")
    shell = Supervisor(context)  # type: ignore[arg-type]
    shell.on_start(supervisor_args(SupervisorFlags(), (), callers=("manager",)))
    change = StartChild(spec=worker("a").to_wire())
    for stranger in (ref("stranger"), ref("parent", life=2)):
        (refusal,) = context.deliver(shell, change, stranger)
        assert isinstance(refusal, ErrorReply)
        assert refusal.error == "NotPermittedError"
        assert context.deliver(shell, CountChildren(), stranger) == [ChildCounts(specs=0, active=0, supervisors=0, workers=0)]
    for caller in (context.parent, ref("manager"), ref("manager", life=2)):
        assert context.deliver(shell, TerminateChild(child_id="a"), caller) == [ChildResult(result="error:not_found")]


def test_what_a_specification_says_of_the_process_reaches_the_runtime() -> None:
    context = HostedByATest()
    shell = Supervisor(context)  # type: ignore[arg-type]
    shell.on_start(supervisor("root", worker("a", light=True), worker("b", confined=True, memory_bytes=8, title="it")).args)
    first = context.spawned[0]
    assert (first.actor_id, first.light, first.confined, first.memory_key) == ("a", True, False, "")
    shell.on_child(ChildStarted(ref=Ref(id="a", uid=first.uid, address="x"), os_pid=1))
    second = context.spawned[1]
    assert (second.light, second.confined, second.memory_key, second.memory_bytes, second.title) == (False, True, "b", 8, "it")


def test_who_gives_up_without_a_parent_only_ends() -> None:
    context = HostedByATest()
    shell = Supervisor(context)  # type: ignore[arg-type]
    shell.on_start(supervisor("root", worker("a"), flags=SupervisorFlags(max_restarts=0)).args)
    child = context.spawned.pop()
    shell.on_child(ChildStarted(ref=Ref(id="a", uid=child.uid, address="x"), os_pid=1))
    shell.on_child(ChildExited(uid=child.uid, reason=KILLED))
    assert (context.exited, context.sent) == (SHUTDOWN, [])


def test_a_child_that_hangs_is_killed_once_and_one_that_ends_by_itself_after_all_has_its_own_reason() -> None:
    context = HostedByATest()
    shell = Supervisor(context)  # type: ignore[arg-type]
    shell.on_start(supervisor("root", worker("a", heartbeat_ms=1_000)).args)
    for own, told in ((KILLED, HUNG), (abnormal("boom"), abnormal("boom"))):
        child = context.spawned.pop()
        shell.on_child(ChildStarted(ref=Ref(id=child.actor_id, uid=child.uid, address="x"), os_pid=1))
        context.advance(2)
        assert context.killed == [(child.uid, True)]
        context.killed.clear()
        shell.on_child(ChildExited(uid=child.uid, reason=own))
        assert context.spawned[-1].last_exit == str(told)


def test_who_gives_up_without_a_parent_tells_nobody_why() -> None:
    context = HostedByATest()
    shell = Supervisor(context)  # type: ignore[arg-type]
    shell.on_start(supervisor("root", worker("a"), flags=SupervisorFlags(max_restarts=0)).args)
    child = context.spawned.pop()
    shell.on_child(ChildStarted(ref=Ref(id=child.actor_id, uid=child.uid, address="x"), os_pid=1))
    shell.on_child(ChildExited(uid=child.uid, reason=KILLED))
    assert (context.exited, context.sent) == (SHUTDOWN, [])


def test_an_answer_that_is_too_large_is_an_error_reply() -> None:
    context = HostedByATest()
    shell = Supervisor(context)  # type: ignore[arg-type]
    shell.on_start(supervisor("root", *(worker(f"w{number}", title="t" * 1000) for number in range(1200))).args)
    while context.spawned:
        child = context.spawned.pop()
        shell.on_child(ChildStarted(ref=Ref(id=child.actor_id, uid=child.uid, address="x"), os_pid=1))
    (reply,) = context.deliver(shell, WhichChildren())
    assert isinstance(reply, ErrorReply)
    assert reply.error == "MessageTooLargeError"

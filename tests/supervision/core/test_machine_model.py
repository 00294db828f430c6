"""Drives both machines through arbitrary histories, beside a list of what must be true of the children.

The model knows processes only: who was spawned, who is up, who was asked to end. Whatever the machine decides, it must never start or stop
out of order, lose a process, exceed its intensity, leave a call without its one answer, or fail to end when it is stopped.
"""

from collections import Counter
from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from protocols import CountChildren, DeleteChild, ExitReason, RestartChild, StartChild, StopSupervisor, TerminateChild, WhichChildren
from supervision.core import AutoShutdown, Backoff, ChildSpec, ChildType, Restart, Shutdown, Strategy
from supervision.core import effects as do
from supervision.core import events as on
from supervision.core.task import RestartGroup
from support.machines import CRASH, KILLED, NORMAL, SHUTDOWN, dynamic, spec, static

IDS = ["a", "b", "c", "d", "e"]


@st.composite
def child_specs(draw: st.DrawFn, child_id: str | None = None) -> ChildSpec:
    restart = draw(st.sampled_from(Restart))
    return spec(
        child_id or draw(st.sampled_from(IDS)),
        restart=restart,
        type=draw(st.sampled_from(ChildType)),
        significant=restart is not Restart.PERMANENT and draw(st.booleans()),
        shutdown=draw(st.sampled_from([100, Shutdown.INFINITY, Shutdown.BRUTAL_KILL])),
        start_timeout_ms=draw(st.sampled_from([None, 50])),
    )


@dataclass
class Life:
    """One process of the model."""

    key: str
    up: bool = False
    over: bool = False
    asked: bool = False
    killed: bool = False


class Supervision(RuleBasedStateMachine):
    """One supervisor, its processes and its callers."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = static()
        self.is_dynamic = False
        self.max_children: int | None = None
        self.alone = False
        """Whether each child is restarted alone, and at once."""
        self.lives: dict[str, Life] = {}
        self.order: list[str] = []
        self.timers: list[on.Timer] = []
        self.retries: list[on.Retry] = []
        self.restarts: list[int] = []
        self.calls = 0
        self.answers: Counter[object] = Counter()
        self.ups: Counter[str] = Counter()
        self.downs: Counter[str] = Counter()
        self.ends = 0

    @initialize(data=st.data())
    def boot(self, data: st.DataObject) -> None:
        backoff = data.draw(st.sampled_from([None, Backoff(initial_ms=10, max_ms=40)]))
        flags = {"max_restarts": data.draw(st.integers(0, 4)), "max_seconds": data.draw(st.integers(1, 3)), "backoff": backoff}
        self.is_dynamic = data.draw(st.booleans())
        if self.is_dynamic:
            self.max_children = data.draw(st.sampled_from([None, 0, 3]))
            self.bench = dynamic(max_children=self.max_children, **flags)
            self.alone = backoff is None
        else:
            self.order = data.draw(st.lists(st.sampled_from(IDS), unique=True, max_size=4))
            strategy = data.draw(st.sampled_from(Strategy))
            auto_shutdown = data.draw(st.sampled_from([AutoShutdown.ANY_SIGNIFICANT, AutoShutdown.ALL_SIGNIFICANT]))
            specs = [data.draw(child_specs(child_id)) for child_id in self.order]
            self.bench = static(*specs, strategy=strategy, auto_shutdown=auto_shutdown, **flags)
            self.alone = backoff is None and strategy is Strategy.ONE_FOR_ONE
        self.feed(on.Boot())

    # The world.

    @precondition(lambda self: self.starting)
    @rule(outcome=st.sampled_from(["started", "started", "started", "ignored", "failed"]))
    def child_answers_its_start(self, outcome: str) -> None:
        (uid,) = self.starting
        life = self.lives[uid]
        life.up, life.over = outcome == "started", outcome != "started"
        answers: dict[str, on.Event] = {
            "started": on.ChildStarted(uid),
            "ignored": on.ChildIgnored(uid),
            "failed": on.ChildStartFailed(uid, "no"),
        }
        self.feed(answers[outcome])

    @precondition(lambda self: self.alive)
    @rule(data=st.data(), reason=st.sampled_from([CRASH, CRASH, NORMAL]))
    def child_ends(self, data: st.DataObject, reason: ExitReason) -> None:
        self.end(data.draw(st.sampled_from(self.alive)), reason)

    @precondition(lambda self: self.alive)
    @rule(data=st.data())
    def child_hangs(self, data: st.DataObject) -> None:
        self.feed(on.ChildHung(data.draw(st.sampled_from(self.alive))))

    @precondition(lambda self: self.timers)
    @rule(data=st.data())
    def timer_fires(self, data: st.DataObject) -> None:
        timer = data.draw(st.sampled_from(self.timers))
        self.timers.remove(timer)
        self.feed(on.TimerFired(timer))

    @precondition(lambda self: self.retries)
    @rule()
    def retry_comes(self) -> None:
        self.feed(self.retries.pop(0))

    @rule(seconds=st.floats(0, 3))
    def time_passes(self, seconds: float) -> None:
        self.bench.now += seconds

    # Callers, the parent and strangers.

    @rule(child=child_specs())
    def start_child(self, child: ChildSpec) -> None:
        self.call(StartChild(spec=child.to_wire()))

    @rule(child_id=st.sampled_from(IDS), data=st.data())
    def call_about_a_child(self, child_id: str, data: st.DataObject) -> None:
        uid = data.draw(st.sampled_from([*self.lives, "nobody"]))
        requests: list[on.Request] = [
            TerminateChild(child_id=child_id, uid=uid),
            RestartChild(child_id=child_id),
            DeleteChild(child_id=child_id),
        ]
        self.call(data.draw(st.sampled_from([*requests, WhichChildren(), CountChildren()])))

    @rule(die=st.integers(1, 12))
    def somebody_wants_it_to_end(self, die: int) -> None:
        if die == 1:
            self.call(StopSupervisor(reason="normal"))
        elif die == 2:
            self.feed(on.ParentExited(SHUTDOWN))
        else:
            self.feed(on.StrangerSignalled(SHUTDOWN))

    # What must be true.

    @invariant()
    def one_start_at_a_time_and_never_beside_a_stop(self) -> None:
        asked = [uid for uid in self.alive if self.lives[uid].asked]
        assert len(self.starting) + (not self.is_dynamic and len(asked)) <= 1
        assert not (self.starting and asked)

    @invariant()
    def nobody_is_lost(self) -> None:
        known = {child.uid for child in self.bench.machine.running}
        assert {uid for uid in self.alive if not self.lives[uid].killed} <= known
        if self.ends:
            assert not self.alive
            assert not self.starting

    @invariant()
    def children_keep_their_order(self) -> None:
        assert [child.key for child in self.bench.machine.state.children] == self.order

    @invariant()
    def the_intensity_is_never_exceeded(self) -> None:
        limits = self.bench.machine.state.intensity
        for first in self.restarts:
            assert sum(first <= second <= first + limits.max_seconds for second in self.restarts) <= limits.max_restarts

    @invariant()
    def there_is_room_for_so_many(self) -> None:
        assert self.max_children is None or len(self.bench.machine.state.children) <= self.max_children

    @invariant()
    def no_call_is_answered_twice(self) -> None:
        assert not self.answers or max(self.answers.values()) == 1

    @invariant()
    def each_life_goes_up_once_and_down_after_it(self) -> None:
        assert all(self.ups[uid] == 1 for uid in self.downs)
        assert not self.ups or max(self.ups.values()) == 1

    def teardown(self) -> None:
        """Asked to end it ends, if those that it starts come up and those that it stops end."""
        self.feed(on.ParentExited(SHUTDOWN))
        while not self.ends:
            assert self.starting or any(self.lives[uid].asked or self.lives[uid].killed for uid in self.alive), "it waits for nobody"
            for uid in self.starting:
                self.lives[uid].up = True
                self.feed(on.ChildStarted(uid))
            for uid in [uid for uid in self.alive if self.lives[uid].asked or self.lives[uid].killed]:
                self.end(uid, NORMAL)
        self.nobody_is_lost()
        assert self.ends == 1
        assert self.answers == Counter(range(self.calls))
        assert self.ups.keys() == self.downs.keys()

    # Helpers.

    @property
    def starting(self) -> list[str]:
        return [uid for uid, life in self.lives.items() if not life.up and not life.over]

    @property
    def alive(self) -> list[str]:
        return [uid for uid, life in self.lives.items() if life.up and not life.over]

    def call(self, request: on.Request) -> None:
        self.calls += 1
        self.feed(on.Called(self.calls - 1, request))

    def end(self, uid: str, reason: ExitReason) -> None:
        life = self.lives[uid]
        life.over = True
        self.feed(on.ChildExited(uid, KILLED if life.killed else SHUTDOWN if life.asked else reason))

    def feed(self, event: on.Event) -> None:
        for effect in self.bench.feed(event):
            self.note(effect)

    def note(self, effect: do.Effect) -> None:
        match effect:
            case do.SpawnChild(uid=uid, key=key):
                self.note_spawn(uid, key)
            case do.ShutDownChild(uid=uid):
                self.note_stop(uid)
                self.lives[uid].asked = True
            case do.KillChild(uid=uid) | do.EndHungChild(uid=uid):
                assert not self.lives[uid].over
                self.lives[uid].killed = True
            case do.ChildUp(uid=uid):
                self.ups[uid] += 1
            case do.ChildDown(uid=uid):
                self.downs[uid] += 1
            case do.ForgetChild(key=key):
                if key in self.order:
                    self.order.remove(key)
            case _:
                self.note_its_own(effect)

    def note_its_own(self, effect: do.OwnEffect | do.Reply) -> None:
        match effect:
            case do.ArmTimer(timer=timer):
                self.timers.append(timer)
            case do.CancelTimer(timer=timer):
                self.timers = [other for other in self.timers if other != timer]
            case do.SendSelf(message=retry):
                self.retries.append(retry)
            case do.Reply(call=call):
                self.answers[call] += 1
            case do.Exit() | do.FailStart():
                self.ends += 1
            case do.Ready():
                pass

    def note_spawn(self, uid: str, key: str) -> None:
        assert uid not in self.lives
        assert all(life.over for life in self.lives.values() if life.key == key), "two lives of one child"
        self.lives[uid] = Life(key)
        if key not in self.order:
            self.order.append(key)
        task = self.bench.machine.state.task
        assert task is not None
        places = [self.order.index(other) for other in task.start]
        assert places == sorted(places), "a group starts oldest first"
        if self.alone and isinstance(task.goal, RestartGroup):
            self.restarts.append(int(self.bench.now))

    def note_stop(self, uid: str) -> None:
        life, task = self.lives[uid], self.bench.machine.state.task
        assert not life.over
        assert task is not None
        if not self.is_dynamic and life.key in self.order:
            younger = self.order[self.order.index(life.key) + 1 :]
            assert not {key for wave in task.stop for key in wave} & set(younger), "a group stops youngest first"


Supervision.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestSupervision = Supervision.TestCase

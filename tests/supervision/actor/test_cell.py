"""The cell: what reaches the actor, what does not, and how each thing that can happen ends it or not."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from protocols import (
    KILLED,
    NORMAL,
    SHUTDOWN,
    EndJob,
    Envelope,
    ErrorReply,
    ExitReason,
    ExitSignal,
    Figures,
    GaveUp,
    GetFigures,
    Lookup,
    Message,
    NameChanged,
    Ping,
    Pong,
    Ref,
    RegisterName,
    RegistryChanged,
    SendText,
    SessionStarted,
    StartChild,
    StopSupervisor,
    TerminateChild,
    UnregisterName,
    UsageError,
    abnormal,
    encode_envelope,
)
from supervision.actor import (
    Actor,
    ActorCell,
    ActorStart,
    ChildEvent,
    ChildExited,
    ChildIgnored,
    ChildStarted,
    ChildStartFailed,
    Context,
    Ignore,
    Origin,
    Runtime,
    StopStart,
)
from support.fake_runtime import FakeRuntime

ME = Ref(id="me", uid="me-1", address="here")
PARENT = Ref(id="boss", uid="boss-1", address="there")
PEER = Ref(id="peer", uid="peer-1", address="elsewhere")
REGISTRY = Ref(id="registry", uid="registry-1", address="names")
FIGURES = Figures(role="x", figures={"n": 1})

Script = Mapping[str, Callable[..., None]]


class Scripted(Actor):
    """Does what its arguments say for each callback, and notes the callbacks."""

    def on_start(self, args: Mapping[str, Any]) -> None:
        self.args = args
        self.seen: list[Any] = []
        self._do("on_start")

    def _do(self, callback: str, *arguments: Any) -> None:
        self.seen.append((callback, *arguments))
        if callback in self.args:
            self.args[callback](self.context, *arguments)

    def on_message(self, message: Message) -> None:
        self._do("on_message", message)

    def on_child(self, event: ChildEvent) -> None:
        self._do("on_child", event)

    def on_registry_changed(self) -> None:
        self._do("on_registry_changed")

    def terminate(self, reason: ExitReason) -> None:
        self._do("terminate", reason)


class Trapping(Scripted):
    trap_exit = True

    def on_shutdown(self, reason: ExitReason) -> None:
        self._do("on_shutdown", reason)

    def on_exit_signal(self, reason: ExitReason) -> None:
        self._do("on_exit_signal", reason)


class Plain(Actor):
    """Every default."""


class TrappingByDefault(Actor):
    trap_exit = True


class Unbuildable(Actor):
    def __init__(self, context: Context) -> None:
        raise OSError("no disk")


@dataclass(frozen=True)
class From:
    """The other end of a connection, proven."""

    ref: Ref
    confined: bool = False

    def proves(self, sender: Ref) -> bool:
        return sender == self.ref


class Hosted:
    """A cell on a fake runtime."""

    def __init__(
        self,
        actor: type[Actor] | str = Scripted,
        *,
        registry: Ref | None = None,
        confined: bool = False,
        light: bool = False,
        **script: Callable[..., None],
    ) -> None:
        self.runtime = FakeRuntime()
        port: Runtime = self.runtime
        path = actor if isinstance(actor, str) else f"{__name__}:{actor.__name__}"
        may = {"confined": confined, "light": light}
        start = ActorStart(actor_id=ME.id, uid=ME.uid, actor=path, args=script, parent=PARENT, registry=registry, **may)
        self.cell = ActorCell(start, port)
        self.booted = self.cell.boot()

    @property
    def seen(self) -> list[Any]:
        """The callbacks of the scripted actor after `on_start`."""
        assert isinstance(self.cell.actor, Scripted)
        return self.cell.actor.seen[1:]

    @property
    def last(self) -> Envelope:
        return self.runtime.sent[-1][1]

    def receive(self, message: Message, sender: Ref | None = PEER, origin: Origin | None = None, **fields: Any) -> None:
        envelope = Envelope(message=message, message_id="q-1", to_id=ME.id, to_uid=ME.uid, sender=sender)
        self.cell.receive(encode_envelope(replace(envelope, **fields)), self.runtime.clock.monotonic(), origin or From(sender or PEER))

    def answer(self, message: Message, to: Envelope, sender: Ref | None = None) -> None:
        asked = next((ref for ref, envelope in self.runtime.sent if envelope is to), PEER)
        self.receive(message, sender or asked, correlation_id=to.message_id)

    def signal(self, reason: ExitReason, *, from_parent: bool) -> None:
        self.receive(ExitSignal(reason=str(reason), from_parent=from_parent), PARENT if from_parent else PEER)


def fail(*_arguments: Any) -> None:
    raise ValueError("no such product\nand more")


CRASH = abnormal("ValueError: no such product")


# The start.


def test_an_actor_is_up_when_on_start_returns() -> None:
    hosted = Hosted()
    assert hosted.booted is None
    assert (hosted.cell.started, hosted.cell.ended, hosted.cell.ignored) == (True, None, False)


def exit_shutdown(context: Context, *_arguments: Any) -> None:
    context.exit(SHUTDOWN)
    context.exit(NORMAL)


def ignore(*_arguments: Any) -> None:
    raise Ignore


def stop(*_arguments: Any) -> None:
    raise StopStart(abnormal("init_failed"))


def leave_the_program(*_arguments: Any) -> None:
    raise SystemExit(3)


FAILED_STARTS = [(fail, CRASH), (stop, abnormal("init_failed")), (exit_shutdown, SHUTDOWN), (leave_the_program, abnormal("SystemExit: 3"))]


@pytest.mark.parametrize(("on_start", "reason"), FAILED_STARTS)
def test_a_start_fails_with_its_reason_and_nothing_to_terminate(on_start: Callable[..., None], reason: ExitReason) -> None:
    hosted = Hosted(on_start=on_start)
    assert hosted.booted == reason
    assert (hosted.cell.started, hosted.cell.ended, hosted.cell.ignored) == (False, reason, False)
    assert hosted.seen == []


def test_a_start_that_is_refused_is_no_crash(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(_context: Context) -> None:
        raise UsageError("give it a name")

    with caplog.at_level(logging.INFO):
        hosted = Hosted(on_start=refuse)
    assert str(hosted.booted) == "error:UsageError: give it a name"
    assert [(entry.levelname, entry.message, entry.exc_info) for entry in caplog.records] == [
        ("INFO", "start refused: give it a name", None)
    ]


def test_a_mistake_after_the_start_is_a_crash(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(*_arguments: object) -> None:
        raise UsageError("too late for that")

    hosted = Hosted(on_message=refuse)
    hosted.receive(GetFigures())
    assert str(hosted.cell.ended) == "error:UsageError: too late for that"
    assert [(entry.levelname, entry.message) for entry in caplog.records] == [("ERROR", "actor crashed")]


def test_an_actor_that_is_not_wanted_is_ignored() -> None:
    hosted = Hosted(on_start=ignore)
    assert isinstance(hosted.booted, Ignore)
    assert (hosted.cell.started, hosted.cell.ended, hosted.cell.ignored) == (False, NORMAL, True)
    assert hosted.seen == []


def test_who_exits_and_then_ignores_has_failed() -> None:
    def both(context: Context) -> None:
        context.exit(SHUTDOWN)
        raise Ignore

    hosted = Hosted(on_start=both)
    assert hosted.booted == SHUTDOWN
    assert not hosted.cell.ignored


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("no_such_module:Actor", "error:ModuleNotFoundError: No module named 'no_such_module'"),
        (f"{__name__}:Missing", f"error:AttributeError: module '{__name__}' has no attribute 'Missing'"),
        (f"{__name__}:fail", f"error:UsageError: '{__name__}:fail' names no subclass of supervision.Actor: write module:Class"),
        (f"{__name__}:Unbuildable", "error:OSError: no disk"),
    ],
)
def test_an_actor_that_cannot_be_made_has_failed_to_start(path: str, reason: str) -> None:
    hosted = Hosted(path)
    assert str(hosted.booted) == reason
    with pytest.raises(UsageError, match=r"me has no actor: its class .* did not load"):
        _ = hosted.cell.actor


class Deferring:
    """An `on_start` that is over when the test says so."""

    def __call__(self, context: Context) -> None:
        self.done = context.defer_start()


def test_a_deferred_start_is_over_when_it_says_so_and_serves_before() -> None:
    start = Deferring()
    hosted = Hosted(on_start=start)
    assert (hosted.booted, hosted.cell.started, hosted.cell.ended) == (None, False, None)
    hosted.receive(GetFigures())
    assert hosted.seen == [("on_message", GetFigures())]
    hosted.cell.run(start.done)
    assert hosted.cell.started
    hosted.cell.run(start.done)
    assert hosted.cell.started
    with pytest.raises(UsageError, match="the start is over"):
        hosted.cell.defer_start()


@pytest.mark.parametrize(("callback", "reason"), FAILED_STARTS)
def test_a_deferred_start_fails_like_any_start(callback: Callable[..., None], reason: ExitReason) -> None:
    hosted = Hosted(on_start=Deferring(), on_message=callback)
    hosted.receive(GetFigures())
    assert (hosted.cell.started, hosted.cell.ended, hosted.cell.ignored) == (False, reason, False)
    assert ("terminate", reason) not in hosted.seen


def test_a_deferred_start_is_ignored_like_any_start() -> None:
    hosted = Hosted(on_start=Deferring(), on_message=ignore)
    hosted.receive(GetFigures())
    assert (hosted.cell.started, hosted.cell.ended, hosted.cell.ignored) == (False, NORMAL, True)


def test_an_acknowledged_start_goes_on_and_is_ignored_no_more() -> None:
    start = Deferring()
    hosted = Hosted(on_start=start, on_message=ignore)
    assert not hosted.cell.acknowledged
    hosted.cell.run(hosted.cell.acknowledge_start)
    assert (hosted.cell.acknowledged, hosted.cell.started) == (True, False)
    hosted.receive(GetFigures())
    assert (hosted.cell.started, hosted.cell.ignored, hosted.cell.ended) == (False, False, abnormal("Ignore"))


def test_who_has_left_does_not_finish_its_start() -> None:
    start = Deferring()
    hosted = Hosted(on_start=start)

    def both() -> None:
        hosted.cell.exit(SHUTDOWN)
        start.done()

    hosted.cell.run(both)
    assert (hosted.cell.started, hosted.cell.ended) == (False, SHUTDOWN)


def test_one_turn_may_finish_the_start_and_the_life() -> None:
    start = Deferring()
    hosted = Hosted(on_start=start)

    def both() -> None:
        start.done()
        hosted.cell.exit(SHUTDOWN)

    hosted.cell.run(both)
    assert (hosted.cell.started, hosted.cell.ended) == (True, SHUTDOWN)
    assert hosted.seen == [("terminate", SHUTDOWN)]


@pytest.mark.parametrize(("callback", "reason"), [(ignore, abnormal("Ignore")), (stop, abnormal("StopStart: error:init_failed"))])
def test_the_outcomes_of_a_start_are_crashes_afterwards(callback: Callable[..., None], reason: ExitReason) -> None:
    hosted = Hosted(on_message=callback)
    hosted.receive(GetFigures())
    assert (hosted.cell.ended, hosted.cell.ignored) == (reason, False)


# The end.


def test_an_exception_ends_the_actor_with_its_reason_and_nothing_is_run_again() -> None:
    hosted = Hosted(on_message=fail)
    hosted.receive(GetFigures())
    assert hosted.cell.ended == CRASH
    hosted.receive(GetFigures())
    hosted.cell.child(ChildExited(uid="c", reason=NORMAL))
    hosted.cell.run(fail)
    assert hosted.seen == [("on_message", GetFigures()), ("terminate", CRASH)]


def test_exit_lets_the_callback_finish_and_its_first_reason_counts() -> None:
    order = []

    def leave(context: Context, _message: Message) -> None:
        context.exit(SHUTDOWN)
        context.exit(NORMAL)
        order.append("callback")
        fail()

    hosted = Hosted(on_message=leave, terminate=lambda _context, reason: order.append(str(reason)))
    hosted.receive(GetFigures())
    assert order == ["callback", "shutdown"]
    assert hosted.cell.ended == SHUTDOWN


def test_a_terminate_that_fails_gives_the_reason() -> None:
    hosted = Hosted(on_message=exit_shutdown, terminate=fail)
    hosted.receive(GetFigures())
    assert hosted.cell.ended == CRASH


@pytest.mark.parametrize("where", ["child", "timer", "post", "answer"])
def test_an_exception_in_any_turn_ends_the_actor(where: str) -> None:
    hosted = Hosted(on_child=fail)
    match where:
        case "child":
            hosted.cell.child(ChildExited(uid="c", reason=NORMAL))
        case "timer":
            hosted.cell.after(1, fail)
            hosted.runtime.pass_time(1)
        case "post":
            hosted.cell.post(fail)
            hosted.runtime.posted.pop()()
        case "answer":
            hosted.cell.ask(PEER, GetFigures(), timeout_s=1, then=fail)
            hosted.answer(FIGURES, to=hosted.last)
    assert hosted.cell.ended == CRASH


# Exit signals.

TERM = ExitReason.parse("shutdown:term")


@pytest.mark.parametrize(
    ("reason", "from_parent", "ended"),
    [
        (NORMAL, False, None),
        (SHUTDOWN, False, SHUTDOWN),
        (KILLED, False, KILLED),
        (abnormal("x"), False, abnormal("x")),
        (NORMAL, True, NORMAL),
        (TERM, True, TERM),
        (KILLED, True, KILLED),
    ],
)
def test_without_trapping_a_signal_ends_at_once_and_skips_terminate(
    reason: ExitReason, from_parent: bool, ended: ExitReason | None
) -> None:
    hosted = Hosted()
    hosted.signal(reason, from_parent=from_parent)
    assert hosted.cell.ended == ended
    assert hosted.seen == []


@pytest.mark.parametrize("reason", [NORMAL, SHUTDOWN, TERM, KILLED, abnormal("x")])
def test_trapping_the_parent_s_signal_asks_to_end(reason: ExitReason) -> None:
    hosted = Hosted(Trapping)
    hosted.signal(reason, from_parent=True)
    assert hosted.cell.ended is None
    assert hosted.seen == [("on_shutdown", reason)]


@pytest.mark.parametrize("reason", [NORMAL, SHUTDOWN, abnormal("x")])
def test_trapping_a_stranger_s_signal_is_told(reason: ExitReason) -> None:
    hosted = Hosted(Trapping)
    hosted.signal(reason, from_parent=False)
    assert hosted.cell.ended is None
    assert hosted.seen == [("on_exit_signal", reason)]


def test_nobody_traps_a_kill() -> None:
    hosted = Hosted(Trapping)
    hosted.signal(KILLED, from_parent=False)
    assert hosted.cell.ended == KILLED
    assert hosted.seen == []


def test_a_reason_in_unknown_words_is_an_error() -> None:
    hosted = Hosted()
    hosted.receive(ExitSignal(reason="badarg", from_parent=False))
    assert hosted.cell.ended == abnormal("badarg")


# Messages.


def test_a_message_comes_with_its_sender_and_is_forgotten_afterwards() -> None:
    senders: list[Ref | None] = []
    hosted = Hosted(on_message=lambda context, _message: senders.append(context.sender))
    hosted.receive(GetFigures())
    hosted.receive(GetFigures(), sender=None)
    assert senders == [PEER, None]
    assert hosted.cell.sender is None


@pytest.mark.parametrize("fields", [{"to_id": "you"}, {"to_uid": "me-0"}])
def test_a_message_for_another_life_is_dropped(fields: dict[str, str]) -> None:
    hosted = Hosted()
    hosted.receive(GetFigures(), **fields)
    assert (hosted.seen, hosted.cell.dropped) == ([], 1)


def test_a_message_for_any_life_is_handled() -> None:
    hosted = Hosted()
    hosted.receive(GetFigures(), to_uid="")
    assert hosted.seen == [("on_message", GetFigures())]


def test_bytes_that_are_no_message_are_dropped() -> None:
    hosted = Hosted()
    hosted.cell.receive(b"\x01junk", 0, From(PEER))
    assert (hosted.seen, hosted.cell.dropped, hosted.cell.ended) == ([], 1, None)


@pytest.mark.parametrize(("waited_s", "handled"), [(0.0, True), (0.25, True), (0.375, False)])
def test_a_message_that_waited_too_long_is_dropped(waited_s: float, handled: bool) -> None:
    hosted = Hosted()
    arrived = hosted.runtime.clock.monotonic()
    hosted.runtime.clock.move_to(arrived + waited_s)
    envelope = Envelope(message=GetFigures(), message_id="q", to_id=ME.id, to_uid=ME.uid, remaining_ms=250)
    hosted.cell.receive(encode_envelope(envelope), arrived, From(PEER))
    assert bool(hosted.seen) is handled
    assert hosted.cell.dropped == (not handled)


def test_what_is_sent_while_a_message_is_handled_goes_on_with_its_trace() -> None:
    hosted = Hosted(on_message=lambda context, _message: context.send(PEER, FIGURES))
    hosted.receive(GetFigures(), trace_id="t-1")
    assert (hosted.last.correlation_id, hosted.last.trace_id) == ("", "t-1")


# Requests.


def test_an_answer_comes_once_and_stops_the_timeout() -> None:
    hosted = Hosted()
    answers: list[Message | None] = []
    hosted.cell.ask(PEER, GetFigures(), timeout_s=2, then=answers.append)
    assert hosted.last.remaining_ms == 2000
    hosted.answer(FIGURES, to=hosted.last)
    hosted.answer(FIGURES, to=hosted.last)
    hosted.runtime.pass_time(3)
    assert answers == [FIGURES]
    assert (hosted.seen, hosted.cell.dropped) == ([], 1)


def test_an_answer_after_the_timeout_is_dropped() -> None:
    hosted = Hosted()
    answers: list[Message | None] = []
    hosted.cell.ask(PEER, GetFigures(), timeout_s=2, then=answers.append)
    hosted.runtime.pass_time(2)
    assert answers == [None]
    hosted.answer(FIGURES, to=hosted.last)
    assert answers == [None]
    assert (hosted.seen, hosted.cell.dropped) == ([], 1)


def test_a_reply_to_what_was_only_sent_is_a_message() -> None:
    hosted = Hosted()
    hosted.cell.send(PEER, GetFigures())
    hosted.answer(FIGURES, to=hosted.last)
    assert hosted.seen == [("on_message", FIGURES)]


def test_of_the_copies_of_a_request_one_is_handled_and_all_have_its_answer() -> None:
    repliers: list[Callable[[Message], None]] = []
    hosted = Hosted(on_message=lambda context, _message: repliers.append(context.replier()))
    hosted.receive(GetFigures(), message_id="ask-repeated-1")
    hosted.receive(GetFigures(), message_id="ask-repeated-1")
    assert (len(repliers), hosted.runtime.sent) == (1, [])
    repliers[0](FIGURES)
    hosted.receive(GetFigures(), message_id="ask-repeated-1")
    assert len(repliers) == 1
    assert [(to, envelope.message, envelope.correlation_id) for to, envelope in hosted.runtime.sent] == [
        (PEER, FIGURES, "ask-repeated-1"),
        (PEER, FIGURES, "ask-repeated-1"),
    ]


# The registry.


def test_a_new_registry_is_told_once() -> None:
    hosted = Hosted()
    newer = replace(REGISTRY, uid="registry-2")
    for registry in (REGISTRY, REGISTRY, newer):
        hosted.receive(RegistryChanged(registry=registry))
    assert hosted.seen == [("on_registry_changed",)] * 2
    assert hosted.cell.registry == newer


def test_a_name_is_looked_up_in_the_registry_that_is_known_now() -> None:
    hosted = Hosted()
    hosted.receive(RegistryChanged(registry=REGISTRY))
    hosted.cell.send_name("peer", GetFigures())
    assert (hosted.runtime.sent[0][0], hosted.last.message) == (REGISTRY, Lookup(name="peer"))


# Heartbeats, timers, posts.


def test_a_ping_is_answered() -> None:
    hosted = Hosted()
    hosted.receive(Ping(probe=7))
    assert (hosted.runtime.sent[0][0], hosted.last.message, hosted.last.correlation_id) == (PEER, Pong(probe=7), "q-1")
    assert hosted.seen == []


def test_a_timer_is_a_turn_unless_it_is_cancelled() -> None:
    hosted = Hosted()
    fired: list[str] = []
    hosted.cell.after(1, lambda: fired.append("kept"))
    cancel = hosted.cell.after(1, lambda: fired.append("cancelled"))
    cancel()
    cancel()
    hosted.runtime.pass_time(1)
    assert fired == ["kept"]


def test_a_post_is_a_turn() -> None:
    hosted = Hosted()
    posted: list[str] = []
    hosted.cell.post(lambda: posted.append("x"))
    assert posted == []
    hosted.runtime.posted.pop()()
    assert posted == ["x"]


# Children.

CHILD = ActorStart(actor_id="child", uid="c-1", actor="x:Y")
CHILD_REF = Ref(id="child", uid="c-1", address="below")


def test_a_child_is_given_its_parent_and_the_registry() -> None:
    hosted = Hosted(registry=REGISTRY)
    assert hosted.cell.spawn(CHILD) == Ref(id=CHILD.actor_id, uid=CHILD.uid, address="there")
    assert hosted.cell.child_progress("abc") == 3
    assert hosted.runtime.spawned == [replace(CHILD, parent=ME, registry=REGISTRY)]
    started = ChildStarted(ref=CHILD_REF, os_pid=1)
    hosted.cell.child(started)
    assert hosted.seen == [("on_child", started)]
    assert hosted.runtime.sent == []


def test_a_registry_that_moved_during_the_start_is_told_to_the_child() -> None:
    hosted = Hosted()
    hosted.cell.spawn(CHILD)
    hosted.receive(RegistryChanged(registry=REGISTRY))
    hosted.cell.child(ChildStarted(ref=CHILD_REF, os_pid=1))
    assert [(to, envelope.message) for to, envelope in hosted.runtime.sent] == [(CHILD_REF, RegistryChanged(registry=REGISTRY))]


@pytest.mark.parametrize(
    "event", [ChildIgnored(uid="c-1"), ChildStartFailed(uid="c-1", reason=CRASH), ChildExited(uid="c-1", reason=NORMAL)]
)
def test_the_end_of_a_child_is_told(event: ChildEvent) -> None:
    hosted = Hosted()
    hosted.cell.spawn(CHILD)
    hosted.cell.child(event)
    assert hosted.seen == [("on_child", event)]


def test_children_are_signalled_and_killed_and_their_memory_released() -> None:
    hosted = Hosted()
    hosted.cell.signal_child("c-1", SHUTDOWN)
    hosted.cell.kill_child("c-1")
    hosted.cell.kill_child("c-2", trace=True)
    hosted.cell.release_memory("k")
    assert hosted.runtime.done == [("signal", "c-1", SHUTDOWN), ("kill", "c-1"), ("trace", "c-2"), ("release_memory", "k")]


def test_the_context_shows_where_the_actor_is() -> None:
    hosted = Hosted()
    hosted.runtime.memory = memoryview(b"x")
    context: Context = hosted.cell
    assert (context.self_ref, context.parent, context.registry, context.sender) == (ME, PARENT, None, None)
    assert context.clock is hosted.runtime.clock
    assert context.entropy is hosted.runtime.entropy
    assert context.memory is hosted.runtime.memory
    assert context.last_exit == ""


# The defaults of an actor.


def test_the_defaults_drop_ignore_and_end() -> None:
    hosted = Hosted(Plain)
    hosted.receive(GetFigures())
    hosted.receive(RegistryChanged(registry=REGISTRY))
    hosted.cell.child(ChildExited(uid="c", reason=NORMAL))
    assert hosted.cell.ended is None
    trapping = Hosted(TrappingByDefault)
    trapping.signal(abnormal("x"), from_parent=False)
    assert trapping.cell.ended is None
    trapping.signal(TERM, from_parent=True)
    assert trapping.cell.ended == TERM


# Who may say what.


def test_a_message_that_claims_another_sender_is_refused_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    hosted = Hosted()
    for claimed in (PARENT, ME, replace(PEER, uid="peer-2"), replace(PEER, id="other"), replace(PEER, address="there")):
        hosted.receive(GetFigures(), claimed, From(PEER))
    assert (hosted.seen, hosted.cell.refused, hosted.cell.dropped) == ([], 5, 5)
    assert len(caplog.records) == 3  # the 1st, 2nd and 4th
    assert hosted.runtime.sent == []
    hosted.receive(GetFigures(), PEER, From(PEER))
    assert hosted.seen == [("on_message", GetFigures())]


def test_only_the_parent_ends_an_actor_as_its_parent() -> None:
    hosted = Hosted(Trapping)
    hosted.receive(ExitSignal(reason=str(SHUTDOWN), from_parent=True), PEER)
    assert (hosted.seen, hosted.cell.ended, hosted.cell.refused) == ([], None, 1)
    hosted.receive(ExitSignal(reason=str(SHUTDOWN), from_parent=True), PARENT)
    assert hosted.seen == [("on_shutdown", SHUTDOWN)]


@pytest.mark.parametrize(
    "message",
    [
        StartChild(spec={}),
        TerminateChild(child_id="a"),
        StopSupervisor(),
        ExitSignal(reason=str(KILLED), from_parent=False),
        RegisterName(name="worker_manager", ref=PEER),
        UnregisterName(name="registry", uid="r", reason="normal", final=True),
        RegistryChanged(registry=PEER),
        NameChanged(name="worker_manager", ref=PEER),
        EndJob(job_id="other"),
        GaveUp(why="x"),
        SendText(command_id="c", text="hello"),
        GetFigures(),
    ],
    ids=lambda message: message.TAG,
)
def test_what_a_process_with_user_code_may_not_say_is_refused_with_an_error(message: Message) -> None:
    hosted = Hosted()
    hosted.receive(message, PEER, From(PEER, confined=True))
    assert (hosted.seen, hosted.cell.ended, hosted.cell.refused) == ([], None, 1)
    answer = hosted.last.message
    assert isinstance(answer, ErrorReply)
    assert (answer.error, answer.retryable) == ("NotPermittedError", False)


def test_what_a_process_with_user_code_may_say_arrives_and_so_do_its_answers() -> None:
    hosted = Hosted()
    told = SessionStarted(incarnation=1)
    hosted.receive(told, PEER, From(PEER, confined=True))
    assert hosted.seen == [("on_message", told)]
    answers: list[Message | None] = []
    hosted.cell.ask(PEER, GetFigures(), timeout_s=1, then=answers.append)
    hosted.receive(FIGURES, PEER, From(PEER, confined=True), correlation_id=hosted.last.message_id)
    assert answers == [FIGURES]


def test_only_the_one_that_was_asked_answers() -> None:
    hosted = Hosted()
    answers: list[Message | None] = []
    hosted.cell.ask(PEER, GetFigures(), timeout_s=1, then=answers.append)
    asked = hosted.last
    hosted.answer(FIGURES, asked, PARENT)
    hosted.answer(FIGURES, asked, replace(PEER, address="there"))
    hosted.receive(FIGURES, None, From(PEER), correlation_id=asked.message_id)
    assert (answers, hosted.cell.dropped) == ([], 3)
    hosted.answer(FIGURES, asked, PEER)
    assert answers == [FIGURES]


@pytest.mark.parametrize("kind", ["confined", "light"])
def test_an_actor_with_user_code_or_without_a_process_starts_no_actors(kind: str) -> None:
    hosted = Hosted(confined=kind == "confined", light=kind == "light")
    with pytest.raises(UsageError, match="it starts no actors"):
        hosted.cell.spawn(ActorStart(actor_id="c", uid="c1", actor="m:C"))
    assert hosted.runtime.spawned == []


def test_a_root_is_asked_to_end_by_what_hosts_it() -> None:
    hosted = Hosted(Trapping)
    hosted.cell.ask_to_end(SHUTDOWN)
    assert hosted.seen == [("on_shutdown", SHUTDOWN)]

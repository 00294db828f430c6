"""The shell of both supervisors: it hands every event to the machine of the core, and performs the effects on its `Context`.

How it works. Whatever happens (a call, the fate of a child, a timer, a missed heartbeat, the parent's exit signal) becomes an event of
the core (`core.events`), the machine answers with its next state and with effects (`core.effects`), and these are performed here in their
order: processes are spawned, asked to end and killed, timers set, calls answered, names announced, the supervisor's own start and end told.

It decides nothing about children. What it keeps is what the core must not know: the addresses behind the uids, running timers, who waits
for an answer, which children hang. A retry that the machine sends to itself goes through the mailbox like any message, behind those that
wait there already, since OTP sends itself one too (supervisor.erl, ``handle_cast({try_again_restart, _})``) and the recorded traces tell
the difference.
"""

import logging
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, assert_never, cast

from protocols import (
    KILLED,
    SHUTDOWN,
    ChildCounts,
    ChildInfo,
    Children,
    ChildResult,
    CountChildren,
    ErrorReply,
    ExitReason,
    GaveUp,
    InvalidSpecError,
    Message,
    MessageTooLargeError,
    NotPermittedError,
    Ref,
    WhichChildren,
    abnormal,
    shorten_reason,
)
from supervision.actor import (
    Actor,
    ActorStart,
    Cancel,
    ChildAcknowledged,
    ChildEvent,
    ChildExited,
    ChildIgnored,
    ChildStarted,
    ChildStartFailed,
    Context,
    StopStart,
)
from supervision.announcements import Announcements
from supervision.core import Machine, effects, events
from supervision.heartbeats import HUNG, Heartbeats
from supervision.preloading import preload

log = logging.getLogger("livekitex.supervisor")


class SupervisorShell(Actor):
    """Base of `Supervisor` and `DynamicSupervisor`, which differ in `make_machine` alone.

    Its start is over when all its children are up. While it starts or stops a child, calls wait for their answer, as in OTP; they do not
    wait for a child that has acknowledged its start. Heartbeats are answered all the time, and asked for from a child's spawn to its end.
    Who may change its children says ``callers`` of its arguments (see `dynamic_args`).
    """

    trap_exit: ClassVar[bool] = True

    @staticmethod
    def make_machine(args: Mapping[str, Any], uid: str) -> Machine:
        """The machine that ``args`` describe.

        Raises:
            InvalidSpecError: they describe none.
        """
        raise NotImplementedError

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._machine: Machine
        self._finish_start: Callable[[], None]
        self._incarnations: dict[str, ChildAcknowledged | ChildStarted] = {}
        self._timers: dict[events.Timer, Cancel] = {}
        self._retries: deque[events.Retry] = deque()
        self._hung: set[str] = set()
        self._last_gave_up: tuple[str, str] = ("", "")
        self._announcements = Announcements(context)
        self._heartbeats = Heartbeats(context, lambda uid: self._feed(events.ChildHung(uid)))

    def on_start(self, args: Mapping[str, Any]) -> None:
        """Preload what ``args`` name under ``preload`` (see `preload`), then boot the children.

        Raises:
            StopStart: the arguments describe no supervisor.
            Exception: whatever preloading raises.
        """
        described = dict(args)
        self._callers: tuple[str, ...] | None = described.pop("callers", None)
        preload(described.pop("preload", ()))
        try:
            self._machine = self.make_machine(described, self.context.self_ref.uid)
        except InvalidSpecError as refusal:
            log.exception("invalid supervisor", extra={"actor_id": self.context.self_ref.id})
            raise StopStart(abnormal(refusal.reason)) from refusal
        self._finish_start = self.context.defer_start()
        self._feed(events.Boot())

    def on_message(self, message: Message) -> None:
        """Serve the calls of `protocols.messages.supervision`, and hear why a child gives up; others are dropped."""
        if isinstance(message, events.Request) and not self._may_ask(message):
            wrong = NotPermittedError(f"{type(message).__name__} to {self.context.self_ref.id}: only its parent and {self._callers} may")
            self.context.reply(ErrorReply.of(wrong))
        elif isinstance(message, events.Request):
            self._feed(events.Called(self.context.replier(), message))
        elif isinstance(message, GaveUp) and self.context.sender is not None:
            self._last_gave_up = (self.context.sender.uid, message.why)
        else:
            super().on_message(message)

    def on_shutdown(self, reason: ExitReason) -> None:
        """Stop all children in order, then end with ``reason``."""
        self._feed(events.ParentExited(reason))

    def on_exit_signal(self, reason: ExitReason) -> None:
        """Go on: a supervisor heeds nobody but its parent."""
        self._feed(events.StrangerSignalled(reason))

    def on_child(self, event: ChildEvent) -> None:
        """Hand the fate of a child to the machine."""
        match event:
            case ChildAcknowledged(ref=ref):
                self._incarnations[ref.uid] = event
                self._feed(events.ChildAcknowledged(ref.uid))
            case ChildStarted(ref=ref):
                self._heartbeats.started(ref.uid)
                self._incarnations[ref.uid] = event
                self._feed(events.ChildStarted(ref.uid))
            case ChildIgnored(uid=uid):
                self._heartbeats.forget(uid)
                self._feed(events.ChildIgnored(uid))
            case ChildStartFailed(uid=uid, reason=reason):
                self._feed(events.ChildStartFailed(uid, str(self._ended(uid, reason))))
                self._incarnations.pop(uid, None)
            case ChildExited(uid=uid, reason=reason):
                self._feed(events.ChildExited(uid, self._ended(uid, reason)))
                self._incarnations.pop(uid, None)
            case _:
                assert_never(event)

    def _ended(self, uid: str, reason: ExitReason) -> ExitReason:
        self._heartbeats.forget(uid)
        hung = uid in self._hung and reason == KILLED  # who ended by itself after all has its own reason
        self._hung.discard(uid)
        return HUNG if hung else reason

    def on_registry_changed(self) -> None:
        """Announce the living children again, and pass the address on."""
        self._announcements.registry_changed()

    def _may_ask(self, request: events.Request) -> bool:
        """Whether the sender, whom the runtime has authenticated, may ask this; everybody may look."""
        sender = self.context.sender
        if self._callers is None or isinstance(request, WhichChildren | CountChildren):
            return True
        return sender is not None and (sender == self.context.parent or sender.id in self._callers)

    def _feed(self, event: events.Event) -> None:
        self._machine, wanted = self._machine.handle(event, self.context.clock.monotonic())
        for effect in wanted:
            self._perform(effect)

    def _perform(self, effect: effects.Effect) -> None:
        if isinstance(effect, effects.ProcessEffect):
            self._control(effect)
        elif isinstance(effect, effects.NewsEffect):
            self._tell(effect)
        elif isinstance(effect, effects.OwnEffect):
            self._do(effect)
        else:
            self._reply(effect)

    def _control(self, effect: effects.ProcessEffect) -> None:
        match effect:
            case effects.SpawnChild(uid=uid, key=key, spec=spec, last_exit=last_exit):
                child = self.context.spawn(
                    ActorStart(
                        actor_id=spec.name or spec.id,
                        uid=uid,
                        actor=spec.actor,
                        args=spec.args,
                        title=spec.title,
                        memory_key=key if spec.memory_bytes else "",
                        memory_bytes=spec.memory_bytes,
                        last_exit=last_exit,
                        confined=spec.confined,
                        light=spec.light,
                    )
                )
                if spec.heartbeat_ms is not None:
                    self._heartbeats.watch(child, spec.heartbeat_ms)
            case effects.ShutDownChild(uid=uid):
                self.context.signal_child(uid, SHUTDOWN)
            case effects.KillChild(uid=uid):
                self.context.kill_child(uid)
            case effects.EndHungChild(uid=uid):
                self._end_hung(uid)
            case _:
                assert_never(effect)

    def _end_hung(self, uid: str) -> None:
        if uid not in self._hung:
            self._hung.add(uid)
            log.warning("child hangs and is killed", extra={"uid": uid})
            self.context.kill_child(uid, trace=True)

    def _tell(self, effect: effects.NewsEffect) -> None:
        match effect:
            case effects.ChildUp(uid=uid, spec=spec):
                self._announcements.up(self._incarnations[uid].ref, spec)
            case effects.ChildDown(key=key, uid=uid, spec=spec, reason=reason, final=final):
                level = logging.INFO if reason.clean else logging.WARNING
                log.log(level, "child ended", extra={"child": key, "uid": uid, "reason": str(reason), "final": final})
                self._announcements.down(uid, spec, reason, final=final)
            case effects.ForgetChild(key=key, spec=spec):
                if spec.memory_bytes:
                    self.context.release_memory(key)
            case _:
                assert_never(effect)

    def _do(self, effect: effects.OwnEffect) -> None:
        match effect:
            case effects.ArmTimer(timer=timer, after_ms=after_ms, jitter_percent=jitter_percent):
                jitter = jitter_percent / 100 * (2 * self.context.entropy.random() - 1)
                self._timers[timer] = self.context.after(after_ms / 1000 * (1 + jitter), lambda: self._fire(timer))
            case effects.CancelTimer(timer=timer):
                if timer in self._timers:
                    self._timers.pop(timer)()
            case effects.SendSelf(message=retry):
                self._retries.append(retry)
                if len(self._retries) == 1:
                    self.context.post(self._next_retry)
            case effects.Acknowledge():
                self.context.acknowledge_start()
            case effects.Ready():
                self._finish_start()
            case effects.FailStart(reason=reason):
                self.context.exit(ExitReason.parse(reason))
            case effects.Exit():
                self._exit(effect)
            case _:
                assert_never(effect)

    def _exit(self, last: effects.Exit) -> None:
        said = {"actor_id": self.context.self_ref.id, "reason": str(last.reason), "cause": last.cause}
        if last.why:
            uid, deeper = self._last_gave_up
            why = shorten_reason(f"{last.why} ({deeper})" if uid == last.culprit else last.why)
            log.error("supervisor gives up", extra={**said, "why": why})
            if self.context.parent is not None:
                self.context.send(self.context.parent, GaveUp(why=why))
        else:
            log.info("supervisor ends", extra=said)
        self.context.exit(last.reason)

    def _fire(self, timer: events.Timer) -> None:
        self._timers.pop(timer, None)
        self._feed(events.TimerFired(timer))

    def _next_retry(self) -> None:
        """One retry is posted at a time: they never fill the room for posts, however many children fail."""
        retry = self._retries.popleft()
        if self._retries:
            self.context.post(self._next_retry)
        self._feed(retry)

    def _reply(self, effect: effects.Reply) -> None:
        send = cast("Callable[[Message], None]", effect.call)
        try:
            send(self._in_words(effect.answer))
        except MessageTooLargeError as failure:
            send(ErrorReply.of(failure))

    def _in_words(self, answer: effects.Answer) -> Message:
        match answer:
            case effects.Outcome(result=result, uid=uid):
                return ChildResult(result=result, ref=self._ref(uid))
            case effects.Listing(rows=rows):
                return Children(children=tuple(map(self._info, rows)))
            case ChildCounts():
                return answer
            case _:
                assert_never(answer)

    def _info(self, row: effects.ChildRow) -> ChildInfo:
        incarnation = self._incarnations.get(row.uid)
        return ChildInfo(
            id=row.id,
            state=row.state,
            type=str(row.type),
            title=row.title,
            ref=incarnation.ref if incarnation else None,
            os_pid=incarnation.os_pid if incarnation else 0,
        )

    def _ref(self, uid: str) -> Ref | None:
        incarnation = self._incarnations.get(uid)
        return incarnation.ref if incarnation else None

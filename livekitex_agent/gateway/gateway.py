"""The gateway actor: starts the root, forwards the script's requests by name, pushes what the script subscribed to, and ends everything.

It runs in the launcher, as the parent of the root. It decides nothing itself: `lifecycle` says what to do when, `names` who has which name,
`requests` asks them, `outbox` what is dropped when the script is slow.
"""

import logging
import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, Final, Protocol

from livekitex_agent.composition import HEARTBEAT_MS
from livekitex_agent.gateway.calls import Calls
from livekitex_agent.gateway.channel import Channel
from livekitex_agent.gateway.exit_messages import why_ended
from livekitex_agent.gateway.frames import (
    Frame,
    Pushed,
    Request,
    StopSystem,
    SystemEnded,
    SystemReady,
)
from livekitex_agent.gateway.lifecycle import STOP_GRACE_S, Effect, Happening, Phase, step
from livekitex_agent.gateway.names import KnownNames
from livekitex_agent.gateway.requests import ScriptRequests
from protocols import (
    NORMAL,
    SHUTDOWN,
    AudioCleared,
    AudioPushed,
    CommandAccepted,
    Drain,
    EventPushed,
    ExitReason,
    Found,
    GaveUp,
    ListNames,
    Message,
    NameChanged,
    Names,
    Ref,
    RegisterName,
    WatchNames,
    abnormal,
)
from supervision import (
    HUNG,
    Actor,
    ActorStart,
    Cancel,
    ChildAcknowledged,
    ChildEvent,
    ChildExited,
    ChildIgnored,
    ChildStarted,
    ChildStartFailed,
    Heartbeats,
)

log = logging.getLogger("livekitex.gateway")

ROOT_ID: Final = "application"
START_TIMEOUT_S: Final = 300.0
"""How long the whole tree may take to come up; more than the times of all supervisors below the root together."""

RECONCILE_S: Final = 2.0
"""How long after a change of the registry every supervisor has announced its children to the new one."""


class Link(Protocol):
    """The way to the script (`Channel`)."""

    def start(self, starter_pid: int, on_frame: Callable[[Frame], None], on_closed: Callable[[], None]) -> None:
        """Begin to hear."""
        ...

    def send(self, frame: Frame) -> None:
        """Queue a frame; never blocks."""
        ...

    def close(self) -> None:
        """Write what is queued and close."""
        ...


class Gateway(Actor):
    """See the module.

    ``args``: ``fd``, ``exit_fd`` and ``starter_pid`` of the script's connection, ``drain_s`` (see `Configure`), ``actor`` and ``args`` of
    ``root``, and the runtime's ``watch``.
    """

    trap_exit: ClassVar[bool] = True

    def on_start(self, args: Mapping[str, Any]) -> None:
        """Start the root; the script hears of it as `SystemReady` or `SystemEnded`."""
        self._phase = Phase.STARTING
        self._names = KnownNames()
        self._calls = Calls(self.context, partial(self._advance, Happening.DRAINED), partial(self._advance, Happening.CALLS_ENDED))
        self._drain_s: float = args["drain_s"]
        self._was_up = False
        self._asked_by: str | None = None
        self._reason: ExitReason = NORMAL
        self._why = ""
        self._cancel_grace: Cancel = lambda: None
        self._heartbeats = Heartbeats(self.context, self._root_hangs)
        self._root_uid = self.context.entropy.hex_id()
        self._root: Ref | None = None
        self._root_pid = 0
        self._link = self.open_link(args)
        self._requests = ScriptRequests(self.context, self._link.send)
        root = args["root"]
        start = ActorStart(actor_id=ROOT_ID, uid=self._root_uid, actor=root["actor"], args=root["args"], title=ROOT_ID)
        self._heartbeats.watch(self.context.spawn(start), HEARTBEAT_MS)
        self._cancel_start = self.context.after(START_TIMEOUT_S, self._start_overdue)
        self._link.start(args["starter_pid"], self.on_frame, self.on_script_gone)

    def open_link(self, args: Mapping[str, Any]) -> Link:
        """The way to the script; a simulation gives another one."""
        return Channel(socket.socket(fileno=args["fd"]), args["exit_fd"], watch=args["watch"], after=self.context.after)

    def on_frame(self, frame: Frame) -> None:
        """The script says something. Frames that only a launcher sends are ignored."""
        match frame:
            case Request():
                self._forward(frame)
            case StopSystem():
                self._asked(Happening.STOP)
            case _:
                log.warning("ignored a frame that is not the script's", extra={"frame": frame.TAG})

    def on_script_gone(self) -> None:
        """The lifeline is cut."""
        self._asked(Happening.SCRIPT_GONE)

    def on_shutdown(self, reason: ExitReason) -> None:
        """A signal came to the launcher, which ``reason`` names."""
        self._asked(Happening.SIGNAL, reason.detail)

    def on_child(self, event: ChildEvent) -> None:
        """The root is up, or has ended."""
        match event:
            case ChildAcknowledged():
                pass  # it is up when all that it needs is
            case ChildStarted(ref=root, os_pid=os_pid):
                self._root, self._root_pid = root, os_pid
                self._names = self._names.changed(NameChanged(name=ROOT_ID, ref=root))  # a tree may have no registry
                self._announce_root()
                self._cancel_start()
                self._heartbeats.started(root.uid)
                self._advance(Happening.ROOT_UP)
            case ChildExited(reason=reason) | ChildStartFailed(reason=reason):
                self._heartbeats.forget(self._root_uid)
                self._root_ended(self._reason if self._reason == HUNG else reason)
            case ChildIgnored():
                self._root_ended(abnormal("the root was not wanted"))

    def on_registry_changed(self) -> None:
        """Watch all names at the new registry, and drop those that it was never told of."""
        registry = self.context.registry
        if registry is None:
            return
        self._announce_root()
        self.context.send(registry, WatchNames(prefix=""))
        self.context.after(RECONCILE_S, partial(self._list_names, registry))

    def on_message(self, message: Message) -> None:
        """Something that the script subscribed to, or the change of a name."""
        match message:
            case NameChanged():
                self._names = self._names.changed(message)
                self._calls.name_changed(message)
                self._requests.name_changed(message.name, message.ref)
                self._link.send(Pushed(message=message))
            case EventPushed(call_id=call_id) | AudioPushed(call_id=call_id) | AudioCleared(call_id=call_id):
                if self.context.sender is not None and self.context.sender.id == f"agent_session/{call_id}":
                    self._link.send(Pushed(message=message))
                else:
                    log.warning("ignored what only a call's own session tells", extra={"call_id": call_id})
            case CommandAccepted():
                pass  # of a call that was asked to end: its name tells whether it has
            case GaveUp(why=why):
                self._why = why
            case _:
                log.info("ignored a message that nobody asked for", extra={"message_tag": message.TAG})

    def terminate(self, reason: ExitReason) -> None:
        """Let the script have what it was told, then close."""
        del reason
        self._link.close()

    def _root_hangs(self, uid: str) -> None:
        log.error("the root hangs and is killed")
        self._reason = HUNG
        self.context.kill_child(uid)

    def _start_overdue(self) -> None:
        self._root_ended(abnormal(f"it was not up after {START_TIMEOUT_S:g} s"))

    def _root_ended(self, reason: ExitReason) -> None:
        self._reason = reason
        self._advance(Happening.ROOT_ENDED)

    def _announce_root(self) -> None:
        registry = self.context.registry
        if registry is not None and self._root is not None:
            self.context.send(registry, RegisterName(name=ROOT_ID, ref=self._root))

    def _forward(self, request: Request) -> None:
        if isinstance(request.message, Drain):
            self._calls.script_drains(request.message)
        self._requests.forward(request, self._names.find(request.name))

    def _list_names(self, registry: Ref, found: tuple[Found, ...] = ()) -> None:
        """Have all names listed, page by page."""
        wanted = ListNames(prefix="", after=found[-1].name if found else "")
        self.context.ask(registry, wanted, timeout_s=RECONCILE_S, then=partial(self._listed, registry, found))

    def _listed(self, registry: Ref, found: tuple[Found, ...], answer: Message | None) -> None:
        if not isinstance(answer, Names):
            return
        if answer.more:
            self._list_names(registry, found + answer.found)
        else:
            self._reconcile(found + answer.found)

    def _reconcile(self, found: tuple[Found, ...]) -> None:
        self._names, gone = self._names.reconciled(found)
        for change in gone:
            self._calls.forget(change.name)
            self._link.send(Pushed(message=change))

    def _asked(self, happening: Happening, by: str = "") -> None:
        self._asked_by = by if self._asked_by is None else self._asked_by
        self._advance(happening)

    def _advance(self, happening: Happening) -> None:
        self._phase, effects = step(self._phase, happening)
        for effect in effects:
            self._perform(effect)

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Effect.TELL_READY:
                self._was_up = True
                self._link.send(SystemReady(root_pid=self._root_pid))
            case Effect.DRAIN:
                log.warning("draining", extra={"asked_by": self._asked_by, "at_most_s": self._drain_s})
                self._calls.drain(self._drain_s)
            case Effect.END_CALLS:
                self._calls.end()
            case Effect.STOP_ROOT:
                self.context.signal_child(self._root_uid, SHUTDOWN)
                self._cancel_grace = self.context.after(STOP_GRACE_S, lambda: self._advance(Happening.GRACE_OVER))
            case Effect.END:
                self._cancel_grace()
                self._link.send(self._exit_message())
                self.context.exit(self._reason if self._asked_by is None else NORMAL)

    def _exit_message(self) -> SystemEnded:
        if self._asked_by is not None:
            return SystemEnded(asked=True, text=self._asked_by)
        return SystemEnded(asked=False, text=why_ended(self._reason, self._why, was_up=self._was_up))

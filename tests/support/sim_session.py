"""The AgentSession on SimRuntime: what it does in threads is done by timers, so a seed repeats a run exactly, and a kill may fall anywhere.

Everything else is the real thing: actor, core, JobContext, supervisor and registry. Handles are made of the pure parts of the script's
client. The disk, and what tools did to the world, are outside all processes, in `Disk`.
"""

import json
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import pytest

from actors.agent_session import AgentSession, conversation
from actors.agent_session import actor as session_module
from actors.agent_session.core import Checkpoint, Entry, Happened, RunTool, StopThinking, Think, replay, transition
from actors.agent_session.core.inputs import RoundFinished, SentenceReady, ToolFinished
from actors.agent_session.journal_writer import Ending, Listener, Opening, Then
from actors.agent_session.records import decode_entry, encode_entry
from actors.journal import CallDescription
from livekitex_agent.client import delivery, subscription
from livekitex_agent.client.delivery import Delivery, Done, Fail, Outcome, Send, Wait
from livekitex_agent.client.event_cursor import EventCursor, Verdict
from livekitex_agent.client.subscription import ANSWER_S, Subscription
from protocols import (
    CallEnded,
    ChatMessage,
    CommandDone,
    EndCall,
    EventPushed,
    FencedError,
    FunctionCall,
    Message,
    NameChanged,
    Ref,
    Role,
    SendText,
    SessionCommand,
    Subscribed,
    WatchNames,
)
from supervision import Actor, Cancel, Context

EVENTS_KEPT: Final = 40
CHECKPOINT_EVERY: Final = 48
CALL: Final = "c"
SESSION: Final = f"agent_session/{CALL}"
COMMANDS_AT_ONCE: Final = 4
TIMEOUT_S: Final = 600.0
NAP_S: Final = 0.5


@dataclass
class Disk:
    """What outlives every process.

    ``told`` holds each event that was ever committed, ``done`` the commands that were acted on, ``ran`` the runs of each tool call.
    """

    entries: list[Entry] = field(default_factory=list)
    lives: int = 0
    told: dict[int, Happened] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    ran: Counter[tuple[int, str]] = field(default_factory=Counter)
    removed: bool = False

    def commit(self, entries: tuple[Entry, ...]) -> None:
        """One transaction, with the journal's own way of forgetting."""
        for entry in (decode_entry(encode_entry(entry)) for entry in entries):
            if isinstance(entry, Happened):
                assert entry.number not in self.told, f"event {entry.number} happens twice"
                self.told[entry.number] = entry
                if isinstance(entry.event, CommandDone):
                    self.done.add(entry.event.command_id)
            if isinstance(entry, Checkpoint):
                oldest = entry.memory.next_event - EVENTS_KEPT
                self.entries = [old for old in self.entries if isinstance(old, Happened) and old.number >= oldest]
            self.entries.append(entry)


_disks: dict[str, Disk] = {}
_starting: list[Context] = []


def install(patch: pytest.MonkeyPatch) -> None:
    """Put timers in the place of a session's threads, and make its bounds small enough to be reached."""
    patch.setattr(session_module, "JournalWriter", SimWriter)
    patch.setattr(session_module, "LoopThread", SimLoop)
    patch.setattr(conversation, "Engine", SimEngine)
    patch.setattr(session_module, "in_background", lambda _context, work, then: then(work()))
    for module in (replay, transition):
        patch.setattr(module, "EVENTS_KEPT", EVENTS_KEPT)
    patch.setattr(transition, "CHECKPOINT_EVERY", CHECKPOINT_EVERY)


def new_disk(folder: str) -> Disk:
    """A fresh disk for the journal of the call in ``folder``."""
    _disks.clear()
    disk = _disks[CALL] = Disk()
    return disk


class SimSession(AgentSession):
    """The session, with its context known to what stands in for its threads."""

    def _go_live(self) -> None:
        _starting.append(self.context)
        try:
            super()._go_live()
        finally:
            _starting.pop()


class SimWriter:
    """Commits what waits, as much as it likes at a time, after a while."""

    def __init__(self, context: Context, store: object, record: CallDescription, listener: Listener, *, above: int) -> None:
        del store
        self._context = context
        self._disk = _disks[record.call_id]
        self._crashed = listener.crashed
        self._waiting: deque[tuple[tuple[Entry, ...], Then]] = deque()
        self._disk.lives = self._incarnation = max(self._disk.lives, above) + 1
        opening = Opening(self._incarnation, tuple(self._disk.entries))
        context.after(0.001 * context.entropy.random(), partial(listener.opened, opening))

    def write(self, entries: tuple[Entry, ...], then: Then) -> None:
        self._waiting.append((entries, then))
        if len(self._waiting) == 1:
            self._context.after(0.001 * self._context.entropy.random(), self._commit)

    def abandon(self) -> None:
        self.close(delete=False)

    def close(self, *, delete: bool, ending: Ending | None = None) -> None:
        self._keep(len(self._waiting))
        if delete:
            self._disk.entries.clear()
            self._disk.removed = True

    def _commit(self) -> None:
        self._keep(1 + int(self._context.entropy.random() * len(self._waiting)))
        if self._waiting:
            self._context.after(0.001 * self._context.entropy.random(), self._commit)

    def _keep(self, count: int) -> None:
        if self._disk.lives != self._incarnation:
            self._crashed(FencedError("a newer life writes"))
            return
        writes = [self._waiting.popleft() for _ in range(min(count, len(self._waiting)))]
        self._disk.commit(tuple(entry for entries, _ in writes for entry in entries))
        for _, then in writes:
            then(True)


class SimLoop:
    """An event loop without work."""

    def __init__(self, name: str, crashed: Callable[[BaseException], None]) -> None:
        self._context = _starting[-1]

    def call(self, callback: Callable[..., None], *args: Any) -> None:
        self._context.post(partial(callback, *args))

    def stop(self) -> None:
        return None


class SimEngine:
    """A model and tools that take their time. ``say 7`` is answered in two sentences, ``use look order`` runs these tools first."""

    def __init__(self, *_unused: Any, report: Callable[[Any], None], **_more: Any) -> None:
        self._context = _starting[-1]
        (self._disk,) = _disks.values()
        self._report = report
        self._token = 0

    listened_to = None

    def perform(self, work: object) -> None:
        match work:
            case Think(token=token, context=context):
                self._token = token
                last = context.items[-1]
                asked = next(message.text for message in reversed(context.messages) if message.role is Role.USER)
                verb, *words = asked.split()
                if verb == "use" and isinstance(last, ChatMessage):
                    calls = tuple(FunctionCall(call_id="x", name=name, arguments="{}") for name in words[1:])
                    self._later(self._say, token, ["One moment."], calls)
                else:
                    self._later(self._say, token, [f"That was {words[0]}.", "Anything else?"], ())
            case StopThinking():
                self._token = 0
            case RunTool(call=call, incarnation=incarnation):
                self._disk.ran[incarnation, call.call_id] += 1
                self._later(self._end, work)
            case _:
                raise AssertionError(work)

    def _later(self, callback: Callable[..., None], *args: Any) -> None:
        self._context.after(0.004 * self._context.entropy.random(), partial(callback, *args))

    def _say(self, token: int, sentences: list[str], calls: tuple[FunctionCall, ...]) -> None:
        if token != self._token:
            return
        if sentences:
            self._report(SentenceReady(token=token, text=sentences[0]))
            self._later(self._say, token, sentences[1:], calls)
        else:
            self._report(RoundFinished(token=token, calls=calls))

    def _end(self, tool: RunTool) -> None:
        data = json.loads(tool.user_data_json)
        data.setdefault("done", []).append(tool.call.call_id)
        self._report(
            ToolFinished(call_id=tool.call.call_id, result="done", ok=True, user_data_json=json.dumps(data), end_call="", duration_ms=1.0)
        )


class SimHandle(Actor):
    """A script's handle of the call. ``args``: the ``commands`` (ids and texts) that it sends, the number that it reads ``from``.

    ``naps``: after as many events it sleeps for a while, and does not hear what it is told.
    """

    def on_start(self, args: Mapping[str, Any]) -> None:
        self.record: list[EventPushed] = []
        self.failures: list[str] = []
        self.accepted: list[str] = []
        self._commands: deque[SessionCommand] = deque(SendText(command_id=key, text=text) for key, text in args["commands"])
        self._open: dict[str, tuple[SessionCommand, Delivery]] = {}
        self._cursor = EventCursor(args["from"])
        self._naps = args["naps"]
        self._asleep = False
        self._session: Ref | None = None
        self._subscription = Subscription()
        self._cancel: Cancel = lambda: None
        self.on_registry_changed()
        self._want()
        self._next()

    def on_registry_changed(self) -> None:
        if self.context.registry is not None:
            self.context.send(self.context.registry, WatchNames(prefix=SESSION))

    @property
    def idle(self) -> bool:
        """Whether all its commands are accepted."""
        return not self._commands and not self._open

    @property
    def next_number(self) -> int:
        return self._cursor.next_number

    def end_call(self) -> None:
        """End the call, through this handle."""
        self._commands.append(EndCall(command_id="end"))
        self.context.post(self._next)

    def on_message(self, message: Message) -> None:
        now = self.context.clock.monotonic()
        match message:
            case NameChanged(name=name, ref=ref) if name == SESSION:
                self._session = ref
                if ref is not None:
                    self._subscription = subscription.revived(self._subscription, now)
                    for key, (command, state) in self._open.items():
                        self._open[key] = command, delivery.revived(state, now)
                    self._advance()
            case EventPushed() if not self._asleep:
                self._hear(message)

    def _next(self) -> None:
        now = self.context.clock.monotonic()
        while self._commands and len(self._open) < COMMANDS_AT_ONCE:
            command = self._commands.popleft()
            self._open[command.command_id] = command, delivery.begin(command.command_id, now, TIMEOUT_S)
        self._advance()

    def _advance(self) -> None:
        now = self.context.clock.monotonic()
        self._subscription, message = subscription.tick(self._subscription, now)
        if message is not None:
            self._ask(message, ANSWER_S, self._hear_subscribed)
        for key, (command, state) in tuple(self._open.items()):
            after, outcome = delivery.due(state, now)
            self._open[key] = command, after
            self._perform(key, outcome)
        wakes = [state.wake_at for _, state in self._open.values()]
        if self._subscription.wake_at is not None:
            wakes.append(self._subscription.wake_at)
        self._cancel()
        if wakes:
            self._cancel = self.context.after(max(0.001, min(wakes) - now), self._advance)

    def _perform(self, key: str, outcome: Outcome) -> None:
        match outcome:
            case Send(timeout_s=timeout_s):
                command, state = self._open[key]
                then = partial(self._answered, key, state.sends)
                if self._session is None:
                    self.context.post(partial(then, None))
                else:
                    self.context.ask_repeatedly(self._session, command, timeout_s=timeout_s, then=then)
            case Done():
                del self._open[key]
                self.accepted.append(key)
                self.context.post(self._next)
            case Fail(error=error):
                del self._open[key]
                self.failures.append(str(error))
            case Wait():
                pass

    def _ask(self, message: Message, timeout_s: float, then: Callable[[Message | None], None]) -> None:
        if self._session is None:
            then(None)
        else:
            self.context.ask(self._session, message, timeout_s=timeout_s, then=then)

    def _answered(self, key: str, attempt: int, answer: Message | None) -> None:
        if key not in self._open or attempt != self._open[key][1].sends:
            return
        (command, state), now = self._open[key], self.context.clock.monotonic()
        outcome: Outcome = Wait()
        if answer is None:
            after = delivery.unanswered(state, "no answer", now)
        else:
            after, outcome = delivery.answered(state, answer, now)
        self._open[key] = command, after
        self._perform(key, outcome)
        self._advance()

    def _hear_subscribed(self, answer: Message | None) -> None:
        now = self.context.clock.monotonic()
        if isinstance(answer, Subscribed):
            self._subscription = subscription.subscribed(self._subscription, answer, now)
        else:
            self._subscription = subscription.unanswered(self._subscription, now)

    def _hear(self, pushed: EventPushed) -> None:
        now = self.context.clock.monotonic()
        self._subscription = subscription.heard(self._subscription, now)
        after, verdict = self._cursor.offer(pushed)
        if verdict is Verdict.DELIVER:
            if pushed.event.kept:
                self.record.append(self._cursor.seen(pushed))
            self._cursor = after
            if self._naps and len(self.record) % self._naps == 0:
                self._asleep = True
                self.context.after(NAP_S, self._wake)
        elif verdict is Verdict.GAP:
            self._subscription = subscription.missing(self._subscription, now)
        self._want()

    def _wake(self) -> None:
        self._asleep = False
        self._subscription = subscription.missing(self._subscription, self.context.clock.monotonic())
        self._advance()

    def _want(self) -> None:
        now = self.context.clock.monotonic()
        self._subscription = subscription.wanted(self._subscription, self._cursor.next_number, audio=False, now=now)
        self._advance()


def finished(record: list[EventPushed]) -> bool:
    """Whether a record ends as a call's does."""
    return bool(record) and isinstance(record[-1].event, CallEnded)

"""One call as its script sees it, through all incarnations of its session: the shell of `subscription`, `event_cursor` and `audio_outbox`.

All handles of one call share one of these: the session knows one subscriber for the script, and counts the caller's audio once. It listens
from the beginning and keeps the newest events, so that what happened before anybody looked, or before the call's end, can still be read.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, TypeVar

from livekitex_agent.client import audio_outbox, subscription
from livekitex_agent.client.audio_outbox import AudioOutbox
from livekitex_agent.client.event_cursor import FIRST_NUMBER, EventCursor, Verdict
from livekitex_agent.client.playback import Playback
from livekitex_agent.client.requester import Requester
from livekitex_agent.client.streams import Alarm, Inbox
from livekitex_agent.client.subscription import ANSWER_S, Subscription
from livekitex_agent.errors import error_of
from livekitex_agent.gateway.frames import Unanswered
from protocols import (
    BACKGROUND_ID,
    BYTES_PER_SAMPLE,
    AudioAccepted,
    AudioCleared,
    AudioPushed,
    CallEnded,
    Clock,
    ErrorReply,
    EventPushed,
    EventsMissed,
    LivekitexError,
    Message,
    NameChanged,
    SessionEvent,
    SessionUnavailableError,
    StreamAudio,
    Subscribed,
    UsageError,
)

T = TypeVar("T")
Played = AudioPushed | AudioCleared

MAX_EVENTS: Final = 1024
"""The newest events of a call that are kept here, and the events that wait for one reader; others are asked for at the session."""
MAX_AUDIO_BYTES: Final = 4 << 20
"""The agent's audio that waits for one reader; beyond it the oldest is dropped."""
FIRST_INCARNATION: Final = 1
LAST_EVENTS_S: Final = 1.0
"""A session's last events may arrive this much later than the news of its end."""


@dataclass(eq=False)
class _Reader:
    cursor: EventCursor
    inbox: Inbox[EventPushed] = field(default_factory=Inbox)
    left_some: bool = False
    """Whether events were left at the session because the inbox was full."""

    def offer(self, pushed: EventPushed) -> Verdict:
        if self.left_some or len(self.inbox) >= MAX_EVENTS:
            self.left_some = self.left_some or pushed.event.kept
            return Verdict.REPEATED
        cursor, verdict = self.cursor.offer(pushed)
        if verdict is Verdict.DELIVER:
            self.inbox.put(self.cursor.seen(pushed))
            self.cursor = cursor
            if isinstance(pushed.event, CallEnded):
                self.inbox.end()
        return verdict

    def wants_the_rest(self) -> bool:
        if not self.left_some or len(self.inbox) > MAX_EVENTS // 2:
            return False
        self.left_some = False
        return True


class Call:
    """One call. Used from one event loop."""

    def __init__(self, connection: Requester, clock: Clock, call_id: str) -> None:
        self.call_id = call_id
        self.name = f"agent_session/{call_id}"
        self.dropped_audio = 0
        self.beginnings = 1
        """How often the call began: more than once where an incarnation without a journal knows nothing of the one before."""
        self._connection = connection
        self._clock = clock
        self._subscription = Subscription()
        self._cursor = EventCursor()
        self._newest: deque[EventPushed] = deque(maxlen=MAX_EVENTS)
        self._readers: set[_Reader] = set()
        self._listeners: set[Inbox[Played]] = set()
        self._background: set[Inbox[Played]] = set()
        self._playback = Playback()
        self._incarnation = FIRST_INCARNATION
        self._os_pid = 0
        self._outbox: AudioOutbox | None = None
        self._outbox_changed = asyncio.Event()
        self._listens = True
        self._refused: LivekitexError | None = None
        self._failure: LivekitexError | None = None
        self._over = False
        self._alarm = Alarm(self._advance)
        self._last_events = Alarm(self._end_members)
        self._want()

    @property
    def next_number(self) -> int:
        """The number of the next event that is not known here."""
        return self._cursor.next_number

    # What the system tells.

    def name_changed(self, change: NameChanged) -> None:
        """The session has a new incarnation, or has ended."""
        now = self._clock.monotonic()
        if change.ref is not None:
            self._failure, self._over = None, False
            self._last_events.cancel()
            self._subscription = subscription.revived(self._subscription, now)
            if self._outbox is not None:
                self._outbox = audio_outbox.revived(self._outbox, now)
            self._advance()
        elif change.final:
            error = SessionUnavailableError(f"the call {self.call_id} has ended ({change.reason})")
            error.retryable = False
            self._fail(error)
            self._last_events.set(LAST_EVENTS_S)

    def events_lost(self) -> None:
        """Events were dropped on the way."""
        self._subscription = subscription.missing(self._subscription, self._clock.monotonic())
        self._advance()

    def event(self, pushed: EventPushed) -> None:
        """An event has come."""
        now = self._clock.monotonic()
        self._subscription = subscription.heard(self._subscription, now)
        cursor, verdict = self._cursor.offer(pushed)
        if verdict is Verdict.DELIVER and pushed.event.kept:
            self._newest.append(self._cursor.seen(pushed))
            self._cursor = cursor
        verdicts = {verdict, *(reader.offer(pushed) for reader in tuple(self._readers))}
        if Verdict.GAP in verdicts:
            self._subscription = subscription.missing(self._subscription, now)
        self._want()

    def tell(self, event: SessionEvent) -> None:
        """An event of the script's own, which is not kept: it reaches whoever reads now, after what has come so far."""
        number, wall_s = self._cursor.next_number - 1, self._clock.wall()
        self.event(EventPushed(call_id=self.call_id, number=number, incarnation=self._incarnation, wall_s=wall_s, event=event))

    def audio(self, pushed: AudioPushed) -> None:
        """The agent's audio has come."""
        if pushed.speech_id == BACKGROUND_ID:
            self._offer(self._background, pushed)
            return
        self._playback, fresh = self._playback.play(pushed)
        if fresh is not None:
            self._offer(self._listeners, fresh)

    def audio_cleared(self, cleared: AudioCleared) -> None:
        """Some of the agent's audio is not to be heard."""
        self._playback = self._playback.clear(cleared)
        for inbox in self._listeners:
            inbox.change(partial(_left_of, cleared))
            inbox.put(cleared)

    def end(self, error: LivekitexError) -> None:
        """The system has ended."""
        self._fail(error)
        self._end_members()

    # What the handles do.

    async def read(self, from_number: int) -> AsyncGenerator[EventPushed]:
        """The events from ``from_number`` on; ends after `CallEnded`.

        Raises:
            SessionUnavailableError: the call has ended without it.
            SystemUnavailableError: the system has ended.
        """
        reader = _Reader(EventCursor(max(FIRST_NUMBER, from_number)))
        self._offer_newest(reader)
        with self._joined(self._readers, reader):
            while True:
                try:
                    yield await reader.inbox.get()
                except StopAsyncIteration:
                    return
                if reader.wants_the_rest():
                    self._offer_newest(reader)
                    self._want()

    async def listen(self, *, background: bool = False) -> AsyncGenerator[Played]:
        """The agent's audio from now on, and what of it is recalled, or the sound beside it; ends with the call."""
        listeners = self._background if background else self._listeners
        inbox: Inbox[Played] = Inbox()
        if self._over:
            inbox.end(self._failure)
        with self._joined(listeners, inbox):
            while True:
                try:
                    yield await inbox.get()
                except (StopAsyncIteration, SessionUnavailableError):
                    return

    async def speak(self, pcm: bytes, rate_hz: int) -> None:
        """Add audio of the caller, at most as much as fits; waits for room.

        Raises:
            UsageError: the call's agent does not listen.
            SessionUnavailableError: the call has ended.
            SystemUnavailableError: the system has ended.
            LivekitexError: the session refused earlier audio, which is dropped.
        """
        while (outbox := self._require_outbox()) is None or outbox.full:
            await self._outbox_change()
        self._outbox = audio_outbox.offer(outbox, pcm, rate_hz, self._clock.monotonic())
        self._advance()

    async def drain(self) -> None:
        """Wait until the session has all audio of the caller (raises as `speak`)."""
        if self._outbox is not None:
            self._outbox = audio_outbox.flush(self._outbox)
            self._advance()
        while (outbox := self._require_outbox()) is not None and not outbox.empty:
            await self._outbox_change()

    # Inside.

    def _offer(self, listeners: set[Inbox[Played]], audio: AudioPushed) -> None:
        for inbox in listeners:
            inbox.put(audio)
            if len(inbox) * len(audio.pcm) > MAX_AUDIO_BYTES:
                inbox.drop_oldest()
                self.dropped_audio += 1

    def _offer_newest(self, reader: _Reader) -> None:
        """Give the reader what is kept here, or have the session asked for what is older; once that is gone, say how much it was."""
        missed = self._newest[0].number - reader.cursor.next_number if self._newest else 0
        if self._newest and (missed <= 0 or self._over):
            if missed > 0:
                oldest = self._newest[0]
                reader.offer(replace(oldest, number=oldest.number - 1, event=EventsMissed(count=missed)))
            for pushed in self._newest:
                reader.offer(pushed)
        elif not self._over:
            self._subscription = subscription.missing(self._subscription, self._clock.monotonic())
        if self._over and not reader.left_some:
            reader.inbox.end(self._failure)

    @contextmanager
    def _joined(self, members: set[T], member: T) -> Iterator[None]:
        members.add(member)
        self._want()
        try:
            yield
        finally:
            members.discard(member)
            self._want()

    def _require_outbox(self) -> AudioOutbox | None:
        failure, self._refused = self._refused or self._failure, None
        if failure is not None:
            raise failure
        if not self._listens:
            raise UsageError("this call takes no audio: give its agent a vad and an stt, or use send_text")
        return self._outbox

    async def _outbox_change(self) -> None:
        self._outbox_changed.clear()
        await self._outbox_changed.wait()

    def _want(self) -> None:
        """Tell the subscription what is wanted now."""
        oldest = min([self._cursor.next_number, *(reader.cursor.next_number for reader in self._readers)])
        self._subscription = subscription.wanted(
            self._subscription, oldest, audio=bool(self._listeners or self._background), now=self._clock.monotonic()
        )
        self._advance()

    def _advance(self) -> None:
        if self._failure is not None or self._connection.ended.done():
            self._alarm.cancel()
            return
        now = self._clock.monotonic()
        self._subscription, message = subscription.tick(self._subscription, now)
        if message is not None:
            self._connection.request(self.name, message, timeout_s=ANSWER_S, then=self._hear_subscribed)
        wake_at = [self._subscription.wake_at]
        if self._outbox is not None:
            probe = self._outbox.probing
            self._outbox, batches = audio_outbox.tick(self._outbox, now)
            for batch in batches:
                self._connection.request(self.name, batch, timeout_s=ANSWER_S, then=partial(self._hear_audio, batch, probe))
            wake_at.append(self._outbox.wake_at)
        self._alarm.set(min((when - now for when in wake_at if when is not None), default=None))

    def _hear_subscribed(self, answer: Message | Unanswered) -> None:
        now = self._clock.monotonic()
        match answer:
            case Subscribed():
                self._subscription = subscription.subscribed(self._subscription, answer, now)
                if answer.incarnation == self._incarnation == FIRST_INCARNATION and self._os_pid not in {0, answer.os_pid}:
                    self._begin_anew()
                self._incarnation, self._os_pid = max(self._incarnation, answer.incarnation), answer.os_pid
                self._listens = answer.next_sequence != Subscribed.NO_AUDIO_IN
                if self._listens and (self._outbox is None or self._outbox.empty):
                    self._outbox = audio_outbox.begin(answer.next_sequence)
                self._outbox_changed.set()
            case ErrorReply(retryable=False):
                self._fail(error_of(answer))
                self._end_members()
            case _:
                self._subscription = subscription.unanswered(self._subscription, now)
        self._advance()

    def _begin_anew(self) -> None:
        """Another process is the call's first incarnation.

        Without a journal it knows nothing of the one before, and numbers from the start.
        """
        self.beginnings += 1
        self._cursor = EventCursor()
        self._newest.clear()
        self._playback = Playback()
        for reader in self._readers:
            reader.cursor = EventCursor()
        self._want()

    def _hear_audio(self, batch: StreamAudio, probe: bool, answer: Message | Unanswered) -> None:  # noqa: FBT001 - bound by partial
        if self._outbox is None:
            return
        now = self._clock.monotonic()
        match answer:
            case AudioAccepted(next_sequence=next_sequence):
                self._outbox = audio_outbox.accepted(self._outbox, batch, next_sequence, now, probe=probe)
            case ErrorReply(retryable=False):
                self._refused, self._outbox = error_of(answer), None
                self._subscription = subscription.missing(self._subscription, now)  # its answer tells the number to go on from
            case _:
                self._outbox = audio_outbox.doubted(self._outbox, now)
        self._outbox_changed.set()
        self._advance()

    def _fail(self, error: LivekitexError) -> None:
        self._failure, self._outbox = error, None
        self._outbox_changed.set()
        self._alarm.cancel()

    def _end_members(self) -> None:
        """Nothing comes any more: each reader gets what is kept here, and then the end."""
        self._over = True
        for reader in self._readers:
            if not reader.left_some:
                self._offer_newest(reader)
        for inbox in (*self._listeners, *self._background):
            inbox.end(self._failure)


def _left_of(cleared: AudioCleared, waiting: Played) -> Played | None:
    """What is still to be heard of something that waits."""
    if isinstance(waiting, AudioCleared) or waiting.speech_id != cleared.speech_id:
        return waiting
    pcm = waiting.pcm[: max(0, cleared.position - waiting.position) * BYTES_PER_SAMPLE]
    return replace(waiting, pcm=pcm) if pcm else None

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from livekitex_agent.client import call as call_module
from livekitex_agent.client import subscription
from livekitex_agent.client.audio_outbox import CAPACITY_S
from livekitex_agent.client.call import MAX_AUDIO_BYTES, MAX_EVENTS, Call
from livekitex_agent.client.connection import Connection
from livekitex_agent.client.event_cursor import FIRST_NUMBER
from livekitex_agent.gateway.frames import EventsLost, Request
from protocols import (
    BACKGROUND_ID,
    AudioAccepted,
    AudioCleared,
    AudioPushed,
    CallEnded,
    ErrorReply,
    EventPushed,
    EventsMissed,
    InvalidAudioError,
    LivekitexError,
    NameChanged,
    PlaybackProgress,
    SessionEvent,
    SessionUnavailableError,
    StateChanged,
    StreamAudio,
    Subscribe,
    Subscribed,
    SystemClock,
    SystemUnavailableError,
    UsageError,
)
from support.fake_launcher import FakeTree, close_connection, open_connection

pytestmark = pytest.mark.asyncio

NAME = "agent_session/c"
SECOND = b"\0\0" * 8_000


def pushed(number: int, event: SessionEvent | None = None, incarnation: int = 1) -> EventPushed:
    """Here events are counted from 0."""
    event = event or StateChanged(old="idle", new="listening")
    return EventPushed(call_id="c", number=FIRST_NUMBER + number, incarnation=incarnation, wall_s=0.0, event=event)


def subscribed(next_number: int = 0, next_sequence: int = 0, os_pid: int = 7) -> Subscribed:
    return Subscribed(next_number=next_number, next_sequence=next_sequence, incarnation=1, os_pid=os_pid)


class Harness:
    connection: Connection
    tree: FakeTree
    call: Call

    def pushed(self, message: Any) -> None:
        match message:
            case NameChanged():
                self.call.name_changed(message)
            case EventPushed():
                self.call.event(message)
            case AudioPushed():
                self.call.audio(message)
            case EventsLost():
                self.call.events_lost()

    async def accept_subscription(self, **fields: int) -> Subscribe:
        request = await self.tree.request(Subscribe)
        self.tree.answer(request, subscribed(**fields))
        assert isinstance(request.message, Subscribe)
        return replace(request.message, from_number=request.message.from_number - FIRST_NUMBER)

    def speak(self, pcm: bytes = SECOND) -> "asyncio.Task[None]":
        return asyncio.create_task(self.call.speak(pcm, 8_000))

    async def audio(self) -> tuple[Request, StreamAudio]:
        request = await self.tree.request(StreamAudio)
        assert isinstance(request.message, StreamAudio)
        return request, request.message


@pytest_asyncio.fixture
async def harness() -> AsyncIterator[Harness]:
    harness = Harness()
    harness.connection, harness.tree = await open_connection(harness.pushed)
    harness.call = Call(harness.connection, SystemClock(), "c")
    yield harness
    await close_connection(harness.connection, harness.tree)
    harness.call.end(SystemUnavailableError("over"))


def read(harness: Harness, from_number: int, count: int) -> "asyncio.Task[list[int]]":
    async def reading() -> list[int]:
        numbers = []
        async for event in harness.call.read(FIRST_NUMBER + from_number):
            numbers.append(event.number - FIRST_NUMBER)
            if len(numbers) == count:
                break
        return numbers

    return asyncio.create_task(reading())


async def test_it_listens_from_the_beginning_and_keeps_what_nobody_has_read_yet(harness: Harness) -> None:
    assert await harness.accept_subscription() == Subscribe(from_number=0, audio=False)
    harness.tree.push(pushed(0))
    harness.tree.push(pushed(1, CallEnded(reason="normal")))
    harness.tree.name_gone(NAME, "normal", final=True)
    assert await read(harness, 0, 1) == [0]
    assert await read(harness, 0, 99) == [0, 1]
    assert await read(harness, 1, 99) == [1]


async def test_what_is_not_kept_reaches_who_reads_and_not_who_comes_later(harness: Harness) -> None:
    reading = read(harness, 0, 4)
    await harness.accept_subscription()
    harness.tree.push(pushed(0))
    for position_ms in (20, 40):
        harness.tree.push(pushed(0, PlaybackProgress(speech_id="s", position_ms=position_ms, text="")))
    harness.tree.push(pushed(2))  # 1 is lost
    harness.tree.push(pushed(2, PlaybackProgress(speech_id="s", position_ms=60, text="")))
    assert await harness.accept_subscription() == Subscribe(from_number=1, audio=False)
    harness.tree.push(pushed(1))
    assert await reading == [0, 0, 0, 1]
    assert await read(harness, 0, 2) == [0, 1]


async def test_progress_that_nobody_reads_takes_no_room_of_events(harness: Harness) -> None:
    await harness.accept_subscription()
    events = harness.call.read(FIRST_NUMBER)
    harness.tree.push(pushed(0))
    assert (await anext(events)).number == FIRST_NUMBER
    for position_ms in range(MAX_EVENTS + 5):
        harness.call.event(pushed(0, PlaybackProgress(speech_id="s", position_ms=position_ms, text="")))
    harness.call.event(pushed(1, CallEnded(reason="normal")))
    got = [event.event async for event in events]
    assert got[-1] == CallEnded(reason="normal")
    assert len(got) <= MAX_EVENTS + 1


async def test_events_come_once_and_in_order_through_a_restart(harness: Harness) -> None:
    reading = read(harness, 0, 5)
    await harness.accept_subscription()
    harness.tree.push(pushed(0))
    harness.tree.push(pushed(1))
    harness.tree.name_gone(NAME)
    harness.tree.name(NAME, 2)
    assert await harness.accept_subscription() == Subscribe(from_number=2, audio=False)
    for number in (1, 2, 3):
        harness.tree.push(pushed(number, incarnation=2))
    harness.tree.push(pushed(4, CallEnded(reason="normal"), incarnation=2))
    assert await reading == [0, 1, 2, 3, 4]


async def test_a_life_that_knows_nothing_of_the_one_before_begins_the_call_anew(harness: Harness) -> None:
    reading = read(harness, 0, 4)
    await harness.accept_subscription()
    harness.tree.push(pushed(0))
    harness.tree.push(pushed(1))
    harness.tree.name_gone(NAME)
    harness.tree.name(NAME, 2)
    request = await harness.tree.request(Subscribe)
    harness.tree.answer(request, subscribed(os_pid=8))
    assert await harness.accept_subscription(os_pid=8) == Subscribe(from_number=0, audio=False)
    harness.tree.push(pushed(0))
    harness.tree.push(pushed(1))
    assert await reading == [0, 1, 0, 1]


async def test_a_missing_event_is_asked_for(harness: Harness) -> None:
    reading = read(harness, 0, 3)
    await harness.accept_subscription()
    harness.tree.push(pushed(0))
    harness.tree.push(pushed(2))
    assert await harness.accept_subscription() == Subscribe(from_number=1, audio=False)
    harness.tree.push(pushed(1))
    harness.tree.push(pushed(2))
    assert await reading == [0, 1, 2]


async def test_events_that_the_gateway_lost_are_asked_for(harness: Harness) -> None:
    reading = read(harness, 0, 1)
    await harness.accept_subscription()
    harness.tree.say(EventsLost(call_id="c"))
    assert await harness.accept_subscription() == Subscribe(from_number=0, audio=False)
    harness.tree.push(pushed(0))
    assert await reading == [0]


async def test_readers_have_each_their_place(harness: Harness) -> None:
    await harness.accept_subscription()
    late, early = read(harness, 2, 1), read(harness, 1, 2)
    for number in range(3):
        harness.tree.push(pushed(number))
    assert await early == [1, 2]
    assert await late == [2]


async def test_events_older_than_what_is_kept_are_asked_for_at_the_session(harness: Harness) -> None:
    await harness.accept_subscription()
    for number in range(MAX_EVENTS + 3):
        harness.call.event(pushed(number))
    assert await read(harness, 3, 2) == [3, 4]
    older = read(harness, 2, 2)
    assert (await harness.accept_subscription()).from_number == 2
    harness.tree.push(pushed(2))
    harness.tree.push(pushed(3))
    assert await older == [2, 3]


@pytest.mark.parametrize("kept", [True, False])
async def test_a_slow_reader_gets_the_rest_when_it_has_room(harness: Harness, kept: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription, "QUIET_S", 1_000.0)  # a slow machine takes a quiet period for the events below
    events = harness.call.read(0)
    first = asyncio.create_task(anext(events))
    await harness.accept_subscription()
    while harness.call._subscription.answered is None:  # noqa: ASYNC110 - an answer that is not there in 2 s is asked for again
        await asyncio.sleep(0)
    last = MAX_EVENTS + (5 if kept else 2 * MAX_EVENTS)
    for number in range(last + 1):
        harness.call.event(pushed(number))
    assert (await first).number == FIRST_NUMBER
    for number in range(1, MAX_EVENTS):
        assert (await anext(events)).number == FIRST_NUMBER + number
    if not kept:
        assert (await harness.accept_subscription()).from_number == MAX_EVENTS
        harness.tree.push(pushed(MAX_EVENTS))
    assert (await anext(events)).number == FIRST_NUMBER + MAX_EVENTS
    await events.aclose()


async def test_each_reader_is_told_how_much_he_missed_himself(harness: Harness) -> None:
    """They share one subscription, from the oldest event that any of them wants."""
    await harness.accept_subscription()
    for number in range(3):
        harness.call.event(pushed(number))

    async def missed(from_number: int) -> int:
        async for event in harness.call.read(FIRST_NUMBER + from_number):
            if isinstance(event.event, EventsMissed):
                return event.event.count
        raise AssertionError

    readers = [asyncio.create_task(missed(number)) for number in (0, 2, 60)]
    await asyncio.sleep(0)
    harness.tree.push(pushed(99, EventsMissed(count=97)))
    assert [await reader for reader in readers] == [97, 97, 40]
    assert await missed(50) == 50


async def test_a_call_that_ends_without_its_last_event_is_told(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_module, "LAST_EVENTS_S", 0.0)
    reading = read(harness, 0, 99)
    await harness.accept_subscription()
    harness.tree.name_gone(NAME, "shutdown", final=True)
    with pytest.raises(SessionUnavailableError, match=r"the call c has ended \(shutdown\)"):
        await reading
    with pytest.raises(SessionUnavailableError):
        await read(harness, 0, 1)
    with pytest.raises(SessionUnavailableError):
        await harness.speak()


async def test_who_reads_late_or_slowly_gets_all_that_is_kept_of_a_call_that_is_over(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_module, "LAST_EVENTS_S", 0.0)
    await harness.accept_subscription()
    slow = harness.call.read(FIRST_NUMBER)
    first = asyncio.create_task(anext(slow))
    await asyncio.sleep(0)
    last = 2 * MAX_EVENTS
    for number in range(last):
        harness.call.event(pushed(number))
    harness.call.event(pushed(last, CallEnded(reason="normal")))
    harness.tree.name_gone(NAME, "normal", final=True)
    kept = last - MAX_EVENTS + 1
    late = [event async for event in harness.call.read(FIRST_NUMBER + 5)]
    assert late[0] == pushed(kept - 1, EventsMissed(count=kept - 5))
    assert [event.number for event in late[1:]] == list(range(FIRST_NUMBER + kept, FIRST_NUMBER + last + 1))
    seen = [await first, *[event async for event in slow]]
    assert [event.number for event in seen[:MAX_EVENTS]] == list(range(FIRST_NUMBER, FIRST_NUMBER + MAX_EVENTS))
    assert seen[MAX_EVENTS].event == EventsMissed(count=kept - MAX_EVENTS)
    assert seen[MAX_EVENTS + 1 :] == late[1:]


async def test_a_reader_that_comes_between_the_news_of_the_end_and_the_last_events_gets_them(harness: Harness) -> None:
    await harness.accept_subscription()
    harness.tree.name_gone(NAME, "normal", final=True)
    reading = read(harness, 0, 99)
    harness.tree.push(pushed(0, CallEnded(reason="normal")))
    assert await reading == [0]


async def test_last_events_may_come_after_the_news_of_the_end(harness: Harness) -> None:
    reading = read(harness, 0, 99)
    await harness.accept_subscription()
    harness.tree.name_gone(NAME, "normal", final=True)
    harness.tree.push(pushed(0, CallEnded(reason="normal")))
    assert await reading == [0]


async def test_a_call_that_is_started_again_goes_on(harness: Harness) -> None:
    reading = read(harness, 0, 2)
    await harness.accept_subscription()
    harness.tree.push(pushed(0))
    harness.tree.name_gone(NAME, "killed", final=True)
    harness.tree.name(NAME, 2)
    assert (await harness.accept_subscription()).from_number == 1
    harness.tree.push(pushed(1))
    assert await reading == [0, 1]


async def test_a_refused_subscription_is_raised(harness: Harness) -> None:
    reading = read(harness, 0, 1)
    harness.tree.answer(await harness.tree.request(Subscribe), ErrorReply(error="UsageError", text="no", retryable=False))
    with pytest.raises(LivekitexError, match="no"):
        await reading


async def test_while_nobody_has_the_name_it_is_asked_again(harness: Harness) -> None:
    reading = read(harness, 0, 1)
    harness.tree.leave_unanswered(await harness.tree.request(Subscribe))
    await harness.accept_subscription()
    harness.tree.push(pushed(0))
    assert await reading == [0]


async def test_the_end_of_the_system_is_raised(harness: Harness) -> None:
    reading = read(harness, 0, 1)
    await harness.accept_subscription()
    harness.call.end(SystemUnavailableError("gone"))
    with pytest.raises(SystemUnavailableError, match="gone"):
        await reading


async def test_listening_asks_for_audio_and_ends_with_the_call(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_module, "LAST_EVENTS_S", 0.0)

    async def listening() -> list[int]:
        return [audio.position async for audio in harness.call.listen()]

    listener = asyncio.create_task(listening())
    await harness.accept_subscription()
    assert await harness.accept_subscription() == Subscribe(from_number=0, audio=True)
    for position in (3, 3, 4_003):  # as after a restart
        harness.tree.push(AudioPushed(call_id="c", speech_id="s", position=position, rate_hz=8_000, pcm=SECOND))
    harness.tree.name_gone(NAME, "normal", final=True)
    assert await listener == [3, 8_003]


async def test_a_slow_listener_misses_the_oldest(harness: Harness) -> None:
    audio = harness.call.listen()
    first = asyncio.create_task(anext(audio))
    await harness.accept_subscription()
    await harness.accept_subscription()
    fit = MAX_AUDIO_BYTES // len(SECOND)
    for second in range(fit + 2):
        harness.call.audio(AudioPushed(call_id="c", speech_id="s", position=second * 8_000, rate_hz=8_000, pcm=SECOND))
    assert (await first).position == 2 * 8_000
    assert harness.call.dropped_audio == 2
    await audio.aclose()


async def test_what_is_recalled_and_was_not_read_yet_is_not_heard(harness: Harness) -> None:
    heard = harness.call.listen()
    first = asyncio.create_task(anext(heard))
    await harness.accept_subscription()
    await harness.accept_subscription()
    recall = AudioCleared(call_id="c", speech_id="s", position=12_000, fade_ms=10)
    other = AudioPushed(call_id="c", speech_id="before", position=20_000, rate_hz=8_000, pcm=SECOND)
    harness.call.audio(other)
    for position in (0, 8_000, 16_000):
        harness.call.audio(AudioPushed(call_id="c", speech_id="s", position=position, rate_hz=8_000, pcm=SECOND))
    harness.call.audio_cleared(recall)
    harness.call.audio(AudioPushed(call_id="c", speech_id="s", position=12_000, rate_hz=8_000, pcm=SECOND))
    assert await first == other
    rest = [await anext(heard) for _ in range(4)]
    assert [(piece.position, len(piece.pcm) if isinstance(piece, AudioPushed) else None) for piece in rest] == [
        (0, 16_000),
        (8_000, 8_000),
        (12_000, None),
        (12_000, 16_000),
    ]
    await heard.aclose()


async def test_the_sound_beside_the_speech_is_a_stream_of_its_own(harness: Harness) -> None:
    speech, background = harness.call.listen(), harness.call.listen(background=True)
    first, beside = asyncio.create_task(anext(speech)), asyncio.create_task(anext(background))
    await harness.accept_subscription()
    await harness.accept_subscription()
    for position in (0, 4_000, 8_000):
        harness.call.audio(AudioPushed(call_id="c", speech_id=BACKGROUND_ID, position=position, rate_hz=8_000, pcm=SECOND[:8_000]))
        harness.call.audio(AudioPushed(call_id="c", speech_id="s", position=position, rate_hz=8_000, pcm=SECOND[:8_000]))
    assert [(await first).speech_id, (await anext(speech)).position, (await anext(speech)).position] == ["s", 4_000, 8_000]
    assert [(await beside).speech_id, (await anext(background)).position] == [BACKGROUND_ID, 4_000]
    await speech.aclose()
    await background.aclose()


async def test_audio_is_numbered_on_from_where_the_session_stands(harness: Harness) -> None:
    speaking = harness.speak()
    await harness.accept_subscription(next_sequence=5)
    await speaking
    request, batch = await harness.audio()
    assert (batch.sequence, batch.rate_hz, batch.pcm) == (5, 8_000, SECOND)
    draining = asyncio.create_task(harness.call.drain())
    harness.tree.answer(request, AudioAccepted(next_sequence=6))
    await draining


async def test_a_session_that_counts_anew_is_followed_when_nothing_waits(harness: Harness) -> None:
    await harness.accept_subscription(next_sequence=5)
    harness.tree.name(NAME, 2)
    await harness.accept_subscription(next_sequence=0)
    harness.tree.push(pushed(0))
    await read(harness, 0, 1)  # the answer has come
    await harness.speak()
    assert (await harness.audio())[1].sequence == 0


async def test_a_new_life_is_sent_what_it_lacks(harness: Harness) -> None:
    speaking = harness.speak()
    await harness.accept_subscription()
    await speaking
    await harness.speak()
    await harness.audio()
    await harness.audio()
    harness.tree.name(NAME, 2)
    request, batch = await harness.audio()
    assert batch.sequence == 0
    harness.tree.answer(request, AudioAccepted(next_sequence=1))
    request, batch = await harness.audio()
    assert batch.sequence == 1


async def test_who_speaks_to_an_agent_that_does_not_listen_is_told_so(harness: Harness) -> None:
    waiting = harness.speak()
    await harness.accept_subscription(next_sequence=Subscribed.NO_AUDIO_IN)
    for speaking in (waiting, harness.speak()):
        with pytest.raises(UsageError, match="this call takes no audio: give its agent a vad and an stt, or use send_text"):
            await speaking


async def test_unanswered_audio_is_probed_for(harness: Harness) -> None:
    speaking = harness.speak()
    await harness.accept_subscription()
    await speaking
    request, _ = await harness.audio()
    harness.tree.leave_unanswered(request)
    request, batch = await harness.audio()
    assert batch.sequence == 0
    harness.tree.answer(request, ErrorReply(error="CapacityError", text="later", retryable=True))
    request, batch = await harness.audio()
    assert batch.sequence == 0


async def test_a_full_outbox_makes_the_speaker_wait(harness: Harness) -> None:
    speaking = harness.speak()
    await harness.accept_subscription()
    await speaking
    for _ in range(int(CAPACITY_S) - 1):
        await harness.speak()
    waiting = harness.speak()
    requests = [await harness.audio() for _ in range(int(CAPACITY_S))]
    assert not waiting.done()
    harness.tree.answer(requests[0][0], AudioAccepted(next_sequence=1))
    await waiting
    assert (await harness.audio())[1].sequence == CAPACITY_S


async def test_refused_audio_is_raised_once_and_the_call_goes_on(harness: Harness) -> None:
    speaking = harness.speak()
    await harness.accept_subscription()
    await speaking
    request, _ = await harness.audio()
    harness.tree.answer(request, ErrorReply(error="InvalidAudioError", text="a text call", retryable=False))
    harness.tree.answer(request, AudioAccepted(next_sequence=1))
    with pytest.raises(InvalidAudioError, match="a text call"):
        await harness.call.drain()
    reading = read(harness, 0, 1)
    await harness.accept_subscription(next_sequence=1)
    await harness.speak()
    assert (await harness.audio())[1].sequence == 1
    harness.tree.push(pushed(0))
    assert await reading == [0]


async def test_nothing_to_drain(harness: Harness) -> None:
    await harness.accept_subscription()
    await harness.call.drain()
    assert harness.tree.quiet()

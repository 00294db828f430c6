"""What every realtime model promises (`protocols.RealtimeModel`); used as ``conformance.stt`` is.

How it works. Each check begins a session of its own, and one reader (`_Followed`) takes its events as they come. A check asks for something
and waits for the event that has to follow, never for a time to pass. The reader judges the order of all that comes meanwhile: generations
never overlap and have new ids, what belongs to one comes between its beginning and its end, one that failed has a failure and no other has,
audio has the rate that the capabilities say, and a session does not end in a generation. What breaks that fails the check at its end,
whatever it was about.

Checks that need something of the model (that it finds turns, that it truncates) are left out where its capabilities say that it has not;
where they say that it refuses, the refusal is checked. They come in this order: what it says of itself; answers, one at a time, and
interrupted; the caller's audio, which is committed, cleared, or ends by itself; changes of instructions, tools and conversation; audio of
the wrong rate; the end. A check lasts `RealtimeSubject.timeout_s` at most, and its session is closed also where it fails.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

from livekitex_agent.testing.conformance.suite import TIMEOUT_S, Check, Suite, require, warms_up_and_closes_twice
from protocols import (
    BYTES_PER_SAMPLE,
    SUPPORTED_RATES_HZ,
    AudioChunk,
    ChatContext,
    ChatMessage,
    GenerationAudio,
    GenerationCall,
    GenerationCreated,
    GenerationFinished,
    GenerationRefused,
    GenerationStatus,
    GenerationText,
    InputCleared,
    InputCommitted,
    InputSpeechStarted,
    InputSpeechStopped,
    InputTranscribed,
    InvalidAudioError,
    ProviderError,
    RealtimeCapabilities,
    RealtimeEvent,
    RealtimeFailed,
    RealtimeModel,
    RealtimeSession,
    RealtimeSetup,
    Role,
    label_of,
)

EventT = TypeVar("EventT")
CHUNK_MS: Final = 20
SAID: Final = ChatContext((ChatMessage.of(Role.USER, "Hello."),))


@dataclass(frozen=True, slots=True, kw_only=True)
class RealtimeSubject:
    """A model to check: ``speech`` is a question, PCM16 mono at its rate of input."""

    make: Callable[[], RealtimeModel]
    speech: bytes
    timeout_s: float = TIMEOUT_S


_SUITE: Final = Suite[RealtimeModel, RealtimeSubject]()


class _Followed:
    """A session whose events are kept, and checked to be in order."""

    def __init__(self, model: RealtimeModel, session: RealtimeSession) -> None:
        self._model = model
        self.session = session
        self.events: list[RealtimeEvent] = []
        self._news = asyncio.Condition()
        self._open: str | None = None
        self._known: set[str] = set()
        self.broken = ""

    async def read(self) -> None:
        async for event in self.session:
            self._judge(event)
            self.events.append(event)
            async with self._news:
                self._news.notify_all()
        if self._open is not None:
            self.broken = self.broken or "the session ends in a generation: tell its GenerationFinished before"

    async def wait_for(self, kind: type[EventT], number: int = 1) -> EventT:
        """The ``number``-th event of this kind."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.all(kind)) >= number)
        return self.all(kind)[number - 1]

    def all(self, kind: type[EventT]) -> list[EventT]:
        return [event for event in self.events if isinstance(event, kind)]

    def _judge(self, event: RealtimeEvent) -> None:
        match event:
            case GenerationCreated(generation_id=generation_id):
                if self._open is not None or generation_id in self._known or not generation_id:
                    self.broken = self.broken or f"{event} comes in another generation, or again: they never overlap, and ids are new"
                self._open = generation_id
                self._known.add(generation_id)
            case GenerationText() | GenerationAudio() | GenerationCall() | GenerationFinished():
                if event.generation_id != self._open:
                    name = type(event).__name__
                    self.broken = self.broken or f"{name} belongs to no generation that goes on: give it between its beginning and its end"
                if isinstance(event, GenerationFinished):
                    self._open = None
                    if (event.status is GenerationStatus.FAILED) is not (event.failure is not None):
                        self.broken = self.broken or f"{event}: a generation that failed has a failure, and no other"
                rate_hz = self._model.capabilities.output_rate_hz
                if isinstance(event, GenerationAudio) and event.audio.rate_hz != rate_hz:
                    self.broken = self.broken or f"its audio has {event.audio.rate_hz} Hz, its capabilities {rate_hz}"
            case _:
                pass


@_SUITE.check()
async def says_what_it_is(model: RealtimeModel, _subject: RealtimeSubject) -> None:
    """Label and capabilities are of their kinds."""
    require(model, label_of(model) == model.label, f"its label is {model.label!r}: give it a name")
    capabilities = model.capabilities
    kind = type(capabilities).__name__
    require(model, isinstance(capabilities, RealtimeCapabilities), f"its capabilities are a {kind}: give RealtimeCapabilities")
    rates = (capabilities.input_rate_hz, capabilities.output_rate_hz)
    require(model, set(rates) <= set(SUPPORTED_RATES_HZ), f"its rates are {rates}: take and give some of {SUPPORTED_RATES_HZ}")


@_SUITE.check()
async def answers_what_it_is_asked(model: RealtimeModel, _subject: RealtimeSubject) -> None:
    """A reply that is asked for is a generation that names it, with text or audio, and an end."""
    async with _session(model) as followed:
        followed.session.generate_reply("reply-1", instructions="Say hello.")
        created = await followed.wait_for(GenerationCreated)
        require(model, created.reply_id == "reply-1", f"it answers reply-1 with {created}: name the reply that asked")
        finished = await followed.wait_for(GenerationFinished)
        require(model, finished.status is GenerationStatus.COMPLETED, f"its answer ends as {finished.status}")
        require(model, followed.all(GenerationText) or followed.all(GenerationAudio), "its answer has neither text nor audio")
        heard = bool(followed.all(GenerationAudio))
        require(model, heard or not model.capabilities.audio_output, "it says that it speaks, and its answer has no audio")


@_SUITE.check()
async def refuses_a_second_answer_at_a_time(model: RealtimeModel, _subject: RealtimeSubject) -> None:
    """While an answer goes on another is refused; afterwards it is given."""
    async with _session(model) as followed:
        followed.session.generate_reply("reply-1", instructions="Count to a hundred.")
        await followed.wait_for(GenerationCreated)
        followed.session.generate_reply("reply-2")
        refused = await followed.wait_for(GenerationRefused)
        require(model, refused.reply_id == "reply-2", f"it refuses {refused.reply_id!r} in the place of reply-2")
        followed.session.interrupt()
        await followed.wait_for(GenerationFinished)
        followed.session.generate_reply("reply-3", instructions="Say hello.")
        created = await followed.wait_for(GenerationCreated, 2)
        require(model, created.reply_id == "reply-3", f"it answers reply-3 with {created}")


@_SUITE.check()
async def is_interrupted(model: RealtimeModel, _subject: RealtimeSubject) -> None:
    """An interruption ends the generation as cancelled, once; without a generation nothing happens."""
    async with _session(model) as followed:
        followed.session.interrupt()
        followed.session.generate_reply("reply-1", instructions="Count to a hundred.")
        await followed.wait_for(GenerationCreated)
        followed.session.interrupt()
        followed.session.interrupt()
        finished = await followed.wait_for(GenerationFinished)
        require(model, finished.status is GenerationStatus.CANCELLED, f"a generation that was interrupted ends as {finished.status}")
        followed.session.clear_audio()
        await followed.wait_for(InputCleared)
        ends = len(followed.all(GenerationFinished))
        require(model, ends == 1, f"a generation that was interrupted twice ends {ends} times")


def _takes_turns_from_us(model: RealtimeModel, _subject: RealtimeSubject) -> bool:
    return not model.capabilities.turn_detection or model.capabilities.can_disable_turn_detection


@_SUITE.check(_takes_turns_from_us)
async def takes_the_caller_s_audio(model: RealtimeModel, subject: RealtimeSubject) -> None:
    """Audio that is committed is an item, whose words are told if the capabilities say so; without audio there is a failure."""
    async with _session(model, turn_detection=False) as followed:
        followed.session.commit_audio()
        await followed.wait_for(RealtimeFailed)
        _push(model, followed.session, subject.speech)
        followed.session.commit_audio()
        committed = await followed.wait_for(InputCommitted)
        require(model, committed.item_id, "its item has no id")
        if model.capabilities.user_transcription:
            heard = await followed.wait_for(InputTranscribed)
            require(model, heard.item_id == committed.item_id, f"it tells the words of {heard.item_id!r}, not of {committed.item_id!r}")


@_SUITE.check(_takes_turns_from_us)
async def drops_audio_that_is_cleared(model: RealtimeModel, subject: RealtimeSubject) -> None:
    """What is cleared cannot be committed."""
    async with _session(model, turn_detection=False) as followed:
        _push(model, followed.session, subject.speech)
        followed.session.clear_audio()
        await followed.wait_for(InputCleared)
        followed.session.commit_audio()
        await followed.wait_for(RealtimeFailed)
        require(model, not followed.all(InputCommitted), "it commits audio that was cleared")


@_SUITE.check(lambda model, _: model.capabilities.turn_detection)
async def finds_turns_itself(model: RealtimeModel, subject: RealtimeSubject) -> None:
    """With turn detection speech starts and stops, is an item, and is answered unasked."""
    async with _session(model) as followed:
        silence = bytes(model.capabilities.input_rate_hz * BYTES_PER_SAMPLE)
        _push(model, followed.session, silence + subject.speech + silence * 2)
        started, stopped = await followed.wait_for(InputSpeechStarted), await followed.wait_for(InputSpeechStopped)
        require(model, started.at_ms < stopped.at_ms, f"speech starts at {started.at_ms} and stops at {stopped.at_ms} ms")
        await followed.wait_for(InputCommitted)
        created = await followed.wait_for(GenerationCreated)
        require(model, not created.reply_id, f"it answers unasked, and names {created.reply_id!r}: leave it empty")
        await followed.wait_for(GenerationFinished)


@_SUITE.check(lambda model, _: model.capabilities.turn_detection and not model.capabilities.can_disable_turn_detection)
async def refuses_to_do_without_turn_detection(model: RealtimeModel, _subject: RealtimeSubject) -> None:
    """A session without turn detection is refused by a model that cannot do without."""
    refused = False
    try:
        await model.session(RealtimeSetup(turn_detection=False)).aclose()
    except ProviderError:
        refused = True
    require(model, refused, "it begins a session without turn detection, which it cannot do without: raise ProviderError")


@_SUITE.check()
async def changes_what_it_says_that_it_can(model: RealtimeModel, _subject: RealtimeSubject) -> None:
    """Instructions, tools and conversation are changed, or refused, as the capabilities say."""
    capabilities = model.capabilities
    async with _session(model) as followed:
        session = followed.session
        changes: tuple[tuple[str, bool, Callable[[], Awaitable[None]]], ...] = (
            ("instructions", capabilities.mutable_instructions, lambda: session.update_instructions("Be brief.")),
            ("tools", capabilities.mutable_tools, lambda: session.update_tools(())),
            ("chat context", capabilities.mutable_chat_context, lambda: session.update_chat_context(SAID)),
        )
        for name, mutable, change in changes:
            changed = True
            try:
                await change()
            except ProviderError:
                changed = False
            require(model, changed is mutable, f"its {name} are {'' if changed else 'not '}changed, and its capabilities say otherwise")


@_SUITE.check(lambda model, _: model.capabilities.truncation and model.capabilities.audio_output)
async def forgets_what_was_not_heard(model: RealtimeModel, _subject: RealtimeSubject) -> None:
    """An item is truncated to what was heard of it; one that is not there is a failure."""
    async with _session(model) as followed:
        followed.session.generate_reply("reply-1", instructions="Say hello.")
        await followed.wait_for(GenerationFinished)
        audio = followed.all(GenerationAudio)[0]
        followed.session.truncate(audio.item_id, audio_end_ms=0, text="")
        followed.session.truncate("no-such-item", audio_end_ms=0, text="")
        await followed.wait_for(RealtimeFailed)
        failures = len(followed.all(RealtimeFailed))
        require(model, failures == 1, f"of an item that is there and one that is not it refuses {failures}")


@_SUITE.check()
async def refuses_audio_of_another_rate(model: RealtimeModel, _subject: RealtimeSubject) -> None:
    """Another rate is refused at once."""
    other = next(rate for rate in SUPPORTED_RATES_HZ if rate != model.capabilities.input_rate_hz)
    async with _session(model) as followed:
        refused = False
        try:
            followed.session.push_audio(AudioChunk(pcm=bytes(320), rate_hz=other))
        except InvalidAudioError:
            refused = True
        require(model, refused, f"it takes audio of {other} Hz: raise InvalidAudioError")


@_SUITE.check()
async def ends_when_it_is_closed(model: RealtimeModel, _subject: RealtimeSubject) -> None:
    """Closing a session, twice, ends its generation and then its iteration; afterwards its methods refuse."""
    async with _session(model) as followed:
        followed.session.generate_reply("reply-1", instructions="Count to a hundred.")
        await followed.wait_for(GenerationCreated)
        await followed.session.aclose()
        await followed.session.aclose()
        await followed.wait_for(GenerationFinished)
        refused = False
        try:
            followed.session.generate_reply("reply-2")
        except ProviderError:
            refused = True
        require(model, refused, "a session that is closed takes generate_reply(): raise ProviderError")


@_SUITE.check()
async def warms_up_and_closes_more_than_once(model: RealtimeModel, _subject: RealtimeSubject) -> None:
    """A second prewarm() and a second aclose() do nothing."""
    await warms_up_and_closes_twice(model)


@asynccontextmanager
async def _session(model: RealtimeModel, *, turn_detection: bool = True) -> AsyncIterator[_Followed]:
    """A session that is read; its events are in order, or the check fails."""
    followed = _Followed(model, model.session(RealtimeSetup(instructions="Be brief.", turn_detection=turn_detection)))
    reading = asyncio.ensure_future(followed.read())
    try:
        yield followed
        await followed.session.aclose()
        await reading
        require(model, not followed.broken, followed.broken)
    finally:
        reading.cancel()
        await followed.session.aclose()


def _push(model: RealtimeModel, session: RealtimeSession, pcm: bytes) -> None:
    rate_hz = model.capabilities.input_rate_hz
    size = rate_hz * CHUNK_MS // 1000 * BYTES_PER_SAMPLE
    for at in range(0, len(pcm), size):
        session.push_audio(AudioChunk(pcm=pcm[at : at + size], rate_hz=rate_hz))


CHECKS: Final[tuple[Check[RealtimeModel, RealtimeSubject], ...]] = tuple(_SUITE)
"""The checks, by name: ``str(check)``."""

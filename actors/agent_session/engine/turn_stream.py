"""The caller's turn in a stream of the recogniser: its audio goes there as it comes, and his words come back while he speaks.

A stream serves one turn; where only the recogniser tells when one begins, also the silence before it. It is flushed in each pause that may
end the turn, so that the final transcripts are there, or nearly so, when it is over; a recogniser that finds the end by itself is left to
do so. Whatever it does wrong ends the stream and nothing else: the turn is then recognised anew, from its audio.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from actors.agent_session.engine.bulkhead import Bulkhead
from actors.agent_session.engine.loop import OwnedTask
from actors.agent_session.shared_audio_buffer import SharedAudioBuffer
from actors.media import Resampler
from actors.providers import joined, speech_event_of, stream_of
from protocols import (
    MAX_CHUNK_S,
    SESSION_RATE_HZ,
    STT,
    AudioChunk,
    FinalTranscript,
    InterimTranscript,
    PreflightTranscript,
    ProviderError,
    SpeechEnded,
    SpeechStarted,
    SpeechStream,
    Transcript,
    TranscriptFlushed,
    label_of,
)

FLUSH_TIMEOUT_S: Final = 3.0
"""From the end of what is asked for to its final transcripts; then the stream is given up."""
STREAM_TIMEOUT_S: Final = 60.0
"""For the stream of a turn, which has 25 s of audio at most; then it is given up."""
STANDING_TIMEOUT_S: Final = 86_400.0
"""For a stream that also hears the silence between turns; then it is lost, and another begun."""
MAX_FINALS: Final = 256
"""Final transcripts of a turn; with more its stream is given up."""
CHUNK: Final = int(MAX_CHUNK_S * SESSION_RATE_HZ)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamListener:
    """Who is told, on the event loop, what a stream tells.

    ``heard`` what is understood so far, each time that it changes, ``settled`` that where it will not change any more, and ``expected``
    where it will very likely be all. ``began`` and
    ``ended``: at which sample of the caller's audio there is speech, and where a turn was over. ``lost`` why the stream is over; of one
    that is dropped it is not told.
    """

    heard: Callable[[Transcript], None]
    settled: Callable[[Transcript], None]
    expected: Callable[[Transcript], None]
    began: Callable[[int], None]
    ended: Callable[[int], None]
    lost: Callable[[Exception], None]


class TurnStream:
    """A stream of ``stt`` of the audio in ``memory`` from the sample ``start`` on. All methods are called on the event loop.

    It serves the turn that began at the sample `turn` (None: none has begun yet, and it is ``standing`` in wait for one).
    """

    def __init__(
        self,
        stt: STT,
        memory: SharedAudioBuffer,
        start: int,
        *,
        language: str,
        bulkhead: Bulkhead,
        spawn: Callable[[Coroutine[Any, Any, None]], OwnedTask],
        listener: StreamListener,
        standing: bool = False,
    ) -> None:
        self._stt = stt
        self._memory = memory
        self._language = language
        self._bulkhead = bulkhead
        self._listener = listener
        self._timeout_s = STANDING_TIMEOUT_S if standing else STREAM_TIMEOUT_S
        self._stream: SpeechStream | None = None  # until it is open, and once it is over
        self._resampler = Resampler(SESSION_RATE_HZ, stt.rate_hz)
        self._sent = self._target = self._flushed = start  # samples: of what was pushed, is to be pushed, has been flushed
        self._flush_wanted = False
        self._unanswered = 0  # flushes
        self._finals: list[Transcript] = []
        self._over = False
        self._news = asyncio.Event()
        self._start: Final = start
        self.standing: Final = standing
        self.turn: int | None = start
        self._task = spawn(self._read())

    @property
    def over(self) -> bool:
        """Whether it tells nothing any more."""
        return self._over

    @property
    def position(self) -> int:
        """The sample up to which it was given audio."""
        return self._sent

    @property
    def said(self) -> Transcript:
        """What is final of it."""
        return joined(self._finals)

    def feed(self, position: int) -> None:
        """The turn goes on up to the sample ``position``."""
        self._target = max(self._target, position)
        self._send()

    async def transcript(self, end: int) -> Transcript | None:
        """What was said up to the sample ``end``; None if the stream cannot tell."""
        self._flush_wanted = True
        self.feed(end)
        try:
            async with asyncio.timeout(FLUSH_TIMEOUT_S):
                while not self._over:
                    if self._flushed >= end and not self._unanswered:
                        return self.said
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError as silence:
            self._fail(silence)
        self.drop()
        return None

    def drop(self) -> None:
        """Nothing of the turn is wanted any more."""
        self._end()
        self._task.drop()

    def _send(self) -> None:
        """Push what is to be pushed, if the stream is open."""
        if self._stream is None or self._over:
            return
        try:
            while self._sent < self._target:
                until = min(self._target, self._sent + CHUNK)
                pcm = self._memory.read(self._sent, until)
                if pcm is None:  # overwritten, or not there yet: the turn is recognised, or lost, as a whole
                    self._fail(ProviderError("some of the audio for a stream of the recogniser is gone", retryable=True))
                    return
                self._sent = until
                self._push(self._stream, self._resampler.process(pcm))
            if self._flush_wanted and self._flushed < self._sent:
                self._push(self._stream, self._resampler.flush())
                self._stream.flush()
                self._flushed = self._sent
                self._unanswered += 1
            self._flush_wanted = False
        except Exception as failure:  # noqa: BLE001 - the seam to a provider: it may raise anything
            self._fail(failure)

    def _push(self, stream: SpeechStream, pcm: bytes) -> None:
        if pcm:
            stream.push(AudioChunk(pcm=pcm, rate_hz=self._stt.rate_hz))

    def _end(self) -> None:
        self._over = True
        self._news.set()

    def _fail(self, failure: Exception) -> None:
        if not self._over:
            self._end()
            self._listener.lost(failure)

    async def _read(self) -> None:
        """Take what the stream tells, until it is over."""
        events = self._bulkhead.stream(self._open, silence_s=self._timeout_s, total_s=self._timeout_s)
        try:
            async with aclosing(events) as values:
                async for value in values:
                    self._take(value)
            self._fail(ProviderError(f"{label_of(self._stt)}: its stream has ended: end it after end_input()", retryable=True))
        except Exception as failure:  # noqa: BLE001 - the seam to a provider: the turn is recognised anew, and then it is told
            self._fail(failure)
        finally:
            self._end()

    async def _open(self) -> AsyncGenerator[object, None]:
        stream = self._stt.stream(language=self._language)
        try:
            self._stream = stream
            self._send()
            async for event in stream_of(self._stt, "stream", stream):
                yield event
        finally:
            self._stream = None
            await stream.aclose()

    def _take(self, value: object) -> None:
        match speech_event_of(self._stt, value):
            case InterimTranscript(transcript=transcript):
                self._listener.heard(joined([*self._finals, transcript]))
            case PreflightTranscript(transcript=transcript):
                self._listener.heard(joined([*self._finals, transcript]))
                self._listener.expected(joined([*self._finals, transcript]))
            case FinalTranscript(transcript=transcript):
                self._finals.append(transcript)
                self._listener.settled(self.said)
                if len(self._finals) > MAX_FINALS:
                    self._fail(ProviderError(f"{label_of(self._stt)}: more than {MAX_FINALS} final transcripts of a turn", retryable=True))
            case TranscriptFlushed():
                self._unanswered = max(0, self._unanswered - 1)
                self._news.set()
            case SpeechStarted(at_ms=at_ms):
                self._listener.began(self._sample(at_ms))
            case SpeechEnded(at_ms=at_ms):
                self._listener.ended(self._sample(at_ms))
            case _:
                pass

    def _sample(self, at_ms: int) -> int:
        """The sample of the caller's audio at a time of the stream, which cannot be one that it was not given."""
        return min(self._sent, self._start + at_ms * SESSION_RATE_HZ // 1000)

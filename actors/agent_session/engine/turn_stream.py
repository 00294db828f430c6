"""The caller's turn in a stream of the recogniser: its audio goes there as it comes, and his words come back while he speaks.

A stream serves one turn. It is flushed in each pause that may end the turn, so that the final transcripts are there, or nearly so, when it
is over. Whatever the recogniser does wrong ends the stream and nothing else: the turn is then recognised anew, from its audio.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing, suppress
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
    SpeechStream,
    Transcript,
    TranscriptFlushed,
)

FLUSH_TIMEOUT_S: Final = 3.0
"""From the end of what is asked for to its final transcripts; then the stream is given up."""
STREAM_TIMEOUT_S: Final = 60.0
"""For the stream of a turn, which has 25 s of audio at most; then it is given up."""
MAX_FINALS: Final = 256
"""Final transcripts of a turn; with more its stream is given up."""
CHUNK: Final = int(MAX_CHUNK_S * SESSION_RATE_HZ)


class TurnStream:
    """A stream of ``stt`` for the turn that began at the sample ``start`` of ``memory``. All methods are called on the event loop.

    ``heard`` is told what is understood so far, each time that it changes.
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
        heard: Callable[[Transcript], None],
    ) -> None:
        self._stt = stt
        self._memory = memory
        self._language = language
        self._bulkhead = bulkhead
        self._heard = heard
        self._stream: SpeechStream | None = None  # until it is open, and once it is over
        self._resampler = Resampler(SESSION_RATE_HZ, stt.rate_hz)
        self._sent = self._target = self._flushed = start  # samples: of what was pushed, is to be pushed, has been flushed
        self._flush_wanted = False
        self._unanswered = 0  # flushes
        self._finals: list[Transcript] = []
        self._over = False
        self._news = asyncio.Event()
        self.start: Final = start
        self._task = spawn(self._read())

    def feed(self, position: int) -> None:
        """The turn goes on up to the sample ``position``."""
        self._target = max(self._target, position)
        self._send()

    async def transcript(self, end: int) -> Transcript | None:
        """What was said up to the sample ``end``; None if the stream cannot tell."""
        self._flush_wanted = True
        self.feed(end)
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_TIMEOUT_S):
                while not self._over:
                    if self._flushed >= end and not self._unanswered:
                        return joined(self._finals)
                    self._news.clear()
                    await self._news.wait()
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
                    self._end()
                    return
                self._sent = until
                self._push(self._stream, self._resampler.process(pcm))
            if self._flush_wanted and self._flushed < self._sent:
                self._push(self._stream, self._resampler.flush())
                self._stream.flush()
                self._flushed = self._sent
                self._unanswered += 1
            self._flush_wanted = False
        except Exception:  # noqa: BLE001 - the seam to a provider: it may raise anything
            self._end()

    def _push(self, stream: SpeechStream, pcm: bytes) -> None:
        if pcm:
            stream.push(AudioChunk(pcm=pcm, rate_hz=self._stt.rate_hz))

    def _end(self) -> None:
        self._over = True
        self._news.set()

    async def _read(self) -> None:
        """Take what the stream tells, until it is over."""
        events = self._bulkhead.stream(self._open, silence_s=STREAM_TIMEOUT_S, total_s=STREAM_TIMEOUT_S)
        try:
            with suppress(Exception):  # the turn is recognised anew, and then it is told
                async with aclosing(events) as values:
                    async for value in values:
                        self._take(value)
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
            case InterimTranscript(transcript=transcript) | PreflightTranscript(transcript=transcript):
                self._heard(joined([*self._finals, transcript]))
            case FinalTranscript(transcript=transcript):
                self._finals.append(transcript)
                self._heard(joined(self._finals))
                if len(self._finals) > MAX_FINALS:
                    self._end()
            case TranscriptFlushed():
                self._unanswered = max(0, self._unanswered - 1)
                self._news.set()
            case _:
                pass

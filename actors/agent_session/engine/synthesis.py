"""From text to audio: has the voice say a line, and collects what it gives."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from typing import Any, Final

from actors.agent_session.core.speech import MAX_SENTENCE_S
from actors.agent_session.engine.bulkhead import Bulkhead
from actors.agent_session.engine.failures import failure_of
from actors.agent_session.engine.loop import OwnedTask
from actors.agent_session.engine.part_supervisor import PartSupervisor
from actors.agent_session.engine.speech_line import SpeechLine
from actors.media import Resampler, pace
from actors.providers import audio_of, spoken_words_of, stream_of
from protocols import TTS, ProviderError

CHUNK_TIMEOUT_S: Final = 8.0
"""Silence of the provider after which a sentence has failed."""
SENTENCE_TIMEOUT_S: Final = 120.0
"""For all audio of a sentence; then it has failed."""
MAX_SPARE_S: Final = 10.0


Spawn = Callable[[Coroutine[Any, Any, None]], OwnedTask]


class Synthesis:
    """Has ``tts`` say lines at their rate, behind its ``bulkhead``, under its ``supervisor``.

    ``news`` is called whenever there is more of one.

    Used on the event loop.

    The audio of the sentence ``spare`` (empty: of none) is kept from when the voice first worked, at most `MAX_SPARE_S` of it, and heard
    where the voice does not work any more.
    """

    def __init__(
        self, tts: TTS, bulkhead: Bulkhead, supervisor: PartSupervisor, news: Callable[[], None], *, spare: str, spawn: Spawn
    ) -> None:
        self._tts = tts
        self._bulkhead = bulkhead
        self._supervisor = supervisor
        self._news = news
        self._spare = spare
        self._spare_pcm = b""
        self._spare_task: OwnedTask | None = None
        self._spawn = spawn
        self._failing = False
        self.units_per_s: float | None = None
        """The slowest pace at which the voice has said a sentence; None before the first."""

    async def say(self, line: SpeechLine) -> None:
        """Complete ``line``: with all its audio, or with its failure. What fails before there is any audio is tried again."""
        if self._failing and line.said == self._spare and self._spare_pcm:
            line.add(self._spare_pcm)
        else:
            await self._say(line)
            self._failing = line.failure is not None
            if not self._failing and self._spare and self._spare_task is None:
                self._spare_task = self._spawn(self._make_spare(line.rate_hz))
        line.complete = True
        if line.failure is None and (known := pace(line.said, line.samples / line.rate_hz)) is not None:
            self.units_per_s = min(known, self.units_per_s or known)
        self._news()

    async def _say(self, line: SpeechLine) -> None:
        while line.failure is None:
            self._supervisor.asked()
            try:
                await self._collect(line)
            except Exception as failure:  # noqa: BLE001 - the seam to a provider: it may raise anything
                delay_s = self._supervisor.failed(failure, restart_helps=False if line.pcm else None)
                if delay_s is None:
                    line.failure = failure_of(failure)
                else:
                    await asyncio.sleep(delay_s)
            else:
                self._supervisor.worked()
                return

    async def _make_spare(self, rate_hz: int) -> None:
        line = SpeechLine(index=0, text=self._spare, char=0, until_char=len(self._spare), rate_hz=rate_hz)
        await self._say(line)
        if line.failure is None and line.samples <= MAX_SPARE_S * rate_hz:
            self._spare_pcm = bytes(line.pcm)

    async def _collect(self, line: SpeechLine) -> None:
        stream = self._bulkhead.stream(
            lambda: stream_of(self._tts, "synthesize", self._tts.synthesize(line.said)),
            silence_s=CHUNK_TIMEOUT_S,
            total_s=SENTENCE_TIMEOUT_S,
        )
        resampler = Resampler(self._tts.rate_hz, line.rate_hz)
        async with aclosing(stream) as values:
            async for value in values:
                line.add(resampler.process(audio_of(self._tts, self._tts.rate_hz, value)))
                line.words += spoken_words_of(self._tts, value)
                if line.samples > MAX_SENTENCE_S * line.rate_hz:
                    raise ProviderError(f"the voice gave more than {MAX_SENTENCE_S:g} s for a sentence", retryable=False)
                self._news()
        line.add(resampler.flush())

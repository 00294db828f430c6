"""The agent's voice: sentences become audio, and audio leaves in real time.

The sentence that is heard and the one after it are synthesised ahead; what is handed out is at most `LEAD_MS` ahead of the ear. How far the
reply was heard is marked outside the process every `BATCH_MS`, so that another incarnation goes on there. Nothing is marked that has not
left the process: it would be skipped if the process died.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Final

from actors.agent_session.core import Input, PauseSpeech, ResumeSpeech, SpeakSentence, StopSpeech
from actors.agent_session.core.inputs import SentencePlayed, SentencePlaying, SpeechFailed, SpeechStopped
from actors.agent_session.engine.bulkhead import Bulkhead
from actors.agent_session.engine.failures import failure_of
from actors.agent_session.engine.loop import OwnedTask
from actors.agent_session.engine.provider_values import audio_of, stream_of
from actors.agent_session.shared_audio_buffer import SharedAudioBuffer
from actors.media import Playout
from protocols import BYTES_PER_SAMPLE, TTS, Clock, ProviderError

LEAD_MS: Final = 200
BATCH_MS: Final = 100
CHUNK_TIMEOUT_S: Final = 20.0
"""Silence of the provider after which a sentence has failed."""
SENTENCE_TIMEOUT_S: Final = 120.0
"""For all audio of a sentence; then it has failed."""
ATTEMPTS: Final = 2
MAX_SENTENCE_S: Final = 120.0
"""Longer audio of one sentence is a failure of its provider."""

Push = Callable[[str, int, bytes], None]
"""ToolExecutor out audio: the reply, the position of its first sample, the samples."""


@dataclass(eq=False)
class _Line:
    """A sentence on its way. ``sent`` counts the samples of it that were handed out or skipped, ``start`` is its position in the reply."""

    say: SpeakSentence
    sent: int
    start: int = 0
    pcm: bytearray = field(default_factory=bytearray)
    complete: bool = False
    failure: tuple[str, bool] | None = None
    task: OwnedTask | None = None
    announced: bool = False

    @property
    def samples(self) -> int:
        return len(self.pcm) // BYTES_PER_SAMPLE

    @property
    def ready(self) -> int:
        """The samples that can be handed out."""
        return max(0, self.samples - self.sent)

    @property
    def end(self) -> int:
        return self.start + self.samples

    def take(self, samples: int) -> bytes:
        first, self.sent = self.sent, self.sent + samples
        return bytes(self.pcm[first * BYTES_PER_SAMPLE : self.sent * BYTES_PER_SAMPLE])


class SpeechOutput:
    """Speaks with ``tts``. All methods but `left` are called on the event loop; `run` is the task that does the work."""

    def __init__(
        self,
        tts: TTS,
        memory: SharedAudioBuffer,
        clock: Clock,
        *,
        bulkhead: Bulkhead,
        spawn: Callable[[Coroutine[Any, Any, None]], OwnedTask],
        report: Callable[[Input], None],
        push: Push,
    ) -> None:
        self._tts = tts
        self._memory = memory
        self._clock = clock
        self._bulkhead = bulkhead
        self._spawn = spawn
        self._report = report
        self._push = push
        self._news = asyncio.Event()
        self._open = False
        self._stopped = ""
        self._left = ("", 0)
        self._plan: Playout
        self._begin_speech("")

    @property
    def speaking(self) -> bool:
        """Whether speech is being heard now."""
        return self._open and bool(self._lines) and self._plan.started_at is not None

    def open(self) -> None:
        """Let speech be heard from now on."""
        self._open = True
        self._news.set()

    def say(self, wanted: SpeakSentence) -> None:
        """Speak a sentence after those before it, unless its reply was stopped."""
        if wanted.speech_id == self._stopped:
            return
        if wanted.speech_id != self._speech_id:
            self._begin_speech(wanted.speech_id)
            self._next_start = max(0, wanted.start)
            self._base = self._next_start + wanted.skip
        self._lines.append(_Line(wanted, wanted.skip))
        self._prefetch()

    def pause(self, wanted: PauseSpeech) -> None:
        """Hold the reply: what was handed out already is still heard."""
        if wanted.speech_id == self._speech_id:
            self._held = True
            self._plan = replace(self._plan, dry=True)  # the silence that follows is nothing to be made up for

    def resume(self, wanted: ResumeSpeech) -> None:
        """Go on with the reply where it was held."""
        if wanted.speech_id == self._speech_id:
            self._held = False
            self._news.set()

    def stop(self, wanted: StopSpeech) -> None:
        """Be silent at once, and tell how far the reply was heard."""
        self._stopped = wanted.speech_id
        index, played_s, total_s = 0, 0.0, None
        if wanted.speech_id == self._speech_id:
            index = self._finished
            if self._lines:
                line = self._lines[0]
                index = line.say.index
                played_s = max(0, self._heard() - self._next_start) / self._tts.rate_hz
                total_s = line.samples / self._tts.rate_hz if line.complete else None
        self._drop()
        self._report(SpeechStopped(speech_id=wanted.speech_id, index=index, played_s=played_s, total_s=total_s))

    def left(self, speech_id: str, position: int) -> None:
        """From any thread: audio of the reply up to the sample ``position`` has left the process."""
        self._left = (speech_id, position)

    async def run(self) -> None:
        """Speak, for ever."""
        while True:
            self._news.clear()
            if self._open and self._lines:
                if not self._held:
                    self._hand_out()
                self._tell()
            await self._pause()

    def _begin_speech(self, speech_id: str) -> None:
        self._drop()
        self._speech_id = speech_id
        self._plan = Playout(rate_hz=self._tts.rate_hz, lead_ms=LEAD_MS)
        self._base = 0
        self._next_start = 0  # of the first line
        self._finished = 0
        self._marked = -1
        self._held = False

    def _drop(self) -> None:
        for line in getattr(self, "_lines", ()):
            if line.task is not None:
                line.task.drop()
        self._lines: deque[_Line] = deque()
        self._news.set()

    def _prefetch(self) -> None:
        for line in list(self._lines)[:2]:
            if line.task is None:
                line.task = self._spawn(self._synthesize(line))

    async def _synthesize(self, line: _Line) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await self._collect(line)
            except Exception as failure:  # noqa: BLE001 - the seam to a provider: it may raise anything
                text, retryable = failure_of(failure)
                if retryable and not line.pcm and attempt < ATTEMPTS:
                    continue
                line.failure = text, retryable
            break
        line.complete = True
        self._news.set()

    async def _collect(self, line: _Line) -> None:
        stream = self._bulkhead.stream(
            lambda: stream_of(self._tts, "synthesize", self._tts.synthesize(line.say.text)),
            silence_s=CHUNK_TIMEOUT_S,
            total_s=SENTENCE_TIMEOUT_S,
        )
        async with aclosing(stream) as values:
            async for value in values:
                line.pcm += audio_of(self._tts, self._tts.rate_hz, value)
                if line.samples > MAX_SENTENCE_S * self._tts.rate_hz:
                    raise ProviderError(f"the voice gave more than {MAX_SENTENCE_S:g} s for a sentence", retryable=False)
                self._news.set()

    def _hand_out(self) -> None:
        """Push the samples that are due."""
        flowing = self._flowing()
        if not flowing:
            return
        first = flowing[0]
        if self._plan.started_at is None and first.complete and first.sent > first.samples:  # another voice than in the incarnation before
            self._base, first.sent = first.end, first.samples
        last = flowing[-1].complete
        samples, plan = self._plan.due(sum(line.ready for line in flowing), self._clock.monotonic(), last=last)
        position, self._plan = self._base + self._plan.sent_samples, plan
        pcm = b""
        for line in flowing:
            pcm += line.take(min(line.ready, samples - len(pcm) // BYTES_PER_SAMPLE))
        if pcm:
            self._push(self._speech_id, position, pcm)

    def _flowing(self) -> list[_Line]:
        """The sentences up to the first whose audio is not complete; each begins where the one before ends."""
        flowing: list[_Line] = []
        for line in self._lines:
            line.start = flowing[-1].end if flowing else self._next_start
            flowing.append(line)
            if not line.complete or line.failure:
                break
        return flowing

    def _tell(self) -> None:
        """Mark how far the reply was heard; tell which sentences were begun and ended."""
        heard = self._heard()
        while self._lines:
            line = self._lines[0]
            begun = line.sent > 0 if line.samples else line.complete
            if begun and not line.announced and not line.failure:
                line.announced = True
                self._report(SentencePlaying(speech_id=self._speech_id, index=line.say.index, position=line.start))
            if not line.complete or line.ready or heard < line.end:
                break
            self._lines.popleft()
            if line.failure:
                self._fail(line, line.failure)
                break
            self._finished, self._next_start = line.say.index + 1, line.end
            if self._lines:
                self._lines[0].start = line.end
            self._report(SentencePlayed(speech_id=self._speech_id, index=line.say.index))
            self._prefetch()
        speech_id, position = self._left
        if speech_id == self._speech_id and self._marked != (mark := min(heard, position)):
            self._marked = mark
            self._memory.mark(self._speech_id, mark)

    def _fail(self, line: _Line, failure: tuple[str, bool]) -> None:
        self._stopped = self._speech_id
        self._drop()
        self._report(SpeechFailed(speech_id=self._speech_id, index=line.say.index, text=failure[0], retryable=failure[1]))

    def _heard(self) -> int:
        """The position in the reply up to which it was heard."""
        return self._base + self._plan.played(self._clock.monotonic())

    async def _pause(self) -> None:
        """Until there is something to do: news, a batch that is due, or the end of the sentence that is heard."""
        try:
            async with asyncio.timeout(self._due_in()):
                await self._news.wait()
        except TimeoutError:
            pass

    def _due_in(self) -> float | None:
        if not self._open or not self._lines or self._plan.started_at is None:
            return None
        now = self._clock.monotonic()
        line = self._lines[0]
        due = [now + BATCH_MS / 1000]
        if line.complete and not line.ready:
            due.append(self._plan.started_at + (line.end - self._base) / self._tts.rate_hz)
        flowing = self._flowing()
        ready = sum(waiting.ready for waiting in flowing)
        if not self._held and (ready >= self._plan.frame_samples or (ready and flowing[-1].complete)):
            due.append((self._plan.next_at() or now) + (BATCH_MS - self._plan.frame_ms) / 1000)
        return max(0.0, min(due) - now)

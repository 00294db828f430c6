"""The agent's voice: sentences become audio, and audio leaves in real time.

How it works. The sentence that is heard and the one after it are synthesised ahead. Their audio is kept outside the process before any of
it is handed out, up to the ring's 30 s beyond the ear, with the text that it says, so another incarnation plays it to its end and says what
follows. What is handed out is at most `LEAD_MS` ahead of the ear. How far the reply was heard is marked outside the process every
`BATCH_MS`. Nothing is marked that has not left the process: it would be skipped if the process died.

Speech stops at once: what was handed out and not heard is recalled (``clear``), faded over `FADE_MS`, and handed out again when it goes on,
faded in. Both the core (`pause`, `resume`, `stop`) and the reflex to the caller's voice (`set_loudness`) do so; it is silent while either
wants it to be. Speech that may not be interrupted knows no reflex.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Final

from actors.agent_session.core import Input, PauseSpeech, ResumeSpeech, SpeakSentence, StopSpeech
from actors.agent_session.core.inputs import (
    SentenceMade,
    SentencePlayed,
    SentencePlaying,
    SpeechFailed,
    SpeechHeard,
    SpeechPaused,
    SpeechResumed,
    SpeechStopped,
)
from actors.agent_session.core.speech import AUDIO_LOST, MAX_SENTENCE_S
from actors.agent_session.engine.bulkhead import Bulkhead
from actors.agent_session.engine.loop import OwnedTask
from actors.agent_session.engine.part_supervision import Part
from actors.agent_session.engine.part_supervisor import PartSupervisor
from actors.agent_session.engine.speech_line import SpeechLine, lines_of
from actors.agent_session.engine.synthesis import Synthesis
from actors.agent_session.shared_speech_buffer import SharedSpeechBuffer
from actors.media import DUCKED_GAIN, FADE_MS, Gain, Playout
from actors.turn_taking import Loudness
from protocols import BYTES_PER_SAMPLE, TTS, Clock, StreamSpeech

LEAD_MS: Final = 180
BATCH_MS: Final = 100
PROGRESS_S: Final = 0.25
"""Between two reports of how far a speech was heard."""
DUCK_AHEAD_MS: Final = 20
"""Ducking begins so far beyond what is heard, so that it is there in time."""
"""The difference is how late this may wake before the caller hears a hole."""

STOPPED_KEPT: Final = 64
"""The newest speeches that were stopped: what is still to be said of one may come later, when the journal has it."""

Push = Callable[[str, int, bytes], None]
"""Hand out audio: the reply, the position of its first sample, the samples."""
Clear = Callable[[str, int, int], None]
"""Recall audio: the reply, the position from which on nothing is to be heard, the milliseconds before it over which it fades."""


class SpeechOutput:
    """Speaks with ``tts``, or where that fails the sentence ``spare`` (`Synthesis`), at ``rate_hz`` (0: the voice's own).

    All methods but `left` are called on the event loop; `run` is the task that does the work.
    """

    def __init__(
        self,
        tts: TTS,
        memory: SharedSpeechBuffer,
        clock: Clock,
        *,
        rate_hz: int = 0,
        bulkhead: Bulkhead,
        spawn: Callable[[Coroutine[Any, Any, None]], OwnedTask],
        report: Callable[[Input], None],
        push: Push,
        clear: Clear,
        aec_warmup_s: float = 0.0,
        spare: str = "",
    ) -> None:
        self._rate_hz = rate_hz or tts.rate_hz
        self._memory = memory
        self._clock = clock
        self._spawn = spawn
        self._report = report
        self._push = push
        self._clear = clear
        self._aec_warmup_s = aec_warmup_s
        self._first_sound: float | None = None
        self._news = asyncio.Event()
        self._bulkhead = bulkhead
        self._voice: Synthesis
        self.use(tts, spare=spare)
        self._open = False
        self._stopped: deque[str] = deque(maxlen=STOPPED_KEPT)
        self._left = ("", 0)
        self._lines: deque[SpeechLine] = deque()
        self._held = False
        self._loudness = Loudness.FULL
        self._gain = Gain(rate_hz=self._rate_hz)
        self._begin_speech("")

    @property
    def speaking(self) -> bool:
        """Whether speech is being heard now, or would be if it were not held."""
        return self._open and bool(self._lines) and self._sounded

    @property
    def echo_expected(self) -> bool:
        """Whether the caller's microphone may hear the agent: his echo cancellation is still learning, so soon after it began to speak."""
        since = self._first_sound
        return self.speaking and since is not None and self._clock.monotonic() < since + self._aec_warmup_s

    @property
    def loudness(self) -> Loudness:
        """How loud it speaks."""
        return self._loudness

    def open(self) -> None:
        """Let speech be heard from now on."""
        self._open = True
        self._news.set()

    def use(self, tts: TTS, *, spare: str) -> None:
        """Speak what comes from now on with ``tts``, at the same rate; what was to be said before is said by the voice before."""
        supervisor = PartSupervisor(Part.TTS, self._clock.monotonic, self._report)
        self._voice = Synthesis(tts, self._bulkhead, supervisor, self._more, spare=spare, spawn=self._spawn)

    def say(self, wanted: SpeakSentence) -> None:
        """Speak a sentence after those before it, unless its reply was stopped."""
        if wanted.speech_id in self._stopped:
            return
        if wanted.speech_id != self._speech_id:
            self._begin_speech(wanted.speech_id)
            self._keep_speech(wanted)
        self._interruptible = wanted.allow_interruptions
        self._lines.extend(lines_of(wanted, self._rate_hz, self._memory.read, self._voice))
        self._prefetch()
        self._more()

    def give(self, wanted: StreamSpeech) -> int:
        """Take audio of a sentence that the voice does not say, as far as there is room outside the process: up to where that is kept."""
        line = next((line for line in self._flowing() if line.given), None)
        if wanted.speech_id != self._speech_id or line is None:
            return wanted.position  # it does not speak yet, or no more
        too_long = wanted.position + len(wanted.pcm) // BYTES_PER_SAMPLE > MAX_SENTENCE_S * self._rate_hz
        if too_long or wanted.position > line.end:
            self._fail(line, (f"a speech has at most {MAX_SENTENCE_S} s of audio" if too_long else AUDIO_LOST, False))
            return wanted.position
        fresh = wanted.pcm[(line.end - wanted.position) * BYTES_PER_SAMPLE :]
        taken = fresh[: max(0, self._memory.room - line.samples + line.kept) * BYTES_PER_SAMPLE]
        line.pcm += taken
        line.complete = line.complete or (wanted.last and len(taken) == len(fresh))
        self._more()
        return line.start + line.kept

    def pause(self, wanted: PauseSpeech) -> None:
        """Hold the reply where it is heard."""
        if wanted.speech_id == self._speech_id:
            was_silent, self._held = self._silent, True
            self._tell_silence(before=was_silent)

    def resume(self, wanted: ResumeSpeech) -> None:
        """Go on with the reply where it was held."""
        if wanted.speech_id == self._speech_id:
            was_silent, self._held = self._silent, False
            self._tell_silence(before=was_silent)
            self._news.set()

    def set_loudness(self, loudness: Loudness) -> None:
        """Speak so loud from now on, until another is set; what was handed out and not heard is recalled for it."""
        was_silent, before, self._loudness = self._silent, self._loudness, loudness
        if loudness is before or not self._interruptible:
            return
        self._tell_silence(before=was_silent)
        if loudness is Loudness.DUCKED and not self._silent:
            self._hand_out_again(self._heard() + self._rate_hz * DUCK_AHEAD_MS // 1000)
        self._gain = self._gain.towards(self._level)
        self._news.set()

    def stop(self, wanted: StopSpeech) -> None:
        """Be silent at once, and tell how far the reply was heard."""
        self._stopped.append(wanted.speech_id)
        index, char, position = 0, 0, 0
        if wanted.speech_id == self._speech_id:
            position = self._heard()
            index, char = self._place(position)
            self._fall_silent()
        self._drop()
        self._report(SpeechStopped(speech_id=wanted.speech_id, index=index, char=char, position=position))

    def left(self, speech_id: str, position: int) -> None:
        """From any thread: audio of the reply up to the sample ``position`` has left the process."""
        self._left = (speech_id, position)

    async def run(self) -> None:
        """Speak, for ever."""
        while True:
            self._news.clear()
            if self._open and self._lines:
                if not self._silent:
                    self._hand_out()
                self._tell()
            await self._pause()

    def _begin_speech(self, speech_id: str) -> None:
        self._drop()
        self._speech_id = speech_id
        self._plan = Playout(rate_hz=self._rate_hz, lead_ms=LEAD_MS)
        self._interruptible = True
        self._gain = Gain(rate_hz=self._rate_hz).at(self._level)
        self._base = 0
        self._next_start = 0  # of the first line
        self._finished = 0
        self._announced = -1
        self._sounded = False
        self._told, self._told_at = -1, 0.0
        self._held = False

    def _keep_speech(self, first: SpeakSentence) -> None:
        """Keep the reply that begins with ``first``: what there is of it, or from nothing on."""
        if first.kept is not None:
            self._next_start = first.kept[0]
        else:
            self._next_start = max(0, first.start)
            self._memory.begin(first.speech_id, self._next_start, first.index)
        self._base = self._next_start

    def _drop(self) -> None:
        for line in self._lines:
            if line.task is not None:
                line.task.drop()
        self._lines.clear()
        self._news.set()

    def _prefetch(self) -> None:
        for line in list(self._lines)[:2]:
            if line.task is None and line.voice is not None and not line.complete and not line.given:
                line.asked_s = self._clock.monotonic()
                line.task = self._spawn(line.voice.say(line))

    def _more(self) -> None:
        """There is more audio."""
        for line in self._lines:
            if line.pcm and not line.told:
                line.told = True
                after_s = None if line.asked_s is None else self._clock.monotonic() - line.asked_s
                self._report(SentenceMade(speech_id=self._speech_id, index=line.index, after_s=after_s))
        self._keep()
        self._news.set()

    def _keep(self) -> None:
        """Keep what there is as far as there is room."""
        for line in self._flowing():
            if not line.noted and not self._keep_line(line):
                break

    def _keep_line(self, line: SpeechLine) -> bool:
        """Keep more of a line; tells whether that was its end, so that the next may follow."""
        kept = line.kept + min(line.samples - line.kept, self._memory.room)
        whole = line.complete and line.failure is None and kept == line.samples
        if kept == line.kept and not whole:
            return False
        if whole:
            after = (line.index + 1, 0) if line.last else (line.index, line.until_char)
        else:
            after = (line.index, 0 if line.given else line.rest_begins(kept, line.voice.units_per_s if line.voice else None))
        if self._memory.append(line.index, line.piece(line.kept, kept), after):
            line.kept, line.noted = kept, whole
        return line.noted

    def _hand_out(self) -> None:
        """Push the samples that are due."""
        flowing = self._flowing()
        if not flowing:
            return
        last = flowing[-1].noted or flowing[-1].failure is not None
        samples, plan = self._plan.due(sum(line.ready for line in flowing), self._clock.monotonic(), last=last)
        position, self._plan = self._base + self._plan.sent_samples, plan
        pcm = b""
        for line in flowing:
            pcm += line.take(min(line.ready, samples - len(pcm) // BYTES_PER_SAMPLE))
        if pcm:
            self._sounded = True
            if self._first_sound is None:
                self._first_sound = self._clock.monotonic()
            pcm, self._gain = self._gain.apply(pcm)
            self._push(self._speech_id, position, pcm)

    def _flowing(self) -> list[SpeechLine]:
        """The lines up to the first whose audio is not complete; each begins where the one before ends."""
        flowing: list[SpeechLine] = []
        for line in self._lines:
            line.start = flowing[-1].end if flowing else self._next_start
            flowing.append(line)
            if not line.complete or line.failure:
                break
        return flowing

    def _tell(self) -> None:
        """Mark how far the reply was heard; tell which sentences were begun and ended."""
        heard, now = self._heard(), self._clock.monotonic()
        while self._lines:
            line = self._lines[0]
            begun = line.sent > 0 if line.samples else line.complete
            if begun and self._announced != line.index and not line.failure:
                self._announced = line.index
                self._report(SentencePlaying(speech_id=self._speech_id, index=line.index, position=line.start))
            if not line.complete or line.sent < line.samples or heard < line.end:
                break
            self._lines.popleft()
            if line.failure:
                self._fail(line, line.failure)
                break
            self._next_start = line.end
            if self._lines:
                self._lines[0].start = line.end
            if line.last:
                self._finished = line.index + 1
                self._progress(line.end, now)
                self._report(SentencePlayed(speech_id=self._speech_id, index=line.index))
            self._prefetch()
        speech_id, position = self._left
        if self._lines and self._sounded and now >= self._told_at + PROGRESS_S and heard > self._told:
            self._progress(heard, now)
        if speech_id == self._speech_id:
            mark = min(heard, position)
            self._memory.mark(speech_id, mark, *self._place(mark))
            self._keep()

    def _progress(self, heard: int, now: float) -> None:
        """Report how far the speech was heard."""
        self._told, self._told_at = heard, now
        index, char = self._place(heard)
        self._report(SpeechHeard(speech_id=self._speech_id, position=heard, index=index, char=char))

    def _fail(self, line: SpeechLine, failure: tuple[str, bool]) -> None:
        self._stopped.append(self._speech_id)
        self._drop()
        self._report(SpeechFailed(speech_id=self._speech_id, index=line.index, text=failure[0], retryable=failure[1]))

    @property
    def _silent(self) -> bool:
        """Whether somebody wants it to be silent."""
        return self._held or (self._interruptible and self._loudness is Loudness.PAUSED)

    @property
    def _level(self) -> float:
        """The gain at which it speaks when it does."""
        return DUCKED_GAIN if self._interruptible and self._loudness is Loudness.DUCKED else 1.0

    def _heard(self) -> int:
        """The position in the reply up to which it was heard."""
        return self._base + self._plan.played(self._clock.monotonic())

    def _place(self, heard: int) -> tuple[int, int]:
        """The sentence at a position, and how many characters of it were heard there."""
        if not self._lines:
            return self._finished, 0
        return self._lines[0].index, self._lines[0].heard_char(heard)

    def _tell_silence(self, *, before: bool) -> None:
        """Fall silent if it has to now, and tell of that and of its end where the speech has been heard."""
        if self._silent and not before:
            self._fall_silent()
        if self._silent is not before and self.speaking:
            position = self._heard()
            kind = SpeechPaused if self._silent else SpeechResumed
            self._report(kind(speech_id=self._speech_id, position=position))

    def _fall_silent(self) -> None:
        """Recall what was handed out and is not heard yet, but for a fade."""
        handed, heard = self._base + self._plan.sent_samples, self._heard()
        at = min(handed, heard + self._gain.ramp_samples)
        if handed > heard:
            self._clear(self._speech_id, at, FADE_MS)
            self._gain = self._gain.at(0.0).towards(self._level)
        for line in self._lines:
            line.take_back(at)
        self._base, self._plan = at, self._plan.stopped()

    def _hand_out_again(self, at: int) -> None:
        """Recall what was handed out from the sample ``at`` on, to hand it out in another loudness."""
        if at < self._base + self._plan.sent_samples:
            self._clear(self._speech_id, at, 0)
            for line in self._lines:
                line.take_back(at)
            self._plan = replace(self._plan, sent_samples=at - self._base)

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
        if line.complete and line.sent == line.samples:
            due.append(self._plan.started_at + (line.end - self._base) / self._rate_hz)
        flowing = self._flowing()
        ready = sum(waiting.ready for waiting in flowing)
        if ready >= self._plan.frame_samples or (ready and (flowing[-1].noted or flowing[-1].failure)):
            due.append((self._plan.next_at() or now) + (BATCH_MS - self._plan.frame_ms) / 1000)
        return max(0.0, min(due) - now)

"""From an utterance to its text: asked for when the turn is over, and ahead of it in the pause that may end the turn."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from actors.agent_session.core import Input, Recognize
from actors.agent_session.core.inputs import AudioLost, PreflightTranscript, RecognitionFailed, Recognized
from actors.agent_session.engine.bulkhead import Bulkhead
from actors.agent_session.engine.failures import failure_of
from actors.agent_session.engine.loop import OwnedTask
from actors.agent_session.shared_audio_buffer import SharedAudioBuffer
from actors.media import resample
from actors.providers import answer_of, transcript_of
from protocols import SESSION_RATE_HZ, STT, Transcript

RECOGNITION_TIMEOUT_S: Final = 20.0
ATTEMPTS: Final = 2


@dataclass(eq=False)
class _Ahead:
    """What may be the caller's turn, and its text once that is known."""

    start: int
    end: int
    transcript: Transcript | None = None
    task: OwnedTask = field(init=False)


class SpeechRecognition:
    """Asks ``stt`` behind ``bulkhead`` about audio in ``memory``. All methods are called on the event loop."""

    def __init__(
        self,
        stt: STT,
        memory: SharedAudioBuffer,
        *,
        bulkhead: Bulkhead,
        spawn: Callable[[Coroutine[Any, Any, None]], OwnedTask],
        report: Callable[[Input], None],
    ) -> None:
        self._stt = stt
        self._memory = memory
        self._bulkhead = bulkhead
        self._spawn = spawn
        self._report = report
        self._ahead: _Ahead | None = None

    def begin(self, start: int, end: int) -> None:
        """Recognise what may be the whole turn; replaces what was begun before."""
        if self._ahead is not None:
            if self._ahead.end == end:
                return
            self._ahead.task.drop()
        self._ahead = ahead = _Ahead(start, end)
        ahead.task = self._spawn(self._recognize_ahead(ahead))

    async def recognize(self, wanted: Recognize) -> None:
        """Tell the text of an utterance, or why there is none."""
        ahead = self._ahead
        if ahead is not None and (ahead.start, ahead.end) == (wanted.start, wanted.end):
            await asyncio.wait((ahead.task,))
            if ahead.transcript is not None:
                self._report(_recognized(wanted, ahead.transcript))
                return
        pcm = self._memory.read(wanted.start, wanted.end)
        if pcm is None:
            self._report(AudioLost(token=wanted.token))
            return
        for attempt in range(1, ATTEMPTS + 1):
            try:
                transcript = await self._transcribe(pcm)
            except Exception as failure:  # noqa: BLE001 - the seam to a provider: it may raise anything
                what, retryable = failure_of(failure)
                if retryable and attempt < ATTEMPTS:
                    continue
                self._report(RecognitionFailed(token=wanted.token, text=what, retryable=retryable))
            else:
                self._report(_recognized(wanted, transcript))
            return

    async def _transcribe(self, pcm: bytes) -> Transcript:
        audio = resample(pcm, SESSION_RATE_HZ, self._stt.rate_hz)
        answer = await self._bulkhead.call(lambda: answer_of(self._stt, "recognize", self._stt.recognize(audio)), RECOGNITION_TIMEOUT_S)
        return transcript_of(self._stt, "recognize() gives", answer)

    async def _recognize_ahead(self, ahead: _Ahead) -> None:
        """What goes wrong here is tried again once it is asked for."""
        pcm = self._memory.read(ahead.start, ahead.end)
        if pcm is not None:
            with suppress(Exception):
                ahead.transcript = await self._transcribe(pcm)
                self._report(PreflightTranscript(start=ahead.start, end=ahead.end, text=ahead.transcript.text))


def _recognized(wanted: Recognize, transcript: Transcript) -> Recognized:
    return Recognized(token=wanted.token, text=transcript.text, language=transcript.language, speaker_id=transcript.speaker_id)

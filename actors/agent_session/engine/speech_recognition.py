"""From an utterance to its text: asked for when the turn is over, and ahead of it in the pause that may end the turn.

A recogniser that streams hears the turn while it goes on (`TurnStream`), and what it has understood so far is told. One that does not is
given the whole utterance, and so is one whose stream has failed; one whose streams go on failing is not asked for any more of them.

One that finds the end of a turn (``by_stt``) is not flushed in pauses: what it has told when the turn is over is the turn's text.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

from actors.agent_session.core import Input, Recognize
from actors.agent_session.core.inputs import AudioLost, InterimTranscript, PreflightTranscript, RecognitionFailed, Recognized
from actors.agent_session.engine.bulkhead import Bulkhead
from actors.agent_session.engine.failures import failure_of
from actors.agent_session.engine.loop import OwnedTask
from actors.agent_session.engine.part_supervision import Part
from actors.agent_session.engine.part_supervisor import PartSupervisor
from actors.agent_session.engine.turn_stream import StreamListener, TurnStream
from actors.agent_session.shared_audio_buffer import SharedAudioBuffer
from actors.media import resample
from actors.providers import answer_of, recognize_by_stream, transcript_of
from protocols import SESSION_RATE_HZ, STT, Transcript

RECOGNITION_TIMEOUT_S: Final = 20.0
GIVEN_UP_S: Final = 2.4
"""For a stream that stands by and is given up, until it is tried again."""


@dataclass(eq=False)
class _Ahead:
    """What may be the caller's turn, and its text once that is known."""

    start: int
    end: int
    transcript: Transcript | None = None
    task: OwnedTask | None = None


class TurnFinder(Protocol):
    """Who is told where speech begins, by its sample, where a turn was over, and that nothing is told any more, or again."""

    def speech_began(self, sample: int) -> None:
        """There is speech from ``sample`` on."""
        ...

    def turn_ended(self, sample: int) -> None:
        """The turn is over; its speech ended at ``sample``."""
        ...

    def stream_began(self) -> None:
        """A stream listens."""
        ...

    def stream_lost(self, failure: Exception) -> None:
        """It is over."""
        ...


class SpeechRecognition:
    """Asks ``stt`` behind ``bulkhead`` about audio in ``memory``. All methods are called on the event loop.

    ``language`` is the caller's; a recogniser that does not know it is not told. One that finds the ends of turns tells ``finder``.
    ``understood`` is told what is understood of the turn so far, while it goes on. ``now``
    tells the time (monotonic seconds).
    """

    def __init__(
        self,
        stt: STT,
        memory: SharedAudioBuffer,
        *,
        language: str = "",
        bulkhead: Bulkhead,
        spawn: Callable[[Coroutine[Any, Any, None]], OwnedTask],
        now: Callable[[], float],
        report: Callable[[Input], None],
        finder: TurnFinder | None = None,
        understood: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._stt = stt
        self._memory = memory
        self._language = language if stt.capabilities.supports(language) else ""
        self._bulkhead = bulkhead
        self._spawn = spawn
        self._now = now
        self._report = report
        self._supervisor = PartSupervisor(Part.STT, now, report)
        self._streams = PartSupervisor(Part.STT_STREAM, now, report)
        self._streaming = stt.capabilities.streaming
        self._ahead: _Ahead | None = None
        self._turn: TurnStream | None = None
        self._finder = finder
        self._understood = understood
        self._heard_to: int | None = None  # the sample up to which all turns are over
        self._not_before = float("-inf")  # when a standing stream may be begun again

    def follow(self, start: int, position: int) -> None:
        """The turn that began at ``start`` goes on; it was listened to up to ``position``."""
        if not self._streaming:
            return
        if self._turn is None or self._turn.turn != start:
            self.forget()
            self._turn = self._stream(start, turn=start)
        self._turn.feed(position)

    def stand_by(self, position: int, start: int | None) -> None:
        """Audio was listened to up to ``position``, and it is for the recogniser to tell whether a turn begins: it hears all of it.

        ``start`` is where the turn began that goes on; None: none does.
        """
        if self._turn is not None and self._turn.over:
            self.forget()
            self._heard_to = position
        if self._turn is None:
            if not self._streaming or self._now() < self._not_before:
                return
            first = self._heard_to if start is None else start
            self._turn = self._stream(position if first is None else first, turn=start, standing=True)
            if self._finder is not None:
                self._finder.stream_began()
        self._turn.feed(position)

    def take_up(self, start: int) -> None:
        """The turn for which the recogniser stood by began at ``start``."""
        if self._turn is not None and self._turn.turn is None:
            self._turn.turn = start

    def settle(self, start: int, end: int, *, found: bool) -> None:
        """The turn from ``start`` to ``end`` is over; ``found``: by the recogniser, which then has told all of its text."""
        turn, self._heard_to = self._turn, end
        if turn is None or not (found or turn.standing):
            return
        if found and turn.turn == start:
            self._drop_ahead()
            self._ahead = _Ahead(start, end, transcript=turn.said)
        self.forget()  # what follows is another turn's

    def forget(self) -> None:
        """No turn goes on."""
        if self._turn is not None:
            self._turn.drop()
            self._turn = None

    def close(self) -> None:
        """Nothing is asked for any more."""
        self.forget()
        self._drop_ahead()

    def listen(self) -> None:
        """Nothing goes on, and nothing was heard."""
        self.forget()
        self._heard_to, self._not_before = None, float("-inf")

    def begin(self, start: int, end: int) -> None:
        """Recognise what may be the whole turn; replaces what was begun before."""
        if self._ahead is not None and self._ahead.end == end:
            return
        self._drop_ahead()
        self._ahead = ahead = _Ahead(start, end)
        ahead.task = self._spawn(self._recognize_ahead(ahead))

    async def recognize(self, wanted: Recognize) -> None:
        """Tell the text of an utterance, or why there is none."""
        ahead = self._ahead
        if ahead is not None and (ahead.start, ahead.end) == (wanted.start, wanted.end):
            if ahead.task is not None:
                await asyncio.wait((ahead.task,))
            if ahead.transcript is not None:
                self._tell(wanted, ahead.transcript)
                return
        while True:
            try:
                transcript = await self._transcript(wanted.start, wanted.end)
            except Exception as failure:  # noqa: BLE001 - the seam to a provider: it may raise anything
                what, retryable = failure_of(failure)
                delay_s = self._supervisor.failed(failure)
                if delay_s is not None:
                    await asyncio.sleep(delay_s)
                    continue
                self._report(RecognitionFailed(token=wanted.token, text=what, retryable=retryable))
            else:
                if transcript is None:
                    self._report(AudioLost(token=wanted.token))
                else:
                    self._tell(wanted, transcript)
            return

    def _tell(self, wanted: Recognize, heard: Transcript) -> None:
        if self._turn is not None and self._turn.turn == wanted.start:
            self.forget()
        self._report(Recognized(token=wanted.token, text=heard.text, language=heard.language, speaker_id=heard.speaker_id))

    def _hear(self, heard: Transcript, *, settled: bool = False) -> None:
        self._streams.worked()
        if heard.text:
            interim = InterimTranscript(text=heard.text, language=heard.language, speaker_id=heard.speaker_id, settled=settled)
            self._report(interim)
            self._understood(heard.text)

    def _stream(self, first: int, *, turn: int | None, standing: bool = False) -> TurnStream:
        """A stream from the sample ``first`` on."""
        self._streams.asked()
        listener = StreamListener(
            heard=self._hear,
            settled=partial(self._hear, settled=True),
            expected=self._expect,
            began=self._began,
            ended=self._ended,
            lost=self._lost,
        )
        stream = TurnStream(
            self._stt,
            self._memory,
            first,
            language=self._language,
            bulkhead=self._bulkhead,
            spawn=self._spawn,
            listener=listener,
            standing=standing,
        )
        stream.turn = turn
        return stream

    def _drop_ahead(self) -> None:
        if self._ahead is not None and self._ahead.task is not None:
            self._ahead.task.drop()

    def _expect(self, heard: Transcript) -> None:
        """This may be the whole turn: where the recogniser decides it, nobody else says so."""
        turn = self._turn
        if self._finder is not None and turn is not None and turn.turn is not None and heard.text:
            self._report(PreflightTranscript(start=turn.turn, end=turn.position, text=heard.text))

    def _began(self, sample: int) -> None:
        self._streams.worked()
        if self._finder is not None:
            self._finder.speech_began(sample)

    def _ended(self, sample: int) -> None:
        if self._finder is not None and self._turn is not None:
            self._expect(self._turn.said)
            self._finder.turn_ended(sample)

    def _lost(self, failure: Exception) -> None:
        """A turn that goes on is recognised as a whole; another stream is begun with the next, or when a recogniser that stands by may.

        One that goes on failing is asked for no more, unless only the recogniser finds the ends of turns.
        """
        delay_s = self._streams.failed(failure, restart_helps=True)
        self._streaming = delay_s is not None or self._finder is not None
        self._not_before = self._now() + (GIVEN_UP_S if delay_s is None else delay_s)
        if self._finder is not None:
            self._finder.stream_lost(failure)

    async def _transcript(self, start: int, end: int) -> Transcript | None:
        """What was said from ``start`` to ``end``; None if some of that audio is not there."""
        if self._turn is not None and self._turn.turn == start:
            heard = await self._turn.transcript(end)
            if heard is not None:
                return heard
        pcm = self._memory.read(start, end)
        if pcm is None:
            return None
        audio = resample(pcm, SESSION_RATE_HZ, self._stt.rate_hz)
        self._supervisor.asked()
        heard_whole = await self._bulkhead.call(lambda: self._ask(audio), RECOGNITION_TIMEOUT_S)
        transcript = transcript_of(self._stt, "recognize() gives", heard_whole)
        self._supervisor.worked()
        return transcript

    def _ask(self, audio: bytes) -> Awaitable[object]:
        if self._stt.capabilities.streaming:
            return recognize_by_stream(self._stt, audio, language=self._language)
        return answer_of(self._stt, "recognize", self._stt.recognize(audio, language=self._language))

    async def _recognize_ahead(self, ahead: _Ahead) -> None:
        """What goes wrong here is tried again once it is asked for."""
        try:
            ahead.transcript = await self._transcript(ahead.start, ahead.end)
        except Exception as failure:  # noqa: BLE001 - the seam to a provider: it may raise anything
            self._supervisor.failed(failure)
        else:
            if ahead.transcript is not None:
                self._report(PreflightTranscript(start=ahead.start, end=ahead.end, text=ahead.transcript.text))

"""Asks the agent's turn detector whether the caller, who pauses, has said what he wanted to say.

A detector only makes the end of turns better, so nothing waits for it longer than `PREDICTION_TIMEOUT_S`: whatever it does, there is an
answer, and None is one. One that is given up (`part_supervision`), or that holds threads or tasks which never come back, is not asked again
in this incarnation, which goes on without it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from actors.agent_session.engine.bulkhead import Bulkhead
from actors.agent_session.engine.loop import OwnedTask
from actors.agent_session.engine.part_supervisor import PartSupervisor
from actors.agent_session.shared_audio_buffer import SharedAudioBuffer
from actors.providers import answer_of, prediction_of
from protocols import SESSION_RATE_HZ, OpenTurn, TurnDetector, TurnPrediction

PREDICTION_TIMEOUT_S: Final = 1.0
"""From the pause until an answer. Of slow audio it is seldom felt: the least delay runs meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    number: int
    start: int
    end: int


class TurnPredictor:
    """Asks ``detector`` about turns in ``memory``, behind a bulkhead that ``bulkhead`` makes for whoever is to know when it is lost.

    ``language`` is that of the turns (a BCP 47 tag; empty: it is not known). ``answer`` is called once for each number that was wanted,
    unless it is dropped. All methods are called on the event loop.
    """

    def __init__(
        self,
        detector: TurnDetector,
        memory: SharedAudioBuffer,
        *,
        language: str,
        bulkhead: Callable[[Callable[[BaseException], None]], Bulkhead],
        supervisor: PartSupervisor,
        spawn: Callable[[Coroutine[Any, Any, None]], OwnedTask],
        answer: Callable[[int, TurnPrediction | None], None],
    ) -> None:
        self._detector = detector
        self._memory = memory
        self._language = language
        self._bulkhead = bulkhead(self._give_up)
        self._supervisor = supervisor
        self._spawn = spawn
        self._answer = answer
        self._question: _Question | None = None
        self._task: OwnedTask | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._given_up = False

    def want(self, number: int, start: int, end: int) -> None:
        """Ask about the turn from the sample ``start``, whose voice ended at ``end``, as soon as `go_on` allows it."""
        self.drop()
        loop = asyncio.get_running_loop()
        if self._given_up:
            loop.call_soon(self._answer, number, None)
            return
        self._question = _Question(number=number, start=start, end=end)
        self._timer = loop.call_later(PREDICTION_TIMEOUT_S, self._time_out, number)

    def go_on(self) -> None:
        """What is wanted may be asked; it is, once there is as much audio as the detector hears."""
        question = self._question
        if question is None or self._task is not None:
            return
        capabilities = self._detector.capabilities
        end = question.end + int(capabilities.silence_ms * SESSION_RATE_HZ / 1000)
        if self._memory.position < end:
            return
        start = max(question.start, end - int(capabilities.audio_s * SESSION_RATE_HZ))
        self._task = self._spawn(self._predict(question.number, self._memory.read(start, end)))

    def drop(self) -> None:
        """Nothing is wanted any more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.drop()
        self._question = self._task = self._timer = None

    async def _predict(self, number: int, audio: bytes | None) -> None:
        prediction: TurnPrediction | None = None
        if audio is not None:
            self._supervisor.asked()
            turn = OpenTurn(audio=audio, language=self._language)
            try:
                prediction = await self._bulkhead.call(lambda: self._ask(turn), PREDICTION_TIMEOUT_S)
            except Exception as failure:  # noqa: BLE001 - the seam to a provider: it may raise anything
                self._fail(failure)
            else:
                self._supervisor.worked()
        self._settle(number, prediction)

    async def _ask(self, turn: OpenTurn) -> TurnPrediction:
        answer = self._detector.predict(turn, timeout_s=PREDICTION_TIMEOUT_S)
        return prediction_of(self._detector, await answer_of(self._detector, "predict", answer))

    def _time_out(self, number: int) -> None:
        self._task = None  # it is not dropped: its bulkhead counts that it does not answer
        self._settle(number, None)

    def _settle(self, number: int, prediction: TurnPrediction | None) -> None:
        if self._question is not None and self._question.number == number:
            self._question = None
            self._answer(number, prediction)

    def _fail(self, failure: BaseException, *, lost: bool = False) -> None:
        """The pause is over; what is restarted is asked in the next one."""
        if not self._given_up:
            self._given_up = self._supervisor.failed(failure, restart_helps=not lost) is None

    def _give_up(self, why: BaseException) -> None:
        self._fail(why, lost=True)

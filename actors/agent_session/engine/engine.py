"""What the core wants done, brought to the part that does it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from actors.agent_session.blueprint import TurnOptions
from actors.agent_session.core import (
    EndVoice,
    Heed,
    Input,
    Listen,
    OpenMouth,
    PauseSpeech,
    Recognize,
    ResumeSpeech,
    RunTool,
    Settle,
    SpeakSentence,
    StopSpeech,
    StopThinking,
    Think,
)
from actors.agent_session.engine.brain import Brain
from actors.agent_session.engine.bulkhead import PART_THREADS, Bulkhead
from actors.agent_session.engine.circuit_breakers import CircuitBreakers
from actors.agent_session.engine.ears import Ears
from actors.agent_session.engine.hands import TOOL_THREADS, Hands
from actors.agent_session.engine.loop import LoopThread, OwnedTask
from actors.agent_session.engine.mouth import Mouth, Push
from actors.agent_session.shared_audio_buffer import SharedAudioBuffer
from actors.tools import FunctionTool
from protocols import LLM, STT, TTS, Clock, VADModel

Voicing = SpeakSentence | PauseSpeech | ResumeSpeech | StopSpeech | OpenMouth
Work = Listen | Settle | Heed | EndVoice | Recognize | Think | StopThinking | RunTool | Voicing
"""The effects that an engine performs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the providers and tools stand for, as the node's circuit breakers know it. ``tools`` is by the tool's name."""

    llm: str
    stt: str
    tts: str
    tools: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """The providers of a call: ``vad`` and ``stt`` come together or not at all."""

    llm: LLM
    vad: VADModel | None = None
    stt: STT | None = None
    tts: TTS | None = None


class Engine:
    """Makes the parts for ``providers`` on the loop of ``thread``; `perform` and `heard` may be called from any thread.

    ``report`` and ``push`` are called from the loop.
    """

    def __init__(
        self,
        thread: LoopThread,
        providers: Providers,
        tools: Mapping[str, FunctionTool],
        memory: SharedAudioBuffer,
        *,
        call_id: str,
        turns: TurnOptions,
        services: Services,
        breakers: CircuitBreakers,
        clock: Clock,
        report: Callable[[Input], None],
        push: Push,
    ) -> None:
        self._thread = thread

        def bulkhead(part: str, service: str, threads: int = PART_THREADS) -> Bulkhead:
            return Bulkhead(part, thread.crashed, threads=threads, breakers=breakers, service=service)

        self._brain = Brain(providers.llm, [tool.schema for tool in tools.values()], bulkhead("llm", services.llm), report)
        self._hands = Hands(
            tools, call_id, services=services.tools, clock=clock, bulkhead=bulkhead("tools", "", TOOL_THREADS), report=report
        )
        self._ears: Ears | None = None
        self._mouth: Mouth | None = None
        self._thinking: OwnedTask | None = None
        self._recognizing: OwnedTask | None = None
        # The position is read here: audio that comes before the loop is at work is to be heard too.
        self._start = memory.position
        self._has_ears = providers.vad is not None
        bulkheads = bulkhead("stt", services.stt), bulkhead("tts", services.tts)
        thread.call(partial(self._begin, providers, memory, self._start, bulkheads, turns=turns, clock=clock, report=report, push=push))

    @property
    def listened_to(self) -> int | None:
        """The sample of the caller's audio up to which was listened; None for a call without ears."""
        if not self._has_ears:
            return None
        return self._ears.position if self._ears else self._start

    def perform(self, work: Work) -> None:
        """Have ``work`` done; in the order of the calls."""
        self._thread.call(self._perform, work)

    def heard(self) -> None:
        """The caller's memory has new audio."""
        self._thread.call(self._hear)

    def left(self, speech_id: str, position: int) -> None:
        """Audio of the reply ``speech_id`` up to the sample ``position`` has left the process."""
        if self._mouth is not None:
            self._mouth.left(speech_id, position)

    def _begin(
        self,
        providers: Providers,
        memory: SharedAudioBuffer,
        start: int,
        bulkheads: tuple[Bulkhead, Bulkhead],
        *,
        turns: TurnOptions,
        clock: Clock,
        report: Callable[[Input], None],
        push: Push,
    ) -> None:
        if providers.vad is not None and providers.stt is not None:
            self._ears = Ears(
                providers.vad,
                providers.stt,
                memory,
                clock,
                start=start,
                min_speech_ms=turns.min_speech_ms,
                end_silence_ms=turns.end_silence_ms,
                min_interruption_ms=turns.min_interruption_ms,
                bulkhead=bulkheads[0],
                spawn=self._thread.spawn,
                report=report,
            )
        if providers.tts is not None:
            self._mouth = Mouth(providers.tts, memory, clock, bulkhead=bulkheads[1], spawn=self._thread.spawn, report=report, push=push)
            self._thread.spawn(self._mouth.run())

    def _hear(self) -> None:
        if self._ears is not None:
            self._ears.hear()

    def _perform(self, work: Work) -> None:
        match work:
            case Think():
                self._stop_thinking()
                self._thinking = self._thread.spawn(self._brain.think(work))
            case StopThinking():
                self._stop_thinking()
            case RunTool():
                self._thread.spawn(self._hands.run(work))
            case Listen() | Settle() | Heed() | EndVoice() | Recognize():
                self._use_ears(work)
            case SpeakSentence() | PauseSpeech() | ResumeSpeech() | StopSpeech() | OpenMouth():
                self._use_mouth(work)

    def _use_ears(self, work: Listen | Settle | Heed | EndVoice | Recognize) -> None:
        if self._ears is None:
            return
        match work:
            case Listen():
                self._ears.listen(work)
            case Settle():
                self._ears.settle(work)
            case Heed():
                self._ears.heed(work)
            case EndVoice():
                self._ears.end_voice(work)
            case Recognize():
                if self._recognizing is not None:
                    self._recognizing.drop()
                self._recognizing = self._thread.spawn(self._ears.recognize(work))

    def _use_mouth(self, work: Voicing) -> None:
        if self._mouth is None:
            return
        match work:
            case SpeakSentence():
                self._mouth.say(work)
            case PauseSpeech():
                self._mouth.pause(work)
            case ResumeSpeech():
                self._mouth.resume(work)
            case StopSpeech():
                self._mouth.stop(work)
            case OpenMouth():
                self._mouth.open()

    def _stop_thinking(self) -> None:
        if self._thinking is not None:
            self._thinking.drop()
            self._thinking = None

"""What the core wants done, brought to the part that does it.

How it works. The core speaks to the engine in effects (`perform`), the engine to the core in inputs (``report``), and neither waits for the
other. Each effect belongs to one part: hearing to `AudioRecognition` (VAD, turn detector, STT), the model to `Generation`, tools to
`ToolExecutor`, the voice to `SpeechOutput`. All of them live on one event loop in a thread of its own, so they need no locks; what a
provider does stands behind its bulkhead (`bulkhead`), its failures are answered by its supervisor (`part_supervision`), and in front of its
service stands the node's circuit breaker. Two things happen without the core, because they cannot wait for it: the agent becomes softer and
silent when the caller speaks (`_duck`), and what has left the process is noted (`left`). A hand-off replaces model and tools (`use`); the
recognition and the voice are the call's.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from actors.agent_session.background_options import BackgroundOptions, BackgroundSounds
from actors.agent_session.blueprint import TurnOptions
from actors.agent_session.core import (
    EndVoice,
    Heed,
    Input,
    Listen,
    OpenOutput,
    PauseSpeech,
    Recognize,
    ResumeSpeech,
    RunTool,
    Settle,
    SpeakSentence,
    StopSpeech,
    StopThinking,
    Summarise,
    Think,
)
from actors.agent_session.engine.audio_recognition import AudioRecognition
from actors.agent_session.engine.background_player import BackgroundPlayer
from actors.agent_session.engine.bulkhead import PART_THREADS, Bulkhead
from actors.agent_session.engine.caller_turn import CallerTurnOptions
from actors.agent_session.engine.circuit_breakers import CircuitBreakers
from actors.agent_session.engine.generation import Generation
from actors.agent_session.engine.loop import EngineLoop, OwnedTask
from actors.agent_session.engine.speech_output import Clear, Push, SpeechOutput
from actors.agent_session.engine.tool_executor import TOOL_THREADS, ToolExecutor
from actors.agent_session.shared_audio_buffer import SharedAudioBuffer
from actors.agent_session.shared_speech_buffer import SharedSpeechBuffer
from actors.media import BackgroundMixer
from actors.providers.vad import energy
from actors.tools import FunctionTool
from actors.turn_taking import loudness_after
from protocols import BACKGROUND_ID, LLM, STT, TTS, VAD, Clock, Provider, StreamSpeech, TurnDetector, VoiceActivity

PREWARM_TIMEOUT_S: Final = 10.0
"""For a provider to load or connect, beside what the call does already."""
CLOSE_TIMEOUT_S: Final = 0.5
"""For a provider to give back what it holds."""

Voicing = SpeakSentence | PauseSpeech | ResumeSpeech | StopSpeech | OpenOutput
Work = Listen | Settle | Heed | EndVoice | Recognize | Think | Summarise | StopThinking | RunTool | Voicing
"""The effects that an engine performs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the providers and tools stand for, as the node's circuit breakers know it. ``tools`` is by the tool's name."""

    llm: str
    stt: str
    tts: str
    turn_detector: str
    tools: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """The providers of a call: a ``vad`` comes with an ``stt``, which finds turns where it comes alone; a ``turn_detector`` with both.

    ``keeps_apology``: the voice is asked for the apology once it works, in case that it fails later.
    """

    llm: LLM
    vad: VAD | None = None
    stt: STT | None = None
    turn_detector: TurnDetector | None = None
    tts: TTS | None = None
    keeps_apology: bool = True


class Engine:
    """Makes the parts for ``providers`` on the loop of ``thread``; `perform` and `heard` may be called from any thread.

    ``report``, ``push`` and ``clear`` are called from the loop.
    """

    def __init__(
        self,
        thread: EngineLoop,
        providers: Providers,
        tools: Mapping[str, FunctionTool],
        memory: SharedAudioBuffer,
        speech: SharedSpeechBuffer,
        *,
        call_id: str,
        turns: TurnOptions,
        services: Services,
        breakers: CircuitBreakers,
        clock: Clock,
        report: Callable[[Input], None],
        push: Push,
        clear: Clear,
    ) -> None:
        self._thread = thread

        def bulkhead(
            part: str, service: str, threads: int = PART_THREADS, crashed: Callable[[BaseException], None] = thread.crashed
        ) -> Bulkhead:
            return Bulkhead(part, crashed, threads=threads, breakers=breakers, service=service)

        self._llm_bulkhead = bulkhead("llm", services.llm)
        self._generation = Generation(
            providers.llm,
            [tool.schema for tool in tools.values()],
            self._llm_bulkhead,
            clock,
            report,
            retire=lambda llm: thread.spawn(_close(llm)),
        )
        self._tool_executor = ToolExecutor(
            tools, call_id, services=services.tools, clock=clock, bulkhead=bulkhead("tools", "", TOOL_THREADS), report=report
        )
        self._recognition: AudioRecognition | None = None
        self._speech_output: SpeechOutput | None = None
        self._background: BackgroundPlayer | None = None
        self._thinking: OwnedTask | None = None
        self._running = 0
        self._recognizing: OwnedTask | None = None
        # The position is read here: audio that comes before the loop is at work is to be heard too.
        self._start = memory.position
        self._hears = providers.stt is not None
        self._ducking = turns.ducking
        self._rate_hz = None if providers.tts is None else providers.tts.rate_hz

        def begin() -> None:
            if providers.stt is not None:
                self._recognition = AudioRecognition(
                    providers.vad,
                    providers.stt,
                    providers.turn_detector,
                    memory,
                    clock,
                    start=self._start,
                    options=CallerTurnOptions(
                        min_speech_ms=turns.min_speech_ms,
                        min_interruption_ms=turns.min_interruption_ms,
                        endpointing=turns.endpointing,
                        max_turn_ms=round(turns.max_user_turn_s * 1000),
                        max_turn_words=turns.max_user_turn_words,
                    ),
                    language=turns.language,
                    fallback_vad=partial(energy, {}),
                    stt_bulkhead=bulkhead("stt", services.stt),
                    detector_bulkhead=partial(bulkhead, "turn detector", services.turn_detector, PART_THREADS),
                    agent_speaks=lambda: self._speech_output is not None and self._speech_output.speaking,
                    echo_expected=lambda: self._speech_output is not None and self._speech_output.echo_expected,
                    heard_voice=self._duck,
                    spawn=thread.spawn,
                    report=report,
                )
            if providers.tts is not None:
                self._speech_output = SpeechOutput(
                    providers.tts,
                    speech,
                    clock,
                    bulkhead=bulkhead("tts", services.tts),
                    spawn=thread.spawn,
                    report=report,
                    push=push,
                    clear=clear,
                    spare=turns.apology if providers.keeps_apology else "",
                    aec_warmup_s=turns.aec_warmup_s,
                )
                thread.spawn(self._speech_output.run())
                rate_hz = providers.tts.rate_hz
                mixer = BackgroundMixer(rate_hz, **turns.background.sounds(rate_hz))
                self._background = BackgroundPlayer(mixer, rate_hz, clock, working=self._works, push=push)
                thread.spawn(self._background.run())
            for part, service, provider in (
                ("llm", services.llm, providers.llm),
                ("stt", services.stt, providers.stt),
                ("tts", services.tts, providers.tts),
            ):
                if provider is not None and getattr(provider.prewarm, "__func__", None) is not Provider.prewarm:
                    thread.spawn(_warm_up(bulkhead(part, service), provider))
            held = (providers.vad, providers.stt, providers.turn_detector, providers.tts)
            thread.spawn(_close_at_the_end(lambda: (*held, self._generation.llm)))

        thread.call(begin)

    @property
    def listened_to(self) -> int | None:
        """The sample of the caller's audio up to which was listened; None for a call that does not hear."""
        if not self._hears:
            return None
        return self._recognition.position if self._recognition else self._start

    def perform(self, work: Work) -> None:
        """Have ``work`` done; in the order of the calls."""
        self._thread.call(self._perform, work)

    def use(self, llm: LLM, tools: Mapping[str, FunctionTool], services: Services) -> None:
        """Ask this model and run these tools in what is performed from now on. The model before is closed once nothing of it runs."""
        self._thread.call(self._use, llm, tools, services)

    def use_background(self, wanted: BackgroundOptions) -> None:
        """Play this beside the speech from now on. Converts the sounds, which takes some milliseconds for each second of them."""
        if self._rate_hz is not None:
            self._thread.call(self._use_background, wanted.sounds(self._rate_hz))

    def discard(self, llm: LLM) -> None:
        """A model was made and will not be asked: have it give back what it holds."""
        self._thread.call(lambda: self._thread.spawn(_close(llm)))

    def heard(self) -> None:
        """The caller's memory has new audio."""
        self._thread.call(self._hear)

    def give(self, audio: StreamSpeech, taken: Callable[[int], None]) -> None:
        """Have audio of a speech kept and said; ``taken`` is told on the loop up to which sample of it all is kept."""
        self._thread.call(lambda: taken(self._speech_output.give(audio) if self._speech_output is not None else audio.position))

    def left(self, speech_id: str, position: int) -> None:
        """Audio of the reply ``speech_id`` up to the sample ``position`` has left the process."""
        if self._speech_output is not None and speech_id != BACKGROUND_ID:
            self._speech_output.left(speech_id, position)

    def _hear(self) -> None:
        if self._recognition is not None:
            self._recognition.hear()

    def _duck(self, activity: VoiceActivity) -> None:
        """The caller's voice, frame by frame: the reflex to it needs nobody's decision."""
        output = self._speech_output
        if output is not None and not output.echo_expected:
            output.set_loudness(loudness_after(output.loudness, activity, self._ducking))

    def _use(self, llm: LLM, tools: Mapping[str, FunctionTool], services: Services) -> None:
        self._generation.use(llm, [tool.schema for tool in tools.values()])
        self._llm_bulkhead.serve(services.llm)
        self._tool_executor.use(tools, services.tools)

    def _use_background(self, sounds: BackgroundSounds) -> None:
        if self._background is not None:
            self._background.change(**sounds)

    def _perform(self, work: Work) -> None:
        match work:
            case Think():
                self._stop_thinking()
                self._thinking = self._thread.spawn(self._generation.think(work))
            case Summarise():
                self._thread.spawn(self._generation.summarise(work))
            case StopThinking():
                self._stop_thinking()
            case RunTool():
                self._running += 1
                self._thread.spawn(self._tool_executor.run(work)).add_done_callback(self._ran)
            case Listen() | Settle() | Heed() | EndVoice() | Recognize():
                self._use_recognition(work)
            case SpeakSentence() | PauseSpeech() | ResumeSpeech() | StopSpeech() | OpenOutput():
                self._use_speech_output(work)

    def _use_recognition(self, work: Listen | Settle | Heed | EndVoice | Recognize) -> None:
        if self._recognition is None:
            return
        match work:
            case Listen():
                self._recognition.listen(work)
            case Settle():
                self._recognition.settle(work)
            case Heed():
                self._recognition.heed(work)
            case EndVoice():
                self._recognition.end_voice(work)
            case Recognize():
                if self._recognizing is not None:
                    self._recognizing.drop()
                self._recognizing = self._thread.spawn(self._recognition.recognize(work))

    def _use_speech_output(self, work: Voicing) -> None:
        if self._speech_output is None:
            return
        match work:
            case SpeakSentence():
                self._speech_output.say(work)
            case PauseSpeech():
                self._speech_output.pause(work)
            case ResumeSpeech():
                self._speech_output.resume(work)
            case StopSpeech():
                self._speech_output.stop(work)
            case OpenOutput():
                self._speech_output.open()
                if self._background is not None:
                    self._background.open()

    def _ran(self, _task: object) -> None:
        self._running -= 1

    def _works(self) -> bool:
        """Whether the agent works at something and says nothing."""
        thinks = self._thinking is not None and not self._thinking.done()
        return (thinks or self._running > 0) and not (self._speech_output is not None and self._speech_output.speaking)

    def _stop_thinking(self) -> None:
        if self._thinking is not None:
            self._thinking.drop()
            self._thinking = None


async def _warm_up(bulkhead: Bulkhead, provider: LLM | STT | TTS) -> None:
    """Have ``provider`` load or connect in a thread; where that fails its first request tries again, and tells."""
    with suppress(Exception):
        await bulkhead.call(lambda: asyncio.to_thread(provider.prewarm), PREWARM_TIMEOUT_S)


async def _close_at_the_end(held: Callable[[], tuple[VAD | STT | TurnDetector | LLM | TTS | None, ...]]) -> None:
    """Wait until the loop stops, and have the providers that are ``held`` then give back what they hold, all at a time."""
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.gather(*(_close(provider) for provider in held() if provider is not None))


async def _close(provider: VAD | STT | TurnDetector | LLM | TTS) -> None:
    with suppress(Exception):  # nobody needs it any more
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await provider.aclose()

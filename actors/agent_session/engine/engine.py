"""What the core wants done, brought to the part that does it.

How it works. The core speaks to the engine in effects (`perform`), the engine to the core in inputs (``report``), and neither waits for the
other. Each effect belongs to one part: hearing to `AudioRecognition` (VAD, turn detector, STT), the model to `Generation`, tools to
`ToolExecutor`, the voice to `SpeechOutput`. All of them live on one event loop in a thread of its own, so they need no locks; what a
provider does stands behind its bulkhead (`bulkhead`), its failures are answered by its supervisor (`part_supervision`), and in front of its
service stands the node's circuit breaker. Two things happen without the core, because they cannot wait for it: the agent becomes softer and
silent when the caller speaks (`_duck`), and what has left the process is noted (`left`). A hand-off replaces the model, the tools and
whichever other providers the new agent has of its own (`use`): it speaks with its voice from its first sentence on, and hears from the end
of the turn that goes on, which is recognised by those that have heard its beginning.
"""

import asyncio
from collections import deque
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
    Origin,
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
MAX_CLOSED: Final = 64
"""The newest providers that are closed at the end; of the agents of a call with more, those before are left to the end of the process."""

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

    ``keeps_apology``: the voice is asked for the apology once it works, in case that it fails later. ``audio_rate_hz`` is the rate of the
    call's audio where that was settled by another voice (0: it is the voice's own).
    """

    llm: LLM
    vad: VAD | None = None
    stt: STT | None = None
    turn_detector: TurnDetector | None = None
    tts: TTS | None = None
    keeps_apology: bool = True
    audio_rate_hz: int = 0

    @property
    def rate_hz(self) -> int:
        """The rate of what the call's listeners get; 0 without a voice."""
        return 0 if self.tts is None else self.audio_rate_hz or self.tts.rate_hz


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
        self._breakers, self._clock = breakers, clock
        self._report, self._push, self._clear = report, push, clear
        self._memory, self._speech = memory, speech
        self._llm_bulkhead = self._bulkhead("llm", services.llm)
        self._stt_bulkhead = self._bulkhead("stt", services.stt)
        self._tts_bulkhead = self._bulkhead("tts", services.tts)
        self._detector_service = services.turn_detector
        self._generation = Generation(
            providers.llm,
            [tool.schema for tool in tools.values()],
            self._llm_bulkhead,
            clock,
            report,
            retire=lambda llm: thread.spawn(_close(llm)),
        )
        self._tool_executor = ToolExecutor(
            tools, call_id, services=services.tools, clock=clock, bulkhead=self._bulkhead("tools", "", TOOL_THREADS), report=report
        )
        self._providers, self._turns = providers, turns
        self._used: deque[VAD | STT | TurnDetector | TTS] = deque(maxlen=MAX_CLOSED)
        self._recognition: AudioRecognition | None = None
        self._speech_output: SpeechOutput | None = None
        self._background: BackgroundPlayer | None = None
        self._thinking: OwnedTask | None = None
        self._running = 0
        self._recognizing: OwnedTask | None = None
        # The position is read here: audio that comes before the loop is at work is to be heard too.
        self._start = memory.position
        self._hears = providers.stt is not None
        self._rate_hz = providers.rate_hz

        def begin() -> None:
            self._recognition = self._make_recognition(self._start)
            self._give_voice()
            self._warm_up(providers, services)
            self._note(providers)
            thread.spawn(_close_at_the_end(lambda: (*self._used, self._generation.llm)))

        thread.call(begin)

    def _bulkhead(
        self, part: str, service: str, threads: int = PART_THREADS, crashed: Callable[[BaseException], None] | None = None
    ) -> Bulkhead:
        return Bulkhead(part, crashed or self._thread.crashed, threads=threads, breakers=self._breakers, service=service)

    def _make_recognition(self, start: int) -> AudioRecognition | None:
        """What hears with the present providers, from the sample ``start`` on."""
        providers, turns = self._providers, self._turns
        if providers.stt is None:
            return None
        return AudioRecognition(
            providers.vad,
            providers.stt,
            providers.turn_detector,
            self._memory,
            self._clock,
            start=start,
            options=_caller_turn_options(turns),
            language=turns.language,
            fallback_vad=partial(energy, {}),
            stt_bulkhead=self._stt_bulkhead,
            detector_bulkhead=lambda crashed: self._bulkhead("turn detector", self._detector_service, crashed=crashed),
            agent_speaks=lambda: self._speech_output is not None and self._speech_output.speaking,
            echo_expected=lambda: self._speech_output is not None and self._speech_output.echo_expected,
            heard_voice=self._duck,
            spawn=self._thread.spawn,
            report=self._report,
        )

    def _give_voice(self) -> None:
        """Speak with the present voice from the next sentence on."""
        providers, turns = self._providers, self._turns
        if providers.tts is None:
            return
        spare = turns.apology if providers.keeps_apology else ""
        if self._speech_output is not None:
            self._speech_output.use(providers.tts, spare=spare)
            return
        self._speech_output = SpeechOutput(
            providers.tts,
            self._speech,
            self._clock,
            rate_hz=providers.rate_hz,
            bulkhead=self._tts_bulkhead,
            spawn=self._thread.spawn,
            report=self._report,
            push=self._push,
            clear=self._clear,
            spare=spare,
            aec_warmup_s=turns.aec_warmup_s,
        )
        self._thread.spawn(self._speech_output.run())
        rate_hz = providers.rate_hz
        mixer = BackgroundMixer(rate_hz, **turns.background.sounds(rate_hz))
        self._background = BackgroundPlayer(mixer, rate_hz, self._clock, working=self._works, push=self._push)
        self._thread.spawn(self._background.run())

    def _warm_up(self, providers: Providers, services: Services, before: Providers | None = None) -> None:
        """Have those of ``providers`` load or connect that ``before`` has not."""
        for part, service in (("llm", services.llm), ("stt", services.stt), ("tts", services.tts)):
            provider = getattr(providers, part)
            known = before is not None and getattr(before, part) is provider
            if provider is not None and not known and getattr(provider.prewarm, "__func__", None) is not Provider.prewarm:
                self._thread.spawn(_warm_up(self._bulkhead(part, service), provider))

    def _note(self, providers: Providers) -> None:
        """These give back what they hold at the end."""
        for provider in (providers.vad, providers.stt, providers.turn_detector, providers.tts):
            if provider is not None and not any(provider is used for used in self._used):
                self._used.append(provider)

    @property
    def listened_to(self) -> int | None:
        """The sample of the caller's audio up to which was listened; None for a call that does not hear."""
        if not self._hears:
            return None
        recognition = self._recognition
        return recognition.position if recognition else self._start if self._providers.stt is not None else self._memory.position

    def perform(self, work: Work) -> None:
        """Have ``work`` done; in the order of the calls."""
        self._thread.call(self._perform, work)

    def use(self, providers: Providers, tools: Mapping[str, FunctionTool], services: Services, turns: TurnOptions) -> None:
        """Ask this model, speak with this voice and run these tools in what is performed from now on.

        Listen with these from the end of the caller's turn on. A model that was replaced is closed once nothing of it runs, the other
        providers at the end.
        """
        self._hears = self._hears or providers.stt is not None
        self._rate_hz = providers.rate_hz or self._rate_hz
        self._thread.call(self._use, providers, tools, services, turns)

    def use_background(self, wanted: BackgroundOptions) -> None:
        """Play this beside the speech from now on. Converts the sounds, which takes some milliseconds for each second of them."""
        if self._rate_hz:
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
            output.set_loudness(loudness_after(output.loudness, activity, self._turns.ducking))

    def _use(self, providers: Providers, tools: Mapping[str, FunctionTool], services: Services, turns: TurnOptions) -> None:
        before, turns_before = self._providers, self._turns
        self._providers, self._turns = providers, turns
        self._note(providers)
        self._generation.use(providers.llm, [tool.schema for tool in tools.values()])
        self._llm_bulkhead.serve(services.llm)
        self._tool_executor.use(tools, services.tools)
        self._stt_bulkhead.serve(services.stt)
        self._tts_bulkhead.serve(services.tts)
        self._detector_service = services.turn_detector
        self._warm_up(providers, services, before)
        if providers.tts is not before.tts:
            self._give_voice()
        if _hearing(providers, turns) != _hearing(before, turns_before):
            self._hear_otherwise()

    def _hear_otherwise(self) -> None:
        """Listen with the present providers, once the turn that goes on is over and settled."""
        if self._recognition is None:
            self._follow(self._memory.position, listening=True)
        else:
            self._recognition.leave(self._follow)

    def _follow(self, position: int, *, listening: bool) -> None:
        """Listen with the present providers from the sample ``position`` on."""
        self._recognition = self._make_recognition(position)
        if self._recognition is not None and listening:
            self._recognition.listen(Listen(start=position, origin=Origin.SETTLED))

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


def _caller_turn_options(turns: TurnOptions) -> CallerTurnOptions:
    return CallerTurnOptions(
        min_speech_ms=turns.min_speech_ms,
        min_interruption_ms=turns.min_interruption_ms,
        endpointing=turns.endpointing,
        max_turn_ms=round(turns.max_user_turn_s * 1000),
        max_turn_words=turns.max_user_turn_words,
    )


def _hearing(providers: Providers, turns: TurnOptions) -> tuple[object, ...]:
    """What it depends on how is listened: the same if it compares so."""
    heard_with = tuple(map(id, (providers.vad, providers.stt, providers.turn_detector)))
    return (*heard_with, _caller_turn_options(turns), turns.language)


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

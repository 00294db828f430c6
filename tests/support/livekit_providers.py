"""Providers as programs for LiveKit write them: the same classes on the base classes of either package, by nothing but its name."""

import asyncio
import importlib
from types import SimpleNamespace
from typing import Any

import numpy as np

SPOKEN_MS_PER_CHAR = 20


def loud(pcm: bytes) -> bool:
    """Whether there is sound in it."""
    return bool(pcm) and int(np.abs(np.frombuffer(pcm, "<i2").astype(int)).max()) > 1_000


def tone(rate_hz: int, duration_ms: int) -> bytes:
    """A tone."""
    times = np.arange(rate_hz * duration_ms // 1000)
    return (np.sin(times * 2 * np.pi * 440 / rate_hz) * 8_000).astype("<i2").tobytes()


async def work() -> None:
    """Let others have their turns."""
    for _ in range(20):
        await asyncio.sleep(0)


def providers_on(package: str) -> SimpleNamespace:  # noqa: C901 - classes, each with its own
    """The providers, as subclasses of those of ``package`` (``livekitex_agent`` or ``livekit.agents``).

    ``LLM(*answers)`` gives one answer after the other, each a list of texts, calls ``(id, name, arguments)`` and exceptions; the last is
    repeated. ``STT(text)`` understands ``text`` in what is loud, at once; ``StreamingSTT(text)`` in a stream. ``TTS(rate)`` and
    ``StreamingTTS(rate)`` say a tone of 20 ms for each character; ``VAD`` hears speech in what is loud.
    """
    llm, stt, tts, vad, types, utils = (
        importlib.import_module(f"{package}.{name}") for name in ("llm", "stt", "tts", "vad", "types", "utils")
    )
    once = types.APIConnectOptions(max_retry=0)

    class LLM(llm.LLM):  # type: ignore[name-defined,misc]
        def __init__(self, *answers: list[Any], hang: bool = False) -> None:
            super().__init__()
            self.answers = list(answers) or [[]]
            self.hang = hang
            self.asked: list[dict[str, Any]] = []
            self.closed = False

        @property
        def model(self) -> str:
            return "script"

        def chat(self, *, chat_ctx: Any, tools: Any = None, conn_options: Any = once, **options: Any) -> Any:
            self.asked.append({"chat_ctx": chat_ctx, "tools": tools, "conn_options": conn_options, **options})
            stream = LLMStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)
            stream.parts = self.answer_to(chat_ctx, tools, options)
            return stream

        def answer_to(self, chat_ctx: Any, tools: Any, options: Any) -> list[Any]:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

        async def aclose(self) -> None:
            self.closed = True

    class LLMStream(llm.LLMStream):  # type: ignore[name-defined,misc]
        async def _run(self) -> None:
            model = self._llm
            if model.hang:
                await asyncio.Event().wait()
            for part in self.parts:
                if isinstance(part, Exception):
                    raise part
                if isinstance(part, str):
                    delta = llm.ChoiceDelta(role="assistant", content=part)
                else:
                    call_id, name, arguments = part
                    delta = llm.ChoiceDelta(tool_calls=[llm.FunctionToolCall(call_id=call_id, name=name, arguments=arguments)])
                self._event_ch.send_nowait(llm.ChatChunk(id="r", delta=delta))
                await work()
            usage = llm.CompletionUsage(completion_tokens=2, prompt_tokens=3, prompt_cached_tokens=1, total_tokens=5)
            self._event_ch.send_nowait(llm.ChatChunk(id="r", usage=usage))

    def heard(text: str, language: Any = "en") -> Any:
        words = [types.TimedString(word, start_time=at * 0.1, end_time=at * 0.1 + 0.1) for at, word in enumerate(text.split())]
        return stt.SpeechData(language=language, text=text, confidence=0.5, words=words, start_time=0.0, end_time=0.5)

    class STT(stt.STT):  # type: ignore[name-defined,misc]
        def __init__(self, text: str, *, failure: Exception | None = None) -> None:
            super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False, aligned_transcript="word"))
            self.text = text
            self.failure = failure

        async def _recognize_impl(self, buffer: Any, *, language: Any = types.NOT_GIVEN, conn_options: Any) -> Any:
            if self.failure is not None:
                raise self.failure
            await work()
            pcm = utils.merge_frames(buffer).data.tobytes()
            return stt.SpeechEvent(stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=[heard(self.text)] if loud(pcm) else [])

    class StreamingSTT(STT):
        def __init__(self, text: str, *, failure: Exception | None = None) -> None:
            super().__init__(text, failure=failure)
            self._capabilities = stt.STTCapabilities(streaming=True, interim_results=True, aligned_transcript="word")

        def stream(self, *, language: Any = types.NOT_GIVEN, conn_options: Any = once) -> Any:
            return RecognizeStream(stt=self, conn_options=conn_options, sample_rate=16_000)

    class RecognizeStream(stt.RecognizeStream):  # type: ignore[name-defined,misc]
        async def _run(self) -> None:
            sound = False
            seconds = 0.0

            def tell(kind: Any, **fields: Any) -> None:
                self._event_ch.send_nowait(stt.SpeechEvent(kind, **fields))

            def finish() -> None:
                if sound:
                    tell(stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=[heard(self._stt.text)])
                    tell(stt.SpeechEventType.END_OF_SPEECH)
                used = stt.RecognitionUsage(audio_duration=seconds)
                tell(stt.SpeechEventType.RECOGNITION_USAGE, recognition_usage=used)

            async for frame in self._input_ch:
                if self._stt.failure is not None:
                    raise self._stt.failure
                if isinstance(frame, self._FlushSentinel):
                    finish()
                    sound, seconds = False, 0.0
                    continue
                seconds += frame.duration
                if not sound and loud(frame.data.tobytes()):
                    sound = True
                    tell(stt.SpeechEventType.START_OF_SPEECH)
                    tell(stt.SpeechEventType.INTERIM_TRANSCRIPT, alternatives=[heard(self._stt.text.split()[0])])
            if sound:
                finish()

    class TTS(tts.TTS):  # type: ignore[name-defined,misc]
        def __init__(self, rate_hz: int = 24_000, *, failure: Exception | None = None, streaming: bool = False) -> None:
            super().__init__(
                capabilities=tts.TTSCapabilities(streaming=streaming, aligned_transcript=streaming), sample_rate=rate_hz, num_channels=1
            )
            self.failure = failure

        def synthesize(self, text: str, *, conn_options: Any = once) -> Any:
            return ChunkedStream(tts=self, input_text=text, conn_options=conn_options)

    class ChunkedStream(tts.ChunkedStream):  # type: ignore[name-defined,misc]
        async def _run(self, output_emitter: Any) -> None:
            voice = self._tts
            output_emitter.initialize(request_id="r", sample_rate=voice.sample_rate, num_channels=1, mime_type="audio/pcm")
            if voice.failure is not None:
                raise voice.failure
            at = 0.0
            for word in self.input_text.split():
                duration_ms = SPOKEN_MS_PER_CHAR * sum(char.isalnum() for char in word)
                if voice.capabilities.aligned_transcript:
                    output_emitter.push_timed_transcript(types.TimedString(word, start_time=at, end_time=at + duration_ms / 1000))
                output_emitter.push(tone(voice.sample_rate, duration_ms))
                at += duration_ms / 1000
                await work()
            output_emitter.flush()

    class StreamingTTS(TTS):
        def __init__(self, rate_hz: int = 24_000, *, failure: Exception | None = None) -> None:
            super().__init__(rate_hz, failure=failure, streaming=True)

        def stream(self, *, conn_options: Any = once) -> Any:
            return SynthesizeStream(tts=self, conn_options=conn_options)

    class SynthesizeStream(tts.SynthesizeStream):  # type: ignore[name-defined,misc]
        async def _run(self, output_emitter: Any) -> None:
            voice = self._tts
            output_emitter.initialize(request_id="r", sample_rate=voice.sample_rate, num_channels=1, mime_type="audio/pcm", stream=True)
            output_emitter.start_segment(segment_id="s")
            at = 0.0
            async for part in self._input_ch:
                if isinstance(part, self._FlushSentinel):
                    output_emitter.flush()
                    continue
                if voice.failure is not None:
                    raise voice.failure
                self._mark_started()
                duration_ms = SPOKEN_MS_PER_CHAR * sum(char.isalnum() for char in part)
                if duration_ms:
                    word = types.TimedString(part, start_time=at, end_time=at + duration_ms / 1000)
                    output_emitter.push_timed_transcript(word)
                    output_emitter.push(tone(voice.sample_rate, duration_ms))
                    at += duration_ms / 1000
            output_emitter.end_segment()

    class VAD(vad.VAD):  # type: ignore[name-defined,misc]
        def __init__(self) -> None:
            super().__init__(capabilities=vad.VADCapabilities(update_interval=0.02))

        def stream(self) -> Any:
            return VADStream(self)

    class VADStream(vad.VADStream):  # type: ignore[name-defined,misc]
        async def _main_task(self) -> None:
            spoken: list[Any] = []
            silent, at = 0.0, 0.0
            async for frame in self._input_ch:
                if isinstance(frame, self._FlushSentinel):
                    if spoken:
                        self._tell("end_of_speech", at, spoken, silent)
                    spoken, silent = [], 0.0
                    continue
                at += frame.duration
                is_loud = loud(frame.data.tobytes())
                self._tell("inference_done", at, [frame], silent, probability=float(is_loud), speaking=bool(spoken))
                if is_loud and not spoken:
                    spoken = [frame]
                    self._tell("start_of_speech", at, spoken, 0.0, speaking=True)
                elif spoken:
                    spoken.append(frame)
                    silent = 0.0 if is_loud else silent + frame.duration
                    if silent >= 0.2:
                        self._tell("end_of_speech", at, spoken, silent)
                        spoken, silent = [], 0.0

        def _tell(self, kind: str, at: float, frames: list[Any], silent: float, **more: Any) -> None:
            rate = frames[0].sample_rate
            self._event_ch.send_nowait(
                vad.VADEvent(
                    type=vad.VADEventType(kind),
                    samples_index=round(at * rate),
                    timestamp=at,
                    speech_duration=sum(frame.duration for frame in frames),
                    silence_duration=silent,
                    frames=list(frames),
                    **more,
                )
            )

    return SimpleNamespace(
        LLM=LLM,
        STT=STT,
        StreamingSTT=StreamingSTT,
        TTS=TTS,
        StreamingTTS=StreamingTTS,
        VAD=VAD,
        llm=llm,
        stt=stt,
        tts=tts,
        vad=vad,
        types=types,
        utils=utils,
    )

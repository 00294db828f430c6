"""Scripted providers for the programs that are compared: what they answer is a function of what they are given, so a run, a rerun and the
other package's run get the same. They import one package alone, whose name the comparer changes as it does in the programs.

A caller's words travel in his audio: the n-th utterance is heard at the n-th level, whatever process, resampler or pipe lies between.
"""

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents import llm, stt, tts, utils, vad
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN

CALLER_RATE = 16_000  # samples per second of the caller's audio
VOICE_RATE = 24_000
LEVEL = 400  # the n-th utterance has the amplitude n × LEVEL
SECONDS_PER_WORD = 0.03  # of the agent's voice

NOTES: list[Any] = []  # what a program says about itself with `note`
ASKED: list[dict[str, Any]] = []  # each request that a language model got, in order


def ON_ASKED() -> None:  # noqa: N802
    """The driver puts its own here: a language model was asked."""


def note(*what: Any) -> None:
    """Put something that the program has seen into the record: it is compared."""
    NOTES.append(list(what))


# What the caller does.


@dataclass(frozen=True)
class Step:
    """One thing that the caller does; the driver knows how."""

    kind: str
    words: str = ""
    seconds: float = 0.0
    matching: dict[str, Any] = field(default_factory=dict)
    action: Callable[..., Any] | None = None
    wait: bool = True


def text(words: str, *, wait: bool = True) -> Step:
    """Write a line, as into a chat: what is spoken is interrupted. Then wait until all is said, unless told not to."""
    return Step("text", words, wait=wait)


def speech(words: str, seconds: float = 0.2, *, wait: bool = True) -> Step:
    """Speak for so long; the recogniser will have heard these words. Then wait for the turn's end and until all is said."""
    return Step("speech", words, seconds, wait=wait)


def pause(seconds: float) -> Step:
    """Do nothing for so long."""
    return Step("pause", seconds=seconds)


def until(kind: str, **matching: Any) -> Step:
    """Wait for an event of the kind with these attributes that has not been waited for before."""
    return Step("until", kind, matching=matching)


def noted(what: str) -> Step:
    """Wait until the program has noted this."""
    return Step("noted", what)


def do(action: Callable[..., Any]) -> Step:
    """Call (and await) something with the session, as a button of an app would. Then wait until all is said."""
    return Step("do", action=action)


# The language model.


@dataclass(frozen=True)
class Call:
    """A tool call of the model."""

    name: str
    arguments: str


def call(name: str, /, **arguments: Any) -> Call:
    """A tool call of the model with these arguments."""
    return Call(name, json.dumps(arguments))


Line = str | Call | Sequence[str | Call]


class FakeLLM(llm.LLM):
    """Answers the last thing that was said to it (a message, or a tool's output) by what the script has for it."""

    def __init__(self, script: dict[str, Line] | None = None, *, first_token: float = 0.005, between: float = 0.0) -> None:
        super().__init__()
        self.script = script or {}
        self.first_token = first_token
        self.between = between

    @property
    def model(self) -> str:
        return "scripted"

    @property
    def provider(self) -> str:
        return "compat"

    def chat(self, *, chat_ctx, tools=None, conn_options=DEFAULT_API_CONNECT_OPTIONS, tool_choice=NOT_GIVEN, **_: Any) -> llm.LLMStream:  # noqa: ANN001
        return FakeLLMStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options, tool_choice=tool_choice)


class FakeLLMStream(llm.LLMStream):
    def __init__(self, model: FakeLLM, *, tool_choice: Any, **settings: Any) -> None:
        self._scripted = model
        self._tool_choice = tool_choice
        super().__init__(model, **settings)

    async def _run(self) -> None:
        model = self._scripted
        schemas = llm.ToolContext(self._tools).parse_function_tools("openai", strict=True)
        ASKED.append(
            {
                "items": list(self._chat_ctx.items),
                "schemas": json.loads(json.dumps(schemas)),
                "tool_choice": self._tool_choice if isinstance(self._tool_choice, str | dict) else None,
            }
        )
        ON_ASKED()
        asked = _last_said(self._chat_ctx.items)
        line = model.script.get(asked, f"I have no line for {asked!r}.")
        await asyncio.sleep(model.first_token)
        for number, part in enumerate([line] if isinstance(line, str | Call) else line):
            if isinstance(part, Call):
                made = llm.FunctionToolCall(name=part.name, arguments=part.arguments, call_id=f"call_{len(ASKED)}_{number}")
                self._send(tool_calls=[made])
            else:
                for word in re.findall(r"\S+\s*", part):
                    self._send(content=word)
                    await asyncio.sleep(model.between)
        words = sum(len(part.split()) for part in ([line] if isinstance(line, str | Call) else line) if isinstance(part, str))
        usage = llm.CompletionUsage(completion_tokens=words, prompt_tokens=10, total_tokens=10 + words)
        self._event_ch.send_nowait(llm.ChatChunk(id="scripted", usage=usage))

    def _send(self, **delta: Any) -> None:
        self._event_ch.send_nowait(llm.ChatChunk(id="scripted", delta=llm.ChoiceDelta(role="assistant", **delta)))


def _last_said(items: Sequence[Any]) -> str:
    for item in reversed(items):
        if item.type == "function_call_output":
            return str(item.output)
        if item.type == "message":
            return item.text_content or ""
    return ""


# The voice.


class FakeTTS(tts.TTS):
    """Says each word in the same time. Not streaming, it is what a StreamAdapter is for."""

    def __init__(self, *, streaming: bool = True, seconds_per_word: float = SECONDS_PER_WORD) -> None:
        super().__init__(capabilities=tts.TTSCapabilities(streaming=streaming), sample_rate=VOICE_RATE, num_channels=1)
        self.seconds_per_word = seconds_per_word

    @property
    def model(self) -> str:
        return "scripted"

    @property
    def provider(self) -> str:
        return "compat"

    def audio_of(self, words: str) -> bytes:
        return b"\x00\x01" * int(VOICE_RATE * self.seconds_per_word * len(words.split()))

    def synthesize(self, text: str, *, conn_options=DEFAULT_API_CONNECT_OPTIONS) -> tts.ChunkedStream:  # noqa: ANN001
        return FakeChunkedStream(tts=self, input_text=text, conn_options=conn_options)

    def stream(self, *, conn_options=DEFAULT_API_CONNECT_OPTIONS) -> tts.SynthesizeStream:  # noqa: ANN001
        return FakeSynthesizeStream(tts=self, conn_options=conn_options)


class FakeChunkedStream(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(request_id="scripted", sample_rate=VOICE_RATE, num_channels=1, mime_type="audio/pcm")
        output_emitter.push(self._tts.audio_of(self._input_text))
        output_emitter.flush()


class FakeSynthesizeStream(tts.SynthesizeStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(request_id="scripted", sample_rate=VOICE_RATE, num_channels=1, mime_type="audio/pcm", stream=True)
        words = ""
        async for part in self._input_ch:
            if isinstance(part, str):
                words += part
            elif words.strip():
                self._say(output_emitter, words)
                words = ""
        if words.strip():
            self._say(output_emitter, words)

    def _say(self, output_emitter: tts.AudioEmitter, words: str) -> None:
        self._mark_started()
        output_emitter.start_segment(segment_id=utils.shortuuid("segment_"))
        output_emitter.push(self._tts.audio_of(words))
        output_emitter.end_segment()


# What hears.


def level_of(frame: rtc.AudioFrame) -> int:
    """Which utterance is heard in this frame: 0 is silence."""
    samples = np.frombuffer(frame.data, dtype=np.int16)
    return round(float(np.abs(samples).max()) / LEVEL) if len(samples) else 0


def audio_frame(level: int, seconds: float = 0.02) -> rtc.AudioFrame:
    """The caller's audio while he says the utterance of this number."""
    samples = int(CALLER_RATE * seconds)
    return rtc.AudioFrame(np.full(samples, level * LEVEL, dtype=np.int16).tobytes(), CALLER_RATE, 1, samples)


def utterances(caller: Sequence[Step]) -> list[str]:
    """What the caller will have said, in order: the n-th has the level n + 1."""
    return [step.words for step in caller if step.kind == "speech"]


class FakeSTT(stt.STT):
    """Hears what the caller's steps say. Not streaming, it is what a StreamAdapter is for."""

    def __init__(self, caller: Sequence[Step], *, streaming: bool = True) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=streaming, interim_results=streaming))
        self.utterances = utterances(caller)

    @property
    def model(self) -> str:
        return "scripted"

    @property
    def provider(self) -> str:
        return "compat"

    def heard(self, level: int) -> str:
        return self.utterances[level - 1] if 0 < level <= len(self.utterances) else ""

    async def _recognize_impl(self, buffer, **_: Any) -> stt.SpeechEvent:  # noqa: ANN001
        frames = buffer if isinstance(buffer, list) else [buffer]
        return _speech_event(stt.SpeechEventType.FINAL_TRANSCRIPT, self.heard(max(level_of(frame) for frame in frames)))

    def stream(self, *, conn_options=DEFAULT_API_CONNECT_OPTIONS, **_: Any) -> stt.RecognizeStream:  # noqa: ANN001
        return FakeRecognizeStream(stt=self, conn_options=conn_options)


class FakeRecognizeStream(stt.RecognizeStream):
    """An interim transcript with the first word when an utterance begins, the final one when 40 ms of silence have followed."""

    async def _run(self) -> None:
        level, silence = 0, 0.0
        async for frame in self._input_ch:
            if not isinstance(frame, rtc.AudioFrame):
                continue
            heard = level_of(frame)
            if heard and not level:
                self._event_ch.send_nowait(_speech_event(stt.SpeechEventType.INTERIM_TRANSCRIPT, self._stt.heard(heard).split(" ")[0]))
            silence = 0.0 if heard else silence + frame.duration
            level = heard or level
            if level and silence >= 0.04:
                self._event_ch.send_nowait(_speech_event(stt.SpeechEventType.FINAL_TRANSCRIPT, self._stt.heard(level)))
                level = 0


def _speech_event(kind: stt.SpeechEventType, words: str) -> stt.SpeechEvent:
    return stt.SpeechEvent(type=kind, alternatives=[stt.SpeechData(language="en", text=words)])


class FakeVAD(vad.VAD):
    """Speech is what is not silence."""

    MIN_SPEECH = 0.04
    MIN_SILENCE = 0.1

    def __init__(self) -> None:
        super().__init__(capabilities=vad.VADCapabilities(update_interval=0.02))

    @property
    def model(self) -> str:
        return "scripted"

    @property
    def provider(self) -> str:
        return "compat"

    def stream(self) -> vad.VADStream:
        return FakeVADStream(self)


class FakeVADStream(vad.VADStream):
    async def _main_task(self) -> None:
        speaking, speech, silence, position, spoken = False, 0.0, 0.0, 0.0, []
        async for frame in self._input_ch:
            if not isinstance(frame, rtc.AudioFrame):
                continue
            position += frame.duration
            heard = level_of(frame) > 0
            speech, silence = (speech + frame.duration, 0.0) if heard else (speech if speaking else 0.0, silence + frame.duration)
            if heard or speaking:
                spoken.append(frame)

            def tell(kind: vad.VADEventType, frames: list[rtc.AudioFrame], **facts: Any) -> None:
                times = {"samples_index": int(position * CALLER_RATE), "timestamp": position}  # noqa: B023 - called in its own turn
                lasted = {"speech_duration": speech, "silence_duration": silence, "speaking": speaking}  # noqa: B023 - the same
                self._event_ch.send_nowait(vad.VADEvent(type=kind, frames=frames, **times, **lasted, **facts))

            raw = {"raw_accumulated_speech": speech if heard else 0.0, "raw_accumulated_silence": silence}
            tell(vad.VADEventType.INFERENCE_DONE, [frame], probability=1.0 if heard else 0.0, **raw)
            if not speaking and speech >= FakeVAD.MIN_SPEECH:
                speaking = True
                tell(vad.VADEventType.START_OF_SPEECH, list(spoken))
            elif speaking and silence >= FakeVAD.MIN_SILENCE:
                speaking = False
                tell(vad.VADEventType.END_OF_SPEECH, spoken)
                speech, spoken = 0.0, []

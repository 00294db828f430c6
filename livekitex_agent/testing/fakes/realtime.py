"""A realtime model that follows a script, with every edge that a real one has, and no network.

It answers each reply that is asked for, and each turn that it finds, with the next `ScriptedReply`; what the caller says is the next of
``transcripts``. With turn detection it finds speech by the loudness of samples. A test makes what no script foresees by the session's
`FakeRealtimeSession.emit`, `lose_connection` and `fail`.

Nothing takes time but what the script says (`ScriptedReply.delay_s` between its pieces), so it runs in virtual time as well.
"""

import asyncio
import math
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Final, TypeVar

from protocols import (
    BYTES_PER_SAMPLE,
    MAX_BUFFERED_S,
    AudioChunk,
    ChatContext,
    ChatMessage,
    Fault,
    FunctionCall,
    FunctionCallOutput,
    FunctionChoice,
    GenerationAudio,
    GenerationCall,
    GenerationCreated,
    GenerationFinished,
    GenerationRefused,
    GenerationStatus,
    GenerationText,
    InputCleared,
    InputCommitted,
    InputSpeechStarted,
    InputSpeechStopped,
    InputTranscribed,
    InvalidAudioError,
    ProviderError,
    RealtimeCapabilities,
    RealtimeEvent,
    RealtimeFailed,
    RealtimeModel,
    RealtimeSession,
    RealtimeSetup,
    Reconnected,
    Role,
    TokenUsage,
    ToolChoice,
    ToolSchema,
    Transcript,
)

T = TypeVar("T")

FULL_CAPABILITIES: Final = RealtimeCapabilities(
    input_rate_hz=24_000,
    output_rate_hz=24_000,
    turn_detection=True,
    can_disable_turn_detection=True,
    user_transcription=True,
    truncation=True,
    mutable_instructions=True,
    mutable_tools=True,
    mutable_chat_context=True,
    choice_per_reply=True,
)
LOUD: Final = 500
"""The sample from which on the fake hears speech."""
SILENCE_MS: Final = 200
"""Of silence, after which the fake finds that the caller has ended."""
MS_PER_CHARACTER: Final = 20
MAX_EVENTS: Final = 10_000
"""Events that wait to be iterated; with more the fake has failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedReply:
    """One answer: its text and the calls it asks for. ``delay_s`` passes before each piece, ``failure`` ends it as failed behind them.

    ``late_transcript`` has the caller's words told after it.
    """

    text: str = ""
    calls: tuple[FunctionCall, ...] = ()
    delay_s: float = 0.0
    failure: ProviderError | None = None
    late_transcript: bool = False


class FakeRealtimeModel(RealtimeModel):
    """Gives sessions that follow ``replies`` and ``transcripts``; beyond their ends the last one again. ``sessions`` are those it gave."""

    label = "fake/realtime"

    def __init__(
        self,
        replies: Sequence[ScriptedReply] = (ScriptedReply(text="Hello there."),),
        transcripts: Sequence[str] = ("hello",),
        capabilities: RealtimeCapabilities = FULL_CAPABILITIES,
    ) -> None:
        self._replies = tuple(replies)
        self._transcripts = tuple(transcripts)
        self._capabilities = capabilities
        self.sessions: list[FakeRealtimeSession] = []

    @property
    def capabilities(self) -> RealtimeCapabilities:
        """What it was made with."""
        return self._capabilities

    def session(self, setup: RealtimeSetup) -> "FakeRealtimeSession":
        """Begin a session.

        Raises:
            ProviderError: ``setup`` wants no turn detection of a model that cannot do without.
        """
        if self._capabilities.turn_detection and not setup.turn_detection and not self._capabilities.can_disable_turn_detection:
            raise _refused("it cannot do without its turn detection")
        session = FakeRealtimeSession(self._capabilities, setup, self._replies, self._transcripts)
        self.sessions.append(session)
        return session

    async def aclose(self) -> None:
        """Close its sessions."""
        for session in self.sessions:
            await session.aclose()


class FakeRealtimeSession(RealtimeSession):
    """A session that follows a script. ``done`` lists what it was asked to do, ``chat_context`` is the conversation as the model has it."""

    def __init__(
        self, capabilities: RealtimeCapabilities, setup: RealtimeSetup, replies: Sequence[ScriptedReply], transcripts: Sequence[str]
    ) -> None:
        self._capabilities = capabilities
        self._detects = capabilities.turn_detection and setup.turn_detection
        self._replies, self._transcripts = deque(replies), deque(transcripts)
        self._numbers = count(1)
        self._events: asyncio.Queue[RealtimeEvent | ProviderError | None] = asyncio.Queue()
        self._generation: asyncio.Task[None] | None = None
        self._current = ""
        self._heard_ms: dict[str, int] = {}
        self._pushed = self._uncommitted = 0
        self._speech_end: int | None = None  # in samples; None: the caller is silent
        self._closed = self._over = False
        self._unheard = ""  # the caller's item whose words are not told yet
        self.setup = setup
        self.chat_context = setup.chat_context
        self.done: list[str] = []

    async def update_instructions(self, instructions: str) -> None:
        """Change the instructions."""
        self._change(allowed=self._capabilities.mutable_instructions, what="instructions")
        self.setup = replace(self.setup, instructions=instructions)

    async def update_tools(self, tools: Sequence[ToolSchema]) -> None:
        """Change the tools."""
        self._change(allowed=self._capabilities.mutable_tools, what="tools")
        self.setup = replace(self.setup, tools=tuple(tools))

    async def update_chat_context(self, chat_context: ChatContext) -> None:
        """Make the conversation this one; after results of tools the model answers unasked, if it does so."""
        self._change(allowed=self._capabilities.mutable_chat_context, what="chat context")
        known = {item.id for item in self.chat_context}
        self.chat_context = chat_context
        if self._capabilities.auto_tool_reply and any(
            isinstance(item, FunctionCallOutput) and item.id not in known for item in chat_context
        ):
            self._generate("")

    def push_audio(self, audio: AudioChunk) -> None:
        """Hear the next piece."""
        self._require_open()
        rate_hz = self._capabilities.input_rate_hz
        if audio.rate_hz != rate_hz:
            raise InvalidAudioError(f"the model takes {rate_hz} Hz, not {audio.rate_hz}: resample before")
        self._pushed += audio.samples
        self._uncommitted = min(self._uncommitted + audio.samples, int(MAX_BUFFERED_S * rate_hz))
        if self._detects:
            self._detect(audio)

    def commit_audio(self) -> None:
        """End the caller's turn."""
        self._require_open()
        if not self._uncommitted:
            self.emit(RealtimeFailed(failure=_refused("there is no audio to commit")))
            return
        self._commit()

    def clear_audio(self) -> None:
        """Drop what is not committed."""
        self._require_open()
        self._uncommitted = 0
        self._speech_end = None
        self.emit(InputCleared())

    def generate_reply(
        self,
        reply_id: str,
        *,
        instructions: str = "",
        tools: Sequence[ToolSchema] | None = None,
        tool_choice: ToolChoice | FunctionChoice = ToolChoice.AUTO,
    ) -> None:
        """Answer with the next reply of the script."""
        self._require_open()
        self.done.append(f"generate_reply({reply_id}, {instructions!r}, {tool_choice})")
        if (tools is not None or tool_choice is not ToolChoice.AUTO) and not self._capabilities.choice_per_reply:
            self.emit(GenerationRefused(reply_id=reply_id, failure=_refused("it takes no tools for one reply")))
        elif self._current:
            self.emit(GenerationRefused(reply_id=reply_id, failure=_refused("an answer goes on", retryable=True)))
        else:
            self._generate(reply_id)

    def interrupt(self) -> None:
        """End the answer that goes on."""
        self._require_open()
        self.done.append("interrupt()")
        self._stop(GenerationStatus.CANCELLED)

    def truncate(self, item_id: str, *, audio_end_ms: int, text: str) -> None:
        """Forget what was not heard of an item."""
        self._require_open()
        self.done.append(f"truncate({item_id}, {audio_end_ms}, {text!r})")
        made_ms = self._heard_ms.get(item_id)
        if not self._capabilities.truncation or made_ms is None or not 0 <= audio_end_ms <= made_ms:
            self.emit(RealtimeFailed(failure=_refused(f"there is no item {item_id!r} with {audio_end_ms} ms of audio")))
        else:
            self._heard_ms[item_id] = audio_end_ms

    async def aclose(self) -> None:
        """End the session."""
        if not self._closed:
            self._stop(GenerationStatus.CANCELLED)
            self._closed = True
            self._end(None)

    async def __aiter__(self) -> AsyncGenerator[RealtimeEvent, None]:
        """The events.

        Raises:
            ProviderError: what a test has the session `fail` with.
        """
        while (event := await self._events.get()) is not None:
            if isinstance(event, ProviderError):
                raise event
            yield event

    def emit(self, event: RealtimeEvent) -> None:
        """Have the model tell ``event``, whatever it is.

        Raises:
            ProviderError: too many wait.
        """
        if self._events.qsize() >= MAX_EVENTS:
            raise _refused(f"more than {MAX_EVENTS} events wait to be iterated")
        self._events.put_nowait(event)

    def lose_connection(self) -> None:
        """Lose the connection and find another: the answer that goes on fails, audio that was not committed is lost."""
        self._stop(GenerationStatus.FAILED, ProviderError("the connection was lost", retryable=True, fault=Fault.NETWORK))
        self._uncommitted = 0
        self._speech_end = None
        self.emit(Reconnected())

    def fail(self, failure: ProviderError) -> None:
        """End the session with ``failure``."""
        self._stop(GenerationStatus.FAILED, failure)
        self._closed = True
        self._end(failure)

    def _end(self, failure: ProviderError | None) -> None:
        if not self._over:
            self._over = True
            self._events.put_nowait(failure)

    def _require_open(self) -> None:
        if self._closed:
            raise _refused("the session is over: begin another")

    def _change(self, *, allowed: bool, what: str) -> None:
        self._require_open()
        if not allowed:
            raise _refused(f"its {what} cannot be changed in a session")
        self.done.append(f"update {what}")

    def _detect(self, audio: AudioChunk) -> None:
        values = memoryview(bytes(audio.pcm)).cast("h")
        loud = [at for at, value in enumerate(values) if abs(value) >= LOUD]
        begin = self._pushed - audio.samples
        if loud:
            if self._speech_end is None:
                self._stop(GenerationStatus.CANCELLED)
                self.emit(InputSpeechStarted(at_ms=self._ms(begin + loud[0])))
            self._speech_end = begin + loud[-1] + 1
        if self._speech_end is not None and self._ms(self._pushed - self._speech_end) >= SILENCE_MS:
            self.emit(InputSpeechStopped(at_ms=self._ms(self._speech_end)))
            self._speech_end = None
            self._commit()
            self._generate("")

    def _commit(self) -> None:
        self._uncommitted = 0
        item_id = f"item-{next(self._numbers)}"
        self.emit(InputCommitted(item_id=item_id))
        self._unheard = item_id
        if not (self._detects and self._replies[0].late_transcript):
            self._transcribe()

    def _transcribe(self) -> None:
        """Tell what the caller said in the last item, unless it is told."""
        item_id, self._unheard = self._unheard, ""
        if not item_id:
            return
        text = _next(self._transcripts)
        self.chat_context = self.chat_context.add_message(Role.USER, text)
        if self._capabilities.user_transcription:
            self.emit(InputTranscribed(item_id=item_id, transcript=Transcript(text=text), is_final=True))

    def _generate(self, reply_id: str) -> None:
        self._current = f"generation-{next(self._numbers)}"
        self.emit(GenerationCreated(generation_id=self._current, reply_id=reply_id))
        self._generation = asyncio.get_running_loop().create_task(self._answer(self._current, _next(self._replies)))

    async def _answer(self, generation_id: str, reply: ScriptedReply) -> None:
        item_id = f"item-{next(self._numbers)}"
        self._heard_ms[item_id] = 0
        for word in reply.text.split(" ") if reply.text else ():
            await asyncio.sleep(reply.delay_s)
            self.emit(GenerationText(generation_id=generation_id, item_id=item_id, text=f"{word} "))
            if self._capabilities.audio_output:
                self.emit(GenerationAudio(generation_id=generation_id, item_id=item_id, audio=self._voice(word)))
                self._heard_ms[item_id] += len(word) * MS_PER_CHARACTER
        for call in reply.calls:
            await asyncio.sleep(reply.delay_s)
            self.emit(GenerationCall(generation_id=generation_id, call=call))
        await asyncio.sleep(reply.delay_s)
        said = (ChatMessage.of(Role.ASSISTANT, reply.text),) if reply.text else ()
        self.chat_context = self.chat_context.append(*said, *reply.calls)
        status = GenerationStatus.COMPLETED if reply.failure is None else GenerationStatus.FAILED
        usage = TokenUsage(prompt_tokens=len(self.chat_context), completion_tokens=len(reply.text))
        self._finish(status, reply.failure, usage)
        self._transcribe()

    def _voice(self, word: str) -> AudioChunk:
        rate_hz = self._capabilities.output_rate_hz
        samples = max(1, len(word)) * MS_PER_CHARACTER * rate_hz // 1000
        wave = (round(8_000 * math.sin(at * 2 * math.pi * 220 / rate_hz)) for at in range(min(samples, rate_hz)))
        return AudioChunk(pcm=b"".join(value.to_bytes(BYTES_PER_SAMPLE, "little", signed=True) for value in wave), rate_hz=rate_hz)

    def _stop(self, status: GenerationStatus, failure: ProviderError | None = None) -> None:
        if self._current:
            if self._generation is not None:
                self._generation.cancel()
            self._finish(status, failure, None)

    def _finish(self, status: GenerationStatus, failure: ProviderError | None, usage: TokenUsage | None) -> None:
        generation_id, self._current = self._current, ""
        self.emit(GenerationFinished(generation_id=generation_id, status=status, failure=failure, usage=usage))

    def _ms(self, samples: int) -> int:
        return samples * 1000 // self._capabilities.input_rate_hz


def _next(script: deque[T]) -> T:
    """The next of ``script``; the last one stays."""
    return script.popleft() if len(script) > 1 else script[0]


def _refused(why: str, *, retryable: bool = False) -> ProviderError:
    return ProviderError(f"fake/realtime: {why}", retryable=retryable, fault=Fault.CALLER)

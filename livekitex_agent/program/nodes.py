"""The nodes of an agent in the call's pipeline: where the agent has its own, user code on the program's loop; else the provider itself.

A provider of ours is asked where it is, on the media's loop, and goes on through a block of the program's. Everything else waits with it. A
node is asked through the same adapters as a provider of the user's: to them it is one whose `chat` or `synthesize` is the agent's node.
"""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from actors import CallAssembler, SentenceSplitter
from livekitex_agent import tts as livekit_tts
from livekitex_agent.llm import (
    ChatChunk,
    ChoiceDelta,
    CompletionUsage,
    FunctionToolCall,
    RawFunctionTool,
    ToolContext,
    from_protocol,
    to_protocol,
)
from livekitex_agent.program.crossing import stream_on
from livekitex_agent.program.pieces import pieces
from livekitex_agent.program.providers import ReadSchema, SpokenAudio
from livekitex_agent.program.written_text import written_by
from livekitex_agent.types import NOT_GIVEN, FlushSentinel
from livekitex_agent.utils import shortuuid
from livekitex_agent.utils.audio_frame import AudioFrameLike, new_frame
from livekitex_agent.voice.agent import Agent, ModelSettings
from livekitex_agent.voice.text_transforms import TextTransforms, apply_text_transforms
from protocols import (
    LLM,
    TTS,
    AudioChunk,
    CallDelta,
    ChatContext,
    ChatOptions,
    FunctionChoice,
    LLMEvent,
    ProviderError,
    TextDelta,
    TokenUsage,
    ToolChoice,
    ToolSchema,
    TTSCapabilities,
)

if TYPE_CHECKING:
    from livekitex_agent.program.session_activity import SessionActivity

NO_MODEL: Final = "the agent has no llm: give one to it or to its session, or only let it say what the program tells it"
NO_VOICE: Final = "`tts_node` called but no TTS node is available"
NODE_RATE_HZ: Final = 24_000
"""Of a voice that is an agent's own node, and nothing behind it."""


class NoLLM(LLM):
    """Of a session that has no model, and only says what it is told."""

    def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        """Refuse.

        Raises:
            ProviderError: always.
        """
        del context, tools, options
        raise ProviderError(NO_MODEL, retryable=False)


class AgentLLM(LLM):
    """The model of ``agent`` behind its `llm_node`; ``llm`` is that of the agent or its session (None: there is none)."""

    def __init__(self, activity: "SessionActivity", agent: Agent, llm: LLM | None) -> None:
        self.llm: LLM = NoLLM() if llm is None else llm
        self.tokens = self.llm.tokens
        self._activity = activity
        self._agent = agent

    @property
    def label(self) -> str:
        """The model's own."""
        return self.llm.label

    def prewarm(self) -> None:
        """Warm up the model."""
        self.llm.prewarm()

    async def aclose(self) -> None:
        """Close the model, if the conversation is over: until then another agent may ask it, too, or this one again."""
        if self._activity.over:
            await self.llm.aclose()

    def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        """See `LLM.chat`."""
        if not any(map(self._agent._overrides, ("llm_node", "transcription_node"))):
            return self.llm.chat(context, self._offered(tools), options)
        return stream_on(self._activity.loop.loop, lambda: self._answer(context, tools, options))

    def _answer(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        """The agent's own nodes at work. Called on the program's loop."""
        if self._agent._overrides("llm_node"):
            answer = self._node(context, tools, options)
        else:
            answer = stream_on(self._activity.call.media, lambda: self.llm.chat(context, self._offered(tools), options))
        return written_by(self._agent, answer)

    def _offered(self, tools: Sequence[ToolSchema]) -> list[ToolSchema]:
        """The tools, with those marked whose schema the program has not written itself."""
        own = self._own_tools()
        return [_offered(tool, own.get(tool.name)) for tool in tools]

    def _own_tools(self) -> dict[str, Any]:
        return ToolContext([*self._activity.session.tools, *self._agent.tools]).function_tools

    async def _node(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        names = {tool.name for tool in tools}
        offered = [tool for name, tool in self._own_tools().items() if name in names]
        given = self._agent.llm_node(from_protocol(context), offered, ModelSettings(tool_choice=_choice(options)))
        async for chunk in pieces(given):
            for event in _events_of(chunk):
                yield event

    async def default_node(self, chat_ctx: Any, tools: list[Any], settings: ModelSettings) -> AsyncIterator[ChatChunk]:  # noqa: ANN401
        """What the node does that is not overridden: ask the model. Called on the program's loop."""
        schemas = [_offered(tool.schema, tool) for tool in ToolContext(tools).function_tools.values()]
        options = ChatOptions(tool_choice=_chosen(settings.tool_choice))
        calls, number = CallAssembler(lambda: shortuuid("call_")), 0
        asked = stream_on(self._activity.call.media, lambda: self.llm.chat(to_protocol(chat_ctx), schemas, options))
        async for event in asked:
            number += 1
            match event:
                case TextDelta(text=text):
                    yield ChatChunk(id=f"chunk-{number}", delta=ChoiceDelta(role="assistant", content=text))
                case CallDelta():
                    calls.add(event)
                case TokenUsage(prompt_tokens=prompt, cached_prompt_tokens=cached, completion_tokens=completion):
                    usage = CompletionUsage(
                        prompt_tokens=prompt,
                        prompt_cached_tokens=cached,
                        completion_tokens=completion,
                        total_tokens=prompt + completion,
                    )
                    yield ChatChunk(id=f"chunk-{number}", usage=usage)
                case _:
                    pass
        made = [FunctionToolCall(name=call.name, arguments=call.arguments, call_id=call.call_id) for call in calls.finish()]
        if made:
            yield ChatChunk(id=f"chunk-{number + 1}", delta=ChoiceDelta(role="assistant", tool_calls=made))


class NodeVoice(livekit_tts.TTS[Any]):
    """The voice that is an agent's `tts_node`; ``tts`` is what the node's default speaks with (None: nothing)."""

    def __init__(self, activity: "SessionActivity", tts: TTS | None) -> None:
        rate_hz = NODE_RATE_HZ if tts is None else tts.rate_hz
        super().__init__(capabilities=livekit_tts.TTSCapabilities(streaming=False), sample_rate=rate_hz, num_channels=1)
        self.tts = tts
        self._activity = activity

    def synthesize(self, text: str, *, conn_options: Any = None) -> livekit_tts.ChunkedStream:  # noqa: ANN401 - LiveKit's
        """Speak ``text`` by the node of the agent that has the call."""
        return _NodeStream(self, text, conn_options, self._activity.hooks.current)


class _NodeStream(livekit_tts.ChunkedStream):
    def __init__(self, voice: NodeVoice, text: str, options: Any, agent: Agent) -> None:  # noqa: ANN401 - LiveKit's
        super().__init__(tts=voice, input_text=text, conn_options=options)
        self._agent = agent

    async def _run(self, output_emitter: livekit_tts.AudioEmitter) -> None:
        rate_hz = self._tts.sample_rate
        audio = SpokenAudio(rate_hz)
        output_emitter.initialize(request_id="node", sample_rate=rate_hz, num_channels=1, mime_type="audio/pcm")
        async for frame in pieces(self._agent.tts_node(_only(self.input_text), ModelSettings())):
            for pcm in audio.feed(frame):
                output_emitter.push(pcm)
        for pcm in audio.finish():
            output_emitter.push(pcm)

    def _check(self, emitter: livekit_tts.AudioEmitter) -> None:
        """A node may have nothing heard."""


class TransformedTTS(TTS):
    """The voice ``tts``, to which each sentence is given as ``transforms`` make it; one of which nothing is left has no audio."""

    def __init__(self, tts: TTS, transforms: Sequence[TextTransforms]) -> None:
        self._tts = tts
        self._transforms = transforms

    @property
    def label(self) -> str:
        """The voice's own."""
        return self._tts.label

    @property
    def rate_hz(self) -> int:
        """The voice's own."""
        return self._tts.rate_hz

    @property
    def capabilities(self) -> TTSCapabilities:
        """Sentences; the times of words are those of the words that are said."""
        return TTSCapabilities(aligned_transcript=self._tts.capabilities.aligned_transcript)

    def prewarm(self) -> None:
        """Warm up the voice."""
        self._tts.prewarm()

    async def aclose(self) -> None:
        """Close the voice."""
        await self._tts.aclose()

    async def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        """Stream the audio of one sentence."""
        said = "".join([piece async for piece in apply_text_transforms(_only(text), self._transforms)])
        if said.strip():
            async for chunk in self._tts.synthesize(said):
                yield chunk


async def speak_by_default(activity: "SessionActivity", tts: TTS | None, text: AsyncIterable[str]) -> AsyncIterator[AudioFrameLike]:
    """What a `tts_node` does that is not overridden: speak sentence by sentence. Called on the program's loop.

    Raises:
        RuntimeError: there is no voice.
    """
    if tts is None:
        raise RuntimeError(NO_VOICE)
    splitter = SentenceSplitter()
    async for piece in text:
        for sentence in splitter.feed(piece):
            async for frame in _spoken(activity, tts, sentence):
                yield frame
    for sentence in splitter.finish():
        async for frame in _spoken(activity, tts, sentence):
            yield frame


async def _spoken(activity: "SessionActivity", tts: TTS, sentence: str) -> AsyncIterator[AudioFrameLike]:
    async for chunk in stream_on(activity.call.media, lambda: tts.synthesize(sentence)):
        yield new_frame(chunk.pcm, chunk.rate_hz)


async def _only(text: str) -> AsyncIterator[str]:
    yield text


def _events_of(chunk: Any) -> list[LLMEvent]:  # noqa: ANN401 - whatever a node gives
    """What a piece of LiveKit's answers says, in ours: text, calls of tools, usage."""
    if isinstance(chunk, FlushSentinel):
        return []
    if isinstance(chunk, str):
        return [TextDelta(text=chunk)]
    events: list[LLMEvent] = []
    if chunk.delta is not None:
        if chunk.delta.content:
            events.append(TextDelta(text=chunk.delta.content))
        events += [CallDelta(call_id=call.call_id, name=call.name, arguments=call.arguments) for call in chunk.delta.tool_calls or ()]
    if chunk.usage is not None:
        prompt, cached = chunk.usage.prompt_tokens, min(chunk.usage.prompt_cached_tokens, chunk.usage.prompt_tokens)
        events.append(TokenUsage(prompt_tokens=prompt, cached_prompt_tokens=cached, completion_tokens=chunk.usage.completion_tokens))
    return events


def _offered(schema: ToolSchema, tool: Any) -> ToolSchema:  # noqa: ANN401 - a tool of LiveKit's, or none
    if tool is None or isinstance(tool, RawFunctionTool):
        return schema
    return ReadSchema(name=schema.name, description=schema.description, parameters=schema.parameters)


def _choice(options: ChatOptions) -> Any:  # noqa: ANN401 - LiveKit's
    choice = options.tool_choice
    if choice is ToolChoice.AUTO:
        return NOT_GIVEN
    return {"type": "function", "function": {"name": choice.name}} if isinstance(choice, FunctionChoice) else str(choice)


def _chosen(given: Any) -> ToolChoice | FunctionChoice:  # noqa: ANN401 - LiveKit's
    match given:
        case {"function": {"name": str(name)}}:
            return FunctionChoice(name=name)
        case "none" | "required":
            return ToolChoice(given)
        case _:
            return ToolChoice.AUTO

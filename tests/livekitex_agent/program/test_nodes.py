"""An agent's nodes in the pipeline: what they are asked, what becomes of what they give, and what their defaults do."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent import Agent, AgentSession, ModelSettings, function_tool, provider
from livekitex_agent.llm import ChatChunk, ChatContext, ChoiceDelta, CompletionUsage, FunctionToolCall
from livekitex_agent.program.nodes import AgentLLM, NodeVoice, NoLLM, TransformedTTS, _choice, _chosen, speak_by_default
from livekitex_agent.program.providers import ReadSchema
from livekitex_agent.testing.fakes import scripted_llm, scripted_tts
from livekitex_agent.types import NOT_GIVEN, FlushSentinel
from livekitex_agent.utils.audio_frame import new_frame
from protocols import (
    LLM,
    TTS,
    AudioChunk,
    CallDelta,
    ChatFinished,
    ChatOptions,
    FinishReason,
    FunctionChoice,
    LLMEvent,
    ProviderError,
    TextDelta,
    TokenUsage,
    ToolChoice,
    ToolSchema,
)

NOTHING = ChatContext.empty()


class Model(LLM):
    """Answers with ``events``, and keeps what it was asked."""

    def __init__(self, *events: LLMEvent) -> None:
        self._events = events
        self.asked: list[tuple[Sequence[ToolSchema], ChatOptions]] = []

    async def chat(self, context: Any, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:  # type: ignore[override]
        """Answer."""
        self.asked.append((tools, options))
        for event in self._events:
            yield event


class Voice(TTS):
    """Says each text as so many samples as it has letters."""

    rate_hz = 8_000

    def __init__(self) -> None:
        self.said: list[str] = []

    async def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        """Speak."""
        self.said.append(text)
        yield AudioChunk(pcm=bytes(2 * len(text)), rate_hz=self.rate_hz)


@function_tool
async def look(room: str) -> str:
    """Look."""
    return room


@function_tool(raw_schema={"name": "pay", "description": "Pay.", "parameters": {"type": "object", "properties": {}}})
async def pay(raw_arguments: dict[str, Any]) -> str:
    """Pay."""
    return "paid"


def activity(agent: Agent | None = None) -> Any:
    """What of a session's activity the nodes know, on the running loop."""
    loop = asyncio.get_running_loop()
    return SimpleNamespace(
        loop=SimpleNamespace(loop=loop),
        call=SimpleNamespace(media=loop),
        session=SimpleNamespace(tools=[pay]),
        hooks=SimpleNamespace(current=agent),
        over=False,
    )


def thinking(node: Callable[..., Any]) -> Agent:
    """An agent whose `llm_node` is ``node``."""

    class Thinker(Agent):
        def llm_node(self, chat_ctx: ChatContext, tools: list[Any], model_settings: ModelSettings) -> Any:
            return node(chat_ctx, tools, model_settings)

    return Thinker(instructions="Think.", tools=[look])


def answer(node: Callable[..., Any], tools: Sequence[ToolSchema] = (), options: ChatOptions | None = None) -> list[LLMEvent]:
    """What the model of an agent with that node answers."""

    async def main() -> list[LLMEvent]:
        llm = AgentLLM(activity(), thinking(node), None)
        return [event async for event in llm.chat((), tools, options or ChatOptions())]  # type: ignore[arg-type]

    return asyncio.run(main())


def default(*events: LLMEvent, tools: Sequence[Any] = (), choice: Any = NOT_GIVEN) -> tuple[list[ChatChunk], Model]:
    """What the default node makes of a model's answer, and the model."""

    async def main() -> tuple[list[ChatChunk], Model]:
        model = Model(*events)
        llm = AgentLLM(activity(), Agent(instructions="Be brief."), model)
        settings = ModelSettings(tool_choice=choice)
        return [chunk async for chunk in llm.default_node(NOTHING, list(tools), settings)], model

    return asyncio.run(main())


# A model's node.


def test_a_session_without_a_model_says_so() -> None:
    with pytest.raises(ProviderError, match="the agent has no llm") as refused:
        NoLLM().chat((), [], ChatOptions())  # type: ignore[arg-type]
    assert not refused.value.retryable


def test_an_agent_without_a_node_asks_its_model_and_marks_schemas_that_are_not_the_programs_own() -> None:
    async def main() -> None:
        model = Model(TextDelta(text="Yes."))
        llm = AgentLLM(activity(), Agent(instructions="Be brief.", tools=[look]), model)
        options = ChatOptions(tool_choice=ToolChoice.NONE)
        said = [event async for event in llm.chat((), [look.schema, pay.schema], options)]  # type: ignore[arg-type]
        assert said == [TextDelta(text="Yes.")]
        ((tools, asked),) = model.asked
        assert [(tool.name, isinstance(tool, ReadSchema)) for tool in tools] == [("look", True), ("pay", False)]
        assert asked is options

    asyncio.run(main())


def test_a_node_is_given_the_tools_that_are_offered_and_the_choice() -> None:
    seen: list[Any] = []

    def node(chat_ctx: ChatContext, tools: list[Any], settings: ModelSettings) -> None:
        seen.append((chat_ctx.items, [tool.id for tool in tools], settings.tool_choice))

    assert answer(node, [look.schema], ChatOptions(tool_choice=ToolChoice.REQUIRED)) == []
    assert answer(node, [look.schema, pay.schema]) == []
    assert seen == [([], ["look"], "required"), ([], ["pay", "look"], NOT_GIVEN)]


async def in_pieces(*pieces: Any) -> AsyncIterator[Any]:
    for piece in pieces:
        yield piece


async def later(piece: Any) -> Any:
    return piece


CALL = FunctionToolCall(name="look", arguments='{"room": "bar"}', call_id="c-1")
USED = CompletionUsage(prompt_tokens=5, prompt_cached_tokens=9, completion_tokens=2, total_tokens=7)


@pytest.mark.parametrize(
    ("given_back", "events"),
    [
        (lambda: None, []),
        (lambda: "Yes.", [TextDelta(text="Yes.")]),
        (lambda: later("Yes."), [TextDelta(text="Yes.")]),
        (lambda: later(None), []),
        (lambda: later(in_pieces("Yes", ".")), [TextDelta(text="Yes"), TextDelta(text=".")]),
        (lambda: in_pieces("Yes", FlushSentinel(), "."), [TextDelta(text="Yes"), TextDelta(text=".")]),
        (lambda: in_pieces(ChatChunk(id="1")), []),
        (lambda: in_pieces(ChatChunk(id="1", delta=ChoiceDelta(role="assistant", content="Yes."))), [TextDelta(text="Yes.")]),
        (
            lambda: in_pieces(ChatChunk(id="1", delta=ChoiceDelta(role="assistant", content="I look.", tool_calls=[CALL]))),
            [TextDelta(text="I look."), CallDelta(call_id="c-1", name="look", arguments='{"room": "bar"}')],
        ),
        (lambda: in_pieces(ChatChunk(id="1", usage=USED)), [TokenUsage(prompt_tokens=5, cached_prompt_tokens=5, completion_tokens=2)]),
    ],
)
def test_a_node_may_answer_in_each_of_livekits_ways(given_back: Callable[[], Any], events: list[LLMEvent]) -> None:
    assert answer(lambda *_: given_back()) == events


def test_what_a_node_raises_comes_after_what_it_said() -> None:
    async def node(*_: Any) -> AsyncIterator[str]:
        yield "Ye"
        raise ZeroDivisionError

    async def main() -> None:
        answer = AgentLLM(activity(), thinking(node), None).chat((), [], ChatOptions())  # type: ignore[arg-type]
        assert await anext(answer) == TextDelta(text="Ye")
        with pytest.raises(ZeroDivisionError):
            await anext(answer)

    asyncio.run(main())


def test_the_default_node_gives_texts_as_they_come_and_calls_at_the_end() -> None:
    chunks, _ = default(
        CallDelta(call_id="c-1", name="look", arguments='{"room": '),
        TextDelta(text="I "),
        CallDelta(arguments='"bar"}'),
        TextDelta(text="look."),
        TokenUsage(prompt_tokens=5, cached_prompt_tokens=1, completion_tokens=2),
        ChatFinished(reason=FinishReason.TOOL_CALLS),
    )
    texts = [chunk.delta.content for chunk in chunks if chunk.delta is not None and chunk.delta.content]
    usage = [chunk.usage for chunk in chunks if chunk.usage is not None]
    assert texts == ["I ", "look."]
    assert chunks[-1].delta is not None
    assert [(call.call_id, call.name, call.arguments) for call in chunks[-1].delta.tool_calls] == [("c-1", "look", '{"room": "bar"}')]
    assert [(used.prompt_tokens, used.prompt_cached_tokens, used.completion_tokens, used.total_tokens) for used in usage] == [(5, 1, 2, 7)]
    assert len({chunk.id for chunk in chunks}) == len(chunks)


def test_calls_that_a_model_gave_no_id_have_each_their_own() -> None:
    calls = [CallDelta(index=number, name="look", arguments="{}") for number in range(3)]
    ids = [call.call_id for _ in range(2) for call in default(*calls)[0][-1].delta.tool_calls]  # type: ignore[union-attr]
    assert len(set(ids)) == 6


@pytest.mark.parametrize(
    ("choice", "asked"),
    [
        (NOT_GIVEN, ToolChoice.AUTO),
        ("auto", ToolChoice.AUTO),
        ("none", ToolChoice.NONE),
        ("required", ToolChoice.REQUIRED),
        ({"type": "function", "function": {"name": "look"}}, FunctionChoice(name="look")),
        (None, ToolChoice.AUTO),
    ],
)
def test_the_default_node_asks_with_the_tools_and_the_choice_that_it_is_given(choice: Any, asked: Any) -> None:
    _, model = default(tools=[look, pay], choice=choice)
    ((tools, options),) = model.asked
    assert [tool.name for tool in tools] == ["look", "pay"]
    assert options.tool_choice == asked


@given(choice=st.sampled_from(ToolChoice) | st.text(min_size=1).map(lambda name: FunctionChoice(name=name)))
def test_a_choice_that_goes_through_a_node_is_the_same(choice: ToolChoice | FunctionChoice) -> None:
    assert _chosen(_choice(ChatOptions(tool_choice=choice))) == choice


# A voice's node.


def spoken(node: Callable[[Any], Any], text: str = "Hello.", tts: TTS | None = None) -> tuple[list[int], int]:
    """The samples of the frames that come of an agent's `tts_node`, and their rate."""

    class Speaker(Agent):
        def tts_node(self, text: Any, model_settings: ModelSettings) -> Any:
            return node(text)

    async def main() -> tuple[list[int], int]:
        voice = NodeVoice(activity(Speaker(instructions="Speak.")), tts)
        async with voice.synthesize(text) as stream:
            frames = [audio.frame async for audio in stream]
        assert all((frame.sample_rate, frame.num_channels) == (voice.sample_rate, 1) for frame in frames)
        return [sample for frame in frames for sample in frame.data], voice.sample_rate

    return asyncio.run(main())


def test_a_nodes_frames_are_heard_whole() -> None:
    frames = [new_frame(bytes([1, 0] * 800), 8_000), new_frame(bytes([2, 0] * 800), 8_000)]
    samples, rate = spoken(lambda _: in_pieces(*frames), tts=Voice())
    assert (samples, rate) == ([1] * 800 + [2] * 800, 8_000)


def test_frames_of_several_channels_are_heard_as_one() -> None:
    samples, _ = spoken(lambda _: in_pieces(new_frame(bytes([2, 0, 4, 0] * 800), 24_000, 2)))
    assert len(samples) == 800


def test_frames_of_another_rate_are_brought_to_the_voices() -> None:
    samples, rate = spoken(lambda _: in_pieces(*[new_frame(bytes(2 * 480), 48_000)] * 10))
    assert (len(samples), rate) == (2_400, 24_000)


@pytest.mark.parametrize("nothing", [lambda: None, in_pieces, lambda: later(None)])
def test_a_node_may_have_nothing_heard(nothing: Callable[[], Any]) -> None:
    assert spoken(lambda _: nothing())[0] == []


def test_what_a_node_has_nothing_heard_of_is_said_all_the_same() -> None:
    class Mute(Agent):
        async def tts_node(self, text: Any, model_settings: ModelSettings) -> AsyncIterator[Any]:  # type: ignore[override]
            async for _ in text:
                pass
            return
            yield

    async def main() -> list[Any]:
        errors: list[Any] = []
        llm, tts = provider(scripted_llm, replies=[]), provider(scripted_tts)
        async with asyncio.timeout(20), AgentSession[None](llm=llm, tts=tts) as session:
            session.on("error", errors.append)
            await session.start(Mute(instructions="Be silent."))
            await session.say("Hello there. I am mute.")
            said = [item.text_content for item in session.history.items if item.type == "message"]
        return [said, errors]

    assert asyncio.run(main()) == [["Hello there. I am mute."], []]


def test_the_default_node_speaks_sentence_by_sentence_as_they_are_whole() -> None:
    async def main() -> None:
        voice, given_so_far = Voice(), []

        async def text() -> AsyncIterator[str]:
            for piece in ("Hello the", "re. I am ", "Ada. And", " you?"):
                given_so_far.append(len(voice.said))
                yield piece

        frames = [frame async for frame in speak_by_default(activity(), voice, text())]
        assert voice.said == ["Hello there.", "I am Ada.", "And you?"]
        assert given_so_far == sorted(given_so_far) != [0, 0, 0, 0], "it speaks before all is there"
        assert [frame.samples_per_channel for frame in frames] == [len(said) for said in voice.said]
        with pytest.raises(RuntimeError, match="no TTS node is available"):
            await anext(speak_by_default(activity(), None, text()))

    asyncio.run(main())


# Transforms.


def test_a_sentence_is_said_as_the_transforms_make_it_and_one_of_which_nothing_is_left_is_not() -> None:
    async def louder(text: Any) -> AsyncIterator[str]:
        async for piece in text:
            yield piece.upper().replace("SILENCE.", " ")

    async def main() -> list[str]:
        voice = Voice()
        tts = TransformedTTS(voice, [louder])
        assert (tts.rate_hz, tts.label) == (voice.rate_hz, voice.label)
        for text in ("Hello.", "Silence."):
            _ = [chunk async for chunk in tts.synthesize(text)]
        return voice.said

    assert asyncio.run(main()) == ["HELLO."]

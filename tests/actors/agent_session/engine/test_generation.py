"""From deltas to sentences and calls."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from actors.agent_session.core import Summarise, Think
from actors.agent_session.core.inputs import PartReported, RoundFinished, SentenceReady, Summarised, SummaryFailed, ThinkingFailed
from actors.agent_session.engine.generation import MAX_CALLS, MAX_REPLY_CHARS, Generation
from protocols import (
    LLM,
    CallDelta,
    ChatContext,
    ChatFinished,
    ChatOptions,
    FinishReason,
    FunctionCall,
    LLMEvent,
    PartFailed,
    PartRecovered,
    PartRestarted,
    ProviderError,
    Role,
    SystemClock,
    TextDelta,
    TokenUsage,
    ToolChoice,
    ToolSchema,
)
from support.engine_desk import Desk
from support.wayward import AWAITED, WRONG_VALUES

SCHEMA = ToolSchema(name="look", description="", parameters={})
CONTEXT = ChatContext().add_message(Role.USER, "hello")
ASKED = Think(token=7, context=CONTEXT, tools=frozenset({"look"}))


class Still(SystemClock):
    """A clock that goes on by a second each time it is read."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        self._now += 1.0
        return self._now


class Scripted(LLM):
    """Streams what it was given; an exception among it is raised."""

    def __init__(self, *deltas: LLMEvent | Exception | None) -> None:
        self._deltas = deltas
        self.asked: list[tuple[ChatContext, Sequence[ToolSchema]]] = []
        self.began = asyncio.Event()
        self.closed = False

    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        self.asked.append((context, tools))
        self.began.set()
        try:
            for delta in self._deltas:
                if isinstance(delta, Exception):
                    raise delta
                if delta is None:
                    await asyncio.Event().wait()
                else:
                    yield delta
        finally:
            self.closed = True


def call(name: str) -> CallDelta:
    return CallDelta(call_id="x", name=name, arguments="{}")


def think(model: Scripted, wanted: Think = ASKED) -> list[object]:
    async def run() -> list[object]:
        desk = Desk()
        await Generation(model, [SCHEMA], desk.bulkhead, Still(), desk.report).think(wanted)
        await desk.close()
        return [report for report in desk.reports if not isinstance(report, PartReported)]

    return asyncio.run(run())


def said(text: str, space: str = "") -> SentenceReady:
    return SentenceReady(token=7, text=text, written=space + text)


def test_each_sentence_is_told_as_soon_as_it_stands_and_the_calls_at_the_end() -> None:
    model = Scripted(TextDelta(text="Let me "), TextDelta(text="see. One mo"), call("look"), TextDelta(text="ment"))
    assert think(model) == [
        said("Let me see."),
        said("One moment", " "),
        RoundFinished(
            token=7,
            calls=(FunctionCall(call_id="x", name="look", arguments="{}"),),
            reason=FinishReason.TOOL_CALLS,
            first_token_s=1.0,
            streamed_s=3.0,
        ),
    ]
    assert model.asked == [(ASKED.context, [SCHEMA])]


def test_tools_are_offered_only_if_they_may_be_used() -> None:
    model = Scripted()
    think(model, Think(token=1, context=ChatContext(), tools=frozenset({"order"})))
    assert model.asked == [(ChatContext(), [])]


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (ProviderError("busy", retryable=True), ThinkingFailed(token=7, text="busy", retryable=True, retry_in_s=0.0)),
        (ProviderError("no", retryable=False), ThinkingFailed(token=7, text="no", retryable=False)),
        (KeyError("x"), ThinkingFailed(token=7, text="KeyError: 'x'", retryable=True, retry_in_s=0.0)),
    ],
)
def test_a_failure_is_told_behind_what_was_said(failure: Exception, told: ThinkingFailed) -> None:
    assert think(Scripted(TextDelta(text="Let me see. Now"), failure)) == [said("Let me see."), told]


def test_a_model_that_says_nothing_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.agent_session.engine.generation.DELTA_TIMEOUT_S", 0.02)
    model = Scripted(TextDelta(text="Well"), None)
    assert think(model) == [ThinkingFailed(token=7, text="the provider does not answer", retryable=True, retry_in_s=0.0)]
    assert model.closed


def test_a_reply_has_its_bounds() -> None:
    reports = think(
        Scripted(*[TextDelta(text="word " * 1_000 + "end. ") for _ in range(8)], *[call(f"n{n}") for n in range(MAX_CALLS + 3)])
    )
    said = [report.text for report in reports if isinstance(report, SentenceReady)]
    assert sum(map(len, said)) <= MAX_REPLY_CHARS
    (finished,) = [report for report in reports if isinstance(report, RoundFinished)]
    assert len(finished.calls) == MAX_CALLS


def test_cancelling_stops_the_model() -> None:
    async def run() -> bool:
        model = Scripted(None)
        desk = Desk()
        task = asyncio.create_task(Generation(model, [], desk.bulkhead, Still(), desk.report).think(ASKED))
        await model.began.wait()
        task.cancel()
        await asyncio.wait([task])
        return model.closed

    assert asyncio.run(run())


class Wayward(Scripted):
    def __init__(self, deed: str) -> None:
        super().__init__()
        self._deed = deed

    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        yield TextDelta(text="Let me see. Now")
        if self._deed in AWAITED:
            await AWAITED[self._deed]()
        else:
            yield WRONG_VALUES[self._deed]


@pytest.mark.parametrize("deed", [*AWAITED, *WRONG_VALUES])
def test_whatever_a_model_does_its_round_has_failed_in_words_that_can_travel(deed: str) -> None:
    first, failed = think(Wayward(deed))
    assert first == said("Let me see.")
    assert isinstance(failed, ThinkingFailed)
    assert len(failed.text.encode()) < 2_000
    if deed in WRONG_VALUES:
        assert f"{__name__}.Wayward: " in failed.text


class NoStream(Scripted):
    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> list[LLMEvent]:  # type: ignore[override]
        return []


def test_a_model_that_is_no_stream_is_told_how_to_be_one() -> None:
    (failed,) = think(NoStream())
    assert isinstance(failed, ThinkingFailed)
    assert "chat() gives a coroutine: define it with 'async def chat' and 'yield'" in failed.text


def test_an_emoji_that_is_cut_between_two_deltas_is_put_together() -> None:
    whole, _ = think(Scripted(TextDelta(text="a pizza \ud83c"), TextDelta(text="\udf55 and \udf55.")))
    assert whole == said("a pizza 🍕 and �.")


class Endless(Scripted):
    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        while True:
            yield TextDelta(text="")


def test_a_model_that_streams_for_ever_is_ended_by_its_deltas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.agent_session.engine.generation.MAX_DELTAS", 100)
    (failed,) = think(Endless())
    assert isinstance(failed, ThinkingFailed)
    assert (failed.text, failed.retryable) == ("the model does not end: it gave more than 100 deltas in a round", False)


def test_a_model_that_streams_for_ever_is_ended_by_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.agent_session.engine.generation.ROUND_TIMEOUT_S", 0.05)
    assert think(Endless()) == [ThinkingFailed(token=7, text="the provider does not answer", retryable=True, retry_in_s=0.0)]


def test_how_it_is_to_answer_is_told_to_the_model() -> None:
    class Obedient(Scripted):
        async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
            yield TextDelta(text=f"{options.tool_choice}")

    options = ChatOptions(tool_choice=ToolChoice.REQUIRED)
    assert think(Obedient(), replace(ASKED, options=options))[0] == said("required")


PIECES = (CallDelta(index=0, call_id="a", name="look"), CallDelta(index=0, arguments='{"at": '), CallDelta(index=0, arguments='"\ud83c'))
REST = CallDelta(index=0, arguments='\udf55"}')


def test_a_call_in_pieces_is_put_together_and_so_are_its_letters() -> None:
    (finished,) = think(Scripted(*PIECES, REST, ChatFinished(reason=FinishReason.TOOL_CALLS)))
    assert isinstance(finished, RoundFinished)
    assert finished.calls == (FunctionCall(call_id="a", name="look", arguments='{"at": "🍕"}'),)


def test_the_tokens_and_the_time_of_the_first_are_told() -> None:
    usage = TokenUsage(prompt_tokens=10, cached_prompt_tokens=4, completion_tokens=2)
    reports = think(Scripted(TextDelta(text=""), TextDelta(text="Yes."), ChatFinished(reason=FinishReason.STOP), usage))
    assert reports[-1] == RoundFinished(token=7, calls=(), reason=FinishReason.STOP, first_token_s=2.0, usage=usage)


def test_a_model_that_says_nothing_at_all_has_no_first_token() -> None:
    assert think(Scripted()) == [RoundFinished(token=7, calls=())]


def test_an_answer_that_was_cut_is_said_as_far_as_it_came_and_told_to_be_cut() -> None:
    first, rest, finished = think(Scripted(TextDelta(text="One. Two and"), ChatFinished(reason=FinishReason.LENGTH)))
    assert [first, rest] == [said("One."), said("Two and", " ")]
    assert isinstance(finished, RoundFinished)
    assert finished.reason is FinishReason.LENGTH


@pytest.mark.parametrize("call", [PIECES, PIECES[:2], (CallDelta(index=0, call_id="a"),)])
def test_a_call_that_was_cut_is_not_run(call: tuple[CallDelta, ...]) -> None:
    *_, failed = think(Scripted(TextDelta(text="One. Two"), *call, ChatFinished(reason=FinishReason.LENGTH)))
    assert isinstance(failed, ThinkingFailed)
    assert "was cut in a call of a tool, at the limit of its tokens: allow more of them" in failed.text
    assert not failed.retryable


def test_whole_calls_of_an_answer_that_was_cut_are_run() -> None:
    (finished,) = think(Scripted(*PIECES, REST, CallDelta(index=1, name="look"), ChatFinished(reason=FinishReason.LENGTH)))
    assert isinstance(finished, RoundFinished)
    assert [call.name for call in finished.calls] == ["look", "look"]


def test_of_an_answer_that_was_filtered_nothing_more_is_said_and_no_call_is_run() -> None:
    first, failed = think(Scripted(TextDelta(text="One. Two"), call("look"), ChatFinished(reason=FinishReason.CONTENT_FILTER)))
    assert first == said("One.")
    assert isinstance(failed, ThinkingFailed)
    assert "filter of content has cut the answer" in failed.text
    assert not failed.retryable


def test_a_call_of_nothing_is_a_failure_that_may_pass() -> None:
    (failed,) = think(Scripted(CallDelta(index=0, call_id="a", arguments="{}")))
    assert isinstance(failed, ThinkingFailed)
    assert "a call without the name of a tool" in failed.text
    assert failed.retryable


@pytest.mark.parametrize("pieces", [1, 65])
def test_arguments_have_a_bound(pieces: int) -> None:
    (failed,) = think(Scripted(*[CallDelta(index=0, name="look", arguments="x" * (64_001 // pieces + 1)) for _ in range(pieces)]))
    assert isinstance(failed, ThinkingFailed)
    assert "more than 64000 characters" in failed.text


def test_when_to_come_back_is_told() -> None:
    failure = ProviderError("busy", retryable=True, retry_after_s=2.5)
    assert think(Scripted(failure)) == [ThinkingFailed(token=7, text="busy", retryable=True, retry_in_s=2.5)]


def test_a_model_is_restarted_under_supervision_and_works_again() -> None:
    class Flaky(Scripted):
        async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
            self.asked.append((context, tools))
            if len(self.asked) < 3:
                raise KeyError("choices")
            yield TextDelta(text="Yes.")

    async def run() -> list[object]:
        desk = Desk()
        generation = Generation(Flaky(), [], desk.bulkhead, Still(), desk.report)
        for _ in range(3):
            await generation.think(ASKED)
        await desk.close()
        return [report.event if isinstance(report, PartReported) else type(report) for report in desk.reports]

    text = "KeyError: 'choices'"
    failed = PartFailed(part="llm", text=text, retryable=True)
    assert asyncio.run(run()) == [
        *(failed, ThinkingFailed, PartRestarted(part="llm", restarts=1, text=text)),
        *(failed, ThinkingFailed, PartRestarted(part="llm", restarts=2, text=text)),
        *(PartRecovered(part="llm"), SentenceReady, RoundFinished),
    ]


def test_a_model_that_is_replaced_is_given_back_once_nothing_of_it_runs() -> None:
    async def run() -> None:
        desk, retired = Desk(), list[Scripted]()
        first, second, third = Scripted(None), Scripted(TextDelta(text="Yes.")), Scripted()
        generation = Generation(first, [], desk.bulkhead, Still(), desk.report, retire=retired.append)  # type: ignore[arg-type]
        thought = asyncio.create_task(generation.think(ASKED))
        await first.began.wait()
        generation.use(first, [SCHEMA])
        generation.use(second, [SCHEMA])
        assert retired == []
        thought.cancel()
        await asyncio.wait([thought])
        assert retired == [first]
        await generation.think(ASKED)
        await generation.summarise(Summarise(token=9, context=CONTEXT))
        assert retired == [first]
        generation.use(third, [])
        assert retired == [first, second]
        assert generation.llm is third
        await desk.close()

    asyncio.run(run())


def sum_up(model: Scripted) -> list[object]:
    async def run() -> list[object]:
        desk = Desk()
        await Generation(model, [SCHEMA], desk.bulkhead, Still(), desk.report).summarise(Summarise(token=9, context=CONTEXT))
        await desk.close()
        return list(desk.reports)

    return asyncio.run(run())


def test_a_summary_is_one_text_that_is_asked_for_without_tools() -> None:
    model = Scripted(TextDelta(text="They "), CallDelta(name="look"), TextDelta(text="spoke. \ud83c"), TextDelta(text="\udf55"))
    assert sum_up(model) == [Summarised(token=9, text="They spoke. \U0001f355")]
    assert model.asked == [(CONTEXT, ())]
    assert sum_up(Scripted(TextDelta(text="x" * MAX_REPLY_CHARS), TextDelta(text="y"))) == [Summarised(token=9, text="x" * MAX_REPLY_CHARS)]


def test_a_summary_that_cannot_be_made_is_told() -> None:
    (failed,) = sum_up(Scripted(TextDelta(text="They"), ProviderError("no idea", retryable=True)))
    assert failed == SummaryFailed(token=9, text="no idea")


def test_the_history_has_a_text_as_the_model_wrote_it() -> None:
    deltas = [TextDelta(text=text) for text in ("\nOne:  two.", "\n\nThree ", " four.\tFive", ".  \n")]
    *sentences, finished = think(Scripted(*deltas))
    assert [one.text for one in sentences if isinstance(one, SentenceReady)] == ["One: two.", "Three four.", "Five."]
    assert [one.written for one in sentences if isinstance(one, SentenceReady)] == ["\nOne:  two.", "\n\nThree  four.", "\tFive."]
    assert isinstance(finished, RoundFinished)
    assert finished.space == "  \n"


def test_what_is_written_otherwise_than_it_is_said_is_kept_so_and_is_no_longer_than_an_answer() -> None:
    deltas = [
        TextDelta(text="Damn good. ", written="**** good. "),
        TextDelta(text="Bye.", written="x" * 20_000),
        TextDelta(text="\n", written=""),
    ]
    first, second, finished = think(Scripted(*deltas, TextDelta(text="", written="late")))
    assert first == SentenceReady(token=7, text="Damn good.", written="**** good.")
    assert second == SentenceReady(token=7, text="Bye.", written=" " + "x" * (MAX_REPLY_CHARS - len("**** good. ")))
    assert isinstance(finished, RoundFinished)
    assert finished.space == ""

"""From deltas to sentences and calls."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from actors.agent_session.core import Think
from actors.agent_session.core.inputs import RoundFinished, SentenceReady, ThinkingFailed
from actors.agent_session.engine.generation import MAX_CALLS, MAX_REPLY_CHARS, Generation
from protocols import CallDelta, ChatMessage, FunctionCall, LLMDelta, ProviderError, Role, TextDelta, ToolSchema
from support.engine_desk import Desk
from support.wayward import AWAITED, WRONG_VALUES

SCHEMA = ToolSchema(name="look", description="", parameters={})
ASKED = Think(token=7, messages=(ChatMessage(role=Role.USER, content="hello"),), offer_tools=True)


class Scripted:
    """Streams what it was given; an exception among it is raised."""

    def __init__(self, *deltas: LLMDelta | Exception | None) -> None:
        self._deltas = deltas
        self.asked: list[tuple[Sequence[ChatMessage], Sequence[ToolSchema]]] = []
        self.began = asyncio.Event()
        self.closed = False

    async def chat(self, history: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> AsyncIterator[LLMDelta]:
        self.asked.append((history, tools))
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
    return CallDelta(call=FunctionCall(call_id="x", name=name, arguments="{}"))


def think(model: Scripted, wanted: Think = ASKED) -> list[object]:
    async def run() -> list[object]:
        desk = Desk()
        await Generation(model, [SCHEMA], desk.bulkhead, desk.report).think(wanted)
        await desk.close()
        return list(desk.reports)

    return asyncio.run(run())


def test_each_sentence_is_told_as_soon_as_it_stands_and_the_calls_at_the_end() -> None:
    model = Scripted(TextDelta(text="Let me "), TextDelta(text="see. One mo"), call("look"), TextDelta(text="ment"))
    assert think(model) == [
        SentenceReady(token=7, text="Let me see."),
        SentenceReady(token=7, text="One moment"),
        RoundFinished(token=7, calls=(call("look").call,)),
    ]
    assert model.asked == [(ASKED.messages, [SCHEMA])]


def test_tools_are_offered_only_if_they_may_be_used() -> None:
    model = Scripted()
    think(model, Think(token=1, messages=(), offer_tools=False))
    assert model.asked == [((), ())]


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (ProviderError("busy", retryable=True), ThinkingFailed(token=7, text="busy", retryable=True)),
        (KeyError("x"), ThinkingFailed(token=7, text="KeyError: 'x'", retryable=False)),
    ],
)
def test_a_failure_is_told_behind_what_was_said(failure: Exception, told: ThinkingFailed) -> None:
    assert think(Scripted(TextDelta(text="Let me see. Now"), failure)) == [SentenceReady(token=7, text="Let me see."), told]


def test_a_model_that_says_nothing_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.agent_session.engine.generation.DELTA_TIMEOUT_S", 0.02)
    model = Scripted(TextDelta(text="Well"), None)
    assert think(model) == [ThinkingFailed(token=7, text="the provider does not answer", retryable=True)]
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
        task = asyncio.create_task(Generation(model, [], desk.bulkhead, desk.report).think(ASKED))
        await model.began.wait()
        task.cancel()
        await asyncio.wait([task])
        return model.closed

    assert asyncio.run(run())


class Wayward(Scripted):
    def __init__(self, deed: str) -> None:
        super().__init__()
        self._deed = deed

    async def chat(self, history: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> AsyncIterator[LLMDelta]:
        yield TextDelta(text="Let me see. Now")
        if self._deed in AWAITED:
            await AWAITED[self._deed]()
        else:
            yield WRONG_VALUES[self._deed]


@pytest.mark.parametrize("deed", [*AWAITED, *WRONG_VALUES])
def test_whatever_a_model_does_its_round_has_failed_in_words_that_can_travel(deed: str) -> None:
    said, failed = think(Wayward(deed))
    assert said == SentenceReady(token=7, text="Let me see.")
    assert isinstance(failed, ThinkingFailed)
    assert len(failed.text.encode()) < 2_000
    if deed in WRONG_VALUES:
        assert f"{__name__}.Wayward: " in failed.text


class NoStream(Scripted):
    async def chat(self, history: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> list[LLMDelta]:  # type: ignore[override]
        return []


def test_a_model_that_is_no_stream_is_told_how_to_be_one() -> None:
    (failed,) = think(NoStream())
    assert isinstance(failed, ThinkingFailed)
    assert "chat() gives a coroutine: define it with 'async def chat' and 'yield'" in failed.text


def test_an_emoji_that_is_cut_between_two_deltas_is_put_together() -> None:
    said, _ = think(Scripted(TextDelta(text="a pizza \ud83c"), TextDelta(text="\udf55 and \udf55.")))
    assert said == SentenceReady(token=7, text="a pizza 🍕 and �.")


class Endless(Scripted):
    async def chat(self, history: Sequence[ChatMessage], tools: Sequence[ToolSchema]) -> AsyncIterator[LLMDelta]:
        while True:
            yield TextDelta(text="")


def test_a_model_that_streams_for_ever_is_ended_by_its_deltas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.agent_session.engine.generation.MAX_DELTAS", 100)
    (failed,) = think(Endless())
    assert isinstance(failed, ThinkingFailed)
    assert (failed.text, failed.retryable) == ("the model does not end: it gave more than 100 deltas in a round", False)


def test_a_model_that_streams_for_ever_is_ended_by_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.agent_session.engine.generation.ROUND_TIMEOUT_S", 0.05)
    assert think(Endless()) == [ThinkingFailed(token=7, text="the provider does not answer", retryable=True)]

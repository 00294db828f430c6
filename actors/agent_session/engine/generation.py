"""The model at work: from the pieces of its answer to sentences and tool calls.

A round is bounded as a whole (time, pieces, characters, calls), and by the silence between two pieces.

How an answer ends decides what becomes of it. One that was cut at a limit of tokens is said as far as it came; a call of which only a part
came is not run, and so the round has failed. Of one that a filter of content cut nothing more is said, none of its calls is run, and the
round has failed. An answer that is cut without a reason is the provider's to tell (`LLM.chat`).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from typing import Final

from actors.agent_session.core import Input, Sentence, Summarise, Think, WrittenText
from actors.agent_session.core.inputs import RoundFinished, SentenceReady, Summarised, SummaryFailed, ThinkingFailed
from actors.agent_session.engine.bulkhead import Bulkhead
from actors.agent_session.engine.failures import failure_of
from actors.agent_session.engine.part_supervision import Part
from actors.agent_session.engine.part_supervisor import PartSupervisor
from actors.media import SentenceSplitter
from actors.providers import CallAssembler, llm_event_of, stream_of
from protocols import (
    DEFAULT_CHAT_OPTIONS,
    LLM,
    CallDelta,
    ChatFinished,
    Clock,
    FinishReason,
    FunctionCall,
    ProviderError,
    TextDelta,
    TokenUsage,
    ToolSchema,
    WellFormedStream,
    label_of,
    well_formed,
)

DELTA_TIMEOUT_S: Final = 20.0
"""Silence of the model after which its round has failed."""
ROUND_TIMEOUT_S: Final = 120.0
"""For a whole round, however much the model streams; then it has failed."""
MAX_DELTAS: Final = 32_000
"""Of one round; with more it has failed."""
MAX_REPLY_CHARS: Final = 16_000
"""Of one round's text: what comes after is left out."""
MAX_CALLS: Final = 16
"""Of one round: what comes after is left out."""
MAX_ARGUMENTS_CHARS: Final = 64_000
"""Of all calls of one round; with more it has failed."""


@dataclass(eq=False)
class _Model:
    """A model, its supervisor, and how many requests to it run; ``replaced`` once another is asked."""

    llm: LLM
    supervisor: PartSupervisor
    running: int = 0
    replaced: bool = False


class Generation:
    """Asks ``llm`` behind ``bulkhead``; the answers go to ``report``.

    ``retire`` is given a model that was replaced, once nothing of it runs.
    """

    def __init__(
        self,
        llm: LLM,
        tools: Sequence[ToolSchema],
        bulkhead: Bulkhead,
        clock: Clock,
        report: Callable[[Input], None],
        *,
        retire: Callable[[LLM], object] = lambda _: None,
    ) -> None:
        self._tools = tools
        self._bulkhead = bulkhead
        self._clock = clock
        self._report = report
        self._retire = retire
        self._model = self._supervised(llm)

    @property
    def llm(self) -> LLM:
        """The model that is asked now."""
        return self._model.llm

    def use(self, llm: LLM, tools: Sequence[ToolSchema]) -> None:
        """Ask this model from now on, and offer it these tools."""
        self._tools = tools
        if llm is self._model.llm:
            return
        before, self._model = self._model, self._supervised(llm)
        before.replaced = True
        self._retire_if_idle(before)

    def _supervised(self, llm: LLM) -> _Model:
        return _Model(llm, PartSupervisor(Part.LLM, self._clock.monotonic, self._report))

    def _retire_if_idle(self, model: _Model) -> None:
        if model.replaced and not model.running:
            self._retire(model.llm)

    @contextmanager
    def _asking(self) -> Iterator[_Model]:
        """The model, which is not retired within."""
        model = self._model
        model.running += 1
        try:
            yield model
        finally:
            model.running -= 1
            self._retire_if_idle(model)

    async def think(self, wanted: Think) -> None:
        """One round: each sentence as soon as it stands, then the calls; or its failure."""
        with self._asking() as model:
            await self._think(wanted, model)

    async def _think(self, wanted: Think, model: _Model) -> None:
        answer = _Answer(model.llm, wanted.token)
        model.supervisor.asked()
        try:
            await self._read(wanted, model.llm, answer)
            last = answer.last_sentences()
            finished = answer.finish()
        except Exception as failure:  # noqa: BLE001 - the seam to a provider: it may raise anything
            text, retryable = failure_of(failure)
            retry_in_s = model.supervisor.failed(failure)
            self._report(ThinkingFailed(token=wanted.token, text=text, retryable=retryable, retry_in_s=retry_in_s))
        else:
            model.supervisor.worked()
            self._say(wanted, last)
            self._report(finished)

    async def summarise(self, wanted: Summarise) -> None:
        """One text, without sentences and tools; or its failure."""
        with self._asking() as model:
            await self._summarise(wanted, model.llm)

    async def _summarise(self, wanted: Summarise, llm: LLM) -> None:
        text, room = WellFormedStream(), MAX_REPLY_CHARS
        pieces: list[str] = []
        stream = self._bulkhead.stream(
            lambda: stream_of(llm, "chat", llm.chat(wanted.context, (), DEFAULT_CHAT_OPTIONS)),
            silence_s=DELTA_TIMEOUT_S,
            total_s=ROUND_TIMEOUT_S,
        )
        try:
            async with aclosing(stream) as values:
                async for value in values:
                    event = llm_event_of(llm, value)
                    if isinstance(event, TextDelta):
                        pieces.append(text.feed(event.text[:room]))
                        room -= min(room, len(event.text))
        except Exception as failure:  # noqa: BLE001 - the seam to a provider: it may raise anything
            self._report(SummaryFailed(token=wanted.token, text=failure_of(failure)[0]))
        else:
            self._report(Summarised(token=wanted.token, text="".join(pieces) + text.finish()))

    async def _read(self, wanted: Think, llm: LLM, answer: "_Answer") -> None:
        tools = [tool for tool in self._tools if tool.name in wanted.tools]
        stream = self._bulkhead.stream(
            lambda: stream_of(llm, "chat", llm.chat(wanted.context, tools, wanted.options)),
            silence_s=DELTA_TIMEOUT_S,
            total_s=ROUND_TIMEOUT_S,
        )
        asked_s = self._clock.monotonic()
        async with aclosing(stream) as values:
            async for value in values:
                self._say(wanted, answer.add(value, self._clock.monotonic() - asked_s))

    def _say(self, wanted: Think, sentences: list[Sentence]) -> None:
        for sentence in sentences:
            self._report(SentenceReady(token=wanted.token, text=sentence.text, written=sentence.written))


class _Answer:
    """What the round of ``token`` has come to."""

    def __init__(self, llm: LLM, token: int) -> None:
        self._llm = llm
        self._token = token
        self._splitter = SentenceSplitter()
        self._text = WellFormedStream()
        self._written = WrittenText()
        self._room = self._room_to_write = MAX_REPLY_CHARS
        self._deltas = 0
        self._calls = CallAssembler(self._new_id)
        self._ids_made = 0
        self._reason: FinishReason | None = None
        self._first_token_s: float | None = None
        self._first_text_s = self._last_text_s = 0.0
        self._usage: TokenUsage | None = None

    def add(self, value: object, after_s: float) -> list[Sentence]:
        """Take the next piece, ``after_s`` seconds after the question: the sentences that stand by it.

        Raises:
            ProviderError: it is no piece of an answer, or a bound is passed.
        """
        self._deltas += 1
        if self._deltas > MAX_DELTAS:
            raise ProviderError(f"the model does not end: it gave more than {MAX_DELTAS} deltas in a round", retryable=False)
        event = llm_event_of(self._llm, value)
        match event:
            case TextDelta(text=text, written=written):
                self._begin(text, after_s)
                if text:
                    self._first_text_s, self._last_text_s = self._first_text_s or after_s, after_s
                said, self._room = text[: self._room], self._room - min(self._room, len(text))
                return self._sentences(self._text.feed(said), written)
            case CallDelta():
                self._begin(event.name or event.arguments, after_s)
                self._calls.add(event)
                if self._calls.size > MAX_ARGUMENTS_CHARS:
                    raise self._failed(f"the arguments of a round's calls have more than {MAX_ARGUMENTS_CHARS} characters")
            case ChatFinished(reason=reason):
                self._reason = reason
            case TokenUsage():
                self._usage = event
        return []

    def finish(self) -> RoundFinished:
        """The round, whose stream has ended.

        Raises:
            ProviderError: it ended so that it must not be acted on.
        """
        reason = self._reason
        if reason is FinishReason.CONTENT_FILTER:
            raise self._failed("the model's filter of content has cut the answer")
        if reason is FinishReason.LENGTH and (self._calls.cut or self._calls.nameless):
            raise self._failed("the answer was cut in a call of a tool, at the limit of its tokens: allow more of them")
        if self._calls.nameless:
            raise self._failed("the answer has a call without the name of a tool", retryable=True)
        calls = self._calls.finish()[:MAX_CALLS]
        if reason is None or reason is FinishReason.STOP:
            reason = FinishReason.TOOL_CALLS if calls else FinishReason.STOP
        return RoundFinished(
            token=self._token,
            calls=tuple(_well_formed(call) for call in calls),
            reason=reason,
            first_token_s=self._first_token_s,
            streamed_s=self._last_text_s - self._first_text_s,
            usage=self._usage,
            space=self._written.rest(),
        )

    def last_sentences(self) -> list[Sentence]:
        """What is left of the text."""
        last = self._sentences(self._text.finish(), None)
        return last + [self._written.take(sentence) for sentence in self._splitter.finish()]

    def _sentences(self, said: str, written: str | None) -> list[Sentence]:
        """The sentences that stand by this piece."""
        if written is not None:
            written = well_formed(written)[: self._room_to_write]
            self._room_to_write -= len(written)
        self._written.feed(said, written)
        return [self._written.take(sentence) for sentence in self._splitter.feed(said)]

    def _begin(self, content: str, after_s: float) -> None:
        if content and self._first_token_s is None:
            self._first_token_s = after_s

    def _new_id(self) -> str:
        self._ids_made += 1
        return f"call_{self._token}_{self._ids_made}"

    def _failed(self, why: str, *, retryable: bool = False) -> ProviderError:
        return ProviderError(f"{label_of(self._llm)}: {why}", retryable=retryable)


def _well_formed(call: FunctionCall) -> FunctionCall:
    """``call`` with arguments that were put together from pieces, in which half an emoji may stand at each end."""
    return replace(call, arguments=well_formed(call.arguments))

"""What every language model promises (`protocols.LLM`); used as ``conformance.stt`` is.

Models are free in what they say, so a subject has a question that has an answer, and one that needs a tool.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from actors import CallAssembler, llm_event_of, stream_of
from livekitex_agent.testing.conformance.suite import TIMEOUT_S, Check, Suite, require, warms_up_and_closes_twice
from protocols import (
    LLM,
    CallDelta,
    ChatContext,
    ChatFinished,
    ChatMessage,
    ChatOptions,
    FinishReason,
    FunctionCall,
    FunctionCallOutput,
    FunctionChoice,
    LLMEvent,
    ProviderError,
    Role,
    TextDelta,
    TokenUsage,
    ToolChoice,
    ToolSchema,
    label_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LLMSubject:
    """A model to check: it has to say something to ``question``, and to call ``tool`` for ``task``, if there is one."""

    make: Callable[[], LLM]
    question: str
    task: str = ""
    tool: ToolSchema | None = None
    timeout_s: float = TIMEOUT_S


@dataclass(slots=True)
class _Answer:
    events: list[LLMEvent] = field(default_factory=list)
    text: str = ""
    calls: tuple[FunctionCall, ...] = ()

    def all(self, kind: type) -> list[LLMEvent]:
        return [event for event in self.events if isinstance(event, kind)]


_SUITE: Final = Suite[LLM, LLMSubject]()


def _has_tool(_llm: LLM, subject: LLMSubject) -> bool:
    return subject.tool is not None


@_SUITE.check()
async def says_what_it_is(llm: LLM, _subject: LLMSubject) -> None:
    """It has a name."""
    require(llm, label_of(llm) == llm.label, f"its label is {llm.label!r}: give it a name")


@_SUITE.check()
async def answers_with_text(llm: LLM, subject: LLMSubject) -> None:
    """A question has an answer in words, which are values of the contract."""
    answer = await _ask(llm, subject.question)
    require(llm, answer.text.strip(), f"it says nothing to {subject.question!r}")


@_SUITE.check()
async def ends_its_answer_once(llm: LLM, subject: LLMSubject) -> None:
    """There is one `ChatFinished` at most, and after it nothing but the usage, once at most."""
    answer = await _ask(llm, subject.question)
    finished = answer.all(ChatFinished)
    require(llm, len(finished) <= 1, f"its answer ends {len(finished)} times: give one ChatFinished")
    after = answer.events[answer.events.index(finished[0]) + 1 :] if finished else []
    require(llm, all(isinstance(event, TokenUsage) for event in after), "it goes on after ChatFinished: only TokenUsage may follow")
    require(llm, len(answer.all(TokenUsage)) <= 1, "it tells its usage more than once: give one TokenUsage, of all tokens")
    for usage in answer.all(TokenUsage):
        cached = isinstance(usage, TokenUsage) and usage.cached_prompt_tokens <= usage.prompt_tokens
        require(llm, cached, f"it tells {usage}: cached tokens are among those of the prompt")


@_SUITE.check(_has_tool)
async def calls_a_tool(llm: LLM, subject: LLMSubject) -> None:
    """For a task that needs the tool it calls it, by its name, with arguments that are a JSON object and have what is required."""
    answer = await _ask(llm, subject.task, subject)
    require(llm, answer.calls, f"it calls no tool for {subject.task!r}")
    for call in answer.calls:
        require(llm, subject.tool is not None and call.name == subject.tool.name, f"it calls {call.name!r}, which nobody offered")
        try:
            arguments = json.loads(call.arguments)
        except ValueError:
            arguments = None
        require(llm, isinstance(arguments, dict), f"its arguments are {call.arguments!r:.80}: give a JSON object")
        required = set(subject.tool.parameters.get("required", ())) if subject.tool else set()
        require(llm, required <= set(arguments or ()), f"its arguments {call.arguments:.80} lack some of {sorted(required)}")
    for finished in answer.all(ChatFinished):
        reason = finished.reason if isinstance(finished, ChatFinished) else None
        require(llm, reason is FinishReason.TOOL_CALLS, f"it calls tools and ends with {reason}: end with tool_calls")


@_SUITE.check(_has_tool)
async def calls_no_tool_that_it_must_not(llm: LLM, subject: LLMSubject) -> None:
    """With the choice "none", or without tools, it calls none."""
    answer = await _ask(llm, subject.task, subject, ChatOptions(tool_choice=ToolChoice.NONE))
    require(llm, not answer.calls, "it calls a tool though the choice is none: hand on tool_choice")


@_SUITE.check(_has_tool)
async def calls_the_tool_that_it_has_to_or_refuses(llm: LLM, subject: LLMSubject) -> None:
    """With the choice "required", or of one tool, it calls one; a model that cannot be told so raises ProviderError."""
    name = subject.tool.name if subject.tool else ""
    for choice in (ToolChoice.REQUIRED, FunctionChoice(name=name)):
        try:
            answer = await _ask(llm, subject.question, subject, ChatOptions(tool_choice=choice))
        except ProviderError:
            continue
        require(llm, answer.calls, f"it calls no tool though the choice is {choice}: hand on tool_choice, or raise ProviderError")


@_SUITE.check(_has_tool)
async def speaks_after_the_result_of_a_tool(llm: LLM, subject: LLMSubject) -> None:
    """When the results of its calls are there, it answers."""
    asked = _context(subject.task)
    first = await _read(llm, asked, _tools(subject), ChatOptions())
    said = (ChatMessage.of(Role.ASSISTANT, first.text),) if first.text else ()
    results = (FunctionCallOutput(call_id=call.call_id, name=call.name, output="done") for call in first.calls)
    answer = await _read(llm, asked.append(*said, *first.calls, *results), _tools(subject), ChatOptions())
    require(llm, answer.text.strip() or answer.calls, "after the result of its call it says nothing")


@_SUITE.check()
async def works_after_it_was_stopped(llm: LLM, subject: LLMSubject) -> None:
    """An answer that is stopped after its first piece leaves the next one as it was."""
    async with aclosing(_stream(llm, _context(subject.question), (), ChatOptions())) as events:
        async for _ in events:
            break
    require(llm, (await _ask(llm, subject.question)).text.strip(), "it says nothing after an answer that was stopped")


@_SUITE.check()
async def works_after_it_was_cancelled(llm: LLM, subject: LLMSubject) -> None:
    """An answer that is cancelled before its first piece leaves the next one as it was."""
    task = asyncio.ensure_future(_ask(llm, subject.question))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait((task,))
    require(llm, (await _ask(llm, subject.question)).text.strip(), "it says nothing after an answer that was cancelled")


@_SUITE.check(_has_tool)
async def keeps_answers_apart(llm: LLM, subject: LLMSubject) -> None:
    """Two answers at a time have their own pieces each."""
    spoken, called = await asyncio.gather(_ask(llm, subject.question), _ask(llm, subject.task, subject))
    require(llm, spoken.text.strip() and not spoken.calls, "of two answers at a time, that to the question has the calls of the other")
    require(llm, called.calls, "of two answers at a time, that to the task has no calls")


@_SUITE.check(_has_tool)
async def leaves_what_it_was_given(llm: LLM, subject: LLMSubject) -> None:
    """The tools are the caller's: their list is not changed."""
    tools = list(_tools(subject))
    await _read(llm, _context(subject.question), tools, ChatOptions())
    require(llm, tools == list(_tools(subject)), "it changes the tools that it is given: make a list of its own")


@_SUITE.check()
async def warms_up_and_closes_more_than_once(llm: LLM, _subject: LLMSubject) -> None:
    """A second prewarm() and a second aclose() do nothing."""
    await warms_up_and_closes_twice(llm)


def _context(text: str) -> ChatContext:
    return ChatContext((ChatMessage.of(Role.SYSTEM, "Be brief."), ChatMessage.of(Role.USER, text)))


def _tools(subject: LLMSubject | None) -> Sequence[ToolSchema]:
    return () if subject is None or subject.tool is None else (subject.tool,)


async def _ask(llm: LLM, text: str, subject: LLMSubject | None = None, options: ChatOptions | None = None) -> _Answer:
    return await _read(llm, _context(text), _tools(subject), options or ChatOptions())


async def _read(llm: LLM, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> _Answer:
    answer, calls = _Answer(), CallAssembler(lambda: f"made-{len(answer.events)}")
    async with aclosing(_stream(llm, context, tools, options)) as events:
        async for event in events:
            answer.events.append(event)
            match event:
                case TextDelta(text=text):
                    answer.text += text
                case CallDelta():
                    calls.add(event)
                case _:
                    pass
    require(llm, not calls.nameless, "it asks for a call without the name of a tool")
    answer.calls = calls.finish()
    return answer


async def _stream(llm: LLM, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncGenerator[LLMEvent, None]:
    stream = stream_of(llm, "chat", llm.chat(context, tools, options))
    try:
        async for value in stream:
            yield llm_event_of(llm, value)
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()


CHECKS: Final[tuple[Check[LLM, LLMSubject], ...]] = tuple(_SUITE)
"""The checks, by name: ``str(check)``."""

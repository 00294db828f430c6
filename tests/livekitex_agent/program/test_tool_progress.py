"""Tools that tell how far they are and go on: what the program is told, what the caller hears, and what of it a death leaves."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager
from contextvars import copy_context
from typing import Any

import pytest

from actors import RunContext as ToolRun
from livekitex_agent import Agent, AgentSentence, AgentSession, ProgramPlace, RunContext, StopResponse, ToolError, function_tool, provider
from livekitex_agent.llm import FunctionCall, FunctionToolCall, ToolContext, ToolResult
from livekitex_agent.llm.utils import execute_function_call
from livekitex_agent.testing import TestSession
from livekitex_agent.testing.fakes import scripted_llm
from livekitex_agent.voice.run_context import UPDATE_TEMPLATE
from livekitex_agent.voice.speech_handle import SpeechHandle
from protocols import AgentChanged, ToolReply, ToolReturned, ToolUpdated
from support.travel_program import DONE, GO, go

TRAVEL = ProgramPlace(place="support.travel_program")
Tool = Callable[[RunContext[Any]], Coroutine[Any, Any, Any]]


@pytest.fixture(autouse=True)
def nothing_done() -> Iterator[None]:
    DONE.clear()
    GO.clear()
    yield
    DONE.clear()
    GO.clear()


def said(call: TestSession) -> list[str]:
    return [event.event.text for event in call.events if isinstance(event.event, AgentSentence)]


def told(call: TestSession, kind: type) -> list[Any]:
    return [event.event for event in call.events if isinstance(event.event, kind)]


async def let(call: TestSession, *names: str) -> None:
    for name in names:
        go(name).set()
        await call.advance(1)


# In one life.


@asynccontextmanager
async def session_with(tool: Tool, *others: Mapping[str, Any], **arguments: Any) -> AsyncIterator[AgentSession[Any]]:
    """A session whose agent has this tool, ``work``, which the model calls for "go"; it tells what it is told of it."""

    class Worker(Agent):
        @function_tool
        async def work(self, ctx: RunContext[Any]) -> Any:
            """Work."""
            return await tool(ctx)

    replies = [{"to": "go", "calls": ["work"]}, *others, {"after": "work", "say": "Heard: {input}."}, {"say": "Hm."}]
    async with asyncio.timeout(20), AgentSession(llm=provider(scripted_llm, replies=replies), **arguments) as session:
        await session.start(Worker(instructions="Work."))
        yield session


class Updates(list[Any]):
    """What a session tells of its tools."""

    def __init__(self, session: AgentSession[Any]) -> None:
        super().__init__()
        self._news = asyncio.Event()
        session.on("tool_execution_updated", self._note)

    def _note(self, event: Any) -> None:
        self.append(event.update)
        self._news.set()

    async def until(self, reached: Callable[["Updates"], bool]) -> None:
        """Wait until it is so."""
        while not reached(self):
            self._news.clear()
            await self._news.wait()


def ended(seen: Updates) -> bool:
    return any(update.type == "tool_call_ended" for update in seen)


def outputs(session: AgentSession[Any]) -> list[tuple[str, str, bool]]:
    """Of the tools: the end of their ids, what the model is told, and whether it is a failure."""
    items = [item for item in session.history.items if item.type == "function_call_output"]
    first = items[0].call_id if items else ""
    return [(item.call_id.removeprefix(first), item.output, item.is_error) for item in items]


def replies(session: AgentSession[Any]) -> list[str | None]:
    return [item.text_content for item in session.history.items if item.type == "message" and item.role == "assistant"]


async def status(seen: Updates, *wanted: str) -> None:
    """Wait until the replies of tools have come to that."""
    await seen.until(lambda seen: [update.status for update in seen if update.type == "tool_reply_updated"] == list(wanted))


def run(check: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(check())


def test_a_session_tells_of_each_update_and_of_the_reply_to_what_came_later() -> None:
    async def check() -> None:
        free = asyncio.Event()

        async def work(ctx: RunContext[Any]) -> str:
            assert not ctx.updated
            await ctx.update("half", template="{function_name} of {call_id}: {message}".replace("{call_id}", "it"))
            assert ctx.updated
            await free.wait()
            await ctx.update({"at": 3})
            return "whole"

        async with session_with(work) as session:
            seen = Updates(session)
            await session.run(user_input="go")
            assert replies(session) == ["Heard: work of it: half."]
            free.set()
            await status(seen, "scheduled", "completed")
            assert outputs(session) == [("", "work of it: half", False), ("_update_1", "{'at': 3}", False), ("_final", "whole", False)]
            kinds = [(update.type, getattr(update, "message", None)) for update in seen]
            assert kinds[:3] == [("tool_call_started", None), ("tool_call_updated", "half"), ("tool_call_updated", "{'at': 3}")]
            assert ("tool_call_ended", "whole") in kinds
            assert [update.id[-6:] for update in seen if update.type == "tool_call_ended"] == ["_final"]
            scheduled = [update for update in seen if update.type == "tool_reply_updated" and update.status == "scheduled"]
            assert [ids[-6:] for update in scheduled for ids in update.update_ids] == ["date_1", "_final"]

    run(check)


@pytest.mark.parametrize(
    ("end", "output", "status_told", "message"),
    [
        (lambda: ValueError("secret"), ("_final", "An internal error occurred", True), "error", "secret"),
        (lambda: ToolError("sold out"), ("_final", "sold out", True), "error", "sold out"),
    ],
)
def test_a_tool_that_fails_after_an_update_has_that_told(
    end: Callable[[], Exception], output: tuple[str, str, bool], status_told: str, message: str
) -> None:
    async def check() -> None:
        async def work(ctx: RunContext[Any]) -> None:
            await ctx.update("half")
            raise end()

        async with session_with(work) as session:
            seen = Updates(session)
            await session.run(user_input="go")
            await status(seen, "scheduled", "completed")
            assert outputs(session)[-1] == output
            assert [(update.status, update.message) for update in seen if update.type == "tool_call_ended"] == [(status_told, message)]
            assert replies(session)[-1] == f"Heard: {output[1]}."

    run(check)


@pytest.mark.parametrize("end", [None, StopResponse(), ToolResult("noted", reply_required=False)], ids=["none", "stop", "no reply"])
def test_one_that_wants_no_answer_after_an_update_gets_none(end: object) -> None:
    async def check() -> None:
        async def work(ctx: RunContext[Any]) -> object:
            await ctx.update("half", silent=True)
            if isinstance(end, Exception):
                raise end
            return end

        async with session_with(work) as session:
            seen = Updates(session)
            await session.run(user_input="go")
            await seen.until(ended)
            assert seen[-1].status == "done"
            assert [suffix for suffix, _, _ in outputs(session)] == ["", "_final"]
            assert [update.type for update in seen if update.type == "tool_reply_updated"] == []
            assert replies(session) == []

    run(check)


def test_an_agent_that_is_returned_after_an_update_does_not_get_the_call() -> None:
    async def check() -> None:
        async def work(ctx: RunContext[Any]) -> Agent:
            await ctx.update("half")
            return Agent(instructions="Another.")

        async with session_with(work) as session:
            seen = Updates(session)
            await session.run(user_input="go")
            await status(seen, "scheduled", "completed")
            assert outputs(session)[-1] == ("_final", "the agent handoff did not happen", True)
            assert session.current_agent.id == "worker"

    run(check)


def test_a_tool_may_await_the_speech_that_it_was_called_in_once_that_does_not_wait_for_it() -> None:
    async def check() -> None:
        heard = []

        async def work(ctx: RunContext[Any]) -> None:
            with pytest.raises(RuntimeError, match="each would wait for the other"):
                await ctx.speech_handle.wait_for_playout()
            await ctx.update("half")
            await ctx.speech_handle.wait_for_playout()
            heard.append(replies(ctx.session))

        async with session_with(work) as session:
            seen = Updates(session)
            await session.run(user_input="go")
            await seen.until(ended)
        assert heard == [[f"Heard: {UPDATE_TEMPLATE.format(function_name='work', message='half')}."]]

    run(check)


def test_who_has_the_floor_speaks_before_another_tools_result_is_told() -> None:
    async def check() -> None:
        entered, free = asyncio.Event(), asyncio.Event()

        class Two(Agent):
            @function_tool
            async def slow(self, ctx: RunContext[Any]) -> str:
                """Take long."""
                await ctx.update("slow begins", silent=True)
                await entered.wait()
                return "slow is over"

            @function_tool
            async def talk(self, ctx: RunContext[Any]) -> None:
                """Talk."""
                await ctx.update("talk begins", silent=True)
                async with ctx.foreground():
                    entered.set()
                    async with ctx.foreground():  # it has it already
                        await free.wait()
                        await ctx.session.say("I have the floor.")

        script = [
            {"to": "go", "calls": ["slow", "talk"]},
            {"after": "slow", "say": "Slow."},
            {"after": "talk", "say": "Talk."},
        ]
        async with asyncio.timeout(20), AgentSession(llm=provider(scripted_llm, replies=script)) as session:
            await session.start(Two(instructions="Two."))
            seen = Updates(session)
            session.generate_reply(user_input="go")
            await entered.wait()
            await seen.until(ended)
            free.set()
            await status(seen, "scheduled", "completed")
            assert replies(session) == ["I have the floor.", "Slow."]

    run(check)


def test_nobody_gets_the_floor_of_a_session_that_closes() -> None:
    async def check() -> None:
        entered = asyncio.Event()
        failed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def work(ctx: RunContext[Any]) -> None:
            async def ask() -> None:
                try:
                    async with ctx.foreground():
                        failed.set_result("it has it")
                except RuntimeError as failure:
                    failed.set_result(str(failure))

            outside = copy_context()
            async with ctx.foreground():
                asking = asyncio.get_running_loop().create_task(ask(), context=outside)
                entered.set()
                await asking

        async with session_with(work) as session:
            session.generate_reply(user_input="go")
            await entered.wait()
            await session.aclose()
            assert await failed == "the session is closing: nobody gets the floor any more"

    run(check)


def test_a_call_outside_of_a_session_notes_the_updates() -> None:
    async def check() -> None:
        @function_tool
        async def work(ctx: RunContext[Any]) -> str:
            """Work."""
            await ctx.update("half")
            await ctx.update("more", template="{message}", silent=True)
            with pytest.raises(RuntimeError, match="needs a session"):
                ctx.foreground()
            return "whole"

        context = RunContext(
            run=ToolRun(user_data={}, call_id="c"),
            session=AgentSession(),
            speech_handle=SpeechHandle(speech_id="s", allow_interruptions=True),
            function_call=FunctionCall(call_id="1", name="work", arguments="{}"),
        )
        call = FunctionToolCall(name="work", arguments="{}", call_id="1")
        result = await execute_function_call(call, ToolContext([work]), call_ctx=context)
        assert result.fnc_call_out.output == "whole"
        assert [(call.call_id, output.reply_required) for call, output in result.fnc_call_updates] == [("1", True), ("1_update_1", False)]
        assert result.fnc_call_updates[1][1].output == "more"

    run(check)


# Through a death.


def test_a_tool_goes_on_while_the_call_does() -> None:
    async def check() -> None:
        async with TestSession(TRAVEL) as call:
            await call.run(user_input="book")
            assert said(call) == ["Heard book: searching."]
            await call.run(user_input="and the weather?")
            await let(call, "found", "paid")
            assert said(call) == ["Heard book: searching.", "Hm.", "Heard book: found one.", "Heard booked."]
            assert DONE == ["life 1", "book begins", "book ends"]
            assert [event.status for event in told(call, ToolReply)] == ["pending", "scheduled", "completed"] * 2

    run(check)


@pytest.mark.parametrize("when", ["updated", "said", "pending", "scheduled", "told"])
def test_killed_while_it_goes_on_nothing_is_said_twice_and_the_outcome_is_unknown(when: str) -> None:
    async def check() -> None:
        session, later = TestSession(TRAVEL), when in {"pending", "scheduled", "told"}
        async with session as call:
            if not later:
                session.kill_when(ToolUpdated if when == "updated" else AgentSentence)
            await call.run(user_input="book")
            if later:
                session.kill_when(
                    lambda event: isinstance(event, AgentSentence) if when == "told" else getattr(event, "status", "") == when
                )
                await let(call, "found")
            await call.advance(1)
            assert DONE == ["life 1", "book begins", "life 2"]
            assert said(call).count("Heard book: searching.") == 1
            assert said(call).count("Heard book: found one.") == (when in {"scheduled", "told"}), "else it is told with the outcome"
            assert "".join(said(call)).count("outcome of this call is unknown") == 1
            assert [("the outcome of this call is unknown" in event.result) for event in told(call, ToolReturned)] == [True]
            scheduled = [ids for event in told(call, ToolReply) if event.status == "scheduled" for ids in event.update_ids]
            assert [ids.rpartition("_")[2] for ids in scheduled] == [*(["1"] if later else []), "final"]

    run(check)


def test_one_that_may_be_run_again_is_and_tells_only_what_it_had_not_told() -> None:
    async def check() -> None:
        async with TestSession(TRAVEL) as call:
            await call.run(user_input="watch")
            await call.kill()
            assert said(call) == ["Heard watch: watching."]
            await let(call, "fell")
            assert said(call) == ["Heard watch: watching.", "Heard it fell."]

    run(check)


def test_a_task_that_such_a_tool_awaits_has_the_call_and_gives_it_back() -> None:
    async def check() -> None:
        async with TestSession(TRAVEL) as call:
            await call.run(user_input="choose")
            await let(call, "plan")
            assert said(call)[-1] == "Which seat?"
            await call.run(user_input="window")
            await call.advance(1)
            assert said(call)[-1] == "Heard seat window."
            assert [event.new for event in told(call, AgentChanged)] == ["seat", "traveller"]

    run(check)


def test_killed_in_such_a_task_the_call_is_given_back_and_the_outcome_is_unknown() -> None:
    async def check() -> None:
        async with TestSession(TRAVEL) as call:
            await call.run(user_input="choose")
            await let(call, "plan")
            await call.kill()
            await call.advance(1)
            assert [event.new for event in told(call, AgentChanged)] == ["seat", "traveller"]
            assert "outcome of this call is unknown" in "".join(said(call))
            await call.run(user_input="and now?")
            assert said(call)[-1] == "Hm."

    run(check)

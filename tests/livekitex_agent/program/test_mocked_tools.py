"""Tools of a program's agents that a test has put others in the place of, in a session in its own process."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from livekitex_agent import AgentSession, RunContext, provider
from livekitex_agent.testing.fakes import scripted_llm
from livekitex_agent.voice.mocking import mock_tools
from support.waiter_program import DONE, Order, Waiter

ORDER = {"to": "*", "calls": [{"name": "add", "arguments": '{"product": "pizza", "count": 2}'}]}
LLM = provider(scripted_llm, replies=[ORDER, {"after": "add", "say": "Fine."}])


async def _with_the_context(ctx: RunContext[Order], product: str) -> str:
    return f"{product} for {type(ctx.userdata).__name__}"


@pytest.mark.parametrize(
    ("mock", "output", "is_error"),
    [
        (lambda product, count: f"{count} {product} mocked", "2 pizza mocked", False),
        (_with_the_context, "pizza for Order", False),
        (lambda: RuntimeError("no oven"), "An internal error occurred", True),
    ],
)
def test_a_mock_runs_in_the_place_of_a_tool(mock: Callable[..., Any], output: str, is_error: bool) -> None:
    async def check() -> None:
        async with asyncio.timeout(20), AgentSession(llm=LLM, userdata=Order()) as session:
            await session.start(Waiter())
            with mock_tools(Waiter, {"add": mock}):
                run = await session.run(user_input="two pizzas")
            run.expect.contains_function_call(name="add", arguments={"product": "pizza"})
            run.expect.contains_function_call_output(output=output, is_error=is_error)
            assert not [line for line in DONE if "added" in line]
            again = await session.run(user_input="two pizzas")
            again.expect.contains_function_call_output(output="2 pizza added")
            mock_tools(Waiter, {"add": lambda: "of the session"}, session=session)
            last = await session.run(user_input="two pizzas")
            last.expect.contains_function_call_output(output="of the session")

    DONE.clear()
    asyncio.run(check())
    DONE.clear()

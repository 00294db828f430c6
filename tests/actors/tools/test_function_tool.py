import asyncio
import threading
from dataclasses import dataclass
from typing import Any

import pytest

from actors.tools import MAX_RESULT_CHARS, FunctionTool, RunContext, function_tool
from protocols import InvalidToolError


@dataclass
class Price:
    name: str
    euros: float


@function_tool
def price(name: str) -> Price:
    """Tell a price.

    Args:
        name: The product.
    """
    return Price(name, 9.5)


@function_tool(name="say", description="Say it.", timeout_s=0.01, idempotent=True)
async def slow(word: str) -> str:
    await asyncio.Event().wait()
    return word


@function_tool
def remember(context: RunContext, fact: str, *, loud: bool = False) -> str:
    context.user_data["fact"] = fact.upper() if loud else fact
    context.end_call("told")
    return threading.current_thread().name


def run(tool: FunctionTool, arguments: str, context: RunContext | None = None) -> str:
    return asyncio.run(tool.invoke(arguments, context or RunContext(user_data={}, call_id="c1")))


def test_a_tool_is_still_its_function() -> None:
    assert price("pizza") == Price("pizza", 9.5)
    assert price.schema.name == "price"
    assert price.schema.description == "Tell a price."
    assert price.schema.parameters["properties"]["name"]["description"] == "The product."
    assert not price.idempotent


def test_the_decorators_options() -> None:
    assert (slow.schema.name, slow.schema.description, slow.timeout_s, slow.idempotent) == ("say", "Say it.", 0.01, True)


def test_data_is_told_as_json_and_text_as_it_is() -> None:
    assert run(price, '{"name": "pizza"}') == '{"name":"pizza","euros":9.5}'
    context = RunContext(user_data={}, call_id="c1")
    thread = run(remember, '{"fact": "two", "loud": true}', context)
    assert context.user_data == {"fact": "TWO"}
    assert context.end_requested == "told"
    assert thread != threading.main_thread().name


def test_a_wrong_argument_does_not_run_the_function() -> None:
    context = RunContext(user_data={}, call_id="c1")
    with pytest.raises(InvalidToolError, match="fact: Input should be a valid string"):
        run(remember, '{"fact": 2}', context)
    assert context.user_data == {}


def test_time_is_bounded() -> None:
    with pytest.raises(TimeoutError):
        run(slow, '{"word": "hi"}')


def test_a_long_result_is_cut_and_says_so() -> None:
    def long() -> str:
        return "x" * (MAX_RESULT_CHARS + 7)

    assert run(function_tool(long), "").endswith("x [7 more characters were cut]")


def test_a_result_that_is_no_json_is_refused() -> None:
    def lock() -> object:
        return threading.Lock()

    with pytest.raises(InvalidToolError, match="lock returned a lock, which is no JSON"):
        run(function_tool(lock), "")


@pytest.mark.parametrize(
    ("make", "cure"),
    [
        (lambda: function_tool(lambda: 1), "'<lambda>' is no name of a tool"),
        (lambda: function_tool(price), "price is a tool already"),
        (lambda: function_tool(Price), "is no function"),
        (lambda: function_tool("price"), "'price' is no function"),  # type: ignore[call-overload]
        (lambda: function_tool(timeout_s=0)(test_time_is_bounded), "positive time"),
        (lambda: function_tool(name="two words")(test_time_is_bounded), "'two words' is no name"),
    ],
)
def test_what_cannot_be_a_tool_names_the_cure(make: Any, cure: str) -> None:
    with pytest.raises(InvalidToolError, match=cure):
        make()

import asyncio
import dataclasses
import functools
import inspect
import threading
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from pydantic import Field

from actors.tools import FunctionTool, RunContext, function_tool
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
    with pytest.raises(InvalidToolError, match="fact\n  Input should be a valid string"):
        run(remember, '{"fact": 2}', context)
    assert context.user_data == {}


def test_time_is_bounded() -> None:
    with pytest.raises(TimeoutError):
        run(slow, '{"word": "hi"}')


def sync_decorator(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


async def plus_one(number: int) -> int:
    await asyncio.sleep(0)
    return number + 1


class Shop:
    @function_tool
    @staticmethod
    async def static(number: int) -> int:
        return await plus_one(number)

    @classmethod
    async def of_class(cls, number: int) -> int:
        return await plus_one(number)

    @classmethod
    @sync_decorator
    async def decorated(cls, number: int) -> int:
        return await plus_one(number)


@pytest.mark.parametrize(
    "tool",
    [
        function_tool(sync_decorator(plus_one)),
        Shop.static,
        function_tool(Shop.of_class),
        function_tool(Shop.decorated),
        function_tool(sync_decorator(Shop.decorated)),
    ],
)
def test_an_async_function_runs_under_whatever_decorator(tool: FunctionTool) -> None:
    assert run(tool, '{"number": 1}') == "2"


async def in_two_steps(number: int) -> Any:
    return plus_one(number)


@pytest.mark.parametrize("function", [in_two_steps, sync_decorator(in_two_steps), sync_decorator(sync_decorator(plus_one))])
def test_what_an_awaited_result_gives_to_be_awaited_is_awaited_too(function: Any) -> None:
    assert run(function_tool(function), '{"number": 1}') == "2"


@function_tool
def weather(
    day: str, city: str = Field(default="Berlin"), count: int = Field(ge=1), *, sizes: Annotated[list[int], Field(default_factory=list)]
) -> tuple[Any, ...]:
    return day, city, count, sizes


def test_who_calls_a_tool_as_a_function_is_given_the_defaults_of_its_fields() -> None:
    assert weather("Monday", count=2) == ("Monday", "Berlin", 2, [])
    assert weather("Monday", "Rome", 3, sizes=[4]) == ("Monday", "Rome", 3, [4])
    for arguments in ({"day": "Monday"}, {"count": 1}, {"day": "Monday", "count": 1, "colour": "red"}):
        with pytest.raises(TypeError):
            weather(**arguments)


def test_what_is_awaited_later_is_bounded_too() -> None:
    with pytest.raises(TimeoutError):
        run(function_tool(timeout_s=0.01)(sync_decorator(slow.function)), '{"word": "hi"}')


def test_what_a_thread_gives_to_be_awaited_when_nobody_waits_is_closed() -> None:
    given: list[Any] = []
    go_on = threading.Event()

    def late(word: str) -> Any:
        """Give a coroutine when nobody waits for it any more."""
        assert go_on.wait(100)
        given.append(slow.function(word))
        return given[0]

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await function_tool(timeout_s=0.01)(late).invoke('{"word": "hi"}', RunContext(user_data={}, call_id="c1"))
        go_on.set()

    asyncio.run(give_up())  # it waits for the thread
    assert inspect.getcoroutinestate(given[0]) == inspect.CORO_CLOSED


def numbers() -> Any:
    yield 1


async def later_numbers() -> Any:
    yield 1


def test_a_frozen_tool_has_a_hash() -> None:
    again = dataclasses.replace(price)
    assert {price: 1}[again] == 1
    assert hash(price) == hash(again)


@pytest.mark.parametrize(
    ("make", "cure"),
    [
        (lambda: function_tool(numbers), "yields: a tool has one result, so return a list"),
        (lambda: function_tool(sync_decorator(later_numbers)), "yields: a tool has one result"),
        (lambda: function_tool(functools.partial(numbers)), "is no function: a tool is a plain function, so write one"),  # type: ignore[arg-type]
    ],
)
def test_what_has_not_one_result_is_refused(make: Any, cure: str) -> None:
    with pytest.raises(InvalidToolError, match=cure):
        make()


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

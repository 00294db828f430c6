"""A function that a model may call."""

import asyncio
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, overload

from actors.tools.docstrings import parse_docstring
from actors.tools.hand_off import split_hand_off
from actors.tools.parameters import Parameters, read_parameters
from actors.tools.results import told
from actors.tools.run_context import RunContext
from protocols import InvalidToolError, ToolSchema, well_formed

DEFAULT_TIMEOUT_S: Final = 30.0
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, kw_only=True)
class FunctionTool:
    """A tool: a function, how a model sees it, and how it may be run. Made by `function_tool`; calling it calls the function.

    ``timeout_s`` bounds one run. ``idempotent`` allows a run to be repeated when a crash left its outcome unknown.
    """

    function: Callable[..., Any]
    schema: ToolSchema
    parameters: Parameters
    timeout_s: float = DEFAULT_TIMEOUT_S
    idempotent: bool = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the function's own signature
        """Call the function itself, as if it were not decorated; a default that a ``Field`` states is filled in.

        Raises:
            TypeError: an argument is missing.
        """
        return self.function(*args, **kwargs, **self.parameters.stated_defaults(self.function, args, kwargs))

    def validate(self, arguments_json: str) -> dict[str, Any]:
        """The function's arguments from a model's JSON; empty text stands for no arguments.

        Raises:
            InvalidToolError: they do not fit the schema; the text is for the model to read.
        """
        return self.parameters.validate(self.schema.name, arguments_json)

    async def invoke(self, arguments_json: str, context: RunContext) -> str:
        """Run the function and give its result as the model is told: text as it is, anything else as JSON.

        An agent that it returns, alone or before its result, goes to ``context``. A coroutine function runs on the event loop, any other in
        a thread of its own; what that gives to be awaited is awaited on the event loop. Cancelling stops what runs on the event loop and
        abandons the thread.

        Raises:
            InvalidToolError: the arguments do not fit, or the result is nothing that JSON can hold.
            TimeoutError: no result after ``timeout_s``.
            Exception: whatever the function raises.
        """
        arguments = self.validate(arguments_json)
        if self.parameters.context_name is not None:
            arguments[self.parameters.context_name] = context
        async with asyncio.timeout(self.timeout_s):
            if inspect.iscoroutinefunction(self.function):
                result = await self.function(**arguments)
            else:
                result = await self._in_thread(arguments)
            while inspect.isawaitable(result):  # an async function under a decorator that is none
                result = await result
        agent, result = split_hand_off(result)
        if agent is not None:
            context.hand_off(agent)
        return told(self.schema.name, result)

    async def _in_thread(self, arguments: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever the function gives
        """What the function gives in a thread. If nobody waits for it any more, a coroutine is closed that would never be awaited."""
        given: list[object] = []
        abandoned = False

        def call() -> None:
            given.append(self.function(**arguments))
            if abandoned:
                _close(given)

        try:
            await asyncio.to_thread(call)
        except asyncio.CancelledError:
            abandoned = True
            _close(given)  # the thread either sees that it is abandoned, or has given already
            raise
        return given[0]


def _close(given: list[object]) -> None:
    for result in given:
        if inspect.iscoroutine(result):
            result.close()


@overload
def function_tool(function: Callable[..., Any]) -> FunctionTool: ...
@overload
def function_tool(
    *, name: str = "", description: str = "", timeout_s: float = DEFAULT_TIMEOUT_S, idempotent: bool = False
) -> Callable[[Callable[..., Any]], FunctionTool]: ...
def function_tool(
    function: Callable[..., Any] | None = None,
    *,
    name: str = "",
    description: str = "",
    timeout_s: float = DEFAULT_TIMEOUT_S,
    idempotent: bool = False,
) -> FunctionTool | Callable[[Callable[..., Any]], FunctionTool]:
    """Make a function, sync or async, a tool: ``@function_tool``, or ``@function_tool(timeout_s=5)``.

    The schema comes from the signature; name and description default to the function's name and its docstring, whose ``Args`` section
    describes the parameters. A parameter annotated with `RunContext` is filled in and not shown to the model.

    Raises:
        InvalidToolError: the function cannot be a tool; the text says why, and the cure.
    """
    if function is None:
        return lambda decorated: _make(decorated, name, description, timeout_s, idempotent=idempotent)
    return _make(function, name, description, timeout_s, idempotent=idempotent)


def _make(function: Callable[..., Any], name: str, description: str, timeout_s: float, *, idempotent: bool) -> FunctionTool:
    if isinstance(function, FunctionTool):
        raise InvalidToolError(f"{function.schema.name} is a tool already: decorate it once")
    if isinstance(function, type) or not inspect.isroutine(function):
        raise InvalidToolError(f"{function!r:.80} is no function: a tool is a plain function, so write one with 'def' that calls it")
    if inspect.isgeneratorfunction(inspect.unwrap(function)) or inspect.isasyncgenfunction(inspect.unwrap(function)):
        raise InvalidToolError(f"{function!r:.80} yields: a tool has one result, so return a list")
    if timeout_s <= 0:
        raise InvalidToolError(f"timeout_s={timeout_s!r}: give the tool a positive time in seconds")
    name = name or getattr(function, "__name__", "")
    if not _NAME.fullmatch(name):
        raise InvalidToolError(f"{name!r} is no name of a tool (letters, digits, _ and -, at most 64): define a function, or give name=")
    documented = parse_docstring(function.__doc__)
    parameters = read_parameters(function, documented.parameters)
    description = well_formed(description or documented.description)
    schema = ToolSchema(name=name, description=description, parameters=parameters.json_schema)
    return FunctionTool(function=function, schema=schema, parameters=parameters, timeout_s=timeout_s, idempotent=idempotent)

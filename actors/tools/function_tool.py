"""A function that a model may call.

How it works. `function_tool` reads a function once, where it is decorated: its name, its description and the schema of its arguments come
from the signature, the annotations and the docstring (`parameters`, `docstrings`), or are taken as they are given (`raw_parameters`). What
cannot be a tool is refused there, with the cure, so nothing is found out in a call. The tool stays callable as the function that it is.

A run goes through three methods. `validate` makes arguments of a model's JSON, and raises what the model can read and mend. `run` calls the
function: a coroutine function on the event loop of whoever asks, any other in a thread, so that it stops nobody. `invoke` puts both
together for a session: it fills in the `RunContext`, bounds the whole by ``timeout_s``, hands a returned agent to the context and makes of
the result what the model is told (`results`). Whether a run that a crash has cut short may be repeated is said by ``idempotent``, and
decided by the session's core, as is what becomes of a call while the same one runs (``on_duplicate``).

A method is a tool of its class: had from an object it is bound to that (``__get__``), and the class's own stays as it is. Everything here
is frozen. What is given up keeps its thread until the function returns; a coroutine that it gives then is closed, for nobody awaits it.
"""

import asyncio
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, Self, overload

from actors.tools.docstrings import parse_docstring
from actors.tools.hand_off import split_hand_off
from actors.tools.parameters import Parameters, read_parameters
from actors.tools.raw_parameters import RawParameters, read_raw_parameters
from actors.tools.results import told
from actors.tools.run_context import RunContext
from actors.tools.tool_kinds import CONFIRM_DUPLICATE_PARAM, DuplicateMode, DuplicateScope, Tool, ToolFlag
from protocols import InvalidToolError, ToolSchema, well_formed

DEFAULT_TIMEOUT_S: Final = 30.0
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, kw_only=True)
class ToolInfo:
    """What is known of a tool beside its function, by LiveKit's names; ``raw_schema`` is None where the schema was read from it."""

    name: str
    description: str | None
    flags: ToolFlag
    on_duplicate: DuplicateMode
    duplicate_scope: DuplicateScope
    raw_schema: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class FunctionTool(Tool):
    """A tool: a function, how a model sees it, and how it may be run. Made by `function_tool`; calling it calls the function.

    ``timeout_s`` bounds one run. ``idempotent`` allows a run to be repeated when a crash left its outcome unknown. In a class it is a
    method: had from an object, it is bound to it (``instance``).
    """

    function: Callable[..., Any]
    schema: ToolSchema
    parameters: Parameters | RawParameters
    timeout_s: float = DEFAULT_TIMEOUT_S
    idempotent: bool = False
    flags: ToolFlag = ToolFlag.NONE
    on_duplicate: DuplicateMode = "allow"
    duplicate_scope: DuplicateScope = "name"
    instance: object | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("__name__", "__doc__"):
            object.__setattr__(self, name, getattr(self.function, name, None))
        object.__setattr__(self, "__wrapped__", self._bound())

    @property
    def id(self) -> str:
        """Its name."""
        return self.schema.name

    @property
    def info(self) -> ToolInfo:
        """What is known of it, by LiveKit's names."""
        return ToolInfo(
            name=self.schema.name,
            description=self.schema.description,
            flags=self.flags,
            on_duplicate=self.on_duplicate,
            duplicate_scope=self.duplicate_scope,
        )

    def __get__(self, obj: object | None, objtype: type | None = None) -> Self:
        return self if obj is None or not self.parameters.takes_instance else replace(self, instance=obj)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the function's own signature
        """Call the function itself, as if it were not decorated; a default that a ``Field`` states is filled in.

        Raises:
            TypeError: an argument is missing.
        """
        if self.instance is not None:
            args = (self.instance, *args)
        return self.function(*args, **kwargs, **self.parameters.stated_defaults(self.function, args, kwargs))

    def validate(self, arguments_json: str) -> dict[str, Any]:
        """The function's arguments from a model's JSON; empty text stands for no arguments.

        Raises:
            InvalidToolError: they do not fit the schema; the text is for the model to read.
        """
        return self.parameters.validate(self.schema.name, arguments_json)

    async def run(self, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever the function gives
        """What the function gives with these arguments, which `validate` has made, and what that gives to be awaited.

        A coroutine function runs on the event loop, any other in a thread of its own. Cancelling stops what runs on the event loop and
        abandons the thread.

        Raises:
            InvalidToolError: it is a method, and bound to no object.
            Exception: whatever the function raises.
        """
        if self.parameters.takes_instance and self.instance is None:
            raise InvalidToolError(f"{self.schema.name} is a method: take the tool from an object of its class")
        if inspect.iscoroutinefunction(self.function):
            result = await self._bound()(**arguments)
        else:
            result = await self._in_thread(arguments)
        while inspect.isawaitable(result):  # an async function under a decorator that is none
            result = await result
        return result

    async def invoke(self, arguments_json: str, context: RunContext) -> str:
        """Run the function and give its result as the model is told: text as it is, anything else as JSON.

        An agent that it returns, alone or before its result, goes to ``context``. How it runs stands at `run`.

        Raises:
            InvalidToolError: the arguments do not fit, or the result is nothing that JSON can hold.
            TimeoutError: no result after ``timeout_s``.
            Exception: whatever the function raises.
        """
        arguments = self.validate(arguments_json)
        if self.parameters.context_name is not None:
            arguments[self.parameters.context_name] = context
        async with asyncio.timeout(self.timeout_s):
            result = await self.run(arguments)
        agent, result = split_hand_off(result)
        if agent is not None:
            context.hand_off(agent)
        return told(self.schema.name, result)

    def _bound(self) -> Callable[..., Any]:
        return self.function if self.instance is None else partial(self.function, self.instance)

    async def _in_thread(self, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever the function gives
        """What the function gives in a thread. If nobody waits for it any more, a coroutine is closed that would never be awaited."""
        given: list[object] = []
        abandoned = False

        def call() -> None:
            given.append(self._bound()(**arguments))
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


class RawFunctionTool(FunctionTool):
    """A tool whose JSON schema was given: its function takes the arguments as one, ``raw_arguments``."""

    @property
    def info(self) -> ToolInfo:
        """What is known of it, with its schema as it was given."""
        schema = {"name": self.schema.name, "description": self.schema.description, "parameters": self.schema.parameters}
        return replace(super().info, raw_schema=schema)


@overload
def function_tool(function: Callable[..., Any]) -> FunctionTool: ...
@overload
def function_tool(
    function: Callable[..., Any],
    *,
    raw_schema: Mapping[str, Any],
    timeout_s: float = ...,
    idempotent: bool = ...,
    flags: ToolFlag = ...,
    on_duplicate: DuplicateMode = ...,
    duplicate_scope: DuplicateScope = ...,
) -> RawFunctionTool: ...
@overload
def function_tool(
    function: None = None,
    *,
    raw_schema: Mapping[str, Any],
    timeout_s: float = ...,
    idempotent: bool = ...,
    flags: ToolFlag = ...,
    on_duplicate: DuplicateMode = ...,
    duplicate_scope: DuplicateScope = ...,
) -> Callable[[Callable[..., Any]], RawFunctionTool]: ...
@overload
def function_tool(
    function: Callable[..., Any],
    *,
    name: str | None = ...,
    description: str | None = ...,
    timeout_s: float = ...,
    idempotent: bool = ...,
    flags: ToolFlag = ...,
    on_duplicate: DuplicateMode = ...,
    duplicate_scope: DuplicateScope = ...,
) -> FunctionTool: ...
@overload
def function_tool(
    function: None = None,
    *,
    name: str | None = ...,
    description: str | None = ...,
    timeout_s: float = ...,
    idempotent: bool = ...,
    flags: ToolFlag = ...,
    on_duplicate: DuplicateMode = ...,
    duplicate_scope: DuplicateScope = ...,
) -> Callable[[Callable[..., Any]], FunctionTool]: ...
def function_tool(
    function: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    raw_schema: Mapping[str, Any] | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    idempotent: bool = False,
    flags: ToolFlag = ToolFlag.NONE,
    on_duplicate: DuplicateMode = "allow",
    duplicate_scope: DuplicateScope = "name",
) -> FunctionTool | Callable[[Callable[..., Any]], FunctionTool]:
    """Make a function, sync or async, a tool: ``@function_tool``, or ``@function_tool(timeout_s=5)``. Methods are tools as well.

    The schema comes from the signature; name and description default to the function's name and its docstring, whose ``Args`` section
    describes the parameters. A parameter annotated with `RunContext` is filled in and not shown to the model. ``raw_schema`` (name,
    description, parameters) is taken as it is; the function then takes ``raw_arguments: dict``. ``on_duplicate`` says what becomes of a
    call while another one runs that is the same by ``duplicate_scope``.

    Raises:
        InvalidToolError: the function cannot be a tool; the text says why, and the cure.
    """

    def decorate(decorated: Callable[..., Any]) -> FunctionTool:
        _require_function(decorated)
        if timeout_s <= 0:
            raise InvalidToolError(f"timeout_s={timeout_s!r}: give the tool a positive time in seconds")
        raw = raw_schema or {}
        named = str(raw.get("name") or "") if raw_schema is not None else name or str(getattr(decorated, "__name__", ""))
        if not _NAME.fullmatch(named):
            cure = "define a function, or give name="
            raise InvalidToolError(f"{named!r} is no name of a tool (letters, digits, _ and -, at most 64): {cure}")
        documented = parse_docstring(decorated.__doc__)
        parameters: Parameters | RawParameters
        if raw_schema is None:
            parameters = read_parameters(decorated, documented.parameters)
            told_description = description or documented.description
        else:
            parameters = read_raw_parameters(decorated, raw)
            told_description = str(raw.get("description") or "")
        shown = _confirmable(parameters.json_schema) if on_duplicate == "confirm" else parameters.json_schema
        return (FunctionTool if raw_schema is None else RawFunctionTool)(
            function=decorated,
            schema=ToolSchema(name=named, description=well_formed(told_description), parameters=shown),
            parameters=parameters,
            timeout_s=timeout_s,
            idempotent=idempotent,
            flags=flags,
            on_duplicate=on_duplicate,
            duplicate_scope=duplicate_scope,
        )

    return decorate if function is None else decorate(function)


def _require_function(function: Callable[..., Any]) -> None:
    if isinstance(function, FunctionTool):
        raise InvalidToolError(f"{function.schema.name} is a tool already: decorate it once")
    if isinstance(function, type) or not inspect.isroutine(function):
        raise InvalidToolError(f"{function!r:.80} is no function: a tool is a plain function, so write one with 'def' that calls it")
    if inspect.isgeneratorfunction(inspect.unwrap(function)) or inspect.isasyncgenfunction(inspect.unwrap(function)):
        raise InvalidToolError(f"{function!r:.80} yields: a tool has one result, so return a list")


def _confirmable(schema: dict[str, Any]) -> dict[str, Any]:
    """``schema`` with the parameter by which a model confirms a duplicate."""
    confirmation = {
        "type": ["boolean", "null"],
        "default": None,
        "description": "Set this to true to run it a second time while it runs; only when the user confirms that this is wanted.",
    }
    return {**schema, "properties": {**schema.get("properties", {}), CONFIRM_DUPLICATE_PARAM: confirmation}}

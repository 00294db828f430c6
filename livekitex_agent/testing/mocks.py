"""Tools that a test puts in the place of an agent's own, and takes away again."""

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from actors import FunctionTool
from livekitex_agent.voice.mocking import Mock, call_mock, is_exception
from protocols import UsageError


class ToolMocks:
    """The mocks that hold now, by the tool's name."""

    def __init__(self) -> None:
        self._mocks: dict[str, Mock] = {}

    @contextmanager
    def holding(self, mocks: Mapping[str, Mock], tools: Mapping[str, FunctionTool]) -> Iterator[None]:
        """Let ``mocks`` hold beside those that do, and in the place of those of the same name.

        Raises:
            UsageError: a name that none of ``tools`` has, or a function that asks for what the tool is not given.
        """
        for name, mock in mocks.items():
            _require_fits(name, mock, tools)
        before = self._mocks
        self._mocks = {**before, **mocks}
        try:
            yield
        finally:
            self._mocks = before

    async def call(self, tool: FunctionTool, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever it gives
        """What the mock of ``tool`` makes of the arguments, which were checked against the tool's schema; else what the tool makes of them.

        Raises:
            Exception: whatever it raises.
        """
        mock = self._mocks.get(tool.schema.name)
        if mock is not None:
            return await call_mock(mock, arguments)
        result = tool.function(**arguments)
        while inspect.isawaitable(result):
            result = await result
        return result


def _require_fits(name: str, mock: object, tools: Mapping[str, FunctionTool]) -> None:
    tool = tools.get(name)
    if tool is None:
        raise UsageError(f"the agent has no tool {name!r} to mock; it has {', '.join(sorted(tools)) or 'none'}")
    if is_exception(mock):
        return
    if not callable(mock):
        raise UsageError(
            f"the mock of {name} is {mock!r:.60}: give a function, or an exception to raise; for a result, lambda: {mock!r:.40}"
        )
    given = set(inspect.signature(tool.function).parameters)
    for parameter in inspect.signature(mock).parameters.values():
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise UsageError(f"the mock of {name} takes {parameter.name} by position alone: tools are called by name")
        named = parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        if named and parameter.name not in given and parameter.default is parameter.empty:
            has = ", ".join(sorted(given)) or "no parameter"
            raise UsageError(f"the mock of {name} wants {parameter.name!r}, which the tool does not have: it has {has}")

"""What stands in for an agent's tools in a test: the model sees the real ones, and other functions run."""

import inspect
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, Final, overload
from weakref import WeakKeyDictionary

Mock = Callable[..., Any] | BaseException | type[BaseException]
"""What a tool does instead: a function, sync or async, of those of the tool's parameters that it wants; or what it raises."""
Mocks = Mapping[str, Mock]

_scoped: Final[ContextVar[Mapping[type[Any], Mocks]]] = ContextVar("livekitex_mocked_tools", default={})  # noqa: B039 - never changed
_held: Final[WeakKeyDictionary[Any, Mapping[type[Any], Mocks]]] = WeakKeyDictionary()
_of_sessions: Final[WeakKeyDictionary[Any, dict[type[Any], Mocks]]] = WeakKeyDictionary()


@overload
def mock_tools(agent: type[Any], mocks: Mocks) -> AbstractContextManager[None]: ...
@overload
def mock_tools(agent: type[Any], mocks: Mocks, *, session: object) -> None: ...
def mock_tools(agent: type[Any], mocks: Mocks, *, session: object = None) -> AbstractContextManager[None] | None:
    """Have ``mocks`` run in the place of the tools that agents of exactly the class ``agent`` have by those names.

    Without ``session`` a context manager: they hold in sessions that are started, and in runs that are begun, within it, in the place of
    those that held for the class before. With ``session`` they hold in that session from now on; ``{}`` takes them away. What holds by a
    context goes before.
    """
    if session is not None:
        _of_sessions.setdefault(session, {})[agent] = dict(mocks)
        return None
    return _holding(agent, mocks)


@contextmanager
def _holding(agent: type[Any], mocks: Mocks) -> Generator[None]:
    token = _scoped.set({**_scoped.get(), agent: dict(mocks)})
    try:
        yield
    finally:
        _scoped.reset(token)


def hold_mocks(session: object) -> None:
    """Let what holds where the caller is hold in the tools of ``session`` until this is called again: they run elsewhere."""
    _held[session] = _scoped.get()


def mocks_of(agent: type[Any], session: object) -> Mocks:
    """What holds for agents of the class ``agent`` in ``session``, by the tool's name."""
    return {**_of_sessions.get(session, {}).get(agent, {}), **_held.get(session, {}).get(agent, {})}


async def call_mock(mock: Mock, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever it gives
    """What ``mock`` makes of those of the tool's ``arguments``, in the tool's order, that it wants; an exception that it gives is raised.

    They are given by name; by position to a mock that takes them so alone, or needs a name that the tool has not.

    Raises:
        Exception: whatever it raises.
    """
    result = _called(mock, arguments) if callable(mock) and not is_exception(mock) else mock
    while inspect.isawaitable(result):
        result = await result
    if isinstance(result, BaseException) or (isinstance(result, type) and issubclass(result, BaseException)):
        raise result
    return result


def is_exception(value: object) -> bool:
    """Whether it can be raised."""
    return isinstance(value, BaseException) or (isinstance(value, type) and issubclass(value, BaseException))


def _called(mock: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever it gives
    parameters = inspect.signature(mock).parameters.values()
    if any(each.kind is each.VAR_KEYWORD for each in parameters):
        return mock(**arguments)
    named = [each for each in parameters if each.kind is not each.VAR_POSITIONAL]
    if any(each.kind is each.POSITIONAL_ONLY or (each.name not in arguments and each.default is each.empty) for each in named):
        return mock(*list(arguments.values())[: len(named)])
    return mock(**{each.name: arguments[each.name] for each in named if each.name in arguments})

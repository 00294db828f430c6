"""Effects outside the conversation that happen once in a call, however often its process dies and its program runs again.

What is known of an effect is a fact in the journal, by the effect's key: that it was begun, which is written before it begins, and how it
ended. What was begun in a life that is over, and has no end, may have happened: nobody but the user can know.
"""

import asyncio
import builtins
import inspect
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from livekitex_agent.program.user_data import encode, name_of, restore
from protocols import DecodeError, LivekitexError, MessageTooLargeError, OutcomeUnknown, UsageError

MAX_TEXT_CHARS: Final = 1_000
"""Of what a failure says."""
MAX_STATE_CHARS: Final = 4_000
"""Of a failure's arguments and attributes as JSON; if they are longer, its text alone is kept."""


class Facts(Protocol):
    """What the journal remembers for the program."""

    def get(self, key: str) -> str | None:
        """The value of a fact (JSON), or None."""
        ...

    async def put(self, key: str, value: str) -> None:
        """Keep ``value`` (JSON); returns once it is in the journal.

        Raises:
            LivekitexError: it is not, and will not be.
        """
        ...


@dataclass(frozen=True, slots=True)
class Begun:
    """The effect was begun."""


@dataclass(frozen=True, slots=True)
class Done:
    """It has returned ``result`` (as `user_data` writes it)."""

    result: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It has raised an exception of the class ``error`` with this text.

    ``state`` is its arguments and attributes, as `user_data` writes them, or None if they cannot be written.
    """

    error: str
    text: str
    state: str | None


Outcome = Begun | Done | Failed


@dataclass(frozen=True, slots=True)
class Run:
    """Let it happen."""


def decide(key: str, known: str | None, *, idempotent: bool) -> Run | Done | Failed:
    """What becomes of a use of ``key``, of which this was ``known`` when this life began.

    Raises:
        OutcomeUnknown: it was begun, has no end, and must not happen twice.
    """
    outcome = read_outcome(known) if known is not None else None
    match outcome:
        case None:
            return Run()
        case Begun() if idempotent:
            return Run()
        case Begun():
            raise OutcomeUnknown(
                f"{key!r:.80} was begun, and its process died before it ended: find out what happened, then use another key,"
                " or give idempotent=True if it may happen twice"
            )
        case _:
            return outcome


def write_outcome(outcome: Outcome) -> str:
    """The fact that says ``outcome``."""
    match outcome:
        case Begun():
            return '{"state":"begun"}'
        case Done(result=result):
            return json.dumps({"state": "done", "result": result})
        case Failed(error=error, text=text, state=held):
            return json.dumps({"state": "failed", "error": error, "text": text, "held": held})


def read_outcome(fact: str) -> Outcome:
    """The outcome that ``fact`` says.

    Raises:
        DecodeError: it is no fact of `write_outcome`.
    """
    try:
        match json.loads(fact):
            case {"state": "begun"}:
                return Begun()
            case {"state": "done", "result": str(result)}:
                return Done(result)
            case {"state": "failed", "error": str(error), "text": str(text), "held": str() | None as held}:
                return Failed(error, text, held)
            case _:
                raise DecodeError("no outcome of an effect")
    except ValueError as failure:
        raise DecodeError(f"no outcome of an effect: {failure}") from failure


def failed(failure: Exception) -> Failed:
    """The outcome that ``failure`` is."""
    try:
        text = str(failure)[:MAX_TEXT_CHARS]
    except Exception as broken:  # noqa: BLE001 - its __str__ is not ours
        text = f"(its text cannot be read: {type(broken).__name__})"
    state = None
    with suppress(MessageTooLargeError):
        encoded = encode((failure.args, vars(failure)), "failure")
        if not encoded.unwritten and len(encoded.text) <= MAX_STATE_CHARS:
            state = encoded.text
    return Failed(name_of(type(failure)), text, state)


def error_of(outcome: Failed) -> Exception:
    """An exception equivalent to the one that was raised: of its class if that is loaded, else a `RuntimeError` that names it.

    No code of the class runs.
    """
    module, _, name = outcome.error.partition(":")
    kind = vars(sys.modules.get(module, builtins)).get(name)
    if not isinstance(kind, type) or not issubclass(kind, Exception):
        return RuntimeError(f"{name or module}: {outcome.text}")
    arguments, attributes = ((outcome.text,), {}) if outcome.state is None else restore(outcome.state, None).value
    error = Exception.__new__(kind, *arguments)
    if kind.__module__ == builtins.__name__:
        with suppress(TypeError):  # one that wants more than a text
            error = kind(*arguments)
    vars(error).update(attributes)
    return error


def result_of(outcome: Done | Failed) -> Any:  # noqa: ANN401 - whatever it was
    """What has such an outcome returns.

    Raises:
        Exception: what it has raised.
    """
    if isinstance(outcome, Failed):
        raise error_of(outcome)
    return restore(outcome.result, None, "result").value


class Once:
    """The effects of one incarnation. Used on the program loop only."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._runs: dict[str, asyncio.Task[Any]] = {}

    async def __call__(self, key: str, function: Callable[..., Any], *args: object, idempotent: bool = False) -> Any:  # noqa: ANN401 - its
        """What ``function(*args)`` returns or raises, which is called once in a call; each later use of ``key`` has the same outcome.

        A function that is not async is called in a thread. Uses at the same time share one run, which goes on when they are cancelled. Its
        result has to be one that `user_data` can write; one that cannot be written raises, in every life. An exception is an outcome as
        well: the function is not called again. After a death it is raised as an equivalent one.

        Raises:
            OutcomeUnknown: the process died in it, and it is not ``idempotent``. An idempotent one is called again.
            UsageError: the key is empty.
            LivekitexError: the journal does not take it; it was not called.
        """
        if not key:
            raise UsageError("once() needs a key: a text that names this effect and no other in the call")
        running = self._runs.get(key)
        if running is None or running.cancelled():
            match decide(key, self._facts.get(fact_key(key)), idempotent=idempotent):
                case Done() | Failed() as outcome:
                    return result_of(outcome)
                case Run():
                    running = self._runs[key] = asyncio.create_task(self._run(key, function, args), name=f"once {key:.80}")
        return await asyncio.shield(running)

    async def _run(self, key: str, function: Callable[..., Any], args: tuple[object, ...]) -> Any:  # noqa: ANN401 - the function's
        try:
            await self._facts.put(fact_key(key), write_outcome(Begun()))
        except LivekitexError:
            del self._runs[key]  # it was not begun: it may be, later
            raise
        try:
            result = await _called(function, args)
            await self._keep_result(key, result)
        except Exception as failure:
            await self._facts.put(fact_key(key), write_outcome(failed(failure)))
            raise
        return result

    async def _keep_result(self, key: str, result: object) -> None:
        encoded = encode(result, "result")
        if encoded.unwritten:
            found = encoded.unwritten[0]
            raise UsageError(f"{key!r:.80} has returned what cannot be kept, {found.type_name} at {found.path}: return plain values")
        await self._facts.put(fact_key(key), write_outcome(Done(encoded.text)))


def fact_key(key: str) -> str:
    """The key of the fact of an effect."""
    return f"once:{key}"


async def _called(function: Callable[..., Any], args: tuple[object, ...]) -> Any:  # noqa: ANN401 - the function's
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None)):  # noqa: B004 - is it async?
        return await function(*args)
    result = await asyncio.to_thread(function, *args)
    return await result if inspect.isawaitable(result) else result

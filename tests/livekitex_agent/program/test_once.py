"""Once: whatever kills the process, an effect happens once, its outcome stays, and what nobody can know is said."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent.program.once import (
    MAX_TEXT_CHARS,
    Begun,
    Done,
    Failed,
    Once,
    Outcome,
    Run,
    decide,
    error_of,
    fact_key,
    failed,
    read_outcome,
    write_outcome,
)
from livekitex_agent.program.user_data import encode
from protocols import CapacityError, DecodeError, OutcomeUnknown, ProviderError, UsageError


class Killed(BaseException):
    """The process dies here."""


@dataclass
class Journal:
    """Facts, of which the process is killed before or after the n-th is there: at twice its number, and one more."""

    kept: dict[str, str] = field(default_factory=dict)
    kill_at: int | None = None
    step: int = 0
    refusing: int = 0

    def get(self, key: str) -> str | None:
        return self.kept.get(key)

    async def put(self, key: str, value: str) -> None:
        await asyncio.sleep(0)
        if self.refusing:
            self.refusing -= 1
            raise CapacityError("full")
        self.die()
        self.kept[key] = value
        self.die()

    def die(self) -> None:
        self.step += 1
        if self.step - 1 == self.kill_at:
            raise Killed

    def next_life(self) -> "Journal":
        return Journal(self.kept)


class RefusedError(Exception):
    def __init__(self, number: int, text: str) -> None:
        super().__init__(number, text)
        self.number = number


class PickyError(Exception):
    def __init__(self, *, only: int) -> None:
        super().__init__("picky")
        self.only = only


class UnreadableError(Exception):
    def __str__(self) -> str:
        raise OSError("no text")


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


effects: st.SearchStrategy[object] = st.one_of(
    st.none(),
    st.integers(),
    st.tuples(st.text(), st.dates()),
    st.lists(st.booleans()),
    st.sampled_from([ValueError("no number"), RefusedError(7, "busy"), KeyError("x"), ProviderError("busy", retryable=True)]),
)


@given(effects, st.integers(0, 3), st.booleans())
def test_killed_at_any_step_it_happens_once_or_is_known_to_be_unknown(outcome: object, kill_at: int, idempotent: bool) -> None:
    happened = []

    async def effect(number: int) -> object:
        happened.append(number)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def use(journal: Journal) -> object:
        try:
            return await Once(journal)("sms", effect, 7, idempotent=idempotent)
        except OutcomeUnknown as unknown:
            return unknown
        except Exception as failure:  # noqa: BLE001 - the effect's
            return failure

    journal = Journal(kill_at=kill_at)
    with pytest.raises(Killed):
        run(use(journal))
    first = len(happened)
    results = [run(use(journal.next_life())) for _ in range(2)]
    begun, done = kill_at >= 1, kill_at == 3
    for result in results:
        if begun and not done and not idempotent:
            assert isinstance(result, OutcomeUnknown)
        elif isinstance(outcome, Exception):
            assert (type(result), str(result), vars(result)) == (type(outcome), str(outcome), vars(outcome))
        else:
            assert result == outcome
    assert first == (kill_at >= 2)
    assert len(happened) == (1, int(idempotent), 1 + idempotent, 1)[kill_at]


def test_uses_at_the_same_time_share_one_run_which_goes_on_without_them() -> None:
    async def use() -> None:
        go_on, begun, happened, journal = asyncio.Event(), asyncio.Semaphore(0), [], Journal()
        once = Once(journal)

        async def effect() -> list[int]:
            happened.append(1)
            begun.release()
            await go_on.wait()
            return [1]

        first, second = (asyncio.ensure_future(once("sms", effect)) for _ in range(2))
        other = asyncio.ensure_future(once("mail", effect))
        for _ in range(2):
            await begun.acquire()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        go_on.set()
        assert await second == await other == await once("sms", effect) == [1]
        assert len(happened) == 2
        assert read_outcome(journal.kept[fact_key("sms")]) == Done(encode([1]).text)

    run(use())


def test_an_exception_is_raised_again_as_it_is_in_this_life_and_as_an_equivalent_one_in_the_next() -> None:
    refused = RefusedError(7, "busy")

    def effect() -> None:
        happened.append(1)
        raise refused

    async def use(once: Once, times: int) -> None:
        for _ in range(times):
            with pytest.raises(RefusedError) as raised:
                await once("sms", effect)
            seen.append(raised.value)

    happened: list[int] = []
    seen: list[RefusedError] = []
    journal = Journal()
    run(use(Once(journal), 2))
    run(use(Once(journal), 1))
    assert len(happened) == 1
    assert seen[0] is seen[1] is refused
    assert (seen[2] is refused, seen[2].number, seen[2].args) == (False, 7, (7, "busy"))


def test_a_result_that_cannot_be_kept_raises_in_every_life() -> None:
    happened: list[int] = []

    def connect() -> list[object]:
        happened.append(1)
        return [threading.Lock()]

    async def use(once: Once) -> None:
        for _ in range(2):
            with pytest.raises(UsageError, match=r"'db' has returned what cannot be kept, _thread:lock at result\[0\]"):
                await once("db", connect)

    journal = Journal()
    run(use(Once(journal)))
    run(use(Once(journal)))
    assert happened == [1]


def test_what_the_journal_does_not_take_has_not_begun_and_may_begin_later() -> None:
    async def use() -> None:
        happened: list[int] = []
        once = Once(Journal(refusing=1))
        with pytest.raises(CapacityError):
            await once("sms", happened.append, 1)
        assert happened == []
        await once("sms", happened.append, 1)
        assert happened == [1]

    run(use())


def test_an_effect_that_was_cancelled_has_an_unknown_outcome() -> None:
    async def use() -> None:
        async def effect() -> None:
            raise asyncio.CancelledError

        once = Once(Journal())
        with pytest.raises(asyncio.CancelledError):
            await once("sms", effect)
        with pytest.raises(OutcomeUnknown, match="'sms' was begun, and its process died before it ended"):
            await once("sms", effect)

    run(use())


def test_what_is_not_async_is_called_in_a_thread() -> None:
    async def name() -> str:
        return threading.current_thread().name

    class Caller:
        async def __call__(self) -> str:
            return await name()

    async def use() -> None:
        once, here = Once(Journal()), threading.current_thread().name
        assert await once("thread", lambda: threading.current_thread().name) != here
        for number, function in enumerate((name, partial(name), Caller(), lambda: name())):  # noqa: PLW0108 - one that returns a coroutine
            assert await once(f"loop {number}", function) == here

    run(use())


def test_a_key_is_needed() -> None:
    with pytest.raises(UsageError, match="needs a key"):
        run(Once(Journal())("", print))


OUTCOMES: tuple[Outcome, ...] = (
    Begun(),
    Done(encode((1,)).text),
    Failed("builtins:ValueError", "é", None),
    Failed("a:B", "x", encode(("x",)).text),
)


@pytest.mark.parametrize("outcome", OUTCOMES, ids=str)
def test_outcomes_are_written_and_read(outcome: Outcome) -> None:
    assert read_outcome(write_outcome(outcome)) == outcome


@pytest.mark.parametrize(
    "fact", ["", "1", "{}", '{"state":"gone"}', '{"state":"done","result":1}', '{"state":"failed","error":"x","text":"y"}']
)
def test_other_facts_are_refused(fact: str) -> None:
    with pytest.raises(DecodeError):
        read_outcome(fact)


def test_the_table_of_decisions() -> None:
    begun, done, broken = (write_outcome(outcome) for outcome in OUTCOMES[:3])
    for idempotent in (False, True):
        assert decide("k", None, idempotent=idempotent) == Run()
        assert decide("k", done, idempotent=idempotent) == OUTCOMES[1]
        assert decide("k", broken, idempotent=idempotent) == OUTCOMES[2]
    assert decide("k", begun, idempotent=True) == Run()
    with pytest.raises(OutcomeUnknown):
        decide("k", begun, idempotent=False)


@pytest.mark.parametrize(
    ("failure", "kind", "text"),
    [
        (ValueError("x"), ValueError, "x"),
        (KeyError("x"), KeyError, "'x'"),
        (ValueError(threading.Lock()), ValueError, "<unlocked"),
        (ValueError("x" * 200_000), ValueError, "x" * MAX_TEXT_CHARS),
        (PickyError(only=1), PickyError, "picky"),
        (UnreadableError(), UnreadableError, ""),
    ],
    ids=lambda value: str(type(value)),
)
def test_the_equivalent_error(failure: Exception, kind: type[Exception], text: str) -> None:
    found = error_of(read_back(failed(failure)))
    assert type(found) is kind
    if kind is not UnreadableError:
        assert str(found).startswith(text)


def read_back(outcome: Failed) -> Failed:
    found = read_outcome(write_outcome(outcome))
    assert isinstance(found, Failed)
    return found


@pytest.mark.parametrize("name", ["os:system", "builtins:SystemExit", "antigravity:X", "x", f"{__name__}:Journal"])
def test_only_exceptions_of_loaded_classes_are_made(name: str) -> None:
    made: Callable[[Failed], Exception] = error_of
    found = made(Failed(name, "text", None))
    assert type(found) is RuntimeError
    assert str(found).endswith(": text")

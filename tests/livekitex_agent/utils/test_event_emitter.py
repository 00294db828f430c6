"""An emitter's edges: what is once is once, coroutine functions are refused, and callbacks may change who listens."""

from typing import Any

import pytest

from livekitex_agent.utils import EventEmitter


@pytest.mark.parametrize("register", [EventEmitter.on, EventEmitter.once])
def test_a_coroutine_function_is_refused_however_it_is_registered(register: Any) -> None:
    async def callback() -> None:
        raise AssertionError

    emitter: EventEmitter[str] = EventEmitter()
    for attempt in (lambda: register(emitter, "told", callback), lambda: register(emitter, "told")(callback)):
        with pytest.raises(ValueError, match="async callback"):
            attempt()
    emitter.emit("told")


def test_once_is_once_though_another_callback_tells_of_the_event_again() -> None:
    emitter: EventEmitter[str] = EventEmitter()
    got: list[int] = []

    def again(number: int) -> None:
        if number < 3:
            emitter.emit("told", number + 1)

    emitter.on("told", again)
    emitter.once("told", got.append)
    emitter.emit("told", 1)
    assert got == [3]


def test_one_that_is_registered_while_an_event_is_told_hears_the_next() -> None:
    emitter: EventEmitter[str] = EventEmitter()
    got: list[str] = []

    def first() -> None:
        got.append("first")
        emitter.on("told", second)

    def second() -> None:
        got.append("second")
        emitter.off("told", first)

    emitter.on("told", first)
    emitter.on("told", first)
    for _ in range(3):
        emitter.emit("told")
    emitter.emit("nobody listens", 1, 2)
    assert got == ["first", "first", "second", "second"]


def test_keywords_are_no_places_for_arguments_and_builtins_get_all() -> None:
    emitter: EventEmitter[str] = EventEmitter()
    got: list[Any] = []
    emitter.on("told", lambda first, *, given=0: got.append((first, given)))
    emitter.on("told", got.append)
    emitter.emit("told", 1)
    emitter.emit("told", 2, 3)
    assert got == [(1, 0), 1, (2, 0), 2]

"""What is said while a tool takes long: when, how often, and until when."""

import logging
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent.utils.event_emitter import EventEmitter
from livekitex_agent.voice.fillers import FillerSource, filling
from livekitex_agent.voice.speech_handle import SpeechHandle
from support import virtual_time
from support.virtual_time import passes


class Session(EventEmitter[str]):
    """A session in which nothing happens but what the test says; what is said in it lasts for ``lasts`` seconds."""

    def __init__(self, lasts: float = 0.0) -> None:
        super().__init__()
        self.agent_state = "thinking"
        self.user_state = "listening"
        self.said: list[tuple[float, str]] = []
        self.handles: list[SpeechHandle] = []
        self._lasts = lasts

    def say(self, text: str) -> SpeechHandle:
        self.said.append((round(virtual_time.clock().monotonic(), 3), text))
        handle = SpeechHandle(speech_id=f"filler-{len(self.said)}", allow_interruptions=True)
        self.handles.append(handle)
        self.agent_is("speaking")

        def over() -> None:
            self.agent_is("thinking")
            handle.mark_done()

        handle._over.get_loop().call_later(self._lasts, over)
        return handle

    def agent_is(self, state: str) -> None:
        self.agent_state = state
        self.emit("agent_state_changed", state)

    def user_is(self, state: str) -> None:
        self.user_state = state
        self.emit("user_state_changed", state)


def speech() -> SpeechHandle:
    """What the tool belongs to."""
    return SpeechHandle(speech_id="tool", allow_interruptions=True)


def said_in(
    tool_s: float, source: FillerSource = "Hm.", *, session: Callable[[], Session] = Session, meanwhile: Any = None, **how: Any
) -> list[tuple[float, str]]:
    """What is said, and when, in a tool that takes ``tool_s``, while ``meanwhile`` happens in its session to its speech."""

    async def main() -> list[tuple[float, str]]:
        made, of_tool = session(), speech()
        given_how = {"delay": 0, "interval": None, "max_steps": None} | how
        async with filling(made, of_tool, source, **given_how):  # type: ignore[arg-type]
            if meanwhile is not None:
                await meanwhile(made, of_tool)
            await passes(tool_s)
        said = list(made.said)
        await passes(100)
        assert made.said == said, "nothing is said once the block is over"
        assert not any(made._events.values()), "it listens to nothing any more"
        return said

    return virtual_time.run(main())


def after(s: float, then: Callable[[Session, SpeechHandle], object]) -> Callable[[Session, SpeechHandle], Coroutine[Any, Any, None]]:
    async def meanwhile(session: Session, of_tool: SpeechHandle) -> None:
        await passes(s)
        then(session, of_tool)

    return meanwhile


def test_it_is_said_once_after_so_much_silence() -> None:
    assert said_in(10, delay=2) == [(2, "Hm.")]


def test_a_tool_that_is_fast_enough_says_nothing() -> None:
    assert said_in(1.9, delay=2) == []


def test_without_a_delay_it_is_said_at_once() -> None:
    assert said_in(1) == [(0, "Hm.")]


@pytest.mark.parametrize("who", ["agent_is", "user_is"])
def test_it_waits_until_nobody_has_spoken_for_so_long(who: str) -> None:
    async def speaks(session: Session, _: SpeechHandle) -> None:
        await passes(1)
        getattr(session, who)("speaking")
        await passes(5)
        getattr(session, who)("listening")

    assert said_in(10, delay=2, meanwhile=speaks) == [(8, "Hm.")]


def test_with_an_interval_it_is_said_again_so_long_after_the_last_one_and_after_silence() -> None:
    assert said_in(10, delay=1, interval=2) == [(1, "Hm."), (4, "Hm."), (7, "Hm.")]


def test_the_next_one_waits_until_the_last_one_was_heard() -> None:
    assert said_in(20, delay=1, interval=2, session=lambda: Session(lasts=5)) == [(1, "Hm."), (7, "Hm."), (13, "Hm."), (19, "Hm.")]


def test_no_more_are_said_than_are_wanted() -> None:
    assert said_in(50, interval=1, max_steps=2) == [(0, "Hm."), (1, "Hm.")]
    assert said_in(50, interval=1, max_steps=0) == []


def test_a_function_gets_how_many_were_said_and_may_leave_one_out() -> None:
    asked: list[int] = []

    def next_one(said: int) -> str | None:
        asked.append(said)
        return None if len(asked) == 2 else f"Wait {said}."

    assert [text for _, text in said_in(10, next_one, interval=1, max_steps=3)] == ["Wait 0.", "Wait 1.", "Wait 2."]
    assert asked == [0, 1, 1, 2]


def test_a_function_may_speak_itself() -> None:
    async def main() -> int:
        session, own = Session(), speech()
        async with filling(session, speech(), lambda _: own, delay=0, interval=1, max_steps=2):  # type: ignore[arg-type]
            await passes(5)
            waited = len(session.said)
            own.mark_done()
            await passes(5)
        return waited

    assert virtual_time.run(main()) == 0


def test_one_that_fails_is_told_in_the_log_is_the_last_and_does_not_harm_the_tool(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: int) -> str:
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR, "livekitex.program"):
        assert said_in(10, fail, interval=1) == []
    assert [record.message for record in caplog.records] == ["a filler has failed, this call of the tool gets no other one"]


@pytest.mark.parametrize("end", [SpeechHandle.interrupt, SpeechHandle.mark_interrupted, SpeechHandle.mark_done])
def test_nothing_is_said_once_the_speech_of_the_tool_was_interrupted_or_is_over(end: Callable[[SpeechHandle], object]) -> None:
    assert said_in(10, interval=2, meanwhile=after(3, lambda _, of_tool: end(of_tool))) == [(0, "Hm."), (2, "Hm.")]


def test_a_speech_that_is_over_already_has_no_fillers() -> None:
    async def main() -> list[tuple[float, str]]:
        session, of_tool = Session(), speech()
        of_tool.mark_done()
        async with filling(session, of_tool, "Hm.", delay=1, interval=None, max_steps=None):  # type: ignore[arg-type]
            await passes(10)
        return session.said

    assert virtual_time.run(main()) == []


@pytest.mark.parametrize(("how", "text"), [({"delay": -1}, "delay must be"), ({"interval": -0.1}, "interval must be")])
def test_a_negative_time_is_refused_when_the_block_is_entered(how: dict[str, float], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        said_in(1, **how)


def test_what_the_tool_raises_goes_on_and_ends_the_fillers() -> None:
    async def main() -> list[tuple[float, str]]:
        session = Session()
        with pytest.raises(ZeroDivisionError):
            async with filling(session, speech(), "Hm.", delay=1, interval=1, max_steps=None):  # type: ignore[arg-type]
                raise ZeroDivisionError
        await passes(10)
        return session.said

    assert virtual_time.run(main()) == []


@given(
    tool_s=st.integers(0, 30),
    delay=st.integers(0, 5),
    interval=st.integers(1, 5),
    lasts=st.integers(0, 7),
    most=st.none() | st.integers(0, 4),
)
def test_two_are_never_closer_than_the_interval_and_the_silence(
    tool_s: int, delay: int, interval: int, lasts: int, most: int | None
) -> None:
    said = said_in(tool_s, delay=delay, interval=interval, max_steps=most, session=lambda: Session(lasts=lasts))
    times = [at for at, _ in said]
    assert most is None or len(times) <= most
    assert all(later - earlier >= max(interval, lasts) + delay - 0.01 for earlier, later in pairwise(times))
    assert all(delay - 0.01 <= at <= tool_s + 0.01 for at in times)

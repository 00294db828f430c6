"""When a caller is away: he and the agent listen, nothing is done for him, and that for a while."""

import asyncio
from typing import Any

import pytest

from livekitex_agent.program.user_presence import USER_STATES, UserPresence
from livekitex_agent.voice.events import UserStateChangedEvent
from protocols import EventPushed, SessionEvent, ToolReturned, UserInputTranscribed, UserState, UserStateChanged

SOON = 0.01


class Told:
    """What a session is told of its caller."""

    def __init__(self, timeout_s: float | None = SOON) -> None:
        self.states: list[tuple[str, str]] = []
        self.changed = asyncio.Event()
        self.busy = False
        self.presence = UserPresence(timeout_s, self._tell, lambda: self.busy)

    def _tell(self, event: UserStateChangedEvent) -> None:
        self.states.append((event.old_state, event.new_state))
        self.changed.set()

    def happened(self, event: SessionEvent) -> None:
        """The call tells ``event``."""
        pushed = EventPushed(call_id="c", number=1, incarnation=1, wall_s=5.0, turn_id="", speech_id="", event=event)
        self.presence.tell(pushed)

    def user_is(self, state: str) -> None:
        """The call tells that the caller is in ``state``."""
        self.happened(UserStateChanged(old="", new=state))

    async def next(self) -> tuple[str, str]:
        """The next change."""
        async with asyncio.timeout(5):
            await self.changed.wait()
        self.changed.clear()
        return self.states[-1]


def test_every_state_of_a_caller_has_a_name() -> None:
    assert set(UserState) <= USER_STATES.keys()


@pytest.mark.parametrize(
    ("old", "new", "changes"), [("listening", "speaking", 1), ("speaking", "transcribing", 1), ("transcribing", "listening", 0)]
)
def test_a_caller_who_has_stopped_listens(old: str, new: str, changes: int) -> None:
    async def run() -> None:
        told = Told(None)
        told.user_is(old)
        before = len(told.states)
        told.user_is(new)
        assert told.states[before:] == [(USER_STATES[old], USER_STATES[new])] * changes

    asyncio.run(run())


def test_who_says_nothing_while_the_agent_listens_is_away_and_speaks_from_there() -> None:
    async def run() -> None:
        told = Told()
        told.presence.agent_is("listening")
        assert await told.next() == ("listening", "away")
        told.user_is("speaking")
        assert await told.next() == ("away", "speaking")

    asyncio.run(run())


def test_a_sign_of_life_brings_him_back_and_the_wait_begins_anew() -> None:
    async def run() -> None:
        told = Told()
        told.presence.agent_is("listening")
        await told.next()
        told.happened(UserInputTranscribed(text="here", is_final=True))
        assert await told.next() == ("away", "listening")
        assert await told.next() == ("listening", "away")

    asyncio.run(run())


def test_nobody_is_away_while_the_agent_has_the_word_or_a_tool_runs() -> None:
    async def run() -> None:
        told = Told()
        told.presence.agent_is("speaking")
        assert waiting(told) is None
        told.busy = True
        told.presence.agent_is("listening")
        assert waiting(told) is None
        told.busy = False
        told.happened(ToolReturned(call_id="1", name="look", result="", ok=True))
        assert await told.next() == ("listening", "away")

    asyncio.run(run())


@pytest.mark.parametrize("stop", [True, False])
def test_without_a_time_or_after_the_end_nobody_is_away(stop: bool) -> None:
    async def run() -> None:
        told = Told(SOON if stop else None)
        if stop:
            told.presence.stop()
        told.presence.agent_is("listening")
        told.presence.active()
        assert waiting(told) is None

    asyncio.run(run())


def waiting(told: Told) -> Any:
    return told.presence._timer

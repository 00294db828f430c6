"""The caller's turns that a program ends itself: what it is told of them, and for how long it waits."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from livekitex_agent.program.scopes import Scopes
from livekitex_agent.program.user_turns import UserTurns
from protocols import CommitAudio, EventPushed, UserMessage
from support import virtual_time
from support.virtual_time import passes


class Speeches:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[CommitAudio] = []

    def send(self, command: CommitAudio) -> None:
        """One more."""
        self.sent.append(command)


def run(work: Callable[[UserTurns, Speeches], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        speeches: Any = Speeches()
        await work(UserTurns(speeches, Scopes(1)), speeches)

    virtual_time.run(main())


def message(text: str) -> EventPushed:
    return EventPushed(call_id="c", number=1, incarnation=1, wall_s=0.0, event=UserMessage(turn_id="t", text=text, source="audio"))


@pytest.mark.parametrize("skip_reply", [True, False])
def test_a_turn_that_is_committed_gives_what_was_understood(skip_reply: bool) -> None:
    async def work(turns: UserTurns, speeches: Speeches) -> None:
        heard = turns.commit(2, skip_reply=skip_reply)
        await passes(1)
        assert not heard.done()
        turns.tell(message("A beer."))
        turns.tell(message("Or two."))
        assert await heard == "A beer."
        assert [(command.reply, command.discard) for command in speeches.sent] == [(not skip_reply, False)]

    run(work)


def test_what_is_not_understood_in_time_is_nothing() -> None:
    async def work(turns: UserTurns, _: Speeches) -> None:
        heard = turns.commit(2, skip_reply=False)
        await passes(1.9)
        assert not heard.done()
        await passes(0.2)
        assert heard.result() == ""
        turns.tell(message("Too late."))

    run(work)


def test_who_has_given_up_disturbs_nobody() -> None:
    async def work(turns: UserTurns, _: Speeches) -> None:
        given_up, heard = turns.commit(2, skip_reply=False), turns.commit(2, skip_reply=False)
        given_up.cancel()
        await asyncio.sleep(0)
        turns.tell(message("Hello."))
        assert heard.result() == "Hello."
        await passes(5)
        assert not turns._asked

    run(work)


def test_a_turn_that_is_cleared_is_discarded() -> None:
    async def work(turns: UserTurns, speeches: Speeches) -> None:
        turns.clear()
        turns.clear()
        assert [command.discard for command in speeches.sent] == [True, True]
        assert len({command.command_id for command in speeches.sent}) == 2

    run(work)

"""The caller's turns that a program ends itself: `AgentSession.commit_user_turn` and its kin."""

import asyncio

from livekitex_agent.program.scopes import Scopes
from livekitex_agent.program.speeches import Speeches
from protocols import CommitAudio, EventPushed, UserMessage


class UserTurns:
    """Used on the program's loop."""

    def __init__(self, speeches: Speeches, scopes: Scopes) -> None:
        self._speeches = speeches
        self._scopes = scopes
        self._asked: dict[asyncio.Future[str], asyncio.TimerHandle] = {}

    def commit(self, timeout_s: float, *, skip_reply: bool) -> "asyncio.Future[str]":
        """See `Activity.commit_user_turn`. What was not understood after ``timeout_s`` is nothing."""
        heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._asked[heard] = asyncio.get_running_loop().call_later(timeout_s, _settle, heard, "")
        heard.add_done_callback(lambda _: self._asked.pop(heard).cancel())
        self._speeches.send(CommitAudio(command_id=self._scopes.command_id("commit_user_turn"), reply=not skip_reply))
        return heard

    def clear(self) -> None:
        """See `Activity.clear_user_turn`."""
        self._speeches.send(CommitAudio(command_id=self._scopes.command_id("clear_user_turn"), discard=True))

    def tell(self, pushed: EventPushed) -> None:
        """Something happened in the call."""
        if isinstance(pushed.event, UserMessage):
            for heard in tuple(self._asked):
                _settle(heard, pushed.event.text)


def _settle(heard: "asyncio.Future[str]", text: str) -> None:
    if not heard.done():
        heard.set_result(text)

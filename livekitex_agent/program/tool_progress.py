"""What a tool may do that goes on: tell how far it is, and have the floor. Each is asked of the call's core."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from actors import FloorAsked, FloorReleased, ToolProgressed
from livekitex_agent.errors import error_of
from livekitex_agent.voice.run_context import UPDATE_TEMPLATE, UpdatePromptArgs
from protocols import ChatItem, ErrorReply, FunctionCall, FunctionCallOutput, Message, SessionUnavailableError

if TYPE_CHECKING:
    from livekitex_agent.program.session_activity import SessionActivity
    from livekitex_agent.voice.activity import Activity

_REPORT: Final = re.compile(r"_(final|update_\d+)$")
_HOLDS: ContextVar[bool] = ContextVar("livekitex_holds_floor", default=False)
"""In a block that has the floor, and its tasks."""


class Progress:
    """Of one run of a tool, for the call ``call_id``; see `voice.run_context.ToolProgress`. Used on the program's loop."""

    def __init__(self, activity: "SessionActivity", call_id: str, template: str | Callable[[UpdatePromptArgs], str]) -> None:
        self.template = template
        self._activity = activity
        self._call_id = call_id
        self._run = activity.run.newest

    async def tell(self, update: int, message: str, result: str, *, silent: bool) -> None:
        """See `ToolProgress.tell`."""
        data = self._activity.user_data.written()

        def told(request: int) -> ToolProgressed:
            return ToolProgressed(
                request=request,
                call_id=self._call_id,
                update=update,
                message=message,
                result=result,
                user_data_json=data,
                silent=silent,
            )

        answered: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._activity.speeches.send_held()
        self._activity.call.ask(told, lambda answer: self._activity.loop.call(_settle, answered, answer))
        if isinstance(answer := await answered, ErrorReply):
            raise error_of(answer)

    @asynccontextmanager
    async def foreground(self) -> AsyncIterator["Activity"]:
        """See `RunContext.foreground`."""
        activity = self._activity
        if _HOLDS.get():
            await activity.wait_for_idle()
            yield activity
            return
        requests: list[int] = []
        answered: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

        def asked(request: int) -> FloorAsked:
            requests.append(request)
            return FloorAsked(request=request)

        guard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._run is activity.run.newest:  # what the block does belongs to the run that the tool was called in
            activity.run.watch(guard)
        activity.speeches.send_held()
        activity.call.ask(asked, lambda answer: activity.loop.call(_settle, answered, answer))
        try:
            waiting: list[asyncio.Future[Any]] = [answered, activity.ended]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            answer = answered.result() if answered.done() else None
            if answer is None or (isinstance(answer, ErrorReply) and answer.error == SessionUnavailableError.__name__):
                raise RuntimeError("the session is closing: nobody gets the floor any more")
            if isinstance(answer, ErrorReply):
                raise error_of(answer)
            token = _HOLDS.set(True)
            try:
                yield activity
            finally:
                _HOLDS.reset(token)
        finally:
            activity.call.ask(lambda request: FloorReleased(request=request, asked=requests[0]), lambda _answer: None)
            guard.set_result(None)


def is_report(item: ChatItem | None) -> bool:
    """Whether the history has ``item`` because a tool went on: it is nothing that a speech said or did."""
    return isinstance(item, FunctionCall | FunctionCallOutput) and _REPORT.search(item.call_id) is not None


def update_template(*options: Any) -> str | Callable[[UpdatePromptArgs], str]:  # noqa: ANN401 - what users give
    """What an update is told in: that of the first of these ``tool_handling`` options that has one."""
    for given in options:
        chosen = ((given or {}).get("async_options") or {}).get("update_template") if isinstance(given, dict) else None
        if chosen is not None:
            return chosen  # type: ignore[no-any-return]  # what users give
    return UPDATE_TEMPLATE


def _settle(answered: "asyncio.Future[Message]", answer: Message) -> None:
    if not answered.done():  # nobody waits for it any more
        answered.set_result(answer)

"""A tool by which the model ends the call."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from livekitex_agent.job import get_job_context
from livekitex_agent.llm import ToolFlag, Toolset, function_tool
from livekitex_agent.utils.log import logger
from livekitex_agent.voice.run_context import RunContext

END_CALL_DESCRIPTION: Final = """\
Ends the current call and disconnects immediately.

Call when:
- The user clearly indicates they are done (e.g., "that's all, bye").

Do not call when:
- The user asks to pause, hold, or transfer.
- Intent is unclear.

This is the final action you can take: once called, no further interaction with the user is possible.
Do not say anything else when you call it.
"""


class EndCallTool(Toolset):
    """The tool ``end_call``: the model says a last word as ``end_instructions`` tell it (None: none), then the session and its job end.

    With ``delete_room`` the room is deleted, which disconnects all who are in it. ``ignore_on_enter`` hides the tool while the agent
    begins. ``on_tool_called`` is awaited before, ``on_tool_completed`` after, and may change its event's ``output``.
    """

    def __init__(
        self,
        *,
        extra_description: str = "",
        delete_room: bool = True,
        end_instructions: str | None = "say goodbye to the user",
        ignore_on_enter: bool = False,
        on_tool_called: Callable[[Toolset.ToolCalledEvent], Awaitable[None]] | None = None,
        on_tool_completed: Callable[[Toolset.ToolCompletedEvent], Awaitable[None]] | None = None,
    ) -> None:
        tool = function_tool(
            self._end_call,
            name="end_call",
            description=f"{END_CALL_DESCRIPTION}\n{extra_description}",
            flags=ToolFlag.IGNORE_ON_ENTER if ignore_on_enter else ToolFlag.NONE,
        )
        super().__init__(id="end_call", tools=[tool])
        self._delete_room = delete_room
        self._end_instructions = end_instructions
        self._on_tool_called = on_tool_called
        self._on_tool_completed = on_tool_completed

    async def _end_call(self, ctx: RunContext[Any]) -> Any:  # noqa: ANN401 - what the model is told
        # The reply to this tool is part of the same speech, so the session ends when that is over.
        ctx.speech_handle.add_done_callback(lambda _: ctx.session.shutdown())
        ctx.session.once("close", self._end_job)
        if self._on_tool_called is not None:
            await self._on_tool_called(Toolset.ToolCalledEvent(ctx=ctx, arguments={}))
        completed = Toolset.ToolCompletedEvent(ctx=ctx, output=self._end_instructions)
        if self._on_tool_completed is not None:
            await self._on_tool_completed(completed)
        return completed.output

    def _end_job(self, event: Any) -> None:  # noqa: ANN401 - a `CloseEvent`
        job = get_job_context(required=False)
        if job is None:
            return
        if self._delete_room:

            async def delete() -> None:
                logger.info("deleting the room: the user has ended the call")
                await job.delete_room()

            job.add_shutdown_callback(delete)
        job.shutdown(reason=event.reason.value)

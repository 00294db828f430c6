"""What a tool of a program knows of the call that it works for."""

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Generic

from typing_extensions import TypeVar

from actors import RunContext as ToolRun
from livekitex_agent.voice.fillers import FillerSource, filling
from livekitex_agent.voice.speech_handle import SpeechHandle

if TYPE_CHECKING:
    from livekitex_agent.llm import FunctionCall
    from livekitex_agent.voice.agent_session import AgentSession

Userdata_T = TypeVar("Userdata_T", default=Any)


class RunContext(ToolRun, Generic[Userdata_T]):
    """One run of a tool, made by the session; a parameter annotated with this class is filled in and not shown to the model.

    Beside LiveKit's it has `end_call`, ``call_id`` and ``incarnation``.
    """

    def __init__(
        self, *, run: ToolRun, session: "AgentSession[Userdata_T]", speech_handle: SpeechHandle, function_call: "FunctionCall"
    ) -> None:
        super().__init__(user_data=run.user_data, call_id=run.call_id, incarnation=run.incarnation)
        self._run = run
        self._session = session
        self._speech_handle = speech_handle
        self._function_call = function_call

    @property
    def session(self) -> "AgentSession[Userdata_T]":
        """The session."""
        return self._session

    @property
    def userdata(self) -> Userdata_T:
        """The session's user data."""
        return self._session.userdata

    @property
    def speech_handle(self) -> SpeechHandle:
        """What the agent said, and the model answered with, when it called the tool."""
        return self._speech_handle

    @property
    def function_call(self) -> "FunctionCall":
        """The call of the tool."""
        return self._function_call

    def end_call(self, reason: str = "normal") -> None:
        """Ask that the call ends once the reply to this tool's result has been spoken; the first reason counts."""
        self._run.end_call(reason)

    def disallow_interruptions(self) -> None:
        """From here on the caller's voice does not stop the speech that the tool belongs to.

        Raises:
            RuntimeError: it was interrupted already.
        """
        self._speech_handle.allow_interruptions = False

    def with_filler(
        self, source: FillerSource, *, delay: float = 0, interval: float | None = None, max_steps: int | None = None
    ) -> AbstractAsyncContextManager[None]:
        """While the block runs, say ``source`` once nobody has spoken for ``delay`` seconds, so that the caller does not wait in silence.

        With ``interval`` it is said again: so many seconds after the last time at the earliest, when that was heard, and again after
        ``delay``; at most ``max_steps`` times (None: as often as that happens). A function gets how many were said and gives the next one:
        a text, a speech that it has begun itself, or None to leave it out this time. One that fails is logged, and is the last.

        Raises:
            ValueError: on entering, where a time is negative.
        """
        return filling(self._session, self._speech_handle, source, delay=delay, interval=interval, max_steps=max_steps)

    async def wait_for_playout(self) -> None:
        """Wait until what the agent said before it called the tool was heard."""
        await self._speech_handle.wait_until_spoken()

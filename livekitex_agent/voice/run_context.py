"""What a tool of a program knows of the call that it works for."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol

from typing_extensions import TypedDict, TypeVar

from actors import RunContext as ToolRun
from livekitex_agent.llm.chat_items import FunctionCall, FunctionCallOutput
from livekitex_agent.llm.utils import make_function_call_output
from livekitex_agent.voice.fillers import FillerSource, Pace, filling
from livekitex_agent.voice.speech_handle import SpeechHandle, detach_tool

if TYPE_CHECKING:
    from livekitex_agent.voice.activity import Activity
    from livekitex_agent.voice.agent_session import AgentSession

Userdata_T = TypeVar("Userdata_T", default=Any)

UPDATE_TEMPLATE: Final = """The tool `{function_name}` has updated, message: {message}
The task is still running, so DON'T make up or give information not included in the message above."""


class UpdatePromptArgs(TypedDict):
    """What is put into the template of an update."""

    function_name: str
    call_id: str
    message: str


class ToolProgress(Protocol):
    """What a run of a tool may do while it goes on; the program's runtime implements it."""

    template: "str | Callable[[UpdatePromptArgs], str]"
    """Of an update that brings none of its own."""

    async def tell(self, update: int, message: str, result: str, *, silent: bool) -> None:
        """The run tells how far it is, for the ``update``-th time (from 0); ``result`` is what the model is told.

        See `RunContext.update`.
        """
        ...

    def foreground(self) -> "AbstractAsyncContextManager[Activity]":
        """See `RunContext.foreground`."""
        ...


class RunContext(ToolRun, Generic[Userdata_T]):
    """One run of a tool, made by the session; a parameter annotated with this class is filled in and not shown to the model.

    Beside LiveKit's it has `end_call`, ``call_id`` and ``incarnation``.
    """

    def __init__(
        self,
        *,
        run: ToolRun,
        session: "AgentSession[Userdata_T]",
        speech_handle: SpeechHandle,
        function_call: FunctionCall,
        progress: ToolProgress | None = None,
    ) -> None:
        super().__init__(user_data=run.user_data, call_id=run.call_id, incarnation=run.incarnation)
        self._run = run
        self._session = session
        self._speech_handle = speech_handle
        self._function_call = function_call
        self._progress = progress
        self._updates: list[tuple[FunctionCall, FunctionCallOutput]] = []
        self._pace = Pace()

    @property
    def updated(self) -> bool:
        """Whether the tool has told how far it is, and goes on without its speech. Not in LiveKit's."""
        return bool(self._updates)

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
    def function_call(self) -> FunctionCall:
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
        return filling(
            self._session,
            self._speech_handle,
            source,
            delay=delay,
            interval=interval,
            max_steps=max_steps,
            pace=self._pace,
        )

    async def update(
        self,
        message: Any,  # noqa: ANN401 - whatever may be a result
        *,
        template: str | Callable[[UpdatePromptArgs], str] | None = None,
        silent: bool = False,
    ) -> None:
        """Tell how far the tool is, and go on; returns once the journal has it.

        What is told first takes the place of the tool's result: the agent answers that, and the call goes on, and the tool with it. What is
        told later, and what it returns, the agent tells the caller as soon as nobody speaks, all that has come until then at a time. A text
        is put into ``template``, anything else is told as Python prints it. If it is ``silent`` the model knows it and the caller is not
        told. An agent that is returned after an update does not get the call. Where no session runs the tool it is noted, and told nobody.

        Raises:
            CapacityError: as many tools go on as may (`MAX_DETACHED`).
        """
        for waiting in self._pace.waiting:
            waiting.set()
        output, number = message, len(self._updates)
        if isinstance(message, str):
            chosen = template or (UPDATE_TEMPLATE if self._progress is None else self._progress.template)
            told = UpdatePromptArgs(function_name=self._function_call.name, call_id=self._function_call.call_id, message=message)
            output = chosen(told) if callable(chosen) else chosen.format(**told)
        call_id = f"{self._function_call.call_id}_update_{number}" if number else self._function_call.call_id
        call = self._function_call.model_copy(update={"id": call_id, "call_id": call_id})
        update = make_function_call_output(fnc_call=call, output=output, exception=None)
        if silent:
            update.fnc_call_out.reply_required = False
        pair = (call, update.fnc_call_out)
        self._updates.append(pair)
        if self._progress is None:
            return
        try:
            await self._progress.tell(number, str(message), pair[1].output, silent=not pair[1].reply_required)
        except Exception:
            self._updates.remove(pair)  # it is refused
            raise
        self._pace.detached = True
        detach_tool()

    def foreground(self) -> "AbstractAsyncContextManager[Activity]":
        """While the block runs, have the floor: wait until nobody speaks, and let no result of another tool be told meanwhile.

        For what a tool does that goes on: an `AgentTask` that it awaits, or several things that it says. One has the floor at a time; what
        the agent is to tell is told before. A block within the block has it already.

        Raises:
            RuntimeError: no session runs the tool; or on entering, the session closes.
            CapacityError: as many wait for the floor as may.
        """
        if self._progress is None:
            raise RuntimeError("RunContext.foreground needs a session that runs the tool")
        return self._progress.foreground()

    async def wait_for_playout(self) -> None:
        """Wait until what the agent said before it called the tool was heard."""
        await self._speech_handle.wait_until_spoken()

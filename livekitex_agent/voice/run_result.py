"""What comes of something that a caller says: the result of `AgentSession.run`, which a test awaits and asserts of.

How it works. The session's runtime (`program.current_run`) has a run watch each thing that comes of the caller's words: the speeches that
it causes, an agent's ``on_enter``, a hand-off. Whatever is caused in turn is watched before what has caused it is over, so the run is over
when nothing that it watches is left. A task that waits for the caller is watched no more meanwhile, else no run would ever end in it. Of
what happens the messages, calls, outputs and hand-offs become events, in the order of the times at which they were made.

Its output is what the last task was completed with. If one of a type is wanted and there is none when all is over, the model is asked
again, so often as the options say, and what it says then is watched as well. The run ends in one of three ways: with its output or none,
with what made its last speech fail, or with `UnexpectedModelBehavior`. After that it changes no more, and watches nothing.

Used on one event loop; a session has one run at a time. How events are asserted of stands in `run_asserts`.
"""

import asyncio
from collections.abc import Callable, Generator
from functools import cached_property
from typing import Any, Final, Generic, Protocol, Self, TypeVar

from typing_extensions import TypedDict

from livekitex_agent._exceptions import UnexpectedModelBehavior
from livekitex_agent.voice.mocking import mock_tools
from livekitex_agent.voice.run_asserts import (
    AgentHandoffAssert,
    ChatMessageAssert,
    EventAssert,
    EventRangeAssert,
    FunctionCallAssert,
    FunctionCallOutputAssert,
    RunAssert,
)
from livekitex_agent.voice.run_events import AgentHandoffEvent, ChatMessageEvent, FunctionCallEvent, FunctionCallOutputEvent, RunEvent

__all__ = [
    "AgentHandoffAssert",
    "AgentHandoffEvent",
    "ChatMessageAssert",
    "ChatMessageEvent",
    "EventAssert",
    "EventRangeAssert",
    "FunctionCallAssert",
    "FunctionCallEvent",
    "FunctionCallOutputAssert",
    "FunctionCallOutputEvent",
    "RunAssert",
    "RunEvent",
    "RunOutputOptions",
    "RunResult",
    "UnexpectedModelBehavior",
    "mock_tools",
]

Run_T = TypeVar("Run_T")

MAX_OUTPUT_RETRIES: Final = 2
RETRY_INSTRUCTIONS: Final = (
    "You have not provided the final output yet. Call the appropriate function to do so; a plain text response alone is not enough."
)
_EVENTS: Final = {
    "message": ChatMessageEvent,
    "function_call": FunctionCallEvent,
    "function_call_output": FunctionCallOutputEvent,
}


class RunOutputOptions(TypedDict, total=False):
    """What is done when a run with an output type ends without one."""

    max_retries: int
    """How often the model is asked again; 2 if left out."""
    retry_instructions: str
    """What it is then told."""


class Watched(Protocol):
    """What a run waits for: a `SpeechHandle`, a future or a task."""

    def done(self) -> bool:
        """Whether it is over."""
        ...

    def add_done_callback(self, callback: Callable[[Any], Any], /) -> Any:  # noqa: ANN401 - nothing
        """Have ``callback`` called with it when it is over; soon, if it is."""
        ...

    def remove_done_callback(self, callback: Callable[[Any], Any], /) -> Any:  # noqa: ANN401 - nothing, or a number
        """Take it back."""
        ...


class RunResult(Generic[Run_T]):
    """What happens from something that the caller says until all is over that came of it. Used on one event loop.

    It is over when everything that was watched is, if anything was; after that it changes no more. Awaiting it waits for that, and gives
    it; it raises what made the last speech fail, the exception that it was finished with, or `UnexpectedModelBehavior` where the output is
    not of ``output_type``. ``ask_again(instructions)`` has the model speak once more, and gives the speech to watch: if a run that wants an
    output ends without one, it is called up to ``output_options["max_retries"]`` times (2), never if ``output_options`` is None.
    """

    def __init__(
        self,
        user_input: str | None = None,
        output_type: type[Run_T] | None = None,
        *,
        output_options: RunOutputOptions | None = RunOutputOptions(),  # noqa: B008 - it is not changed
        ask_again: Callable[[str], Watched] | None = None,
    ) -> None:
        self._user_input = user_input
        self._output_type = output_type
        self._retries = 0 if output_options is None else output_options.get("max_retries", MAX_OUTPUT_RETRIES)
        self._retry_instructions = (output_options or {}).get("retry_instructions", RETRY_INSTRUCTIONS)
        self._ask_again = ask_again
        self._watched: list[Watched] = []
        self._events: list[RunEvent] = []
        self._last_speech: Watched | None = None
        self._output: Any = None
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    # For tests.

    @property
    def user_input(self) -> str | None:
        """What the caller said; None of what an agent does by itself."""
        return self._user_input

    @property
    def events(self) -> list[RunEvent]:
        """What happened so far, in order of time."""
        return self._events

    @cached_property
    def expect(self) -> RunAssert:
        """Assertions of the events; always the same object, so each goes on where the one before has stopped."""
        return RunAssert(self)

    @property
    def final_output(self) -> Run_T:
        """What the run came to: the result of the task that it completed.

        Raises:
            RuntimeError: it is not over, or came to nothing.
            Exception: what it failed with.
        """
        if not self.done():
            raise RuntimeError("cannot retrieve final_output, RunResult is not done")
        self._over.result()
        if self._output is None:
            raise RuntimeError("no final output")
        output: Run_T = self._output
        return output

    def done(self) -> bool:
        """Whether it is over."""
        return self._over.done()

    def __await__(self) -> Generator[Any, None, Self]:
        """Wait until it is over, and give it."""

        async def wait() -> Self:
            await asyncio.shield(self._over)
            return self

        return wait().__await__()

    # For the runtime.

    def watch(self, handle: Watched) -> None:
        """Do not be over before ``handle`` is. After the end nothing is done."""
        if self.done() or handle in self._watched:
            return
        self._watched.append(handle)
        handle.add_done_callback(self._one_over)

    def watches(self, handle: Watched) -> bool:
        """Whether it waits for ``handle``, or did."""
        return handle in self._watched

    def unwatch(self, handle: Watched) -> bool:
        """Wait for ``handle`` no more. Gives whether it was watched.

        If others were watched and are done, the run is over by that: watch first what goes on in its place.
        """
        if handle not in self._watched:
            return False
        self._watched.remove(handle)
        handle.remove_done_callback(self._one_over)
        if self._watched:
            self._end_if_all_over()
        return True

    def record_item(self, item: Any) -> None:  # noqa: ANN401 - a chat item
        """The history has ``item`` more; what is no message, call or output is passed over."""
        made = _EVENTS.get(item.type)
        if made is not None:
            self._insert(made(item=item))

    def record_handoff(self, item: Any, old_agent: Any, new_agent: Any) -> None:  # noqa: ANN401 - a chat item, agents
        """The call was handed on."""
        self._insert(AgentHandoffEvent(item=item, old_agent=old_agent, new_agent=new_agent))

    def record_output(self, output: Any) -> None:  # noqa: ANN401 - whatever a task comes to
        """A task was completed with ``output``, or failed with it if it is an exception: the last one is the run's.

        A failure is, if an output is wanted; else whoever has awaited the task may have dealt with it.
        """
        if not self.done() and (self._output_type is not None or not isinstance(output, BaseException)):
            self._output = output

    def finish(self, output: Any = None) -> None:  # noqa: ANN401 - whatever it comes to
        """End the run now, with ``output`` (an exception: it fails with it), whatever is still watched. The second time nothing is done."""
        if self.done():
            return
        if output is not None:
            self._output = output
        self._end(self._output if isinstance(self._output, BaseException) else self._mismatch())

    def _insert(self, event: RunEvent) -> None:
        if self.done():
            return
        at = len(self._events)
        while at and self._events[at - 1].item.created_at > event.item.created_at:
            at -= 1
        self._events.insert(at, event)

    def _one_over(self, handle: Watched) -> None:
        if not isinstance(handle, asyncio.Future):
            self._last_speech = handle
        self._end_if_all_over()

    def _end_if_all_over(self) -> None:
        if self.done() or not all(each.done() for each in self._watched):
            return
        error = None if self._last_speech is None else _error_of(self._last_speech)
        if error is not None:
            self._end(error)
        elif not self._asked_again():
            self.finish()

    def _asked_again(self) -> bool:
        if self._output_type is None or self._output is not None or self._retries <= 0 or self._ask_again is None:
            return False
        self._retries -= 1
        self.watch(self._ask_again(self._retry_instructions))
        return True

    def _mismatch(self) -> BaseException | None:
        if self._output_type is None or isinstance(self._output, self._output_type):
            return None
        return UnexpectedModelBehavior(f"Expected output of type {self._output_type.__name__}, got {type(self._output).__name__}")

    def _end(self, error: BaseException | None) -> None:
        for each in self._watched:
            each.remove_done_callback(self._one_over)
        if error is None:
            self._over.set_result(None)
        else:
            self._over.set_exception(error)
            self._over.exception()  # who does not await the run is told by the session's ``error`` event


def _error_of(speech: Watched) -> BaseException | None:
    found = getattr(speech, "exception", None)
    error: BaseException | None = None if found is None else found()
    return error

"""What an agent says, as the program follows it."""

import asyncio
import logging
from collections.abc import Callable, Generator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, Self
from weakref import WeakSet

log = logging.getLogger("livekitex.program")

TOOL_SPEECH: ContextVar["tuple[SpeechHandle, asyncio.Task[Any] | None] | None"] = ContextVar("livekitex_tool_speech", default=None)
"""In a tool and its tasks: the speech that it was called in, and the task that it runs in."""


def tool_speech() -> "SpeechHandle | None":
    """The speech that the tool was called in whose own task this is; None elsewhere: in a task that a tool has made nobody waits for it."""
    speech, task = TOOL_SPEECH.get() or (None, None)
    return speech if task is asyncio.current_task() else None


_DETACHED: Final[WeakSet["asyncio.Task[Any]"]] = WeakSet()


def detach_tool() -> None:
    """The tool that this is called in goes on without the speech that it was called in: that does not wait for it any more."""
    _, task = TOOL_SPEECH.get() or (None, None)
    if task is not None:
        _DETACHED.add(task)


@dataclass(frozen=True)
class InputDetails:
    """What made the agent speak."""

    modality: Literal["text", "audio"]


DEFAULT_INPUT_DETAILS: Final = InputDetails(modality="audio")


class SpeechHandle:
    """One speech of the agent's, from when it is asked for until it is over. Used on the program's loop.

    ``interrupting`` is called to stop it. Awaiting it waits until all of it was heard, with its tools and their answers, and never raises.
    """

    SPEECH_PRIORITY_LOW: ClassVar[int] = 0
    SPEECH_PRIORITY_NORMAL: ClassVar[int] = 5
    SPEECH_PRIORITY_HIGH: ClassVar[int] = 10

    def __init__(
        self,
        *,
        speech_id: str,
        allow_interruptions: bool,
        input_details: InputDetails = DEFAULT_INPUT_DETAILS,
        interrupting: Callable[["SpeechHandle", bool], None] = lambda _handle, _force: None,
    ) -> None:
        self._id = speech_id
        self._allow_interruptions = allow_interruptions
        self._input_details = input_details
        self._interrupting = interrupting
        self._interrupted: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._spoken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._chat_items: list[Any] = []
        self._done_callbacks: list[Callable[[SpeechHandle], None]] = []
        self._error: BaseException | None = None
        self.num_steps: int = 1
        """Answers of the model that it is made of so far."""

    @property
    def id(self) -> str:
        """Its name, the same after a death."""
        return self._id

    @property
    def input_details(self) -> InputDetails:
        """What made the agent speak."""
        return self._input_details

    @property
    def scheduled(self) -> bool:
        """Whether it waits for its turn, or has had it."""
        return True

    @property
    def interrupted(self) -> bool:
        """Whether it was stopped before all of it was heard."""
        return self._interrupted.done()

    @property
    def allow_interruptions(self) -> bool:
        """Whether the caller's voice may stop it."""
        return self._allow_interruptions

    @allow_interruptions.setter
    def allow_interruptions(self, value: bool) -> None:
        """Change that.

        Raises:
            RuntimeError: it was interrupted already.
        """
        if self.interrupted and not value:
            raise RuntimeError("Cannot set allow_interruptions to False, the SpeechHandle is already interrupted")
        self._allow_interruptions = value

    @property
    def chat_items(self) -> list[Any]:
        """What the history has of it so far."""
        return self._chat_items

    def done(self) -> bool:
        """Whether it is over."""
        return self._over.done()

    def exception(self) -> BaseException | None:
        """Why it failed; None if it did not.

        Raises:
            asyncio.InvalidStateError: it is not over.
        """
        if not self.done():
            raise asyncio.InvalidStateError("SpeechHandle is not done yet")
        return self._error

    def interrupt(self, *, force: bool = False) -> Self:
        """Stop it; what is over stays as it is.

        Raises:
            RuntimeError: it does not allow interruptions, and ``force`` is False.
        """
        if self.interrupted or self.done():
            return self
        if not force and not self._allow_interruptions:
            raise RuntimeError("This generation handle does not allow interruptions")
        self._interrupted.set_result(None)
        self._interrupting(self, force)
        return self

    async def wait_for_playout(self) -> None:
        """Wait until it is over.

        Raises:
            RuntimeError: it is awaited by a tool that it waits for itself.
        """
        if tool_speech() is self and asyncio.current_task() not in _DETACHED:
            raise RuntimeError(
                "cannot call `SpeechHandle.wait_for_playout()` from inside the function tool that owns this SpeechHandle: each would wait "
                "for the other. Use `RunContext.wait_for_playout()` to wait for what was said before the tool."
            )
        await asyncio.shield(self._over)

    def __await__(self) -> Generator[Any, None, Self]:
        """Wait until it is over, and give it."""

        async def wait() -> Self:
            await self.wait_for_playout()
            return self

        return wait().__await__()

    def add_done_callback(self, callback: Callable[["SpeechHandle"], None]) -> None:
        """Have ``callback`` called when it is over; soon, if it is."""
        if self.done():
            asyncio.get_running_loop().call_soon(callback, self)
        elif callback not in self._done_callbacks:
            self._done_callbacks.append(callback)

    def remove_done_callback(self, callback: Callable[["SpeechHandle"], None]) -> None:
        """Take it back."""
        if callback in self._done_callbacks:
            self._done_callbacks.remove(callback)

    async def wait_if_not_interrupted(self, aw: Sequence["asyncio.Future[Any]"]) -> None:
        """Wait for all of ``aw``, which are not cancelled and whose exceptions are not raised, or until it is interrupted."""
        waiting: asyncio.Future[Any] = asyncio.gather(*(asyncio.shield(one) for one in aw), return_exceptions=True)
        try:
            await asyncio.wait([waiting, self._interrupted], return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not waiting.done():
                waiting.add_done_callback(lambda over: over.cancelled() or over.exception())  # else the loop complains of it
                waiting.cancel()

    # For the runtime.

    def mark_item(self, item: Any) -> None:  # noqa: ANN401 - a chat item
        """The history has ``item`` of it."""
        self._chat_items.append(item)

    def mark_unspoken(self) -> None:
        """It says something before its tools, which run already."""
        if self._spoken.done():
            self._spoken = self._spoken.get_loop().create_future()

    def mark_spoken(self) -> None:
        """What it says before its tools run was heard."""
        if not self._spoken.done():
            self._spoken.set_result(None)

    async def wait_until_spoken(self) -> None:
        """Wait until what it says before its tools run was heard, or it is stopped or over."""
        await asyncio.wait([self._spoken, self._interrupted, self._over], return_when=asyncio.FIRST_COMPLETED)

    def mark_interrupted(self) -> None:
        """It was stopped."""
        if not self._interrupted.done():
            self._interrupted.set_result(None)

    def mark_done(self, error: BaseException | None = None) -> None:
        """It is over; those who wait go on."""
        if self.done():
            return
        self._error = error
        self._over.set_result(None)
        for callback in tuple(self._done_callbacks):
            try:
                callback(self)
            except Exception:  # the seam to the user's code
                log.warning("error in done_callback: %s", callback, exc_info=True)

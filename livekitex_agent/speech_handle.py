"""The handle of something that the agent was asked to say."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import aclosing
from typing import Any

from livekitex_agent.client.call import Call
from protocols import AgentMessage, GenerateReply, Say, SessionUnavailableError, SpeechCreated, SpeechDone, SpeechOutcome

Interrupt = Callable[[str, bool], Awaitable[None]]
"""Stops the speech of an id, with force or without."""
Feeding = asyncio.Task[Exception | None]
"""Gives the speech its text (`speech_feed.feed`)."""


class SpeechHandle:
    """One speech, from its command to its end. It stays good through all incarnations of the call.

    ``await handle`` waits for its end, as `wait_for_playout` does.
    """

    def __init__(
        self,
        call: Call,
        command: Say | GenerateReply,
        speech_id: str,
        from_number: int,
        interrupt: Interrupt,
        *,
        feeding: Feeding | None = None,
    ) -> None:
        self._call = call
        self._from_number = from_number
        self._interrupt = interrupt
        self._feeding = feeding
        self._watching: asyncio.Task[AgentMessage] | None = None
        self._outcome: SpeechOutcome | None = None
        self.command_id = command.command_id
        self.speech_id = speech_id
        """The id that events name it by; empty where it was said before this handle was made and has not been looked for yet."""
        self.source = "say" if isinstance(command, Say) else "generate_reply"

    def __await__(self) -> Generator[Any, None, AgentMessage]:
        """Wait for its end."""
        return self.wait_for_playout().__await__()

    @property
    def outcome(self) -> SpeechOutcome | None:
        """How it ended; None as long as it has not, or `wait_for_playout` and `add_done_callback` have not been asked."""
        return self._outcome

    @property
    def interrupted(self) -> bool:
        """Whether it was stopped before its end; False as long as `outcome` is None."""
        return self._outcome not in (None, SpeechOutcome.COMPLETED)

    def done(self) -> bool:
        """Whether it has ended, as far as `outcome` knows, or never will, because the call has."""
        return self._watching is not None and self._watching.done()

    async def interrupt(self, *, force: bool = False) -> None:
        """Stop it, or take it out of what waits; nothing happens if it is over. Returns once the call has taken that.

        Raises:
            UsageError: it was said without ``allow_interruptions`` and is being said: use ``force``.
            SessionUnavailableError: not taken within 30 s, or the call has ended.
            SystemUnavailableError: the system has ended.
        """
        if not self.speech_id and not self.done():
            await self.wait_for_playout()  # it was said before: only its events know its id, and its end is near
        if not self.done():
            await self._interrupt(self.speech_id, force)

    async def wait_for_playout(self, *, timeout_s: float | None = None) -> AgentMessage:
        """Wait until it was heard, or stopped: what was heard of it.

        Raises:
            TimeoutError: neither was so within ``timeout_s`` (None: it may take as long as the call does).
            SessionUnavailableError: the call has ended before.
            SystemUnavailableError: the system has ended.
            Exception: what the iterator raised that gives its text; what that gave before was said.
        """
        async with asyncio.timeout(timeout_s):
            return await asyncio.shield(self._watch())

    def add_done_callback(self, callback: "Callable[[SpeechHandle], object]") -> None:
        """Have ``callback`` called with this handle on the event loop once it is `done`; soon, if it is already.

        What it raises goes to the loop's exception handler, and touches nothing else.
        """
        self._watch().add_done_callback(lambda _task: callback(self))

    def _watch(self) -> "asyncio.Task[AgentMessage]":
        if self._watching is None:
            self._watching = asyncio.create_task(self._await_end(), name=f"speech {self.command_id}")
            self._watching.add_done_callback(_look_at_failure)
        return self._watching

    async def _await_end(self) -> AgentMessage:
        message: AgentMessage | None = None
        async with aclosing(self._call.read(self._from_number)) as events:
            async for pushed in events:
                match pushed.event:
                    case SpeechCreated(command_id=self.command_id, speech_id=speech_id):
                        self.speech_id = speech_id
                    case AgentMessage(speech_id=self.speech_id) as heard:
                        message = heard
                    case SpeechDone(command_id=self.command_id, speech_id=speech_id, outcome=outcome):
                        self.speech_id, self._outcome = speech_id, outcome
                        missed = AgentMessage(speech_id=speech_id, text="", interrupted=outcome is not SpeechOutcome.COMPLETED)
                        await self._stop_feeding()
                        return message or missed
                    case _:
                        continue
        raise SessionUnavailableError(f"the call {self._call.call_id} has ended before the speech {self.command_id} was heard")

    async def _stop_feeding(self) -> None:
        """Its text is not wanted any more; where all was, the answer to the last of it is on its way."""
        feeding = self._feeding
        if feeding is None:
            return
        if self.interrupted:
            feeding.cancel()
        await asyncio.wait((feeding,))
        if not feeding.cancelled() and (failure := feeding.result()) is not None:
            raise failure


def _look_at_failure(task: "asyncio.Task[AgentMessage]") -> None:
    """Whoever waits is told; asyncio need not log it where nobody does."""
    if not task.cancelled():
        task.exception()

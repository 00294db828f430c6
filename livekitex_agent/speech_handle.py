"""The handle of something that the agent was asked to say."""

import asyncio

from livekitex_agent.client.call import Call
from protocols import AgentMessage, CommandDone, SessionUnavailableError


class SpeechHandle:
    """One speech, from its command to its end. It stays good through all incarnations of the call."""

    def __init__(self, call: Call, command_id: str, from_number: int) -> None:
        self._call = call
        self._from_number = from_number
        self._outcome: AgentMessage | None = None
        self.command_id = command_id

    @property
    def interrupted(self) -> bool:
        """Whether it was stopped before its end; False as long as `wait_for_playout` has not told."""
        return self._outcome is not None and self._outcome.interrupted

    async def wait_for_playout(self, *, timeout_s: float | None = None) -> AgentMessage:
        """Wait until it was heard, or stopped: what was heard of it.

        Raises:
            TimeoutError: neither was so within ``timeout_s`` (None: it may take as long as the call does).
            SessionUnavailableError: the call has ended before.
            SystemUnavailableError: the system has ended.
        """
        if self._outcome is None:
            async with asyncio.timeout(timeout_s):
                self._outcome = await self._await_outcome()
        return self._outcome

    async def _await_outcome(self) -> AgentMessage:
        """The message that stands right before the command's end: both are told in one step of the conversation."""
        events = self._call.read(self._from_number)
        newest: AgentMessage | None = None
        try:
            async for pushed in events:
                match pushed.event:
                    case AgentMessage() as message:
                        newest = message
                    case CommandDone(command_id=done) if done == self.command_id and newest is not None:
                        return newest
        finally:
            await events.aclose()
        raise SessionUnavailableError(f"the call {self._call.call_id} has ended before the speech {self.command_id} was heard")

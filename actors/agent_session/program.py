"""The port of a call's program: user code on an event loop of its own, and what it may ask of its session.

A program is whatever makes the agent what it is and cannot be written down as plain data: an entrypoint, agents with hooks and tools,
providers. The session finds it by a reference (``runner``) in its arguments and knows nothing else of it. Neither waits for the other: the
session has work done (`Program.perform`) and is told the outcome as an input of the core, the program has commands accepted
(`ProgramCall.send`) and is told so.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from actors.agent_session.blueprint import Blueprint
from actors.agent_session.core import Input, Memory, RunHook, UseAgent
from actors.agent_session.core.inputs import ToolsChanged
from actors.agent_session.parts import Parts
from protocols import ChatContext, EventPushed, Message, SessionCommand

ProgramWork = UseAgent | RunHook
"""What the session has its program do."""


class ProgramCall(Protocol):
    """A program's view of its call. May be used from any thread; nothing here blocks or raises, unless it says so."""

    @property
    def blueprint(self) -> Blueprint:
        """The call as its arguments describe it: without an agent, which the program makes."""
        ...

    @property
    def incarnation(self) -> int:
        """The number of this incarnation, from 1."""
        ...

    @property
    def memory(self) -> Memory:
        """What the call remembers now."""
        ...

    @property
    def media(self) -> asyncio.AbstractEventLoop:
        """The event loop that the call's own providers are asked on."""
        ...

    @property
    def conversation(self) -> ChatContext:
        """What was said and done so far, the open turn included."""
        ...

    @property
    def known(self) -> ChatContext | None:
        """What of it the agent that has the call knows; None before the conversation has begun."""
        ...

    def start(self, parts: Parts) -> None:
        """The program has its providers and its agent: begin the conversation. Once in an incarnation."""
        ...

    def use(self, token: int, parts: Parts) -> None:
        """The agent of the `UseAgent` with this token is made: work with ``parts`` from now on."""
        ...

    def use_tools(self, parts: Parts, changed: ToolsChanged) -> None:
        """The agent that has the call has other tools: those of ``parts``."""
        ...

    def hear(self, enabled: bool) -> None:  # noqa: FBT001 - a switch
        """Listen to the caller, as at the beginning, or to silence in his place; for this incarnation."""
        ...

    def send(self, command: SessionCommand, owner: str, then: Callable[[Message], None], *, returning: str = "") -> None:
        """Have a command accepted, sent by ``owner``; ``then`` is given the answer, on the mailbox's thread.

        ``returning`` is the call whose tool returns in the step in which this is sent (empty: none does): it is accepted with the outcome.
        """
        ...

    def serve(self, message: Message, then: Callable[[Message], None]) -> None:
        """Have the session serve a message; ``then`` is given the answer, on any thread."""
        ...

    def ask(self, make: Callable[[int], Input], then: Callable[[Message], None]) -> None:
        """Let the core know what ``make`` makes of the number of a request; ``then`` is given the answer, on the mailbox's thread."""
        ...

    def feed(self, what: Input) -> None:
        """Let the core know."""
        ...

    def fail(self, text: str) -> None:
        """The program cannot go on: before `start` the call ends of it for good, later the incarnation does."""
        ...

    def crash(self, text: str) -> None:
        """The incarnation cannot go on: it ends, and another one takes its place.

        The call ends of it for good if it is the second in a row that comes to nothing before `start`.
        """
        ...


class Program(Protocol):
    """User code of one incarnation of a call. Its methods are called on the mailbox's thread and return at once."""

    def begin(self, call: ProgramCall, loop: asyncio.AbstractEventLoop | None) -> None:
        """Run the entrypoint, on ``loop`` or (None) one of its own in a thread of its own. What the call remembers is there."""
        ...

    def perform(self, work: ProgramWork) -> None:
        """Have ``work`` done; in the order of the calls."""
        ...

    def tell(self, event: EventPushed) -> None:
        """Something happened in the call; it is in the journal."""
        ...

    def end(self, reason: str, then: Callable[[], None]) -> None:
        """The call is over, with this reason: run what is to run at its end, and then call ``then``, from any thread."""
        ...

    def stop(self) -> None:
        """The incarnation ends. A second call does nothing."""
        ...

"""The session's end of the link to its program: what a program asks comes back as turns of the mailbox."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import Final

from actors.agent_session.blueprint import Blueprint
from actors.agent_session.conversation import Conversation
from actors.agent_session.core import Input, Memory, conversation, known_so_far
from actors.agent_session.core.inputs import ToolsChanged
from actors.agent_session.parts import Parts
from protocols import ChatContext, ErrorReply, InternalError, Message, SessionCommand, SessionUnavailableError
from supervision import Context

_OVER: Final = ErrorReply(error=SessionUnavailableError.__name__, text="the call has ended", retryable=False)


class ProgramLink:
    """See `program.ProgramCall`. ``past`` is what the call remembered when this incarnation began; ``live`` is set once it is.

    ``started``, ``failed`` and ``crashed`` are called as turns of the mailbox. Whoever waits for an answer when the conversation ends
    is told of that.
    """

    def __init__(
        self,
        context: Context,
        blueprint: Blueprint,
        past: Memory,
        incarnation: int,
        *,
        started: Callable[[Parts], None],
        failed: Callable[[str], None],
        crashed: Callable[[str], None],
    ) -> None:
        self.blueprint = blueprint
        self.incarnation = incarnation
        self.live: Conversation | None = None
        self._context = context
        self._past = past
        self._started = started
        self._failed = failed
        self._crashed = crashed
        self._unanswered: set[Callable[[Message], None]] = set()
        self._lock = threading.Lock()  # what is asked for and what is answered are of two threads
        self._over = False

    @property
    def memory(self) -> Memory:
        """See `ProgramCall.memory`."""
        return self._past if self.live is None else self.live.memory

    @property
    def media(self) -> asyncio.AbstractEventLoop:
        """See `ProgramCall.media`."""
        return self._live.media

    @property
    def conversation(self) -> ChatContext:
        """See `ProgramCall.conversation`."""
        return conversation(self.memory)

    @property
    def known(self) -> ChatContext | None:
        """See `ProgramCall.known`."""
        memory = self.memory
        return None if memory.known is None else known_so_far(memory)

    def start(self, parts: Parts) -> None:
        """See `ProgramCall.start`."""
        self._context.post(partial(self._started, parts))

    def use(self, token: int, parts: Parts) -> None:
        """See `ProgramCall.use`."""
        self._context.post(lambda: self._live.use(token, parts))

    def use_tools(self, parts: Parts, changed: ToolsChanged) -> None:
        """See `ProgramCall.use_tools`."""
        self._context.post(lambda: self._live.use_tools(parts, changed))

    def hear(self, enabled: bool) -> None:  # noqa: FBT001 - a switch
        """See `ProgramCall.hear`."""
        self._context.post(lambda: self._live.hear(enabled))

    def send(self, command: SessionCommand, owner: str, then: Callable[[Message], None], *, returning: str = "") -> None:
        """See `ProgramCall.send`."""
        if answer := self._awaited(then):
            self._context.post(lambda: self._live.send(command, owner, answer, returning))

    def serve(self, message: Message, then: Callable[[Message], None]) -> None:
        """See `ProgramCall.serve`."""
        if answer := self._awaited(then):
            self._context.post(partial(self._serve, message, answer))

    def ask(self, make: Callable[[int], Input], then: Callable[[Message], None]) -> None:
        """See `ProgramCall.ask`."""
        if answer := self._awaited(then):
            self._context.post(lambda: self._live.ask(make, answer))

    def feed(self, what: Input) -> None:
        """See `ProgramCall.feed`."""
        self._context.post(lambda: self._live.feed(what))

    def fail(self, text: str) -> None:
        """See `ProgramCall.fail`."""
        self._context.post(partial(self._failed, text))

    def crash(self, text: str) -> None:
        """See `ProgramCall.crash`."""
        self._context.post(partial(self._crashed, text))

    def _serve(self, message: Message, then: Callable[[Message], None]) -> None:
        self._live.serve(message, None, then)

    def end(self) -> None:
        """The conversation is over: what was asked and was not answered is refused, and so is what is asked from now on."""
        with self._lock:
            self._over, unanswered = True, self._unanswered
            self._unanswered = set()
        for then in unanswered:
            then(_OVER)

    def _awaited(self, then: Callable[[Message], None]) -> Callable[[Message], None] | None:
        """What tells ``then`` the answer, once; None if there will be none: it was told so."""

        def answer(message: Message) -> None:
            with self._lock:
                waits = token in self._unanswered
                self._unanswered.discard(token)
            if waits:
                then(message)

        token = partial(then)  # of this request alone
        with self._lock:
            if not self._over:
                self._unanswered.add(token)
                return answer
        then(_OVER)
        return None

    @property
    def _live(self) -> Conversation:
        if self.live is None:
            raise InternalError("a program asks for something before its conversation has begun: please report this")
        return self.live

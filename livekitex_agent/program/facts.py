"""What a program keeps in its call's journal: text by key, which comes back after a death."""

import asyncio

from actors import FactTold, ProgramCall, ProgramLoop
from livekitex_agent.errors import error_of
from protocols import ErrorReply, Message


class Facts:
    """Used on the program's loop."""

    def __init__(self, call: ProgramCall, loop: ProgramLoop) -> None:
        self._call = call
        self._loop = loop
        self._known = dict(call.memory.facts)

    def get(self, key: str) -> str | None:
        """What is kept under ``key`` (JSON); None if nothing is."""
        return self._known.get(key)

    async def put(self, key: str, value: str | None) -> None:
        """Keep ``value`` (JSON) under ``key``, or with None forget it; returns once it is in the journal.

        Cancelled meanwhile, it is kept all the same.

        Raises:
            MessageTooLargeError, CapacityError: it is more than a call may keep; nothing was changed.
        """
        if isinstance(answer := await self.tell(key, value), ErrorReply):
            raise error_of(answer)

    def tell(self, key: str, value: str | None) -> "asyncio.Future[Message]":
        """As `put`, at once: it is in the journal before whatever is asked for after it. How that was answered comes later."""
        answered: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

        def note(answer: Message) -> None:
            if not isinstance(answer, ErrorReply):
                self._note(key, value)
            if not answered.done():
                answered.set_result(answer)

        self._call.ask(lambda request: FactTold(request=request, key=key, value=value), lambda answer: self._loop.call(note, answer))
        return answered

    def _note(self, key: str, value: str | None) -> None:
        if value is None:
            self._known.pop(key, None)
        else:
            self._known[key] = value

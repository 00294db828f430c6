"""Keeps the user data of a session in its call's journal: whenever something of the program has ended, and while it runs, if it changed."""

import asyncio
import logging
from typing import Any, Final

from actors import ProgramCall, UserDataChanged
from livekitex_agent.program.user_data import encode, restore
from livekitex_agent.types import NotGiven
from livekitex_agent.voice.agent_session import AgentSession
from protocols import LivekitexError

log = logging.getLogger("livekitex.program")

COMMIT_EVERY_S: Final = 0.25
NOTHING: Final = "{}"


class UserDataKeeper:
    """Used on the program's loop. What of the data cannot be written is named once."""

    def __init__(self, session: AgentSession[Any], call: ProgramCall) -> None:
        self._session = session
        self._call = call
        self._kept = call.memory.user_data_json
        self._named: set[str] = set()

    def restore(self) -> None:
        """Put what an earlier life has kept onto the data that the program has passed.

        What is neither kept nor passed is named; if what was kept cannot be read, the program goes on with what it has passed.
        """
        if self._kept == NOTHING or isinstance(self._session._userdata, NotGiven):
            return
        try:
            restored = restore(self._kept, self._session.userdata)
        except LivekitexError as failure:
            self._name("userdata", str(failure))
            return
        self._session.userdata = restored.value
        for path, type_name in restored.lost:
            self._name(path, f"{type_name}: it was not written, and the program passes none")

    def written(self) -> str:
        """The data as the journal takes it with the result of a tool."""
        self._kept = self._write()
        return self._kept

    def commit(self) -> None:
        """Have the data written if it has changed."""
        text = self._write()
        if text != self._kept:
            self._kept = text
            self._call.feed(UserDataChanged(user_data_json=text))

    async def commit_regularly(self) -> None:
        """`commit` every `COMMIT_EVERY_S`, for ever."""
        while True:
            await asyncio.sleep(COMMIT_EVERY_S)
            self.commit()

    def _write(self) -> str:
        data = self._session._userdata
        if isinstance(data, NotGiven):
            return self._kept
        try:
            encoded = encode(data)
        except LivekitexError as failure:  # the conversation goes on with what was kept before
            self._name("userdata", str(failure))
            return self._kept
        for unwritten in encoded.unwritten:
            self._name(unwritten.path, f"{unwritten.type_name}: {unwritten.why}")
        return encoded.text

    def _name(self, path: str, what: str) -> None:
        if path not in self._named:
            self._named.add(path)
            log.warning("not restorable: %s: %s", path, what)

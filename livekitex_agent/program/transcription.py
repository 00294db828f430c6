"""What the agent has said, for the sink of text that a program has put into its session (``session.output.transcription``)."""

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from actors import ProgramLoop
from protocols import AgentMessage, SessionEvent

if TYPE_CHECKING:
    from livekitex_agent.voice.agent_session import AgentSession

log = logging.getLogger("livekitex.program")


class Transcription:
    """Gives each reply of the agent's, as it was heard, to the sink that the session then has. Used on the program's loop.

    A reply is one segment. They come in order, one after the other; those that come while a sink takes one wait, and are the call's replies
    at most. What a sink raises is logged, and the next one comes all the same.
    """

    def __init__(self, session: "AgentSession[Any]", loop: ProgramLoop) -> None:
        self._session = session
        self._loop = loop
        self._before: asyncio.Task[Any] | None = None

    def tell(self, event: SessionEvent) -> None:
        """Something happened in the call."""
        output = self._session.output
        if isinstance(event, AgentMessage) and event.text and output.transcription is not None and output.transcription_enabled:
            self._before = self._loop.spawn(self._write(event.text, output.transcription, self._before), name="transcription")

    @staticmethod
    async def _write(text: str, sink: Any, before: "asyncio.Task[Any] | None") -> None:  # noqa: ANN401 - a `TextOutput`
        if before is not None and not before.done():
            await asyncio.wait([before])
        try:
            await sink.capture_text(text)
            sink.flush()
        except Exception:  # the seam to the user's code
            log.exception("the output %r of text has failed", sink)

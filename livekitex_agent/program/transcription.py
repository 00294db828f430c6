"""What the agent has said, for the sink of text that a program has put into its session (``session.output.transcription``)."""

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from actors import ProgramLoop
from protocols import AgentMessage, ConversationItemAdded, EventPushed, Role, SpeechDone

if TYPE_CHECKING:
    from livekitex_agent.voice.agent_session import AgentSession

log = logging.getLogger("livekitex.program")


class Transcription:
    """Gives what the agent has said, as it was heard, to the sink that the session then has. Used on the program's loop.

    Each answer of the model is a segment, also where a reply has several with tools between them. They come in order, one after the other;
    those that come while a sink takes one wait, and are the call's answers at most. What a sink raises is logged, and the next one comes
    all the same.
    """

    def __init__(self, session: "AgentSession[Any]", loop: ProgramLoop) -> None:
        self._session = session
        self._loop = loop
        self._before: asyncio.Task[Any] | None = None
        self._said: dict[str, str] = {}
        self._shown: set[str] = set()
        """Speeches that go on, of which an answer was shown."""

    def tell(self, pushed: EventPushed) -> None:
        """Something happened in the call."""
        match pushed.event:
            case ConversationItemAdded(role=Role.ASSISTANT, text=text) if text:
                self._shown.add(pushed.speech_id)
                self._show(text)
            case AgentMessage(speech_id=speech_id, text=text):
                self._said[speech_id] = text
            case SpeechDone(speech_id=speech_id):
                text = self._said.pop(speech_id, "")
                if speech_id not in self._shown:  # it is kept out of the history
                    self._show(text)
                self._shown.discard(speech_id)
            case _:
                pass

    def _show(self, text: str) -> None:
        output = self._session.output
        if text and output.transcription is not None and output.transcription_enabled:
            self._before = self._loop.spawn(self._write(text, output.transcription, self._before), name="transcription")

    @staticmethod
    async def _write(text: str, sink: Any, before: "asyncio.Task[Any] | None") -> None:  # noqa: ANN401 - a `TextOutput`
        if before is not None and not before.done():
            await asyncio.wait([before])
        try:
            await sink.capture_text(text)
            sink.flush()
        except Exception:  # the seam to the user's code
            log.exception("the output %r of text has failed", sink)

"""What the agent has said, for the sink of text that a program has put into its session (``session.output.transcription``)."""

import asyncio
import logging
import re
from typing import TYPE_CHECKING, Any, Final

from actors import ProgramLoop
from protocols import AgentMessage, AgentSentence, ConversationItemAdded, EventPushed, Role, SpeechDone

if TYPE_CHECKING:
    from livekitex_agent.voice.agent_session import AgentSession

log = logging.getLogger("livekitex.program")

_WORD: Final = re.compile(r"\s*\S+")


class Transcription:
    """Gives what the agent has said, as it was heard, to the sink that the session then has. Used on the program's loop.

    Each answer of the model is a segment, also where a reply has several with tools between them. Of one that is cut the word is shown,
    too, in the midst of which it was: the history has words that were heard to their end. They come in order, one after the other;
    those that come while a sink takes one wait, and are the call's answers at most. What a sink raises is logged, and the next one comes
    all the same.
    """

    def __init__(self, session: "AgentSession[Any]", loop: ProgramLoop) -> None:
        self._session = session
        self._loop = loop
        self._before: asyncio.Task[Any] | None = None
        self._said: dict[str, str] = {}
        self._sentences: dict[str, str] = {}
        """Of the speeches that go on, the one that is heard."""
        self._shown: set[str] = set()
        """Speeches that go on, of which an answer was shown."""

    def tell(self, pushed: EventPushed) -> None:
        """Something happened in the call."""
        match pushed.event:
            case AgentSentence(speech_id=speech_id, text=text):
                self._sentences[speech_id] = text
            case ConversationItemAdded(role=Role.ASSISTANT, text=text, interrupted=cut) if text:
                self._shown.add(pushed.speech_id)
                self._show(self._with_cut_word(pushed.speech_id, text) if cut else text)
            case AgentMessage(speech_id=speech_id, text=text, interrupted=cut):
                self._said[speech_id] = self._with_cut_word(speech_id, text) if cut else text
            case SpeechDone(speech_id=speech_id):
                text = self._said.pop(speech_id, "")
                if speech_id not in self._shown:  # it is kept out of the history, or nothing was heard to its end
                    self._show(text)
                self._shown.discard(speech_id)
                self._sentences.pop(speech_id, None)
            case _:
                pass

    def _with_cut_word(self, speech_id: str, heard: str) -> str:
        if self._session.current_agent._overrides("transcription_node"):
            return heard  # what would be shown of the word is not known
        sentence = self._sentences.get(speech_id, "")
        return heard + cut_word(sentence, heard)

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


def cut_word(sentence: str, heard: str) -> str:
    """The word of ``sentence`` that is said behind what was ``heard``, with the blanks before it; empty if it is not cut there."""
    words = list(_WORD.finditer(sentence))
    said = (number for number in range(len(words), 0, -1) if heard.endswith(sentence[: words[number - 1].end()]))
    after = next(said, 0 if not heard else len(words))
    return words[after][0] if after < len(words) else ""

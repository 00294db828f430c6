"""What the agent does, as a session tells it: in a call without a voice it also speaks, while its text is written.

It thinks once the caller's words are in the history: not while the program's hook is shown them, which may leave him without an answer. It
does not think for what is said as it stands. While tools of a reply are at work it thinks, but for what is said meanwhile; and where they
return before that was heard, it does not think once more when the reply goes on.
"""

from collections.abc import Iterator
from typing import Final

from livekitex_agent.voice.events import AgentState
from protocols import (
    AgentChanged,
    AgentSentence,
    AgentStateChanged,
    ConversationItemAdded,
    EventPushed,
    FunctionToolsExecuted,
    SpeechCreated,
    SpeechDone,
    SpeechInterrupted,
    ToolCalled,
)

AGENT_STATES: Final[dict[str, AgentState]] = {
    "initializing": "initializing",
    "idle": "idle",
    "listening": "listening",
    "thinking": "thinking",
    "speaking": "speaking",
    "paused": "listening",
    "closing": "listening",
}
SAID: Final = ("say", "greeting", "apology", "repeat", "farewell")
"""The sources of speeches that need no model."""
_ASKED: Final = ("audio", "text")
"""Those of replies to the caller."""


class AgentStates:
    """The states that a session tells; ``now`` is the one that it is in. Pure but for that."""

    def __init__(self) -> None:
        self.now: AgentState = "initializing"
        self._core: AgentState = "listening"
        self._over = False
        """Whether a speech has ended, or was stopped, since the agent had the turn: else its tools are at work, and others may speak."""
        self._sources: dict[str, str] = {}  # of the speeches that are not over and for which it does not think yet
        self._waiting: set[str] = set()  # the speeches that have not begun
        self._at_tools: set[str] = set()  # the speeches of the agent that has the call whose tools are at work
        self._answered: set[str] = set()  # the speeches whose tools have returned
        self._thinks: set[str] = set()  # those of them whose tools have returned while another was heard
        self._said = ""  # the speech that was heard last

    def begin(self) -> Iterator[tuple[AgentState, AgentState]]:
        """The session is live: the changes that follow from it, each as old and new state."""
        if self.now == "initializing":
            yield from self._become(self._core)

    def after(self, pushed: EventPushed, *, voice: bool, answers: bool = True) -> Iterator[tuple[AgentState, AgentState]]:
        """The changes that follow from an event of the call, which has a voice or not: one, or none.

        ``answers`` is whether the model is asked with what tools came to, where the event tells that.
        """
        waits = self._core == "thinking" and not self._over
        asked = self._sources.get(pushed.speech_id) in _ASKED
        self._note(pushed, answers=answers)
        yield from self._become(self._next(pushed, voice=voice, waits=waits, asked=asked))

    def _next(self, pushed: EventPushed, *, voice: bool, waits: bool, asked: bool) -> AgentState:
        """The table: the first row that fits says what it does now. ``waits``: for its tools or for words; ``asked``: for the caller's."""
        match pushed.event:
            case AgentStateChanged(new="listening") if waits or (self.now == "thinking" and self._waiting):
                return "thinking"
            case AgentStateChanged() if self._core == "listening":
                return self._at_rest
            case AgentStateChanged(old="listening", new="thinking") if pushed.speech_id in self._answered:
                return self.now  # it comes back with what it has thought already
            case AgentStateChanged() if self._core != "thinking" or pushed.speech_id not in self._sources:
                return self._core
            case ConversationItemAdded(role="user") if asked and self._core == "thinking":
                return "thinking"
            case AgentSentence() if not voice:
                return "speaking"
            case ToolCalled() | FunctionToolsExecuted() if not voice and self.now == "speaking":
                return "thinking"
            case FunctionToolsExecuted() if pushed.speech_id in self._thinks:
                return "thinking"
            case SpeechDone() if self._core == "listening" and (not voice or self.now == "thinking"):
                return self._at_rest
            case _:
                return self.now

    def _note(self, pushed: EventPushed, *, answers: bool) -> None:  # noqa: C901, PLR0912 - a case for each
        match pushed.event:
            case SpeechCreated(speech_id=speech_id, source=source):
                self._waiting.add(speech_id)
                if source in SAID + _ASKED:
                    self._sources[speech_id] = source
            case AgentStateChanged(new=new):
                self._core, self._over = AGENT_STATES[new], self._over and new == "listening"
                self._waiting.discard(pushed.speech_id)
                if self._core == "speaking":
                    self._said = pushed.speech_id
                    self._thinks.discard(pushed.speech_id)
            case ConversationItemAdded(role="user") if self._sources.get(pushed.speech_id) in _ASKED:
                del self._sources[pushed.speech_id]
            case ToolCalled():
                self._at_tools.add(pushed.speech_id)
                self._answered.discard(pushed.speech_id)
            case FunctionToolsExecuted():
                self._at_tools.discard(pushed.speech_id)
                self._answered.add(pushed.speech_id)
                if answers and self.now == "speaking" and pushed.speech_id != self._said:
                    self._thinks.add(pushed.speech_id)
            case AgentChanged():
                self._at_tools.clear()  # they are those of another agent
            case SpeechInterrupted(speech_id=speech_id) | SpeechDone(speech_id=speech_id):
                self._over = True
                for speeches in (self._at_tools, self._thinks, self._answered, self._waiting):
                    speeches.discard(speech_id)
                if isinstance(pushed.event, SpeechDone):
                    self._sources.pop(speech_id, None)
            case _:
                pass

    @property
    def _at_rest(self) -> AgentState:
        return "thinking" if self._at_tools or self._thinks else "listening"

    def _become(self, new: AgentState) -> Iterator[tuple[AgentState, AgentState]]:
        if new != self.now:
            old, self.now = self.now, new
            yield old, new

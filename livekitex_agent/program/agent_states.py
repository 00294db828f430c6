"""What the agent does, as a session tells it.

In a call without a voice it also speaks, while its text is written. And it thinks only once the caller's words are in the history: not
while the program's hook is shown them, which may leave him without an answer.
"""

from collections.abc import Iterator
from typing import Final

from livekitex_agent.voice.events import AgentState
from protocols import (
    AgentSentence,
    AgentStateChanged,
    ConversationItemAdded,
    FunctionToolsExecuted,
    SessionEvent,
    SpeechCreated,
    SpeechDone,
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


class AgentStates:
    """The states that a session tells; ``now`` is the one that it is in. Pure but for that."""

    def __init__(self) -> None:
        self.now: AgentState = "initializing"
        self._core: AgentState = "listening"
        self._hooked = False
        self._over = False
        """Whether a speech has ended since the agent had the turn: else its tools are at work, and others may speak."""

    def begin(self) -> Iterator[tuple[AgentState, AgentState]]:
        """The session is live: the changes that follow from it, each as old and new state."""
        if self.now == "initializing":
            yield from self._become(self._core)

    def after(self, event: SessionEvent, *, voice: bool) -> Iterator[tuple[AgentState, AgentState]]:
        """The changes that follow from an event of the call, which has a voice or not."""
        match event:
            case SpeechCreated(source="audio"):
                self._hooked = True
            case AgentStateChanged(new=new):
                waits = self._core == "thinking" and new == "listening" and not self._over
                self._core, self._over = AGENT_STATES[new], self._over and new == "listening"
                if not (self._hooked and self._core == "thinking"):
                    yield from self._become("thinking" if waits else self._core)
            case ConversationItemAdded(role="user") if self._hooked:
                self._hooked = False
                yield from self._become(self._core)
            case AgentSentence() if not voice:
                yield from self._become("speaking")
            case SpeechDone():
                self._hooked, self._over = False, True
                if not voice and self._core == "listening":
                    yield from self._become("listening")
            case FunctionToolsExecuted() if not voice and self.now == "speaking":
                yield from self._become("thinking")
            case _:
                pass

    def _become(self, new: AgentState) -> Iterator[tuple[AgentState, AgentState]]:
        if new != self.now:
            old, self.now = self.now, new
            yield old, new

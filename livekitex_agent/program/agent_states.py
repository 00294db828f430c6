"""What the agent does, as a session tells it: in a call without a voice it also speaks, while its text is written."""

from collections.abc import Iterator
from typing import Final

from livekitex_agent.voice.events import AgentState
from protocols import AgentSentence, AgentStateChanged, FunctionToolsExecuted, SessionEvent, SpeechDone

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

    def begin(self) -> Iterator[tuple[AgentState, AgentState]]:
        """The session is live: the changes that follow from it, each as old and new state."""
        if self.now == "initializing":
            yield from self._become(self._core)

    def after(self, event: SessionEvent, *, voice: bool) -> Iterator[tuple[AgentState, AgentState]]:
        """The changes that follow from an event of the call, which has a voice or not."""
        match event:
            case AgentStateChanged(new=new):
                self._core = AGENT_STATES[new]
                yield from self._become(self._core)
            case AgentSentence() if not voice:
                yield from self._become("speaking")
            case SpeechDone() if not voice and self._core == "listening":
                yield from self._become("listening")
            case FunctionToolsExecuted() if not voice and self.now == "speaking":
                yield from self._become("thinking")
            case _:
                pass

    def _become(self, new: AgentState) -> Iterator[tuple[AgentState, AgentState]]:
        if new != self.now:
            old, self.now = self.now, new
            yield old, new

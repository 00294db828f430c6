"""What a session was told, as its program may read it (``session.options``)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from livekitex_agent.voice.text_transforms import TextTransforms


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSessionOptions:
    """As given: what was left out is not in ``turn_handling``. LiveKit's other options change nothing here, and are not told."""

    turn_handling: Mapping[str, Any]
    max_tool_steps: int
    user_away_timeout: float | None
    tts_text_transforms: tuple[TextTransforms, ...]

    @property
    def endpointing(self) -> Mapping[str, Any]:
        """How long the caller may pause."""
        return self._of("endpointing")

    @property
    def interruption(self) -> Mapping[str, Any]:
        """What the caller's voice does to the agent's."""
        return self._of("interruption")

    @property
    def preemptive_generation(self) -> Mapping[str, Any]:
        """Whether the model is asked ahead."""
        return self._of("preemptive_generation")

    def _of(self, name: str) -> Mapping[str, Any]:
        given = self.turn_handling.get(name, {})
        return given if isinstance(given, Mapping) else {"enabled": given}

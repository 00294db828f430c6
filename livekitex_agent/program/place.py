"""Where a program is, and what its job is: all that travels of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from protocols import InvalidAgentError, ProviderKind, require_no_secret

RUNNER: Final = "livekitex_agent.program.runner:ProgramRunner"
"""What a session finds in its arguments and runs the program with."""


@dataclass(frozen=True, kw_only=True)
class ProgramPlace:
    """A program as it travels to its call's process, which imports it and runs its entrypoint there.

    ``place`` is the absolute path of its script, or the name of its module; ``server`` the name in it of its `AgentServer`, of its
    `WorkerOptions` or of its entrypoint (empty: the only one that there is). ``agent_name`` chooses among several entrypoints. ``metadata``
    and ``room`` are facts of the job, which the program reads from its `JobContext`. ``providers`` replace the program's own: each a
    provider's name, by its kind, as ``{"llm": "openai:gpt-5.4-mini"}``, or ``"none"`` for none of the kind; ``base_url`` is where those of
    OpenAI's protocols are.

    Raises:
        InvalidAgentError: the place is relative, or a field is malformed; the text names it and the cure.
    """

    place: str
    server: str = ""
    agent_name: str = ""
    metadata: str = ""
    room: str = ""
    providers: Mapping[str, str] = field(default_factory=dict, hash=False)
    base_url: str = ""

    def __post_init__(self) -> None:
        for name in ("place", "server", "agent_name", "metadata", "room", "base_url"):
            value: object = getattr(self, name)
            if not isinstance(value, str):
                raise InvalidAgentError(f"{name} is a {type(value).__name__}: give text")
        is_module = all(part.isidentifier() for part in self.place.split("."))
        if not (is_module or Path(self.place).is_absolute()):
            raise InvalidAgentError(f"place={self.place!r:.80}: give the absolute path of a script, or the name of a module")
        given: object = self.providers
        if not isinstance(given, Mapping) or set(given) - set(ProviderKind) or not all(isinstance(name, str) for name in given.values()):
            raise InvalidAgentError(f"providers={self.providers!r:.80}: give names, by {', '.join(ProviderKind)}")
        require_no_secret("providers", self.providers)

    def to_wire(self) -> dict[str, Any]:
        """The program as it travels in the arguments of its call."""
        return {
            "program": {
                "runner": RUNNER,
                "place": self.place,
                "server": self.server,
                "agent_name": self.agent_name,
                "metadata": self.metadata,
                "room": self.room,
                "providers": dict(self.providers),
                "base_url": self.base_url,
            }
        }

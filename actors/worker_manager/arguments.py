"""The WorkerManager's arguments, checked where they arrive."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

from protocols import MAX_CALL_RESTART_SECONDS, MAX_CALL_RESTARTS, MAX_JOBS, ConfigurationError

SESSION_MEMORY_BYTES: Final = 2_500 * 1_024
"""Memory that outlives a session's process, in bytes: 30 s of the caller's words and of the agent's. Only pages that are used count."""

_ACTORS: Final = ("supervisor", "job_context", "agent_session")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerManagerArguments:
    """How this node takes calls.

    ``actors`` are the classes that make a job's tree, as ``module:Class``, under ``supervisor``, ``job_context`` and ``agent_session``, and
    under ``generation`` that of a program's fork parent (without one a program is a job like any other: its process imports it). At
    most ``max_jobs`` run at a time. Each job survives ``max_restarts`` restarts in ``max_seconds``. ``session_memory_bytes`` outlive the
    session's process; ``heartbeat_ms`` is the deadline of the job's heartbeats (None: none are asked for). ``journal_dir`` is where the
    calls of the run ``run_id`` have their journals (None: nowhere).

    Raises:
        ConfigurationError: a value is missing or out of range.
    """

    actors: Mapping[str, str]
    max_jobs: int = 100
    max_restarts: int = 5
    max_seconds: int = 60
    session_memory_bytes: int = SESSION_MEMORY_BYTES
    heartbeat_ms: int | None = None
    run_id: str = ""
    journal_dir: str | None = None

    def __post_init__(self) -> None:
        missing = [role for role in _ACTORS if not isinstance(self.actors.get(role), str)]
        if missing:
            raise ConfigurationError(f"actors lacks {', '.join(missing)}: name each class as module:Class")
        for name, kinds in (("run_id", str), ("journal_dir", str | None)):
            if not isinstance(getattr(self, name), kinds):
                raise ConfigurationError(f"{name} is {getattr(self, name)!r:.80}: use text, or no journal_dir for no journals")
        for name, low, high in (
            ("max_jobs", 1, MAX_JOBS),
            ("max_restarts", 0, MAX_CALL_RESTARTS),
            ("max_seconds", 1, MAX_CALL_RESTART_SECONDS),
            ("session_memory_bytes", 0, 1 << 30),
            ("heartbeat_ms", 1, 3_600_000),
        ):
            value = getattr(self, name)
            if name == "heartbeat_ms" and value is None:
                continue
            if type(value) is not int or not low <= value <= high:
                raise ConfigurationError(f"{name} is {value!r}: use a whole number from {low} to {high}")

    @classmethod
    def from_args(cls, args: Mapping[str, Any]) -> Self:
        """The arguments as they came; absent ones have their defaults.

        Raises:
            ConfigurationError: an unknown name, no actors, or a value out of range.
        """
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(args) - known):
            raise ConfigurationError(f"unknown argument of the worker manager {unknown[0]!r}: use {', '.join(sorted(known))}")
        return cls(**{"actors": {}, **args})

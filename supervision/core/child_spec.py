"""What a supervisor knows about a child before it lives: OTP's child specification.

A specification validates itself where it is made, so a wrong one never leaves its author. It travels in messages as the plain map of
`ChildSpec.to_wire`; `ChildSpec.from_wire` refuses every other map.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NoReturn, Self

import msgpack

from protocols import ExitReason
from supervision.core.wire import refuse, require_choice, require_flag, require_integer, require_map, require_text

WORKER_SHUTDOWN_MS: Final = 5_000
"""How long a worker may clean up, unless its specification says otherwise."""

WORKER_START_TIMEOUT_MS: Final = 30_000
"""How long a worker may take to start, unless its specification says otherwise."""


class Restart(StrEnum):
    """Whether a child that ended is started again."""

    PERMANENT = "permanent"
    TRANSIENT = "transient"
    TEMPORARY = "temporary"

    def applies(self, reason: ExitReason) -> bool:
        """Whether an end with ``reason`` is answered by a restart.

        A permanent child always comes back, a transient one unless it ended cleanly, a temporary one never.
        """
        return self is Restart.PERMANENT or (self is Restart.TRANSIENT and not reason.clean)


class Shutdown(StrEnum):
    """Ways to stop a child that are no number of milliseconds."""

    BRUTAL_KILL = "brutal_kill"
    INFINITY = "infinity"


class ChildType(StrEnum):
    """Whether a child is a supervisor itself."""

    WORKER = "worker"
    SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """How a child is started, stopped and restarted.

    ``actor`` is its class as ``module:Class``; ``args`` are msgpack-able and reach its ``on_start``. ``significant`` lets its end stop the
    supervisor (see `AutoShutdown`). It is announced in the registry as ``name`` and shown by ``ps`` as ``title`` (empty: neither).
    ``memory_bytes`` of shared memory are kept for it through its restarts. ``is_registry`` marks the one child that is the registry,
    ``confined`` one that runs user code (see `ActorStart`), ``light`` one that lives in its supervisor's process: a worker which runs no
    user code, never blocks and has neither shared memory nor threads or children. It costs no process, has its own address and mailbox,
    and ends for the same reasons; a kill drops it between two of its turns, and one that blocks is found as its supervisor that hangs.

    ``shutdown`` is the time in milliseconds between the signal to end and the kill; None becomes 5,000 for a worker and infinity for a
    supervisor. ``start_timeout_ms`` bounds its start; None becomes 30,000 for a worker and stays unbounded for a supervisor, whose own
    children are bounded. ``heartbeat_ms`` is the deadline of its heartbeats, which it misses when it hangs; None asks for none.

    Raises:
        InvalidSpecError: the fields contradict each other or OTP's rules.
    """

    id: str
    actor: str
    args: Mapping[str, Any] = field(default_factory=dict, hash=False)
    restart: Restart = Restart.PERMANENT
    significant: bool = False
    type: ChildType = ChildType.WORKER
    shutdown: int | Shutdown | None = None
    name: str = ""
    title: str = ""
    memory_bytes: int = 0
    start_timeout_ms: int | None = None
    heartbeat_ms: int | None = None
    is_registry: bool = False
    confined: bool = False
    light: bool = False

    def __post_init__(self) -> None:
        """Check the fields in OTP's order, and fill in what depends on the type."""
        if not require_text(self.id, "invalid_id"):
            refuse("invalid_id:", "a child needs an id that is not empty")
        _require_actor(self.actor)
        self._set("args", _require_args(self.args))
        self._set("restart", require_choice(Restart, self.restart, "invalid_restart_type"))
        if require_flag(self.significant, "invalid_significant") and self.restart is Restart.PERMANENT:
            refuse("bad_combination:restart=permanent,significant=true", "a permanent child never ends for good: make it transient")
        self._set("type", require_choice(ChildType, self.type, "invalid_child_type"))
        self._set("shutdown", self._require_shutdown())
        require_text(self.name, "invalid_name")
        require_text(self.title, "invalid_title")
        require_integer(self.memory_bytes, "invalid_memory_bytes", minimum=0)
        self._set("start_timeout_ms", self._require_start_timeout())
        if self.heartbeat_ms is not None:
            require_integer(self.heartbeat_ms, "invalid_heartbeat_ms", minimum=1)
        require_flag(self.is_registry, "invalid_is_registry")
        require_flag(self.confined, "invalid_confined")
        if require_flag(self.light, "invalid_light"):
            self._require_light()

    @property
    def brutal(self) -> bool:
        """Whether it is killed without being asked to end."""
        return self.shutdown is Shutdown.BRUTAL_KILL

    @property
    def grace_ms(self) -> int | None:
        """Milliseconds between the signal to end and the kill; None when it may take for ever (or is killed at once, if `brutal`)."""
        return self.shutdown if isinstance(self.shutdown, int) else None

    def to_wire(self) -> dict[str, Any]:
        """The plain map that travels; `from_wire` gives an equal specification."""
        wire = {name: getattr(self, name) for name in _FIELDS}
        return wire | {
            "args": dict(self.args),
            "restart": str(self.restart),
            "type": str(self.type),
            "shutdown": self.shutdown if isinstance(self.shutdown, int) else str(self.shutdown),
        }

    @classmethod
    def from_wire(cls, wire: object, *, may_be_significant: bool = True) -> Self:
        """The specification that ``wire`` describes; absent fields have their defaults.

        Raises:
            InvalidSpecError: for anything else, and for a significant child where none may be.
        """
        fields = require_map(wire, _FIELDS, "child_spec")
        for name in ("id", "actor"):
            if name not in fields:
                refuse(f"missing_{name}", "every child specification needs it")
        if not may_be_significant and fields.get("significant") is True:
            require_choice(Restart, fields.get("restart", Restart.PERMANENT), "invalid_restart_type")  # OTP looks at this first
            refuse_significant()
        return cls(**fields)

    def _require_light(self) -> None:
        bars = {"type": self.type is ChildType.SUPERVISOR, "confined": self.confined, "memory_bytes": self.memory_bytes > 0}
        if wrong := next((name for name, bar in bars.items() if bar), ""):
            refuse(f"bad_combination:light=true,{wrong}", "what starts children, runs user code or has shared memory needs a process")

    def _require_shutdown(self) -> int | Shutdown:
        if self.shutdown is None:
            return WORKER_SHUTDOWN_MS if self.type is ChildType.WORKER else Shutdown.INFINITY
        if isinstance(self.shutdown, str):
            return require_choice(Shutdown, self.shutdown, "invalid_shutdown")
        return require_integer(self.shutdown, "invalid_shutdown", minimum=0)

    def _require_start_timeout(self) -> int | None:
        if self.start_timeout_ms is None:
            return WORKER_START_TIMEOUT_MS if self.type is ChildType.WORKER else None
        return require_integer(self.start_timeout_ms, "invalid_start_timeout_ms", minimum=1)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)  # frozen from the end of __post_init__ on


def refuse_significant() -> NoReturn:
    """Refuse a significant child of a supervisor that never shuts itself down.

    Raises:
        InvalidSpecError: always.
    """
    refuse("bad_combination:auto_shutdown=never,significant=true", "choose another auto_shutdown for the supervisor")


def _require_actor(actor: object) -> None:
    module, _, name = require_text(actor, "invalid_actor").partition(":")
    if not all(part.isidentifier() for path in (module, name) for part in path.split(".")):
        refuse(f"invalid_actor:{actor!s:.50}", "name the class as module:Class")


def _require_args(args: object) -> Mapping[str, Any]:
    if not isinstance(args, Mapping) or not all(isinstance(key, str) for key in args):
        refuse("invalid_args", "arguments are a map with text keys")
    try:
        msgpack.packb(dict(args))
    except (TypeError, ValueError, OverflowError, RecursionError) as failure:
        refuse("invalid_args", f"arguments travel as msgpack: {failure}")
    return MappingProxyType(dict(args))


_FIELDS: Final = frozenset(field.name for field in dataclasses.fields(ChildSpec))

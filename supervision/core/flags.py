"""A supervisor's own options, and what they demand of its children. Defaults: 3 restarts in 5 seconds, nothing else.

`Backoff` is an addition to OTP: off (None) unless asked for.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

from supervision.core.child_spec import ChildSpec, refuse_significant
from supervision.core.wire import refuse, require_choice, require_integer, require_map

MAX_RESTARTS: Final = 3
MAX_SECONDS: Final = 5


class Strategy(StrEnum):
    """Who is restarted along with a child."""

    ONE_FOR_ONE = "one_for_one"
    """Only the child itself."""

    REST_FOR_ONE = "rest_for_one"
    """The child and those started after it."""

    ONE_FOR_ALL = "one_for_all"
    """All children."""


class AutoShutdown(StrEnum):
    """Whether ends of significant children stop the supervisor.

    Only a child's own final end counts: a restart, a stop by a call and a stop with its group do not.
    """

    NEVER = "never"
    ANY_SIGNIFICANT = "any_significant"
    ALL_SIGNIFICANT = "all_significant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Pause before each restart: ``initial_ms``, doubled with every restart in a row, at most ``max_ms``.

    A child that stayed up for longer than ``max_ms`` begins anew. Each pause is varied at random by up to ``jitter_percent`` of itself in
    either direction, so that many children do not come back at the same moment.

    Raises:
        InvalidSpecError: a number out of range.
    """

    initial_ms: int
    max_ms: int
    jitter_percent: int = 20

    def __post_init__(self) -> None:
        """Check the numbers."""
        require_integer(self.initial_ms, "invalid_backoff_initial_ms", minimum=1)
        require_integer(self.max_ms, "invalid_backoff_max_ms", minimum=self.initial_ms)
        if require_integer(self.jitter_percent, "invalid_backoff_jitter_percent", minimum=0) > 100:  # noqa: PLR2004 - per cent
            refuse(f"invalid_backoff_jitter_percent:{self.jitter_percent}", "at most 100")

    def delay_ms(self, streak: int) -> int:
        """The pause before the ``streak``-th restart in a row (from 1), before jitter."""
        return int(min(self.initial_ms * 2 ** min(streak - 1, 32), self.max_ms))


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorFlags:
    """The options of a static supervisor.

    More than ``max_restarts`` restarts in ``max_seconds`` (see `RestartIntensity`) and it gives up: it stops its children and ends with
    ``shutdown``, which its own supervisor answers.

    Raises:
        InvalidSpecError: a value out of range.
    """

    strategy: Strategy = Strategy.ONE_FOR_ONE
    max_restarts: int = MAX_RESTARTS
    max_seconds: int = MAX_SECONDS
    auto_shutdown: AutoShutdown = AutoShutdown.NEVER
    backoff: Backoff | None = None

    def __post_init__(self) -> None:
        """Check the values, in OTP's order."""
        strategy = require_choice(Strategy, self.strategy, "invalid_strategy")
        _require_limits(self.max_restarts, self.max_seconds)
        auto_shutdown = require_choice(AutoShutdown, self.auto_shutdown, "invalid_auto_shutdown")
        object.__setattr__(self, "strategy", strategy)  # given as text, it becomes the member
        object.__setattr__(self, "auto_shutdown", auto_shutdown)
        _require_backoff(self.backoff)

    def to_wire(self) -> dict[str, Any]:
        """The plain map that travels; `from_wire` gives equal flags."""
        return _to_wire(self)

    @classmethod
    def from_wire(cls, wire: object) -> Self:
        """The flags that ``wire`` describes; absent ones have their defaults.

        Raises:
            InvalidSpecError: for anything else.
        """
        return cls(**_fields_of(cls, wire))

    def child_from_wire(self, wire: object) -> ChildSpec:
        """The specification that ``wire`` describes, if it may live under these flags.

        Raises:
            InvalidSpecError: it is malformed, or significant where `AutoShutdown.NEVER` rules.
        """
        return ChildSpec.from_wire(wire, may_be_significant=self.auto_shutdown is not AutoShutdown.NEVER)

    def accept(self, specs: Iterable[ChildSpec]) -> tuple[ChildSpec, ...]:
        """``specs``, if they may live together under these flags.

        Raises:
            InvalidSpecError: two with one id, or a significant one where `AutoShutdown.NEVER` rules.
        """
        by_id = dict[str, ChildSpec]()
        for spec in specs:
            if spec.significant and self.auto_shutdown is AutoShutdown.NEVER:
                refuse_significant()
            if spec.id in by_id:
                refuse(f"duplicate_child_name:{spec.id}", "ids are unique in their supervisor")
            by_id[spec.id] = spec
        return tuple(by_id.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicFlags:
    """The options of a dynamic supervisor. It has at most ``max_children``, those that wait for a restart included (None: no limit).

    Raises:
        InvalidSpecError: a value out of range.
    """

    max_restarts: int = MAX_RESTARTS
    max_seconds: int = MAX_SECONDS
    max_children: int | None = None
    backoff: Backoff | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        _require_limits(self.max_restarts, self.max_seconds)
        if self.max_children is not None:
            require_integer(self.max_children, "invalid_max_children", minimum=0)
        _require_backoff(self.backoff)

    def to_wire(self) -> dict[str, Any]:
        """The plain map that travels; `from_wire` gives equal flags."""
        return _to_wire(self)

    @classmethod
    def from_wire(cls, wire: object) -> Self:
        """The flags that ``wire`` describes; absent ones have their defaults.

        Raises:
            InvalidSpecError: for anything else.
        """
        return cls(**_fields_of(cls, wire))

    def child_from_wire(self, wire: object) -> ChildSpec:
        """The specification that ``wire`` describes, if it may live under a dynamic supervisor, where ``significant`` means nothing.

        Raises:
            InvalidSpecError: it is malformed, or has a shutdown time of 0, which Elixir refuses here.
        """
        spec = ChildSpec.from_wire({**wire, "significant": False} if isinstance(wire, Mapping) else wire)
        if spec.shutdown == 0:
            refuse("invalid_shutdown:0", "choose brutal_kill, or at least 1 ms")
        return spec


def _require_limits(max_restarts: object, max_seconds: object) -> None:
    require_integer(max_restarts, "invalid_intensity", minimum=0)
    require_integer(max_seconds, "invalid_period", minimum=1)


def _require_backoff(backoff: object) -> None:
    if not isinstance(backoff, Backoff | None):
        refuse(f"invalid_backoff:{backoff!s:.50}", "give a Backoff, or None")


def _to_wire(flags: "SupervisorFlags | DynamicFlags") -> dict[str, Any]:
    return {key: str(value) if isinstance(value, StrEnum) else value for key, value in dataclasses.asdict(flags).items()}


def _fields_of(cls: type[Any], wire: object) -> dict[str, Any]:
    fields = dict(require_map(wire, _names(cls), "flags"))
    if fields.get("backoff") is not None:
        backoff: Mapping[str, Any] = require_map(fields["backoff"], _names(Backoff), "backoff")
        for name in ("initial_ms", "max_ms"):
            if name not in backoff:
                refuse(f"missing_backoff_{name}", "a backoff needs it")
        fields["backoff"] = Backoff(**backoff)
    return fields


def _names(cls: type[Any]) -> frozenset[str]:
    return frozenset(field.name for field in dataclasses.fields(cls))

"""Circuit breakers: one per outside service, shared by all sessions of the node."""

from dataclasses import dataclass
from typing import ClassVar

__all__ = ["BreakerState", "Breakers", "GetBreakers", "Permit", "ReportOutcome", "RequestPermit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPermit:
    """Ask whether ``service`` may be asked for something now; answered with `Permit`."""

    TAG: ClassVar[str] = "breaker.request_permit"
    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """Whether it may; if not, try again after ``retry_after_ms``."""

    TAG: ClassVar[str] = "breaker.permit"
    service: str
    allowed: bool
    retry_after_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOutcome:
    """A request to ``service`` has ended: whether it was served, or None when it was given up before that could be known."""

    TAG: ClassVar[str] = "breaker.report_outcome"
    service: str
    ok: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GetBreakers:
    """Ask for all breakers; answered with `Breakers`."""

    TAG: ClassVar[str] = "breaker.get"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerState:
    """One breaker: ``closed``, ``open`` or ``half_open``, and its recent failures."""

    service: str
    state: str
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakers:
    """All breakers, by name of service."""

    TAG: ClassVar[str] = "breaker.all"
    breakers: tuple[BreakerState, ...]

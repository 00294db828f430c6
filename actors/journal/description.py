"""What a call is, as its journal knows it: enough to start it again, and when it began and ended. Nothing secret."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from actors.journal.records import MAP, NUMBER, TEXT, Records, RecordType
from protocols import DecodeError, ProviderKind, require_no_secret

_OF_ONE_START: Final = ("last_end", "farewell_reason")
"""Options that say why a call is started now: of no use to a later start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDescription:
    """One call. ``agent`` and ``options`` are what it was started with; ``run_id`` is the run of the system that it belongs to.

    Times are seconds since the epoch. ``ended_wall_s`` is 0 while the call is open; ``outcome`` says how it ended. After that the journal
    is kept for ``retention_s``.

    Raises:
        InvalidAgentError: the agent's providers or the options hold a secret, which no file may hold; the text names it and the cure.
    """

    call_id: str
    run_id: str
    agent: Mapping[str, Any]
    options: Mapping[str, Any]
    began_wall_s: float
    ended_wall_s: float = 0.0
    outcome: str = ""
    retention_s: float = 0.0

    def __post_init__(self) -> None:
        for name, options in (("options", self.options), *((kind, _options(self.agent.get(kind))) for kind in ProviderKind)):
            require_no_secret(name, options)

    @classmethod
    def of_start(cls, call_id: str, agent: Mapping[str, Any], options: Mapping[str, Any], wall_s: float) -> Self:
        """The description of a call that is started with ``options`` (``run_id``, ``retention_s`` and others) at ``wall_s``."""
        return cls(
            call_id=call_id,
            run_id=str(options.get("run_id", "")),
            agent=agent,
            options={name: value for name, value in options.items() if name not in _OF_ONE_START},
            began_wall_s=wall_s,
            retention_s=float(options.get("retention_s") or 0.0),
        )

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """The description that `encode` made, in this version of the program or another.

        Raises:
            DecodeError: this version cannot take the call, or the bytes are none of a call.
        """
        description = _RECORDS.decode(body)
        if not isinstance(description, cls):
            raise DecodeError("the record describes no call")
        return description

    def encode(self) -> bytes:
        """The body of the record in a journal.

        Raises:
            UsageError: the agent or the options hold what msgpack cannot.
        """
        return _RECORDS.encode(self)

    @property
    def is_open(self) -> bool:
        """Whether the call has not ended."""
        return self.ended_wall_s == 0


def _options(provider: object) -> Mapping[str, Any]:
    options = provider.get("options") if isinstance(provider, Mapping) else None
    return options if isinstance(options, Mapping) else {}


_RECORDS: Final = Records(
    RecordType(
        CallDescription,
        "call",
        call_id=TEXT,
        run_id=TEXT,
        agent=MAP,
        options=MAP,
        began_wall_s=NUMBER,
        ended_wall_s=NUMBER.default(0.0),
        outcome=TEXT.default(""),
        retention_s=NUMBER.default(0.0),
    )
)

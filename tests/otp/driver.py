"""The port between the runner of scenarios and a world of processes in which supervisors live.

A world names processes ``id#n``, n being the n-th attempt to start that id, and logs what happens to them in the words of the schema.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from otp.schema import Action, Spec


@dataclass(frozen=True)
class Entry:
    """Something that happened, and when."""

    at_ms: float
    text: str


class Call(Protocol):
    """A call made by some process."""

    @property
    def result(self) -> Any:
        """The result in the words of the schema; None while the caller waits."""
        ...


class Driver(Protocol):
    """A world with one tree of supervisors, and somebody outside of it who does things to it."""

    @property
    def log(self) -> Sequence[Entry]:
        """Everything that has happened, in order."""
        ...

    @property
    def now_ms(self) -> float:
        """The time."""
        ...

    def boot(self, root: Spec) -> Call:
        """Start the tree."""
        ...

    def call(self, action: Action) -> Call:
        """Make a call to a supervisor, or ask a process to stop."""
        ...

    def crash(self, child_id: str, reason: str) -> None:
        """Have a child end itself, or kill it from outside."""
        ...

    def crash_together(self, sup: str, ids: Sequence[str], reason: str) -> None:
        """Have children end while their supervisor is suspended."""
        ...

    def exit_signal(self, child_id: str, reason: str) -> None:
        """Send an exit signal as a stranger."""
        ...

    def parent_exit(self, reason: str) -> None:
        """Send an exit signal to the root, as its parent."""
        ...

    def parent_die(self, reason: str) -> None:
        """Have the root's parent end."""
        ...

    def sleep(self, ms: float) -> None:
        """Let time pass."""
        ...

    def await_event(self, event: str) -> bool:
        """Let time pass until ``event`` (or one that begins with it) is in the log; whether that came to be."""
        ...

    def await_result(self, call: Call) -> None:
        """Let time pass until ``call`` has its result."""
        ...

    def settle(self) -> None:
        """Let time pass until nothing happens any more."""
        ...

    def alive(self) -> frozenset[str]:
        """The names of the processes that are up."""
        ...

    def tree(self) -> list[dict[str, Any]]:
        """What each live supervisor says of its children, parents first."""
        ...

    def close(self) -> None:
        """Leave nothing behind."""
        ...

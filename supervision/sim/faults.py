"""Faults of messages: which are lost, late or doubled. Pure: a rule looks at a message that is on its way and says what becomes of it.

Rules concern messages only. That a child has started or ended, and a kill, are the operating system's news, which no network loses.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from protocols import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """A message on its way; ``sender`` and ``to`` are actor ids."""

    sender: str
    to: str
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which messages a rule concerns: those of a class (or classes), between ids that match the shell patterns."""

    message: type | tuple[type, ...] = object
    sender: str = "*"
    to: str = "*"

    def concerns(self, passing: Passing) -> bool:
        """Whether this message is one of them."""
        return isinstance(passing.message, self.message) and fnmatchcase(passing.sender, self.sender) and fnmatchcase(passing.to, self.to)


Copies = tuple[float, ...]
"""What arrives of one message: the delay in seconds of each copy."""


@dataclass(slots=True)
class Rule:
    """A fault that befalls the messages that match, ``times`` of them (None: all) until it is lifted."""

    name: str
    match: Match
    change: Callable[[Copies], Copies]
    times: int | None = None
    hits: int = field(default=0, init=False)

    def apply(self, passing: Passing, copies: Copies) -> Copies:
        """What this rule leaves of ``copies``."""
        if self.hits == self.times or not self.match.concerns(passing):
            return copies
        self.hits += 1
        return self.change(copies)

    def lift(self) -> None:
        """Let the rule concern nothing more."""
        self.times = self.hits


def lost(_copies: Copies) -> Copies:
    """The fault of a message that never arrives."""
    return ()


def late(seconds: float) -> Callable[[Copies], Copies]:
    """The fault of a message that arrives ``seconds`` later; what its sender sends after it to the same actor waits behind it."""
    return lambda copies: tuple(delay + seconds for delay in copies)


def doubled(copies: Copies) -> Copies:
    """The fault of a message that arrives twice."""
    return copies + copies


def passes(rules: list[Rule], passing: Passing) -> tuple[Copies, tuple[str, ...]]:
    """What arrives of a message under all rules, applied in order, and the names of those that befell it."""
    copies: Copies = (0.0,)
    names = []
    for rule in rules:
        before = rule.hits
        copies = rule.apply(passing, copies)
        if rule.hits != before:
            names.append(rule.name)
    return copies, tuple(names)

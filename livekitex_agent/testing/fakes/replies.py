"""What a scripted language model says to what: the reading of its script, and the choice of a reply. Pure."""

import fnmatch
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from protocols import CallDelta, ConfigurationError

LONGEST_MS: Final = 600_000
_KEYS: Final = ("to", "after", "say", "calls", "first_token_ms", "chars_per_s", "fails", "retryable", "silent", "times")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One line of a script: to what, how often at most (0: always), and what comes after how long.

    ``to`` is a shell pattern of the caller's last message, ``after`` the name of the tool whose result is the last message; without both it
    is a reply to anything. ``chars_per_s`` is the pace of the text (0: it comes at once). ``fails`` is the text of the failure that comes
    after all else. A ``silent`` reply never ends.
    """

    to: str = "*"
    after: str = ""
    say: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    first_token_ms: float = 0.0
    chars_per_s: float = 0.0
    fails: str = ""
    retryable: bool = False
    silent: bool = False
    times: int = 0

    def fits(self, said: str, tool: str) -> bool:
        """Whether it answers what was ``said``, the caller's words or the result of ``tool``."""
        if tool:
            return self.after == tool
        return not self.after and fnmatch.fnmatchcase(said.casefold(), self.to.casefold())

    def text_for(self, said: str) -> str:
        """What it says to ``said``, which stands for ``{input}`` and ``{result}`` in it."""
        return self.say.replace("{input}", said).replace("{result}", said)

    def calls_of(self, number: int) -> tuple[CallDelta, ...]:
        """Its tool calls, with ids that no other answer of this model has."""
        return tuple(
            CallDelta(call_id=f"call-{number}-{at}", name=name, arguments=arguments) for at, (name, arguments) in enumerate(self.calls)
        )


def read_replies(value: object) -> tuple[Reply, ...]:
    """The script in an option.

    Raises:
        ConfigurationError: it is none; the text names the line and the cure.
    """
    if isinstance(value, str | Mapping) or not isinstance(value, Sequence):
        raise ConfigurationError(
            f"scripted_llm: replies is a {type(value).__name__}: give a list of maps, [{{'to': 'hello', 'say': 'Hi!'}}]"
        )
    return tuple(_read(number, line) for number, line in enumerate(value))


def _read(number: int, line: object) -> Reply:
    where = f"scripted_llm: replies[{number}]"
    if not isinstance(line, Mapping):
        raise ConfigurationError(f"{where} is a {type(line).__name__}: give a map, {{'to': 'hello', 'say': 'Hi!'}}")
    if unknown := sorted(set(line) - set(_KEYS)):
        raise ConfigurationError(f"{where} has {unknown[0]!r}: use {', '.join(_KEYS)}")
    fields = dict(line)
    for name in ("to", "after", "say", "fails"):
        if not isinstance(fields.get(name, ""), str):
            raise ConfigurationError(f"{where}: {name} is {fields[name]!r:.60}: give text")
    for name, highest in (("first_token_ms", LONGEST_MS), ("chars_per_s", 100_000), ("times", 100_000)):
        amount = fields.get(name, 0)
        if isinstance(amount, bool) or not isinstance(amount, int | float) or not 0 <= amount <= highest:
            raise ConfigurationError(f"{where}: {name} is {amount!r:.60}: give a number from 0 to {highest}")
    fields["calls"] = tuple(_call(where, call) for call in fields.get("calls", ()))
    reply = Reply(**fields)
    if not (reply.say or reply.calls or reply.fails or reply.silent):
        raise ConfigurationError(f"{where} does nothing: give it say, calls, fails or silent")
    return reply


def _call(where: str, call: object) -> tuple[str, str]:
    match call:
        case str(name):
            return name, "{}"
        case {"name": str(name), "arguments": str(arguments), **rest} if not rest:
            return name, arguments
        case {"name": str(name), **rest} if set(rest) <= {"arguments"}:
            given = rest.get("arguments", {})
            if isinstance(given, Mapping):
                return name, json.dumps(dict(given))
    raise ConfigurationError(f"{where}: a call is {call!r:.60}: give {{'name': 'look_up', 'arguments': {{}}}}")


class Script:
    """The replies of one model, and how often each was given."""

    def __init__(self, replies: Sequence[Reply]) -> None:
        self._replies = replies
        self._given = [0] * len(replies)

    def answer(self, said: str, tool: str) -> Reply | None:
        """The first reply that fits and was not given too often; None where there is none."""
        for number, reply in enumerate(self._replies):
            if reply.fits(said, tool) and not 0 < reply.times <= self._given[number]:
                self._given[number] += 1
                return reply
        return None

    def to_dict(self) -> dict[str, Any]:
        """What it would answer to, for an error's text."""
        return {f"after {reply.after}" if reply.after else reply.to: reply.say or "…" for reply in self._replies}

"""The agents of a program: how one is named in the journal, and found again by the program's next life.

An agent is found again by its origin: the *n*-th of its class that the entrypoint (or `on_enter`, or whatever else is run again) makes,
which the rerun makes, too. One that was made elsewhere, in a tool for one, is made again of its class and of what it was made with, if that
is plain data. What can be found in neither way is not restorable.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from actors import load_reference, reference_to
from livekitex_agent.program.scopes import Scopes
from livekitex_agent.voice.agent import Agent
from protocols import Entropy, InvalidAgentError, InvalidToolError

KEY_BYTES: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReference:
    """An agent as the journal names it, as JSON of its fields.

    ``key`` is its own in the call. ``place`` is where its class is defined (empty: nowhere where another process finds it). It is the
    ``number``-th of its class that was made in ``scope`` (0: in none). ``made_with`` are its arguments by name (None: they are no plain
    data, or given by place).
    """

    key: str
    name: str
    place: str = ""
    scope: str = ""
    number: int = 0
    made_with: Mapping[str, Any] | None = None

    def to_wire(self) -> dict[str, Any]:
        """The reference as plain data."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def of_json(cls, text: str) -> "AgentReference":
        """The reference that a journal has."""
        wire = json.loads(text)
        return cls(**{name: value for name, value in wire.items() if name in cls.__slots__})


class Agents:
    """The agents of one life of a program; used on its loop. ``note`` is told of each that is made there."""

    def __init__(self, scopes: Scopes, entropy: Entropy) -> None:
        self._scopes = scopes
        self._entropy = entropy
        self._made: Counter[tuple[str, str]] = Counter()
        self._by_origin: dict[tuple[str, str, int], Agent] = {}
        self._origins: dict[int, tuple[str, str, int]] = {}
        self._by_key: dict[str, Agent] = {}
        self._references: dict[int, AgentReference] = {}

    def note(self, agent: Agent) -> None:
        """``agent`` was made."""
        scope = self._scopes.current
        if scope is not None:
            name = type(agent).__qualname__
            self._made[scope, name] += 1
            origin = (scope, name, self._made[scope, name])
            self._by_origin[origin] = agent
            self._origins[id(agent)] = origin

    def reference(self, agent: Agent, key: str = "") -> AgentReference:
        """How the journal names ``agent``: the same each time."""
        known = self._references.get(id(agent))
        if known is not None:
            return known
        scope, _, number = self._origins.get(id(agent), ("", "", 0))
        reference = AgentReference(
            key=key or self._entropy.hex_id(KEY_BYTES),
            name=agent.id,
            place=_place(type(agent)),
            scope=scope,
            number=number,
            made_with=_plain(agent._made_with),
        )
        self._references[id(agent)] = reference
        self._by_key[reference.key] = agent
        return reference

    def takes_the_place(self, agent: Agent, text: str) -> bool:
        """Whether ``agent`` is the one that the journal names ``text``, made again; from here on it is found by that."""
        if not text:
            return False
        named, made = AgentReference.of_json(text), self.reference(agent)
        same = named.number > 0 and (named.scope, named.number, named.place) == (made.scope, made.number, made.place)
        if same:
            self._by_key[named.key] = agent
            self._references[id(agent)] = named
        return same

    def find(self, text: str) -> Agent:
        """The agent that the journal names ``text``, of this life or an earlier one.

        Raises:
            InvalidAgentError: it cannot be made again; the text says why.
        """
        reference = AgentReference.of_json(text)
        found = self._by_key.get(reference.key)
        if found is None:
            name = reference.place.rpartition(":")[2]
            found = self._by_origin.get((reference.scope, name, reference.number)) or self._made_again(reference)
            self._by_key[reference.key] = found
            self._references[id(found)] = reference
        return found

    def _made_again(self, reference: AgentReference) -> Agent:
        if asyncio.current_task() is None:
            return _make(reference)
        with self._scopes.leave():  # it is none of those that the program makes
            return _make(reference)


def _make(reference: AgentReference) -> Agent:
    if not reference.place:
        raise InvalidAgentError(f"the agent {reference.name} is of a class that no other process finds: define it at the top level")
    if reference.made_with is None:
        raise InvalidAgentError(
            f"the agent {reference.name} was made with what is no plain data: make it in the entrypoint, or of text, numbers and lists"
        )
    agent: Agent = load_reference(reference.place)(**reference.made_with)
    return agent


def _place(cls: type) -> str:
    try:
        return reference_to(cls)
    except InvalidToolError:
        return ""


def _plain(made_with: tuple[tuple[Any, ...], dict[str, Any]]) -> dict[str, Any] | None:
    """The arguments, if all are plain and given by name; a chat context is the call's own, and left out."""
    args, kwargs = made_with
    named = {name: value for name, value in kwargs.items() if name != "chat_ctx"}
    try:
        plain = json.loads(json.dumps(named, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        return None
    return None if args or plain != named else plain

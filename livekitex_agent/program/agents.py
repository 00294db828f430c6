"""The agents of a program: how one is named in the journal, and found again by the program's next life.

An agent is found again by its origin: the *n*-th of its class that the entrypoint (or `on_enter`, or whatever else is run again) makes,
which the rerun makes, too. One that was made elsewhere, in a tool for one, is made again of its class and of what it was made with, if that
is plain values, enums, and tuples, lists and dicts of these: an object among them would be another one than the program's, and go its own
way. A chat context is the call's own, whatever the agent was given. What can be found in neither way is not restorable.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from typing import Any, Final

from actors import load_reference, reference_to
from livekitex_agent.llm import ChatContext
from livekitex_agent.program.scopes import Scopes
from livekitex_agent.program.user_data import encode, restore
from livekitex_agent.voice.agent import Agent
from protocols import Entropy, InvalidAgentError, InvalidToolError, MessageTooLargeError

KEY_BYTES: Final = 4
_PLAIN: Final = (type(None), bool, int, float, str, list, tuple, dict)
"""Not their subclasses, which may hold more."""


class Given(Enum):
    """In the place of an argument that is the call's own."""

    CHAT_CONTEXT = "chat_ctx"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReference:
    """An agent as the journal names it, as JSON of its fields.

    ``key`` is its own in the call. ``kind`` is its class's name, and ``place`` where that is defined (empty: nowhere where another process
    finds it). It is the ``number``-th of its class that was made in ``scope`` (0: in none). ``made_with`` are its arguments as user data is
    written, those by place and those by name (None: they are no plain values; in older journals those by name alone, as they are).
    """

    key: str
    name: str
    kind: str = ""
    place: str = ""
    scope: str = ""
    number: int = 0
    made_with: str | Mapping[str, Any] | None = None

    def to_wire(self) -> dict[str, Any]:
        """The reference as plain data."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def of_json(cls, text: str) -> "AgentReference":
        """The reference that a journal has."""
        wire = json.loads(text)
        wire.setdefault("kind", wire.get("place", "").rpartition(":")[2])  # older journals have none
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
            kind=type(agent).__qualname__,
            place=_place(type(agent)),
            scope=scope,
            number=number,
            made_with=_written(agent._made_with),
        )
        self._references[id(agent)] = reference
        self._by_key[reference.key] = agent
        return reference

    def takes_the_place(self, agent: Agent, text: str) -> bool:
        """Whether ``agent`` is the one that the journal names ``text``, made again; from here on it is found by that."""
        if not text:
            return False
        named, made = AgentReference.of_json(text), self.reference(agent)
        same = named.number > 0 and _origin(named) == _origin(made) and named.place == made.place
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
            found = self._by_origin.get(_origin(reference)) or self._made_again(reference)
            self._by_key[reference.key] = found
            self._references[id(found)] = reference
        return found

    def _made_again(self, reference: AgentReference) -> Agent:
        if asyncio.current_task() is None:
            return _make(reference)
        with self._scopes.leave():  # it is none of those that the program makes
            return _make(reference)


def _origin(reference: AgentReference) -> tuple[str, str, int]:
    return reference.scope, reference.kind, reference.number


def _make(reference: AgentReference) -> Agent:
    if not reference.place:
        raise InvalidAgentError(f"the agent {reference.name} is of a class that no other process finds: define it at the top level")
    if reference.made_with is None:
        raise InvalidAgentError(
            f"the agent {reference.name} was made with what is no plain data: make it in the entrypoint, or of text, numbers and lists"
        )
    try:
        cls = load_reference(reference.place)  # first: what it is made with may be of its module
        args, named = _read(reference.made_with)
        agent: Agent = cls(*args, **named)
    except Exception as failure:  # the seam to the user's code
        raise InvalidAgentError(f"the agent {reference.name} cannot be made again: {type(failure).__name__}: {failure}") from failure
    return agent


def _place(cls: type) -> str:
    try:
        return reference_to(cls)
    except InvalidToolError:
        return ""


def _written(made_with: tuple[tuple[Any, ...], dict[str, Any]]) -> str | None:
    args, named = made_with
    arguments = ([_captured(value) for value in args], {name: _captured(value) for name, value in named.items()})
    try:
        return encode(arguments, "arguments").text if _is_plain(arguments) else None
    except (MessageTooLargeError, RecursionError):
        return None


def _read(made_with: str | Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    args, named = restore(made_with, None).value if isinstance(made_with, str) else ([], made_with)
    return [_given(value) for value in args], {name: _given(value) for name, value in named.items()}


def _captured(value: object) -> object:
    return Given.CHAT_CONTEXT if isinstance(value, ChatContext) else value


def _given(value: object) -> object:
    return ChatContext.empty() if value is Given.CHAT_CONTEXT else value


def _is_plain(value: object) -> bool:
    if isinstance(value, dict):
        parts: Iterable[object] = chain.from_iterable(value.items())
    else:
        parts = value if isinstance(value, list | tuple) else ()
    return (isinstance(value, Enum) or type(value) in _PLAIN) and all(map(_is_plain, parts))

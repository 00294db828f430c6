"""The shape of the rules: plain data that travels, checked once when it is read."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from actors.providers.offline.rules.words import Lexicon
from protocols import ConfigurationError

MAX_EXAMPLES: Final = 2_000
"""Most examples of all intents together: one utterance is compared with each, in about 3 us."""
_PLACE: Final = re.compile(r"\{(\w+)")
_PROBLEMS_TOLD: Final = 3


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Slot(_Part):
    """One thing that an intent needs to know.

    - ``choice``: a value of the vocabulary ``of``.
    - ``items``: all values of the vocabulary ``of`` that are mentioned, each with its quantity: ``[{"item": ..., "quantity": ...}]``.
    - ``number``: a whole number. ``phone``: 5 to 15 digits. ``pattern``: the first group of the regular expression ``pattern``.
    - ``text``: what follows one of the phrases ``after`` (or, when it was asked for, all). ``address``: the same, with numbers as digits.

    A slot that is not filled has its ``default``; without one the caller is asked ``ask``.
    """

    type: Literal["choice", "items", "number", "phone", "address", "text", "pattern"]
    of: str = ""
    pattern: str = ""
    after: list[str] = []
    ask: str = ""
    default: str | int | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.type == "pattern":
            try:
                groups = re.compile(self.pattern).groups
            except re.error as failure:
                raise ValueError(f"pattern is no regular expression ({failure})") from failure
            if not groups:
                raise ValueError("pattern needs a group")
        if self.default is None and not self.ask:
            raise ValueError("give a default, or a question in ask")
        return self


class Call(_Part):
    """A tool call.

    An argument ``"{slot}"`` is the slot's value, other text is a template. ``for_each`` names a slot of items: there is one call for
    each, whose arguments may be ``"{item}"`` and ``"{quantity}"``.
    """

    tool: str
    arguments: dict[str, Any] = {}
    for_each: str = ""


class Intent(_Part):
    """What a caller may want. ``examples`` are sentences, with ``{vocabulary}``, ``{number}`` and ``{digits}`` for what varies.

    It calls a tool or says ``say``. ``confirm`` is asked when the match is doubtful.
    """

    name: str
    examples: list[str] = Field(min_length=1)
    slots: dict[str, Slot] = {}
    call: Call | None = None
    say: str = ""
    confirm: str = ""


class Follow(_Part):
    """What is said after a tool's result.

    ``expect`` is the intent that the answer belongs to: to its ``slot``, or, without one, as yes or no.
    """

    say: str
    expect: str = ""
    slot: str = ""


class ResultRule(_Part):
    """How a tool's result, a JSON object, is told: the template ``say`` over its fields, or its field ``error`` if it has one.

    Text that is no JSON object is ``{result}``. Several results of one tool are told in one sentence, in which ``{each}`` is the list of
    their ``each``. ``next`` names a field whose value chooses what ``follow`` adds.
    """

    say: str
    each: str = ""
    next: str = ""
    follow: dict[str, Follow] = {}


class Rules(_Part):
    """All that a rule brain knows; equal only to itself, so that what was worked out for it can be kept."""

    intents: list[Intent] = Field(min_length=1)
    vocabularies: dict[str, dict[str, list[str]]] = {}
    results: dict[str, ResultRule] = {}
    greeting: str = ""
    fallback: str = "Sorry, I did not understand that."
    failed: str = "Sorry, that did not work."
    declined: str = "All right. What else can I do for you?"
    yes: list[str] = ["yes", "yeah", "yep", "sure", "correct", "right", "okay", "ok", "of course", "go ahead", "that is right", "do it"]
    no: list[str] = ["no", "nope", "not", "wrong", "do not", "no thanks", "no thank you", "that is wrong"]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        intents = {intent.name: intent for intent in self.intents}
        if len(intents) < len(self.intents):
            raise ValueError("two intents have the same name")
        if sum(len(intent.examples) for intent in self.intents) > MAX_EXAMPLES:
            raise ValueError(f"more than {MAX_EXAMPLES} examples")
        for intent in self.intents:
            self._check(intent)
        for tool, rule in self.results.items():
            for follow in rule.follow.values():
                expected = intents.get(follow.expect)
                if (follow.expect and not expected) or (follow.slot and (not expected or follow.slot not in expected.slots)):
                    raise ValueError(f"results of {tool} expect {follow.expect}.{follow.slot}, which is no intent with that slot")
        return self

    def _check(self, intent: Intent) -> None:
        if (intent.call is None) == (not intent.say):
            raise ValueError(f"intent {intent.name} must either call a tool or say something")
        for name, slot in intent.slots.items():
            if slot.type in {"choice", "items"} and slot.of not in self.vocabularies:
                raise ValueError(f"slot {intent.name}.{name} needs a vocabulary in of")
        each = intent.call.for_each if intent.call else ""
        if each and (each not in intent.slots or intent.slots[each].type != "items"):
            raise ValueError(f"intent {intent.name}: for_each must name a slot of type items")
        templates = [intent.say, *(text for text in (intent.call.arguments.values() if intent.call else ()) if isinstance(text, str))]
        unknown = {place for text in templates for place in _PLACE.findall(text)} - {*intent.slots, *(("item", "quantity") if each else ())}
        if unknown:
            raise ValueError(f"intent {intent.name} fills in {', '.join(sorted(unknown))}, which is none of its slots")

    @cached_property
    def lexicon(self) -> Lexicon:
        """The vocabularies, ready to be looked for."""
        return Lexicon(self.vocabularies)

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def intent(self, name: str) -> Intent:
        """The intent called ``name``, which exists."""
        return next(intent for intent in self.intents if intent.name == name)


def read_rules(options: Mapping[str, Any]) -> Rules:
    """The rules in ``options``.

    Raises:
        ConfigurationError: they have not this module's shape; the text names the places.
    """
    try:
        return Rules.model_validate(dict(options))
    except ValidationError as failure:
        problems = failure.errors(include_url=False, include_input=False)
        told = "; ".join(f"{'.'.join(map(str, problem['loc'])) or 'rules'}: {problem['msg']}" for problem in problems[:_PROBLEMS_TOLD])
        raise ConfigurationError(f"malformed rules: {told}") from failure

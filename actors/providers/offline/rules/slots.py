"""What an utterance says about the slots of an intent."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from actors.providers.offline.rules.model import Intent, Slot
from actors.providers.offline.rules.numbers import read_digits, read_number
from actors.providers.offline.rules.words import Lexicon, quantity_before, tokenize

MAX_QUANTITY: Final = 99
"""A larger number of items is a slip of the recogniser and counts as one."""
_PHONE_DIGITS: Final = range(5, 16)
_LEADS: Final = ("it is", "it's", "that is", "that's", "this is", "the")
_HYPHENATED: Final = re.compile(r"-(?=(?:avenue|drive|lane|road|square|street|way)\b)", re.IGNORECASE)  # as recognisers write them
_TRAILING: Final = re.compile(r"[\s,.;!?]*\b(?:please|thank you|thanks)?[\s,.;!?]*$", re.IGNORECASE)


def read_slots(intent: Intent, utterance: str, lexicon: Lexicon, *, asked_for: str = "") -> dict[str, Any]:
    """The slots of ``intent`` that ``utterance`` fills; ``asked_for`` is the one that it answers, if any."""
    filled = {}
    for name, slot in intent.slots.items():
        value = _read(slot, utterance, lexicon, asked_for=name == asked_for)
        if value is not None:
            filled[name] = value
    return filled


def _read(slot: Slot, utterance: str, lexicon: Lexicon, *, asked_for: bool) -> Any:  # noqa: ANN401 - by the slot's type
    tokens = tokenize(utterance)
    match slot.type:
        case "choice":
            return _choice(tokens, slot.of, lexicon)
        case "items":
            return _items(tokens, slot.of, lexicon) or None
        case "number":
            return _number(tokens)
        case "phone":
            digits = read_digits(tokens)
            return digits if len(digits) in _PHONE_DIGITS else None
        case "pattern":
            found = re.search(slot.pattern, utterance, re.IGNORECASE)
            return found[1] if found else None
        case "text":
            return _text(slot, utterance, asked_for=asked_for) or None
        case "address":
            return _address(_text(slot, utterance, asked_for=asked_for)) or None


def _choice(tokens: Sequence[str], of: str, lexicon: Lexicon) -> str | None:
    mentions = lexicon.mentions(tokens, of)
    return mentions[0].value if mentions else None


def _items(tokens: Sequence[str], of: str, lexicon: Lexicon) -> list[Mapping[str, str | int]]:
    quantities: dict[str, int] = {}
    after = 0
    for mention in lexicon.mentions(tokens, of):
        quantity = quantity_before(tokens, mention, after)
        quantities[mention.value] = quantities.get(mention.value, 0) + (quantity if 0 < quantity <= MAX_QUANTITY else 1)
        after = mention.end
    return [{"item": item, "quantity": quantity} for item, quantity in quantities.items()]


def _number(tokens: Sequence[str]) -> int | None:
    for at in range(len(tokens)):
        number, used = read_number(tokens[at:])
        if used and tokens[at - 1 : at] != ["not"] and tokens[at - 2 : at] != ["instead", "of"]:
            return number
    return None


def _text(slot: Slot, utterance: str, *, asked_for: bool) -> str:
    """What follows the first of the slot's phrases, or all of an answer."""
    lowered = utterance.lower().replace("’", "'")
    ends = [lowered.find(phrase) + len(phrase) for phrase in slot.after if re.search(rf"\b{re.escape(phrase)}\b", lowered)]
    if not ends and not asked_for:
        return ""
    text = utterance[max(ends, default=0) :].strip(" ,.:;!?")
    for lead in _LEADS:
        if not ends and text.lower().startswith(f"{lead} "):
            text = text[len(lead) :].strip()
    return _TRAILING.sub("", text)


def _address(text: str) -> str:
    """``text`` with its numbers as digits and its words in capitals; empty unless it has a number or two words."""
    words = _HYPHENATED.sub(" ", text).split()
    out = []
    at = 0
    while at < len(words):
        number, used = read_number([word.strip(",.").lower() for word in words[at:]])
        if used:
            last = words[at + used - 1]
            out.append(f"{number}{',' if last.endswith(',') else ''}")
        else:
            out.append(words[at][:1].upper() + words[at][1:])
            used = 1
        at += used
    return " ".join(out) if len(out) > 1 or any(character.isdecimal() for word in out for character in word) else ""

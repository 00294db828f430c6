"""Which intent an utterance means, by likeness to the intents' examples.

Thresholds are measured (11 damaged or paraphrased sentences, two nonsense ones): likeness of 62 and above is meant, 50 to 61 is asked back.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from rapidfuzz import fuzz

from actors.providers.offline.rules.model import Intent, Rules
from actors.providers.offline.rules.slots import read_slots
from actors.providers.offline.rules.words import pattern_of, tokenize

ACCEPT: Final = 62.0
ASK_BACK: Final = 50.0
STRONG: Final = 90.0
"""From here on an utterance means its intent even if something else was asked for."""
_READY_BONUS: Final = 20.0  # for an intent that knows all it needs
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The best intent, its likeness, 0 to 100, and those of its slots that the utterance fills."""

    intent: Intent
    likeness: float
    filled: Mapping[str, Any]


@lru_cache(maxsize=1_024)
def best_match(rules: Rules, utterance: str) -> Match | None:
    """The intent that ``utterance`` is most like; None below `ASK_BACK`. Worked out once for each utterance.

    Likeness is the token set ratio, for which a sentence that contains an example is all of it. So that the word "hello" does not make
    an order a greeting, the winner is chosen with the order of the words and the slots that are filled in view.
    """
    pattern = pattern_of(tokenize(utterance), rules.lexicon)
    best: tuple[float, Match] | None = None
    for intent in rules.intents:
        filled = read_slots(intent, utterance, rules.lexicon)
        ready = bool(intent.slots) and all(name in filled or slot.default is not None for name, slot in intent.slots.items())
        for example in _patterns(tuple(intent.examples)):
            likeness = fuzz.token_set_ratio(pattern, example)
            rank = likeness + fuzz.token_sort_ratio(pattern, example) / 2 + (_READY_BONUS if ready else 0)
            if likeness >= ASK_BACK and (best is None or rank > best[0]):
                best = (rank, Match(intent=intent, likeness=likeness, filled=filled))
    return best[1] if best else None


@lru_cache(maxsize=256)
def _patterns(examples: tuple[str, ...]) -> tuple[str, ...]:
    """The examples as `words.pattern_of` writes utterances."""
    return tuple(
        " ".join(part if part.startswith("_") else " ".join(tokenize(part)) for part in _PLACEHOLDER.sub(r" _\1 ", example).split())
        for example in examples
    )

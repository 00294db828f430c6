from typing import Any

import msgpack
import pytest

from actors.providers.offline.rules import read_rules
from protocols import ConfigurationError

INTENT: dict[str, Any] = {"name": "greeting", "examples": ["hello"], "say": "Hello."}
ITEMS = {"type": "items", "of": "product", "ask": "What?"}


def test_rules_are_read_from_plain_data() -> None:
    rules = read_rules(msgpack.unpackb(msgpack.packb({"intents": [INTENT], "vocabularies": {"product": {"pizza": ["pizzas"]}}})))
    assert rules.intent("greeting").say == "Hello."
    assert rules.lexicon is rules.lexicon
    assert rules == rules  # noqa: PLR0124 - its own equality
    assert rules != read_rules({"intents": [INTENT]})
    assert len({rules, rules}) == 1


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ({}, "intents: Field required"),
        ({"intents": []}, "at least 1 item"),
        ({"intents": [INTENT, INTENT]}, "two intents have the same name"),
        ({"intents": [{**INTENT, "examples": []}]}, "at least 1 item"),
        ({"intents": [{**INTENT, "examples": ["x"] * 2_001}]}, "more than 2000 examples"),
        ({"intents": [{**INTENT, "say": ""}]}, "greeting must either call a tool or say something"),
        ({"intents": [{**INTENT, "call": {"tool": "t"}}]}, "greeting must either call a tool or say something"),
        ({"intents": [{**INTENT, "slots": {"a": {"type": "number"}}}]}, "give a default, or a question"),
        ({"intents": [{**INTENT, "slots": {"a": {"type": "colour", "ask": "?"}}}]}, "intents.0.slots.a.type"),
        ({"intents": [{**INTENT, "slots": {"a": ITEMS}}]}, "slot greeting.a needs a vocabulary"),
        ({"intents": [{**INTENT, "slots": {"a": {"type": "pattern", "pattern": "(", "ask": "?"}}}]}, "no regular expression"),
        ({"intents": [{**INTENT, "slots": {"a": {"type": "pattern", "pattern": "a", "ask": "?"}}}]}, "needs a group"),
        ({"intents": [{"name": "a", "examples": ["b"], "call": {"tool": "t", "for_each": "b"}}]}, "for_each must name a slot"),
        ({"intents": [{**INTENT, "say": "{b} {c.d:money}"}]}, "fills in b, c, which is none of its slots"),
        (
            {"intents": [INTENT], "results": {"t": {"say": "a", "follow": {"x": {"say": "b", "expect": "nothing"}}}}},
            "no intent with that slot",
        ),
        (
            {"intents": [INTENT], "results": {"t": {"say": "a", "follow": {"x": {"say": "b", "expect": "greeting", "slot": "c"}}}}},
            "greeting.c",
        ),
        ({"intents": "hello"}, "malformed rules: intents"),
        ({"intents": [INTENT], "colour": 1, "size": 2, "weight": 3, "height": 4}, "colour: Extra inputs are not permitted; size"),
    ],
)
def test_malformed_rules_are_refused_with_the_place(rules: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        read_rules(rules)

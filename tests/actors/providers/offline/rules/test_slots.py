from typing import Any

import pytest

from actors.providers.offline.rules.model import Intent
from actors.providers.offline.rules.slots import read_slots
from actors.providers.offline.rules.words import Lexicon

LEXICON = Lexicon({"product": {"pizza": ["pizzas"], "ice cream": ["ice creams"]}})
AFTER = ["my address is", "i live at"]


def read(slot: dict[str, Any], utterance: str, *, asked: bool = False) -> Any:
    intent = Intent(name="x", examples=["x"], say="x", slots={"s": {"ask": "?", **slot}})
    return read_slots(intent, utterance, LEXICON, asked_for="s" if asked else "").get("s")


@pytest.mark.parametrize(
    ("slot", "utterance", "value"),
    [
        ({"type": "choice", "of": "product"}, "How much are the ice creams?", "ice cream"),
        ({"type": "choice", "of": "product"}, "How much is it?", None),
        (
            {"type": "items", "of": "product"},
            "two pizzas, 3 ice creams and another pizza",
            [{"item": "pizza", "quantity": 3}, {"item": "ice cream", "quantity": 3}],
        ),
        ({"type": "items", "of": "product"}, "five hundred pizzas", [{"item": "pizza", "quantity": 1}]),
        ({"type": "items", "of": "product"}, "nothing", None),
        ({"type": "number"}, "No, I want two not three.", 2),
        ({"type": "number"}, "Not three, two!", 2),
        ({"type": "number"}, "Instead of three I want two.", 2),
        ({"type": "number"}, "A few.", None),
        ({"type": "phone"}, "It's 555-1234.", "5551234"),
        ({"type": "phone"}, "It's 123.", None),
        ({"type": "phone"}, "1" * 16, None),
        ({"type": "pattern", "pattern": r"table (\w+)"}, "At TABLE Seven please", "Seven"),
        ({"type": "pattern", "pattern": r"table (\w+)"}, "Here", None),
        ({"type": "address", "after": AFTER}, "Well, my address is twelve Baker Street, please.", "12 Baker Street"),
        ({"type": "address", "after": AFTER}, "I live at 221B baker street, London. Thank you!", "221B Baker Street, London"),
        ({"type": "address", "after": AFTER}, "I live at twenty one, Elm Road", "21, Elm Road"),
        ({"type": "address", "after": AFTER}, "My address is twelve baker-street,", "12 Baker Street"),
        ({"type": "address", "after": AFTER}, "I live at home.", None),
        ({"type": "address", "after": AFTER}, "twelve Baker Street", None),
        ({"type": "text", "after": ["my name is"]}, "Hi, my name is Ann Lee, thanks.", "Ann Lee"),
        ({"type": "text", "after": ["my name is"]}, "Hi.", None),
    ],
)
def test_slots_are_read(slot: dict[str, Any], utterance: str, value: Any) -> None:
    assert read(slot, utterance) == value


@pytest.mark.parametrize(
    ("slot", "utterance", "value"),
    [
        ({"type": "address", "after": AFTER}, "It's twelve Baker Street.", "12 Baker Street"),
        ({"type": "address", "after": AFTER}, "What?", None),
        ({"type": "text", "after": ["my name is"]}, "Ann Lee", "Ann Lee"),
    ],
)
def test_an_answer_needs_no_introduction(slot: dict[str, Any], utterance: str, value: Any) -> None:
    assert read(slot, utterance, asked=True) == value

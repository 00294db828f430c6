import pytest

from actors.providers.offline.rules.words import Lexicon, Mention, pattern_of, quantity_before, tokenize

LEXICON = Lexicon({"product": {"pizza": ["pizzas"], "ice cream": ["ice creams", "ice-cream"], "tea": ["teas"]}, "size": {"large": ["big"]}})


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Um, I'd like two pizzas, please!", "i would like two pizzas"),
        ("What’s that? I can't, don't, won't.", "what is that i can not do not will not"),
        ("0163-985-double521", "0163 985 double 521"),
        ("Let's say it's O'Neill", "let us say it is oneill"),
        ("Größe 2,5", "größe 2 5"),
        ("…", ""),
    ],
)
def test_text_becomes_tokens(text: str, tokens: str) -> None:
    assert " ".join(tokenize(text)) == tokens


def test_mentions_are_found_longest_first_and_with_slips_of_spelling() -> None:
    tokens = tokenize("two pizzas, a big ice creem and 3 ice creams and tee")
    assert [(found.value, found.plural) for found in LEXICON.mentions(tokens)] == [
        ("pizza", True),
        ("large", False),
        ("ice cream", False),
        ("ice cream", True),
    ]
    assert [found.value for found in LEXICON.mentions(tokens, "size")] == ["large"]


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("two pizzas", 2),
        ("a pizza", 1),
        ("pizzas", 1),
        ("i would like to pizzas", 2),
        ("for pizzas", 4),
        ("go to pizza", 1),
        ("not three two pizzas", 2),
        ("a couple of very good pizzas", 2),
    ],
)
def test_the_quantity_stands_before_what_is_counted(text: str, quantity: int) -> None:
    tokens = tokenize(text)
    assert quantity_before(tokens, LEXICON.mentions(tokens)[0], 0) == quantity


def test_a_quantity_of_the_mention_before_does_not_count() -> None:
    tokens = tokenize("two pizzas pizza")
    assert quantity_before(tokens, Mention(start=2, end=3, kind="product", value="pizza", plural=True), 2) == 1


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("I would like two pizzas", "i would like _number _product"),
        ("a big tea", "a _size _product"),
        ("my number is 555 oh one double two", "my number is _digits"),
        ("call 555-1234 at twelve", "call _digits at"),
        ("chapter 7", "chapter _number"),
    ],
)
def test_a_pattern_is_what_examples_look_like(text: str, pattern: str) -> None:
    assert pattern_of(tokenize(text), LEXICON) == pattern

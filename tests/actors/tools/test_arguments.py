"""What a model writes as arguments, read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.tools.arguments import MAX_REPAIRED_CHARS, canonical_arguments, parse_arguments
from protocols import InvalidToolError


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", {}),
        ("  ", {}),
        ("null", {}),
        ('{"x": 1}', {"x": 1}),
        ("{'x': 1}", {"x": 1}),
        ('{"x": 1', {"x": 1}),
        ('{"x": "a", "y": ["b",}', {"x": "a", "y": ["b"]}),
        ('"{\\"x\\": 1}"', {"x": 1}),
        ('{"x": "<|fine|>"}', {"x": "<|fine|>"}),
        ("{'x': 'a<|im_end|>', 'y': ['<end_of_turn>', 'b'], 'z': [{'q': '<|\"|c'}]}", {"x": "a", "y": ["b"], "z": [{"q": "c"}]}),
    ],
)
def test_what_is_or_nearly_is_a_json_object_is_read(text: str, read: dict[str, Any]) -> None:
    assert parse_arguments("f", text) == read
    assert json.loads(canonical_arguments("f", text)) == read


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nonsense", "could not parse function arguments as JSON: expected ident at line 1 column 2: nonsense"),
        ("[1]", "expected dict from function arguments, got list: [1]"),
        ("5", "expected dict from function arguments, got int: 5"),
        ('"text"', "function arguments decoded to a non-JSON string: text"),
        ("{" + "x" * MAX_REPAIRED_CHARS, "could not parse function arguments as JSON: "),
        ("[" * MAX_REPAIRED_CHARS, ""),
        ("{'x': '\\ud800'}", ""),
    ],
)
def test_what_is_none_is_told_to_the_model(text: str, problem: str) -> None:
    with pytest.raises(InvalidToolError) as caught:
        parse_arguments("f", text)
    assert str(caught.value).startswith(f"Error parsing arguments for `f`: {problem}")
    assert canonical_arguments("f", text) == text


@given(st.text(alphabet="{}[]\":,\\'<|> a1nult") | st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    read = canonical_arguments("f", text)
    try:
        value = parse_arguments("f", text)
    except InvalidToolError as failure:
        assert str(failure).startswith("Error parsing arguments for `f`: ")  # noqa: PT017 - most texts are refused, some are not
        assert read == text
    else:
        assert isinstance(value, dict)
        assert canonical_arguments("f", read) == read

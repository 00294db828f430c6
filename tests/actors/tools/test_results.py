import contextlib
import dataclasses
import datetime as dt
import itertools
import json
import threading
from collections import deque
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from actors.tools import MAX_RESULT_CHARS
from actors.tools.results import told
from protocols import InvalidToolError


@dataclasses.dataclass
class Price:
    euros: object


class Offer(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    price: object


class Pair(NamedTuple):
    one: object
    other: object


CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)


async def later() -> Any:
    yield 1


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("as it is", "as it is"),
        ("NaN", "NaN"),
        (["NaN", "Infinity", 1], '["NaN","Infinity",1]'),
        (Price(9.5), '{"euros":9.5}'),
        (None, "null"),
        ({"at": dt.date(2026, 11, 29), 2: {3}}, '{"at":"2026-11-29","2":[3]}'),
        (b"text", '"text"'),
    ],
)
def test_data_is_told_as_json_and_text_as_it_is(result: object, text: str) -> None:
    assert told("f", result) == text


@pytest.mark.parametrize(
    ("result", "culprit"),
    [
        (threading.Lock(), "a lock"),
        (float("nan"), "nan"),
        ({"a": [1, 2, 3, float("inf")]}, 'inf in result["a"][3]'),
        ({"a": [b"\xff"]}, 'a bytes in result["a"][0]'),
        ([{"x": {1: print}}], 'a builtin_function_or_method in result[0]["x"][1]'),
        (Price({"now": object}), 'a type in result.euros["now"]'),
        (Offer(price=[-1.5, object()]), "a object in result.price[1]"),
        ({object(): 1}, "a object in result, the key <object object"),
        ((number for number in range(3)), "a generator"),
        (later(), "a async_generator"),
        ({"ids": itertools.count()}, 'a count in result["ids"]'),
        ([{"a": (number for number in range(3))}], 'a generator in result[0]["a"]'),
        (Price(map(str, [1])), "a map in result.euros"),
        (deque([1, zip([1], [2], strict=True)]), "a zip in result[1]"),
        ({float("nan"): 1, "a": {"b": {(1,): b"\xff"}}}, 'a bytes in result["a"]["b"][(1,)]'),
        (Pair(1, [object()]), "a object in result[1][0]"),
        (CIRCLE, "a list in result[0][0]"),
    ],
)
def test_what_is_no_json_is_named_by_place_and_type(result: object, culprit: str) -> None:
    with pytest.raises(InvalidToolError) as caught:
        told("look_up", result)
    assert str(caught.value).startswith(f"look_up returned {culprit}")
    assert str(caught.value).endswith(", which is no JSON: return text or plain data")


def test_a_long_result_is_cut_and_says_so() -> None:
    assert told("f", "x" * (MAX_RESULT_CHARS + 7)).endswith("x [7 more characters were cut]")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "NaN", "é"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("abc"), inner),
)


@given(st.lists(JSON))
def test_what_is_told_is_json_to_the_letter(result: list[object]) -> None:
    def refuse(constant: str) -> object:
        raise AssertionError(constant)

    with contextlib.suppress(InvalidToolError):
        assert json.loads(told("f", result), parse_constant=refuse) == result

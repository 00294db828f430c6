"""The script of a language model."""

from typing import Any

import pytest

from livekitex_agent.testing.fakes.replies import Reply, Script, read_replies
from protocols import CallDelta, ConfigurationError


def test_the_first_that_fits_answers() -> None:
    script = Script(
        read_replies([{"to": "Hello*", "say": "a"}, {"to": "*pizza?", "say": "b"}, {"after": "price", "say": "c"}, {"say": "d"}])
    )
    for said, tool, expected in [
        ("hello you", "", "a"),
        ("HELLO", "", "a"),
        ("two pizzas", "", "b"),
        ("anything", "", "d"),
        ("", "", "d"),
        ("9 dollars", "price", "c"),
    ]:
        reply = script.answer(said, tool)
        assert reply is not None
        assert reply.say == expected
    assert script.answer("result", "other tool") is None, "a reply to the caller is none to a tool"


def test_a_line_is_used_up() -> None:
    script = Script(read_replies([{"say": "once", "times": 1}, {"say": "twice", "times": 2}]))
    answers = [script.answer("x", "") for _ in range(4)]
    assert [reply.say if reply else None for reply in answers] == ["once", "twice", "twice", None]
    assert script.to_dict() == {"*": "twice"}


def test_what_was_said_stands_in_the_reply() -> None:
    assert Reply(say="You said {input}, really {input}. {other}").text_for("a {input}") == "You said a {input}, really a {input}. {other}"
    assert Reply(say="It is {result}").text_for("nine") == "It is nine"


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        (["look"], [("look", "{}")]),
        ([{"name": "look"}], [("look", "{}")]),
        ([{"name": "look", "arguments": {"a": 1}}], [("look", '{"a": 1}')]),
        ([{"name": "look", "arguments": "{broken"}, "again"], [("look", "{broken"), ("again", "{}")]),
    ],
)
def test_calls_have_ids_of_their_own(calls: list[Any], expected: list[tuple[str, str]]) -> None:
    (reply,) = read_replies([{"calls": calls}])
    made = [*reply.calls_of(1), *reply.calls_of(2)]
    assert [(call.name, call.arguments) for call in made] == expected * 2
    assert len({call.call_id for call in made}) == len(made)
    assert all(isinstance(call, CallDelta) for call in made)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("hello", "replies is a str: give a list of maps"),
        ({"say": "x"}, "replies is a dict: give a list of maps"),
        (7, "replies is a int"),
        (["hello"], r"replies\[0\] is a str: give a map"),
        ([{"say": "x"}, {"says": "x"}], r"replies\[1\] has 'says': use to, after, say"),
        ([{"say": 7}], "say is 7: give text"),
        ([{"to": None, "say": "x"}], "to is None: give text"),
        ([{"say": "x", "first_token_ms": -1}], "first_token_ms is -1: give a number from 0"),
        ([{"say": "x", "chars_per_s": True}], "chars_per_s is True"),
        ([{"say": "x", "times": "2"}], "times is '2'"),
        ([{"to": "x"}], "does nothing: give it say, calls, fails or silent"),
        ([{"calls": [7]}], "a call is 7: give"),
        ([{"calls": [{"name": "a", "args": {}}]}], "a call is"),
        ([{"calls": [{"name": "a", "arguments": [1]}]}], "a call is"),
        ([{"calls": [{"arguments": {}}]}], "a call is"),
    ],
)
def test_a_script_that_is_none_is_refused(value: Any, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        read_replies(value)

"""The calls of an answer are the same, however its server cuts, numbers and names their pieces."""

import json
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.providers import CallAssembler
from protocols import CallDelta, FunctionCall

PIZZA, SALAD, NOTHING = '{"item": "pizza"}', '{"item": "salad {big}"}', "{}"


def assembled(*deltas: CallDelta) -> list[tuple[str, str]]:
    """The names and arguments of the calls."""
    return [(call.name, call.arguments) for call in calls(*deltas)]


def calls(*deltas: CallDelta) -> tuple[FunctionCall, ...]:
    numbers = count(1)
    assembler = CallAssembler(lambda: f"made-{next(numbers)}")
    for delta in deltas:
        assembler.add(delta)
    return assembler.finish()


def d(index: int | None = None, call_id: str = "", name: str = "", arguments: str = "") -> CallDelta:
    return CallDelta(index=index, call_id=call_id, name=name, arguments=arguments)


BOTH = [("order", PIZZA), ("order", SALAD)]
SERVERS = {
    "as OpenAI does": [d(0, "a", "order"), d(0, arguments=PIZZA[:6]), d(0, arguments=PIZZA[6:]), d(1, "b", "order"), d(1, arguments=SALAD)],
    "interleaved": [
        d(0, "a", "order"),
        d(1, "b", "order"),
        d(0, arguments=PIZZA[:6]),
        d(1, arguments=SALAD[:9]),
        d(0, arguments=PIZZA[6:]),
        d(1, arguments=SALAD[9:]),
    ],
    "numbered from one": [d(1, "a", "order", PIZZA[:6]), d(1, arguments=PIZZA[6:]), d(2, "b", "order", SALAD)],
    "with gaps": [d(3, "a", "order", PIZZA), d(7, "b", "order", SALAD[:6]), d(7, arguments=SALAD[6:])],
    "whole, all at once": [d(0, "a", "order", PIZZA), d(1, "b", "order", SALAD)],
    "whole, all of them number 0": [d(0, "a", "order", PIZZA), d(0, "b", "order", SALAD)],
    "whole, without numbers": [d(None, "a", "order", PIZZA), d(None, "b", "order", SALAD)],
    "whole, without numbers and ids": [d(None, "", "order", PIZZA), d(None, "", "order", SALAD)],
    "whole, all of them number 0, without ids": [d(0, "", "order", PIZZA), d(0, "", "order", SALAD)],
    "whole, the same id for each": [d(0, "call_0", "order", PIZZA), d(1, "call_0", "order", SALAD)],
    "all of them number 0, in pieces": [
        d(0, "a", "order"),
        d(0, arguments=PIZZA[:6]),
        d(0, arguments=PIZZA[6:]),
        d(0, "b", "order"),
        d(0, arguments=SALAD[:6]),
        d(0, arguments=SALAD[6:]),
    ],
    "without numbers, in pieces": [d(None, "a", "order"), d(arguments=PIZZA[:6]), d(arguments=PIZZA[6:]), d(None, "b", "order", SALAD)],
    "another number to each piece": [
        d(0, "a", "order"),
        d(1, arguments=PIZZA[:6]),
        d(2, arguments=PIZZA[6:]),
        d(3, "b", "order"),
        d(4, arguments=SALAD),
    ],
    "without ids": [d(0, "", "order"), d(0, arguments=PIZZA), d(1, "", "order", SALAD[:4]), d(1, arguments=SALAD[4:])],
    "another id to each piece": [
        d(0, "a1", "order", PIZZA[:6]),
        d(0, "a2", "", PIZZA[6:]),
        d(0, "a3"),
        d(1, "b1", "order", SALAD[:6]),
        d(1, "b2", "", SALAD[6:]),
    ],
    "id and name with every piece": [
        d(0, "a", "order", PIZZA[:6]),
        d(0, "a", "order", PIZZA[6:]),
        d(0, "a", "order"),
        d(1, "b", "order", SALAD[:6]),
        d(1, "b", "order", SALAD[6:]),
    ],
    "the name with every piece, without ids": [d(0, "", "order", PIZZA[:6]), d(0, "", "order", PIZZA[6:]), d(1, "", "order", SALAD)],
    "the id with every piece, without numbers": [
        d(None, "a", "order"),
        d(None, "a", "", PIZZA[:6]),
        d(None, "b", "order"),
        d(None, "b", "", SALAD[:6]),
        d(None, "a", "", PIZZA[6:]),
        d(None, "b", "", SALAD[6:]),
    ],
    "an empty object first": [
        d(0, "a", "order", "{}"),
        d(0, arguments=PIZZA[:6]),
        d(0, arguments=PIZZA[6:]),
        d(1, "b", "order", "{}"),
        d(1, arguments=SALAD),
    ],
    "all arguments once more at the end": [
        d(0, "a", "order", PIZZA[:6]),
        d(0, arguments=PIZZA[6:]),
        d(0, arguments=PIZZA),
        d(1, "b", "order", SALAD),
        d(1, "b", "order", SALAD),
    ],
    "the id after the name": [d(0, "", "order", PIZZA[:6]), d(0, "a", "", PIZZA[6:]), d(1, "", "order"), d(1, "b", "", SALAD)],
    "the name after the id": [d(0, "a"), d(0, "", "order", PIZZA), d(1, "b"), d(1, "", "order", SALAD)],
    "numbers for the first piece alone": [d(0, "a", "order"), d(arguments=PIZZA), d(1, "b", "order"), d(arguments=SALAD)],
    "empty pieces in between": [d(0, "a", "order"), d(0), d(0, arguments=PIZZA), d(0), d(1, "b", "order", SALAD), d(1), d(1)],
}


@pytest.mark.parametrize("deltas", SERVERS.values(), ids=SERVERS)
def test_two_calls_are_found_however_they_are_told(deltas: list[CallDelta]) -> None:
    assert assembled(*deltas) == BOTH
    assert len({call.call_id for call in calls(*deltas)}) == 2


def test_ids_of_the_server_are_kept_and_missing_ones_made() -> None:
    found = calls(d(0, "a", "order", PIZZA), d(1, "", "look"), d(2, "a", "order", SALAD))
    assert [call.call_id for call in found] == ["a", "made-1", "made-2"]


@pytest.mark.parametrize("nothing", ["", " ", "\n", "{}"])
def test_a_call_without_arguments_has_an_empty_object(nothing: str) -> None:
    ((name, arguments),) = assembled(d(0, "a", "look", nothing))
    assert (name, json.loads(arguments)) == ("look", {})


def test_two_calls_without_arguments_are_two() -> None:
    assert assembled(d(0, "a", "look"), d(1, "b", "look")) == [("look", "{}")] * 2
    assert assembled(d(None, "a", "look"), d(None, "b", "look")) == [("look", "{}")] * 2
    assert assembled(d(0, "a", "look", "{}"), d(0, "b", "look", "{}")) == [("look", "{}")] * 2


def test_calls_of_different_functions_are_two_even_if_nothing_else_tells() -> None:
    assert assembled(d(None, "", "look"), d(None, "", "order", PIZZA)) == [("look", "{}"), ("order", PIZZA)]
    assert assembled(d(0, "", "look"), d(0, "", "order", PIZZA)) == [("look", "{}"), ("order", PIZZA)]


def test_an_answer_tells_what_is_missing_in_its_calls() -> None:
    assembler = CallAssembler(lambda: "made")
    assert (len(assembler), assembler.cut, assembler.nameless, assembler.size) == (0, False, False, 0)
    assembler.add(d(0, "a", "", PIZZA[:6]))
    assert (len(assembler), assembler.cut, assembler.nameless, assembler.size) == (1, True, True, 6)
    assembler.add(d(0, "", "order", PIZZA[6:]))
    assert (len(assembler), assembler.cut, assembler.nameless) == (1, False, False)


@pytest.mark.parametrize("arguments", ["{", '{"a": 1', "[1]", "5", "null", '"{}"', "[" * 100_000, "{" * 5 + "}"])
def test_what_is_no_object_is_cut(arguments: str) -> None:
    assembler = CallAssembler(lambda: "made")
    assembler.add(d(0, "a", "order", arguments))
    assert assembler.cut


ARGUMENTS = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=8) | st.none(), max_size=3).map(json.dumps)
CALLS = st.lists(st.tuples(st.sampled_from(["look", "order", "pay"]), ARGUMENTS), min_size=1, max_size=5)


@given(CALLS, st.lists(st.integers(1, 6), min_size=1), st.booleans(), st.booleans(), st.booleans())
def test_any_calls_in_any_pieces_are_those_calls(
    wanted: list[tuple[str, str]], sizes: list[int], indexed: bool, repeats_id: bool, repeats_name: bool
) -> None:
    deltas = []
    for number, (name, arguments) in enumerate(wanted):
        index, call_id, at = number if indexed else None, f"id-{number}", 0
        deltas.append(d(index, call_id, name))
        for size in sizes * len(arguments):
            if at >= len(arguments):
                break
            again = call_id if repeats_id else ""
            deltas.append(d(index, again, name if repeats_name and repeats_id else "", arguments[at : at + size]))
            at += size
    assert assembled(*deltas) == wanted
    assert [call.call_id for call in calls(*deltas)] == [f"id-{number}" for number in range(len(wanted))]


@given(CALLS, st.data())
def test_any_calls_in_any_order_of_their_pieces_are_those_calls(wanted: list[tuple[str, str]], data: st.DataObject) -> None:
    waiting = {number: [arguments[at : at + 3] for at in range(0, len(arguments), 3)] for number, (_, arguments) in enumerate(wanted)}
    deltas = [d(number, f"id-{number}", name) for number, (name, _) in enumerate(wanted)]
    while waiting:
        number = data.draw(st.sampled_from(sorted(waiting)))
        deltas.append(d(number, arguments=waiting[number].pop(0)))
        waiting = {each: pieces for each, pieces in waiting.items() if pieces}
    assert assembled(*deltas) == wanted

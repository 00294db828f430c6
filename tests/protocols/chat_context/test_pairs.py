from hypothesis import given

from protocols import ChatContext, FunctionCall, FunctionCallOutput, Role
from protocols.chat_context.pairs import pairs_of, whole_pairs
from support.chat_contexts import CONTEXTS, orphans


def call(call_id: str) -> FunctionCall:
    return FunctionCall(call_id=call_id, name="look", arguments="{}")


def output(call_id: str) -> FunctionCallOutput:
    return FunctionCallOutput(call_id=call_id, output="found")


def test_a_call_is_paired_with_the_first_output_behind_it_that_has_its_id() -> None:
    assert pairs_of([call("a"), call("b"), output("b"), output("a"), output("a")]) == {0: 3, 1: 2}
    assert pairs_of([output("a"), call("a")]) == {}


def test_an_id_may_come_again_once_it_is_answered() -> None:
    assert pairs_of([call("a"), output("a"), call("a"), output("a")]) == {0: 1, 2: 3}
    assert pairs_of([call("a"), call("a"), output("a")]) == {1: 2}, "the newer one"


def test_where_one_of_a_pair_goes_the_other_goes_too() -> None:
    items = ChatContext((call("a"), call("b"), output("b"), output("a"))).add_message(Role.USER, "hello").items
    assert whole_pairs(items, lambda item: item is not items[0]) == (items[1], items[2], items[4])
    assert whole_pairs(items, lambda item: item is not items[2]) == (items[0], items[3], items[4])
    assert whole_pairs(items, lambda _: True) == items


@given(CONTEXTS)
def test_no_half_of_a_pair_is_left(context: ChatContext) -> None:
    assert not orphans(ChatContext(whole_pairs(context.items, lambda _: True)))

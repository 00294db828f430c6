import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.providers.offline.rules import Reply, converse, read_rules
from protocols import ChatContext, ChatItem, ChatMessage, FunctionCall, FunctionCallOutput, Role

RULES = read_rules(
    {
        "greeting": "Welcome.",
        "vocabularies": {"product": {"pizza": ["pizzas"], "salad": ["salads"]}},
        "intents": [
            {"name": "hello", "examples": ["hello"], "say": "Hello."},
            {
                "name": "order",
                "examples": ["i would like {number} {product}", "{product}", "i would like to order"],
                "slots": {"items": {"type": "items", "of": "product", "ask": "What would you like?"}},
                "call": {
                    "tool": "add",
                    "for_each": "items",
                    "arguments": {"item": "{item}", "quantity": "{quantity}", "note": "for {item}"},
                },
                "confirm": "Do you want to order?",
            },
            {
                "name": "phone",
                "examples": ["my phone number is {digits}"],
                "slots": {
                    "phone": {"type": "phone", "ask": "Which number?"},
                    "name": {"type": "text", "after": ["my name is"], "ask": "Whose?"},
                    "country": {"type": "text", "default": "here"},
                },
                "call": {"tool": "note", "arguments": {"phone": "{phone}", "name": "{name}", "country": "{country}"}},
            },
            {"name": "end", "examples": ["that is all"], "call": {"tool": "end"}, "confirm": "Is that all?"},
            {
                "name": "size",
                "examples": ["how big is a {product}"],
                "slots": {"n": {"type": "number", "default": 3}},
                "say": "{n} inches.",
            },
        ],
        "results": {
            "add": {
                "say": "Added {each}.",
                "each": "{quantity} {item}",
                "next": "missing",
                "follow": {"phone": {"say": "Your number?", "expect": "phone", "slot": "phone"}},
            },
            "note": {
                "say": "Noted {phone:digits}.",
                "next": "missing",
                "follow": {"": {"say": "Is that all?", "expect": "end"}, "tip": {"say": "By the way."}},
            },
        },
    }
)


def user(text: str) -> ChatMessage:
    return ChatMessage.of(Role.USER, text)


def said(text: str) -> ChatMessage:
    return ChatMessage.of(Role.ASSISTANT, text)


def called(*results: tuple[str, Any]) -> list[ChatItem]:
    calls = [FunctionCall(call_id=f"c{at}", name=name, arguments="{}") for at, (name, _) in enumerate(results)]
    outputs = [
        FunctionCallOutput(call_id=f"c{at}", output=result if isinstance(result, str) else json.dumps(result))
        for at, (_, result) in enumerate(results)
    ]
    return [*calls, *outputs]


def reply(*items: ChatItem) -> Reply:
    return converse(RULES, ChatContext(items))


def test_before_the_first_word_there_is_the_greeting_and_after_a_reply_nothing() -> None:
    assert reply() == reply(ChatMessage.of(Role.SYSTEM, "Be kind.")) == Reply(text="Welcome.")
    assert reply(user("Hello"), said("Hello.")) == Reply()


def test_each_item_is_a_call_with_typed_arguments() -> None:
    assert reply(user("I would like two pizzas and a salad.")).calls == (
        ("add", {"item": "pizza", "quantity": 2, "note": "for pizza"}),
        ("add", {"item": "salad", "quantity": 1, "note": "for salad"}),
    )


def test_an_utterance_in_two_parts_is_one() -> None:
    assert reply(user("I would like"), user("two pizzas.")).calls[0][1]["quantity"] == 2


def test_a_default_fills_a_slot() -> None:
    assert reply(user("How big is a pizza?")) == Reply(text="3 inches.")


def test_missing_slots_are_asked_for_one_after_the_other() -> None:
    history = [user("My phone number is...")]
    assert reply(*history) == Reply(text="Which number?")
    history += [said("Which number?"), user("555 1234")]
    assert reply(*history) == Reply(text="Whose?")
    history += [said("Whose?"), user("Ann")]
    assert reply(*history).calls == (("note", {"phone": "5551234", "name": "Ann", "country": "here"}),)


def test_the_question_stays_open_when_the_answer_is_none_and_when_it_was_not_heard() -> None:
    history = [user("My phone number is"), user("..."), said("")]
    assert reply(*history, user("blah blubb")).text.startswith("Sorry, I am not sure that I understood. Which number?")
    assert reply(*history, user("blah blubb"), said("Sor"), user("5551234")) == Reply(text="Whose?")


def test_a_strong_other_intent_goes_before_the_question() -> None:
    assert reply(user("My phone number is"), said("Which number?"), user("I would like two pizzas")).calls[0][0] == "add"


def test_a_doubtful_match_is_asked_back_and_confirmed() -> None:
    doubtful = user("Will you deliver to my sister?")
    asked = reply(doubtful)
    assert asked.text == "Sorry, I am not sure that I understood. Do you want to order?"
    assert reply(doubtful, said(asked.text), user("Yes, please.")) == Reply(text="What would you like?")
    assert reply(doubtful, said(asked.text), user("No.")) == Reply(text=RULES.declined)
    assert reply(doubtful, said(asked.text), user("Hello")) == Reply(text="Hello.")


@pytest.mark.parametrize("nonsense", ["Xyzzy plugh.", "", "…"])
def test_nonsense_gets_the_fallback(nonsense: str) -> None:
    assert reply(user(nonsense)) == Reply(text=RULES.fallback)


def test_results_of_one_tool_are_told_in_one_sentence_and_lead_on() -> None:
    history = [
        user("two pizzas and a salad"),
        *called(("add", {"item": "pizza", "quantity": 2}), ("add", {"item": "salad", "quantity": 1, "missing": "phone"})),
    ]
    assert reply(*history) == Reply(text="Added 2 pizza and 1 salad. Your number?")
    assert reply(*history, said("Added"), user("five five five one two three")) == Reply(text="Whose?")


def test_an_error_is_told_beside_what_went_well() -> None:
    told = reply(user("pizza"), *called(("add", {"item": "pizza", "quantity": 2}), ("add", {"error": "No salad today."})))
    assert told == Reply(text="No salad today. Added 2 pizza.")


def test_a_question_after_a_result_may_be_answered_by_yes() -> None:
    history = [user("x"), *called(("note", {"phone": "12"}))]
    assert reply(*history) == Reply(text="Noted one two. Is that all?")
    assert reply(*history, said("Noted"), user("Yes, go ahead.")).calls == (("end", {}),)


def test_what_follows_may_be_no_question() -> None:
    assert reply(user("x"), *called(("note", {"phone": "12", "missing": "tip"}))) == Reply(text="Noted one two. By the way.")


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ("Out of order", "Sorry, that did not work."),
        ("[1]", "Sorry, that did not work."),
        ({"phone": "1", "missing": "else"}, "Noted one."),
    ],
)
def test_a_result_that_the_rules_do_not_know(result: Any, text: str) -> None:
    assert reply(user("x"), *called(("note", result))) == Reply(text=text)


def test_a_tool_without_a_rule_speaks_for_itself_and_an_answer_to_no_call_is_left_out() -> None:
    history = [user("x"), *called(("clock", "It is noon.")), FunctionCallOutput(call_id="gone", output="?")]
    assert reply(*history) == Reply(text="It is noon.")


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*Role, "tool", "call"]),
            st.sampled_from(["yes", "no", "two pizzas", "my phone number is", "5551234", "{", "[]", "c0", ""]),
        ),
        max_size=8,
    )
)
def test_any_history_has_one_reply(history: list[tuple[str, str]]) -> None:
    def item(kind: str, text: str) -> ChatItem:
        match kind:
            case "tool":
                return FunctionCallOutput(call_id="c0", output=text)
            case "call":
                return FunctionCall(call_id="c0", name="note", arguments=text)
            case _:
                return ChatMessage.of(Role(kind), text)

    context = ChatContext(tuple(item(kind, text) for kind, text in history))
    assert converse(RULES, context) == converse(RULES, context)

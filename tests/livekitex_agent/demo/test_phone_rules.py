"""The rules of the phone order against what callers say, and whole calls in text with the real tools."""

import asyncio
import json

import msgpack
import pytest

from actors import RunContext, rule_llm
from actors.providers.offline.rules import read_rules
from actors.providers.offline.rules.matching import ACCEPT, best_match
from livekitex_agent.demo.phone_order import CALLER_LINES, EXPECTED_ORDER, TOOLS, Order, order_problems, read_order
from livekitex_agent.demo.phone_rules import RULES
from protocols import LLM, ChatContext, ChatOptions, FunctionCallOutput, Role
from support.answers import text_and_calls

TABLE = {tool.schema.name: tool for tool in TOOLS}
READ = read_rules(RULES)

# What people say, and what a recogniser made of it.
UTTERANCES = {
    "greeting": ["Hello, good evening.", "Hi!", "Good morning"],
    "menu": ["What do you have?", "What's on the menu?"],
    "price": [
        *("What is the price of a pizza?", "How much is an ice cream?", "How much does the lasagna cost?", "Do you have lemonade?"),
        *("What's the price for two salads?", "Um, can you tell me how much the burgers are?", "how much would a pizza be"),
    ],
    "order": [
        *("I would like two pizzas, please.", "I would like to pizzas, please.", "And one salad.", "And also three ice creams."),
        *("Hello, I'd like to order two pizzas and a coffee.", "Could I get four burgers and a couple of lemonades please?"),
        *("A pizza, please.", "Another salad", "Two more pizzas.", "I'll take the lasagna.", "Add 3 ice creams", "For ice creams please"),
        *(
            "We want a dozen ice creams and five waters.",
            "Yes, I would like a soup.",
            "I'd like a bottle of water too",
            "Okay, then two pizzas",
        ),
    ],
    "change": ["No, I want two not three.", "Make it three pizzas", "Change the pizzas to four", "Only one salad", "No, I said two."],
    "remove": ["Remove the salad, please.", "I don't want the ice cream", "Please take the pizzas off"],
    "summary": [
        *("What have I ordered so far?", "Could you repeat my order, please?", "Not have I ordered so far.", "Can you read me my order?"),
        *("What's the total?", "How much is that in total?", "So what did I order?"),
    ],
    "phone": [
        *(
            "My phone number is 555-1234.",
            "It's 0163-985-5521.",
            "You can reach me at 555 9876",
            "Five, five, five, one, two, three, four.",
        ),
        "I numbers o one, six, three, nine, eight, five, five, five, two, one.",
    ],
    "address": [
        "My address is 12 Baker Street.",
        "I live at twelve Baker Street.",
        "Please deliver it to 5 Main Street",
        "Send it to 44 Elm Road",
    ],
    "finish": [
        *("That is all, thank you. Goodbye.", "That's all. Thank you. Good-bye", "No, that's all.", "Please place the order."),
        *("That's everything, bye.", "No, that's it, thanks.", "That is all thank you good-bye", "Nothing else, thank you."),
    ],
    "thanks": ["Thank you!"],
    "nothing": ["No.", "No, thank you."],
}


@pytest.mark.parametrize(("intent", "utterance"), [(intent, utterance) for intent, all_of in UTTERANCES.items() for utterance in all_of])
def test_what_callers_say_is_understood(intent: str, utterance: str) -> None:
    match = best_match(READ, utterance)
    assert match
    assert (match.intent.name, match.likeness >= ACCEPT) == (intent, True)


@pytest.mark.parametrize(
    "utterance", ["The weather is nice today in the mountains.", "Who won the football game yesterday?", "My cat sleeps all day."]
)
def test_nonsense_is_not_acted_on(utterance: str) -> None:
    match = best_match(READ, utterance)
    assert match is None or match.likeness < ACCEPT


async def call(lines: list[str], *, brain: LLM | None = None) -> tuple[RunContext, list[str]]:
    """One call in text; a new brain for each reply, as after a kill before each."""
    ctx = RunContext(user_data={}, call_id="call")
    context = ChatContext()
    replies = []
    for line in lines:
        context = context.add_message(Role.USER, line)
        while True:
            llm = brain or rule_llm(msgpack.unpackb(msgpack.packb(RULES)))
            text, calls = await text_and_calls(llm.chat(context, [tool.schema for tool in TABLE.values()], ChatOptions()))
            context = context.add_message(Role.ASSISTANT, text).append(*calls)
            for each in calls:
                result = await TABLE[each.name].invoke(each.arguments, ctx)
                context = context.append(FunctionCallOutput(call_id=each.call_id, output=result))
            if not calls:
                replies.append(text)
                break
    return ctx, replies


def test_the_demo_call_ends_with_the_right_order() -> None:
    ctx, replies = asyncio.run(call(list(CALLER_LINES)))
    assert order_problems(read_order(ctx.user_data), EXPECTED_ORDER) == []
    assert replies == [
        "Good to hear you. You can ask me for a price, or tell me your order.",
        "The pizza is ten dollars. Would you like to order?",
        "I have added 2 pizzas. Anything else?",
        "I have added 1 salad and 3 ice creams. Anything else?",
        "You have ordered 2 pizzas, 1 salad and 3 ice creams. The total is thirty four dollars. What is your phone number?",
        "I have noted five five five, one two three four. What is your address?",
        "We deliver to 12 Baker Street. Shall I place the order?",
        "Thank you. I have placed your order of 2 pizzas, 1 salad and 3 ice creams, that is thirty four dollars. Goodbye!",
    ]
    assert ctx.end_requested
    json.dumps(ctx.user_data)


def test_no_reply_to_a_plain_caller_asks_him_to_say_it_again() -> None:
    _, replies = asyncio.run(call(list(CALLER_LINES)))
    assert not [reply for reply in replies if any(word in reply.lower() for word in ("sorry", "again", "repeat", "did not understand"))]


@pytest.mark.parametrize(
    ("lines", "order"),
    [
        (
            [
                "Hi, I'd like four burgers and a lemonade.",
                "Make it five burgers.",
                "That's all.",
                "0163 985 5521",
                "44 Elm Road",
                "Yes, please.",
            ],
            Order(items={"burger": 5, "lemonade": 1}, phone="01639855521", address="44 Elm Road", placed=True),
        ),
        (
            [
                "What do you have?",
                "I want to order.",
                "Two soups and a coffee.",
                "Remove the coffee.",
                "My number is 123",
                "555 12 34",
                "Place the order.",
                "London Road 7",
                "Yes.",
            ],
            Order(items={"soup": 2}, phone="5551234", address="London Road 7", placed=True),
        ),
        (
            [
                "My phone number is 555 9876.",
                "three waters",
                "I live at 1 Main Street, Springfield.",
                "No.",
                "Another water.",
                "That is all, bye.",
            ],
            Order(items={"water": 4}, phone="5559876", address="1 Main Street, Springfield", placed=True),
        ),
    ],
)
def test_other_callers_get_other_orders(lines: list[str], order: Order) -> None:
    ctx, replies = asyncio.run(call(lines))
    assert read_order(ctx.user_data) == order, replies

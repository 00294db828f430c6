"""The rules by which the offline brain takes the phone order: plain data, as it travels to the session's process.

How it works. What the caller says is matched with the examples of the intents; the best one calls its tool with what its slots hold, or
says its sentence. What a tool gives is said by its entry under ``results``; one with ``next`` asks the question of ``follow`` that the
result names, so the order is asked for piece by piece. The form is that of `actors.providers.offline.rules.model`.
"""

from typing import Any, Final

from livekitex_agent.demo.phone_order import CATALOG

_MENU: Final = "We have " + ", ".join(sorted(CATALOG)) + "."
_QUESTIONS: Final = {
    "items": {"say": "What would you like to order?", "expect": "order", "slot": "items"},
    "phone": {"say": "What is your phone number?", "expect": "phone", "slot": "phone"},
    "address": {"say": "What is your address?", "expect": "address", "slot": "address"},
    "confirmation": {"say": "Shall I place the order?", "expect": "finish"},
}
_PRODUCT: Final = {"type": "choice", "of": "product"}

_INTENTS: Final[list[dict[str, Any]]] = [
    {
        "name": "greeting",
        "examples": ["hello", "good evening", "hello good evening", "good morning", "hi there", "hello how are you"],
        "say": "Good to hear you. You can ask me for a price, or tell me your order.",
    },
    {
        "name": "menu",
        "examples": ["what do you have", "what can i order", "what is on the menu", "which products do you have", "what do you sell"],
        "call": {"tool": "list_products"},
        "confirm": "Do you want to know what we have?",
    },
    {
        "name": "price",
        "examples": [
            "what is the price of a {product}",
            "how much is a {product}",
            "how much are the {product}",
            "how much does a {product} cost",
            "what does {number} {product} cost",
            "price of {product}",
            "tell me the price of the {product}",
            "i would like to know the price of {product}",
            "do you have {product}",
            "tell me about the {product}",
            "what is the price",
        ],
        "slots": {"product": {**_PRODUCT, "ask": f"Which product do you mean? {_MENU}"}},
        "call": {"tool": "get_product_info", "arguments": {"name": "{product}"}},
        "confirm": "Do you want to know a price?",
    },
    {
        "name": "order",
        "examples": [
            "{number} {product}",
            "i would like {number} {product}",
            "i would like a {product}",
            "i would like to order {number} {product}",
            "i want {number} {product} and {number} {product}",
            "can i have {number} {product}",
            "could i get a {product} and {number} {product}",
            "give me {number} {product}",
            "i will take {number} {product}",
            "i will have the {product}",
            "add {number} {product}",
            "add {number} {product} and {number} {product}",
            "and {number} {product}",
            "and also {number} {product}",
            "another {product}",
            "a {product}",
            "the {product} please",
            "{product} and {product}",
            "for {product}",
            "let us have {number} {product}",
            "i would like to order something",
            "i want to order",
            "yes",
        ],
        "slots": {"items": {"type": "items", "of": "product", "ask": "What would you like to order?"}},
        "call": {"tool": "add_item", "for_each": "items", "arguments": {"item": "{item}", "quantity": "{quantity}"}},
        "confirm": "Do you want to order something?",
    },
    {
        "name": "change",
        "examples": [
            "no i want {number} not {number}",
            "no i said {number}",
            "make it {number}",
            "make it {number} {product}",
            "make that {number} {product}",
            "only {number} {product}",
            "change the {product} to {number}",
            "i want {number} {product} instead of {number}",
            "i want {number} {product} not {number}",
        ],
        "slots": {"quantity": {"type": "number", "ask": "How many would you like?"}, "product": {**_PRODUCT, "default": ""}},
        "call": {"tool": "change_quantity", "arguments": {"quantity": "{quantity}", "item": "{product}"}},
        "confirm": "Do you want to change how many you ordered?",
    },
    {
        "name": "remove",
        "examples": [
            "remove the {product}",
            "take the {product} off",
            "cancel the {product}",
            "delete the {product}",
            "i do not want the {product}",
            "without the {product}",
            "no {product}",
        ],
        "slots": {"product": {**_PRODUCT, "ask": "What shall I take off your order?"}},
        "call": {"tool": "change_quantity", "arguments": {"quantity": 0, "item": "{product}"}},
        "confirm": "Do you want to take something off your order?",
    },
    {
        "name": "summary",
        "examples": [
            "what have i ordered so far",
            "what did i order",
            "could you repeat my order",
            "read my order back to me",
            "what is in my order",
            "tell me my order",
            "what is the total",
            "how much is it all together",
            "how much do i have to pay",
        ],
        "call": {"tool": "summarize_order"},
        "confirm": "Do you want to hear your order?",
    },
    {
        "name": "phone",
        "examples": [
            *("my phone number is {digits}", "my phone number is {number}", "my number is {digits}", "my number is {number}"),
            *("you can call me at {digits}", "{digits}", "my phone number"),
        ],
        "slots": {"phone": {"type": "phone", "ask": "What is your phone number?"}},
        "call": {"tool": "update_phone", "arguments": {"phone": "{phone}"}},
        "confirm": "Do you want to give me your phone number?",
    },
    {
        "name": "address",
        "examples": [
            "my address is",
            "the address is",
            "i live at",
            "i live in",
            "i am at",
            "deliver it to",
            "send it to",
            "bring it to",
            "my address is {number} street",
            "i live at {number} street",
            "deliver it to {number} street",
        ],
        "slots": {
            "address": {
                "type": "address",
                "after": [
                    *("my address is", "the address is", "address is", "i live at", "i live in", "i am at", "i'm at"),
                    *("deliver it to", "deliver to", "send it to", "bring it to", "bring everything to"),
                ],
                "ask": "What is your address?",
            }
        },
        "call": {"tool": "update_address", "arguments": {"address": "{address}"}},
        "confirm": "Do you want to give me your address?",
    },
    {
        "name": "finish",
        "examples": [
            "that is all",
            "that is all thank you goodbye",
            "that is everything",
            "that is it thank you",
            "no that is it thanks",
            "that will be all",
            "nothing else",
            "no thank you that is all",
            "place the order",
            "i am done",
            "goodbye",
            "bye",
            "thank you goodbye",
            "thank you good bye",
        ],
        "call": {"tool": "place_order"},
        "confirm": "Shall I place the order?",
    },
    {"name": "thanks", "examples": ["thank you", "thanks a lot", "thank you very much"], "say": "You are welcome. Anything else?"},
    {"name": "nothing", "examples": ["no", "no thank you", "no thanks"], "say": "All right. Tell me when I shall place the order."},
]

RULES: Final[dict[str, Any]] = {
    "vocabularies": {"product": {product.name: [product.plural, *product.also] for product in CATALOG.values()}},
    "intents": _INTENTS,
    "results": {
        "list_products": {"say": "We have {products}. What would you like?"},
        "get_product_info": {"say": "The {name} is {price:money}. Would you like to order?"},
        "add_item": {"say": "I have added {each}. Anything else?", "each": "{label}"},
        "change_quantity": {"say": "All right, that is {label} now. Anything else?"},
        "summarize_order": {"say": "You have ordered {summary}. The total is {total:money}.", "next": "missing", "follow": _QUESTIONS},
        "update_phone": {"say": "I have noted {phone:digits}.", "next": "missing", "follow": _QUESTIONS},
        "update_address": {"say": "We deliver to {address}.", "next": "missing", "follow": _QUESTIONS},
        "place_order": {
            "say": "Thank you. I have placed your order of {summary}, that is {total:money}. Goodbye!",
            "next": "missing",
            "follow": _QUESTIONS,
        },
    },
    "fallback": "Sorry, I did not understand that. You can ask me for a price, or tell me your order.",
}
"""Options for ``actors.providers.offline:rule_llm``."""

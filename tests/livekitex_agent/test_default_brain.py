import enum
from typing import Any, Literal

import pytest

from actors import function_tool, rule_llm
from livekitex_agent.default_brain import ToolRulesLLM, rules_for
from protocols import CallDelta, ChatContext, ChatMessage, ChatOptions, ConfigurationError, Role, TextContent, ToolSchema


class Shape(enum.Enum):
    ROUND = "round"


@function_tool
def table_price(product: str, size: Literal["small", "large"], number: int, note: str = "") -> str:
    """Tell what it costs. Prices are in dollars.

    More.
    """
    return f"{product} {size} {number} {note}"


@function_tool
def opening_hours() -> str:
    return "nine to five"


@function_tool
def weigh(kilos: float) -> str:
    return str(kilos)


@function_tool
def choose(number: Literal[1, 2]) -> str:
    return str(number)


def rules(*tools: Any) -> dict[str, Any]:
    schemas: list[ToolSchema] = [tool.schema for tool in tools]
    return rules_for(schemas)


def test_each_tool_is_an_intent_that_asks_for_what_it_needs() -> None:
    made = rules(table_price, opening_hours)
    intent = made["intents"][0]
    assert intent["examples"] == ["table price", "tell what it costs"]
    assert intent["call"] == {"tool": "table_price", "arguments": {"product": "{product}", "size": "{size}", "number": "{number}"}}
    assert intent["slots"]["product"]["ask"] == "What is the product?"
    assert intent["slots"]["size"] == {"type": "choice", "ask": "What is the size?", "of": "table_price.size"}
    assert made["vocabularies"] == {"table_price.size": {"small": ["small"], "large": ["large"]}}
    assert made["intents"][1] == {
        "name": "opening_hours",
        "examples": ["opening hours"],
        "slots": {},
        "call": {"tool": "opening_hours", "arguments": {}},
    }
    assert made["results"] == {"table_price": {"say": "{result}"}, "opening_hours": {"say": "{result}"}}


def test_what_rules_cannot_fill_is_left_out() -> None:
    assert [intent["name"] for intent in rules(weigh, choose)["intents"]] == ["livekitex_hello"]


def test_the_rule_model_takes_them() -> None:
    pytest.importorskip("rapidfuzz", reason="rapidfuzz is not here: pip install 'livekitex-agent[offline]'")
    for tools in ((), (table_price, opening_hours, weigh)):
        rule_llm(rules(*tools))


@pytest.mark.asyncio
async def test_the_brain_of_a_program_takes_its_rules_from_the_tools_of_each_request() -> None:
    pytest.importorskip("rapidfuzz", reason="rapidfuzz is not here: pip install 'livekitex-agent[offline]'")
    brain = ToolRulesLLM()
    for tools, names in (((opening_hours,), ["opening_hours"]), ((), []), ((opening_hours, weigh), ["opening_hours"])):
        context = ChatContext(items=(ChatMessage(id="m1", role=Role.USER, content=(TextContent(text="the opening hours"),)),))
        events = [event async for event in brain.chat(context, [tool.schema for tool in tools], ChatOptions())]
        assert [event.name for event in events if isinstance(event, CallDelta)] == names


def test_its_options_are_those_of_the_rule_model() -> None:
    pytest.importorskip("rapidfuzz", reason="rapidfuzz is not here: pip install 'livekitex-agent[offline]'")
    with pytest.raises(ConfigurationError, match="nonsense"):
        ToolRulesLLM({"nonsense": 1})

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from actors import function_tool, reference_to
from livekitex_agent.agent_description import OFFLINE_LLM, OFFLINE_STT, OFFLINE_TURN_DETECTOR, AgentDescription, provider
from livekitex_agent.voice.agent import Agent
from protocols import Instructions, InvalidAgentError, InvalidToolError, ProviderRef, ToolSchema


def price(product: str) -> str:
    """Tell a price."""
    return product


def brain(options: Mapping[str, Any]) -> object:
    return options


def order(product: str, quantity: int = 1) -> str:
    return f"{quantity} {product}"


def test_an_agent_on_the_wire() -> None:
    llm = ProviderRef(factory="my.llm:make", options={"model": "x"})
    agent = AgentDescription(instructions="Sell.", greeting="Hi.", tools=[price, order], llm=llm, options={"min_endpointing_delay_ms": 300})
    wire = agent.to_wire()
    assert [tool["name"] for tool in wire["tools"]] == ["price", "order"]
    assert wire["stt"] == {"factory": OFFLINE_STT.factory, "options": {}}
    assert wire["llm"] == {"factory": "my.llm:make", "options": {"model": "x"}}
    assert (wire["instructions"], wire["greeting"], wire["options"]) == ("Sell.", "Hi.", {"min_endpointing_delay_ms": 300})
    assert agent == AgentDescription(
        instructions="Sell.", greeting="Hi.", tools=(price, order), llm=llm, options={"min_endpointing_delay_ms": 300}
    )


def test_text_that_no_utf8_can_hold_is_mended() -> None:
    told = function_tool(description="A price \udf55.")(price)
    wire = AgentDescription(instructions="Sell \ud83c.", greeting="\ud83c\udf55 \udfff", tools=[told]).to_wire()
    assert (wire["instructions"], wire["greeting"], wire["tools"][0]["description"]) == ("Sell \ufffd.", "🍕 \ufffd", "A price \ufffd.")


def test_agents_that_are_equal_have_one_hash() -> None:
    llm = ProviderRef(factory="my.llm:make", options={"model": ["x"]})
    options = {"min_endpointing_delay_ms": 300}
    one, other = (AgentDescription(instructions="Sell.", tools=[function_tool(price)], llm=llm, options=options) for _ in range(2))
    assert {one: 1}[other] == 1
    assert len({ToolSchema(name="a", description="", parameters={"type": "object"}), one.tools[0], llm, one}) == 4


def test_a_text_agent_neither_hears_nor_speaks_and_thinks_by_rules() -> None:
    wire = Agent.text(instructions="Sell.", tools=[price]).to_wire()
    assert (wire["vad"], wire["stt"], wire["tts"], wire["turn_detector"]) == (None, None, None, None)
    assert wire["llm"]["factory"] == OFFLINE_LLM
    assert wire["llm"]["options"]["intents"][0]["name"] == "price"


def test_the_offline_turn_detector_goes_with_the_offline_voice_activity_detection() -> None:
    mine = ProviderRef(factory="my.vad:make", options={})
    assert AgentDescription(instructions="Sell.").turn_detector == OFFLINE_TURN_DETECTOR
    assert AgentDescription(instructions="Sell.", vad=mine).turn_detector is None
    assert AgentDescription(instructions="Sell.", vad=None, stt=None).turn_detector is None
    assert AgentDescription(instructions="Sell.", turn_detector=None).to_wire()["turn_detector"] is None
    detector = ProviderRef(factory="my.turns:detector", options={"threshold": 0.7})
    agent = AgentDescription(instructions="Sell.", vad=mine, turn_detector=detector)
    assert agent.to_wire()["turn_detector"] == {"factory": "my.turns:detector", "options": {"threshold": 0.7}}


def test_it_is_the_same_from_a_script_that_defines_everything_itself(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from livekitex_agent import Agent\ndef price(product: str) -> str: ...\n"
        "print(Agent(instructions='Sell.', tools=[price]).to_wire()['tools'][0]['source'])\n",
        "utf-8",
    )
    here = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, env=here)
    assert done.stdout == f"{script}:price\n"


def test_a_provider_of_ones_own_travels_as_a_tool_does() -> None:
    place = reference_to(brain)
    agent = Agent.text(instructions="Think.", llm=brain)._describe()
    assert agent.llm == ProviderRef(factory=place, options={})
    assert Agent.text(instructions="Think.", llm=provider(brain, model="x")).to_wire()["llm"] == {
        "factory": place,
        "options": {"model": "x"},
    }
    assert Agent.text(instructions="Think.", llm=ProviderRef(factory=place, options={}))._describe() == agent
    by_path = ProviderRef(factory="/my/script.py:Mine.brain", options={})
    assert Agent.text(instructions="Think.", llm=by_path)._describe().llm == by_path


@pytest.mark.parametrize(
    ("fields", "cure"),
    [
        ({"instructions": "  "}, "instructions are empty: tell the model"),
        ({"instructions": 5}, "instructions is a int: give text"),
        ({"greeting": None}, "greeting is a NoneType: give text"),
        ({"tools": price}, "tools is a function: give a list of functions"),
        ({"tools": "price"}, "tools is a str: give a list of functions"),
        ({"tools": {"price": price}}, "tools is a dict: give a list"),
        ({"tools": [price, price]}, "tools holds two of the name price: give one another name"),
        ({"stt": "whisper"}, r"stt is a str: give a function of yours, ProviderRef\(factory='module:name', options={}\), or None"),
        ({"llm": ProviderRef(factory="__main__:brain", options={})}, r"means another script elsewhere: give llm=provider\(brain\)"),
        ({"llm": lambda options: options}, "provider: a lambda cannot travel"),
        ({"llm": ProviderRef(factory="nonsense", options={})}, "llm.factory 'nonsense' is no 'module:name'"),
        ({"llm": ProviderRef(factory="a b:c", options={})}, "llm.factory 'a b:c' is no 'module:name'"),
        ({"vad": ProviderRef(factory="a:b", options={1: 2})}, "vad.options is no map with text keys"),  # type: ignore[dict-item]
        (
            {"llm": ProviderRef(factory="a:b", options={"api_key": "k"})},
            r"llm\.options\.api_key looks like a secret, .*environment variable",
        ),
        ({"vad": None}, "vad is None, and the offline stt finds no turns by itself: leave vad out, or to read text say stt=None"),
        ({"stt": None}, "stt is None and vad is not: to hear it needs an stt"),
        ({"vad": None, "stt": None, "turn_detector": brain}, "it has a turn_detector and hears nothing: give it a vad and an stt"),
        (
            {"turn_detector": ProviderRef(factory="a:b", options={"token": "k"})},
            r"turn_detector\.options\.token looks like a secret",
        ),
        ({"options": [1]}, r"options is a list: give CallOptions\(\.\.\.\), or a dict of the same shape"),
        ({"options": {"apology": print}}, "options travel as plain data, and one does not"),
        ({"instructions": "x" * 64_001}, "instructions has 64001 characters, the limit is 64000: shorten it"),
        ({"greeting": "x" * 16_001}, "greeting has 16001 characters, the limit is 16000: shorten it"),
        ({"options": {"apology": "x" * 2_000_000}}, "too large to travel .*: shorten its options and its providers'"),
        ({"tts": ProviderRef(factory="a:b", options={"note": "x" * 2_000_000})}, "too large to travel"),
    ],
)
def test_a_malformed_agent_names_the_field_and_the_cure(fields: dict[str, Any], cure: str) -> None:
    with pytest.raises(InvalidAgentError, match=cure):
        AgentDescription(**{"instructions": "Sell.", **fields})


def test_a_lambda_and_what_is_no_function_are_no_tools() -> None:
    with pytest.raises(InvalidToolError, match="a lambda cannot travel"):
        AgentDescription(instructions="Sell.", tools=[lambda product: product])
    with pytest.raises(InvalidToolError, match="tools holds 5: give functions"):
        AgentDescription(instructions="Sell.", tools=[5])  # type: ignore[list-item]


def test_instructions_may_differ_with_and_without_a_voice() -> None:
    instructions = Instructions("Be kind.", audio="Be short.", text="Use lists.")
    assert Agent.text(instructions=instructions).to_wire()["instructions"] == "Be kind.\n\nUse lists."
    assert AgentDescription(instructions=instructions).to_wire()["instructions"] == "Be kind.\n\nBe short."
    with pytest.raises(InvalidAgentError, match="instructions are empty"):
        Agent.text(instructions=Instructions("", audio="Be short.")).to_wire()

"""The agent of a file, as the command line wants it."""

from pathlib import Path

import pytest

from livekitex_agent.console.program_file import find_program
from livekitex_agent.console.start_call import CallChoices, chosen, load_agent
from livekitex_agent.voice.agent import Agent
from protocols import ConfigurationError, InvalidAgentError

SOURCE = """
from livekitex_agent.voice.agent import Agent


def price() -> str:
    'Tell the price.'
    return '9'


agent = Agent(instructions='x', tools=[price])
"""


def test_the_agent_of_the_file_is_loaded_with_tools_that_travel_by_the_files_path(tmp_path: Path) -> None:
    file = tmp_path / "shop.py"
    file.write_text(SOURCE, "utf-8")
    agent = load_agent(find_program(file))
    assert agent.to_wire()["tools"][0]["source"] == f"{file}:price"


@pytest.mark.parametrize(
    ("source", "cure"),
    [
        ("one = 1 / 0\nagent = Agent()", "cannot be run: ZeroDivisionError: division by zero"),
        ("class Agent: ...\nagent = Agent()", "agent is a Agent: make it an Agent"),
    ],
)
def test_what_cannot_be_loaded_is_refused(source: str, cure: str, tmp_path: Path) -> None:
    file = tmp_path / "shop.py"
    file.write_text(source, "utf-8")
    with pytest.raises(InvalidAgentError, match=cure):
        load_agent(find_program(file))


def test_by_text_it_neither_hears_nor_speaks() -> None:
    agent = chosen(Agent(instructions="x", greeting="hi"), CallChoices(by_text=True))._describe()
    assert (agent.vad, agent.stt, agent.tts, agent.turn_detector, agent.greeting) == (None, None, None, None, "hi")


def test_providers_are_overridden_by_name() -> None:
    choices = CallChoices(providers={"llm": "openai:gpt-5.4-mini", "tts": "openai:voice"}, base_url="http://127.0.0.1:1/v1")
    agent = chosen(Agent(instructions="x"), choices)
    assert agent.llm is not None
    assert agent.llm.options == {"model": "gpt-5.4-mini", "base_url": "http://127.0.0.1:1/v1"}
    assert agent.tts is not None
    assert agent.tts.options["model"] == "voice"
    assert agent.stt == Agent(instructions="x").stt


def test_an_unknown_name_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ConfigurationError, match=r"llm='nobody:x': .* openai:MODEL"):
        chosen(Agent(instructions="x"), CallChoices(providers={"llm": "nobody:x"}))

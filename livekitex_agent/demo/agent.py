"""The agent that takes the demo's phone order."""

from typing import Final

from livekitex_agent.demo.phone_order import GREETING, INSTRUCTIONS, TOOLS
from livekitex_agent.demo.phone_rules import RULES
from livekitex_agent.voice.agent import Agent
from protocols import ProviderRef

FIRST_TOKEN_DELAY_MS: Final = 150.0
"""The offline brain answers in microseconds; a remote model takes its time, and thinking is one of the moments to be killed in."""


def phone_order_agent() -> Agent:
    """An agent that takes a restaurant's orders by voice, offline: with the extra ``offline``, and neither key nor network."""
    brain = ProviderRef(factory="actors.providers.offline:rule_llm", options={**RULES, "first_token_delay_ms": FIRST_TOKEN_DELAY_MS})
    return Agent(instructions=INSTRUCTIONS, greeting=GREETING, tools=TOOLS, llm=brain)

"""A conversation with a model of OpenAI's, or of any server that speaks its protocols; its process may die in the middle of an answer.

pip install 'livekitex-agent[openai]'
OPENAI_API_KEY=sk-... python examples/openai_session.py gpt-5.4-mini
OPENAI_BASE_URL=http://127.0.0.1:11434/v1 python examples/openai_session.py llama3.2
"""

import asyncio
import sys

from livekitex_agent import Agent, AgentMessage, AgentSystem, ToolCalled, provider
from livekitex_agent.providers import openai

LINES = ["What is the price of a pizza?", "And of two?"]


def price(product: str, count: int = 1) -> str:
    """Tell the price of a product."""
    return f"{count} {product}: {9 * count} dollars"


async def main(model: str) -> None:
    agent = Agent.text(instructions="You sell pizza. Be brief.", tools=[price], llm=provider(openai.LLM, model=model))
    async with AgentSystem.start() as system:
        session = await system.start_session(agent)
        session.on(ToolCalled, lambda event: print("tool: ", event.name, event.arguments))
        for line in LINES:
            print("user: ", line)
            await session.send_text(line)
            print("agent:", (await session.wait_for(AgentMessage, timeout_s=60)).text)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "gpt-5.4-mini"))

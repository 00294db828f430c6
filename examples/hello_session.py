"""A text conversation in twenty lines. Its process may die between any two of them: the conversation goes on."""

import asyncio

from livekitex_agent import Agent, AgentMessage, AgentSystem


def price(product: str) -> str:
    """Tell the price of a product."""
    return f"{product.capitalize()} costs nine dollars."


async def main() -> None:
    async with AgentSystem.start() as system:
        session = await system.start_session(Agent.text(instructions="You sell pizza.", greeting="Hello!", tools=[price]))
        print("agent:", (await session.wait_for(AgentMessage)).text)
        await session.send_text("price of a pizza")
        print("agent:", (await session.wait_for(AgentMessage)).text)


if __name__ == "__main__":
    asyncio.run(main())

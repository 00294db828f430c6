"""A program as users write it: it holds a text conversation with a real session, and ends in the way that its argument names."""

import asyncio
import os
import sys
import threading

from livekitex_agent import Agent, AgentMessage, AgentSystem, Options, Session, sync

OPTIONS = Options(preload=False, partitions=1)
LINE = "price of a pizza"


def price(product: str) -> str:
    """Tell the price of a product."""
    return f"{product.capitalize()} costs nine dollars."


def agent() -> Agent:
    return Agent.text(instructions="You sell pizza.", greeting="Hello!", tools=[price])


async def talk(session: Session, times: int) -> None:
    """Say the line, and print each reply."""
    print((await session.wait_for(AgentMessage)).text, flush=True)
    for _ in range(times):
        await session.send_text(LINE)
        print((await session.wait_for(AgentMessage)).text, flush=True)


async def started() -> AgentSystem:
    system = await AgentSystem.start(OPTIONS)
    await talk(await system.start_session(agent()), 3)
    return system


async def returns() -> None:
    async with AgentSystem.start(OPTIONS) as system:
        await talk(await system.start_session(agent()), 3)


async def stops() -> None:
    await (await started()).stop()


async def forgets_to_stop() -> None:
    await started()


async def exits() -> None:
    await started()
    sys.exit(3)


async def exits_at_once() -> None:
    await started()
    os._exit(3)


async def raises() -> None:
    await started()
    raise ValueError("a defect of the script")


async def talks_on() -> None:
    """Until something ends it."""
    async with AgentSystem.start(OPTIONS) as system:
        await talk(await system.start_session(agent()), sys.maxsize)


async def starts_inside_a_loop() -> None:
    """The twin that blocks, on the thread of a running event loop, as in a notebook."""
    talks_sync()


async def has_eight_threads() -> None:
    """Eight threads at work when the system is started, and no stop at the end."""
    never = threading.Event()
    for _ in range(8):
        threading.Thread(target=lambda: all(iter(lambda: not never.wait(0.001), False)), daemon=True).start()
    await started()


def talks_sync() -> None:
    with sync.AgentSystem.start(OPTIONS) as system:
        session = system.start_session(agent())
        for _ in range(3):
            session.send_text(LINE)
            print(session.wait_for(AgentMessage).text, flush=True)


if __name__ == "__main__":
    asyncio.run(globals()[sys.argv[1]]())

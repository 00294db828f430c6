"""A spoken phone order, as ``livekitex demo`` makes it, in one script: a second voice calls, and the process of the call is killed.

Give the caller's lines as arguments, or none for his usual ones.
"""

import asyncio
import os
import signal
import sys

from actors import hibari_tts
from livekitex_agent import AgentMessage, AgentSentence, AgentSystem, CallHandle, Restarted, ToolCalled, UserMessage, phone_order_agent

CHUNK_S = 0.1
LINES = ["What is the price of a pizza?", "I would like two pizzas, please.", "What have I ordered so far?"]


async def call(session: CallHandle, speech: asyncio.Queue[bytes], rate_hz: int) -> None:
    """The caller's telephone: what is in the queue, silence otherwise, in real time."""
    size = round(CHUNK_S * rate_hz) * 2
    line = b""
    while True:
        if not line and not speech.empty():
            line = speech.get_nowait()
        await session.stream_audio(line[:size].ljust(size, b"\0"), rate_hz)
        line = line[size:]
        await asyncio.sleep(CHUNK_S)


async def show(session: CallHandle) -> None:
    """Print the call as it goes."""
    async for pushed in session.events():
        match pushed.event:
            case UserMessage(text=text):
                print("caller:", text)
            case AgentSentence(text=text):
                print("agent: ", text)
            case ToolCalled(name=name, arguments=arguments):
                print("tool:  ", name, arguments)
            case Restarted(reason=reason, incarnation=incarnation):
                print(f"incarnation {incarnation} of the call: {reason}")
            case _:
                pass


async def main(lines: list[str]) -> None:
    voice = hibari_tts({"pitch": 0.85})
    speech: asyncio.Queue[bytes] = asyncio.Queue(maxsize=1)
    async with AgentSystem.start() as system:
        session = await system.start_session(phone_order_agent())
        background = [asyncio.create_task(call(session, speech, voice.rate_hz)), asyncio.create_task(show(session))]
        await session.wait_for(AgentMessage)
        for line in lines:
            await speech.put(b"".join([chunk.pcm async for chunk in voice.synthesize(line)]))
            if line is lines[-1]:
                await session.wait_for(AgentSentence)
                os.kill((await session.info()).os_pid, signal.SIGKILL)
            await session.wait_for(AgentMessage)
        for task in background:
            task.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or LINES))

"""The program of 200 lines that both packages run: by their import line alone they differ."""

from typing import Final

LINES: Final = 200
STAMPS: Final = "LIVEKITEX_ENTRYPOINT_STAMPS"
"""The variable that names the folder into which each call writes when its entrypoint began, and its process."""
TALK: Final = "LIVEKITEX_TALK_S"
"""The variable that says how long each call talks."""

_TOP: Final = '''
import asyncio, os, time
import aiohttp
from PACKAGE import Agent, AgentServer, AgentSession, JobContext, function_tool, llm

server = AgentServer(num_idle_processes=1)


def setup(proc):
    proc.userdata["menu"] = {name: price for price, name in enumerate(["pizza", "salad", "water"])}


server.setup_fnc = setup


class Nodding(llm.LLM):
    """Says the same to everything, at once."""

    def chat(self, *, chat_ctx, tools=None, conn_options=None, **_):
        return Nod(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class Nod(llm.LLMStream):
    async def _run(self):
        delta = llm.ChoiceDelta(role="assistant", content="Noted.")
        self._event_ch.send_nowait(llm.ChatChunk(id="chunk", delta=delta))


class Waiter(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You take orders.")
'''
_TOOL: Final = '''
    @function_tool
    async def tool_{number}(self, product: str, count: int = 1) -> str:
        """Do something with a product.

        Args:
            product: what it is
            count: how many of it
        """
        return f"{{count}} {{product}}"
'''
_BOTTOM: Final = """

@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    stamp(ctx.job.room.name)
    client = aiohttp.ClientSession()
    ctx.add_shutdown_callback(client.close)
    session = AgentSession(llm=Nodding())
    await session.start(Waiter())
    until = time.monotonic() + float(os.environ["LIVEKITEX_TALK_S"])
    while time.monotonic() < until:
        await session.generate_reply(user_input="Hello.")
        await asyncio.sleep(5)


def stamp(name: str) -> None:
    now = time.monotonic()
    path = os.path.join(os.environ["LIVEKITEX_ENTRYPOINT_STAMPS"], name)
    with open(path + ".new", "w") as file:
        file.write(f"{now} {os.getpid()}")
    os.rename(path + ".new", path)
"""


def program(package: str) -> str:
    """The text of the program for ``package``: of `LINES` lines, or a few more."""
    text, number = _TOP.replace("PACKAGE", package), 0
    while (text + _BOTTOM).count("\n") < LINES:
        text, number = text + _TOOL.format(number=number), number + 1
    return text + _BOTTOM

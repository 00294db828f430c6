"""What a call of a program costs beside one of plain data: ``python -m benchmarks.program_start [--starts 30] [--calls 10] [--talk 120]``.

In one system a call of plain data and a call of a program of 200 lines are started in turn, ``--starts`` times each, and ended. Printed are
the times from `start_session` to the handle, and of the program to the first line of its entrypoint; the first start of each kind is left
out: it loads the program, or finds nothing warm. Then ``--calls`` of each kind are held open and talk by text for ``--talk`` seconds, and
the memory of a session's process is printed: USS, what would be free without it, and PSS. The program has an open HTTP client.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.call_processes import Memory
from benchmarks.figures import HEADER, bare_fork_ms, row
from livekitex_agent import Agent, AgentSystem, CallHandle, WorkerOptions
from livekitex_agent.program import ProgramPlace
from protocols import AgentMessage
from support.memory_brain import MEMORY_BRAIN

PATIENCE_S = 120.0
EVERY_S = 10.0
LINES = 200
STAMPS = "LIVEKITEX_ENTRYPOINT_STAMPS"

TOP = """
import os, time
import aiohttp
from livekitex_agent import Agent, AgentServer, AgentSession, JobContext, function_tool
from support.memory_brain import MEMORY_BRAIN

server = AgentServer()


def setup(proc):
    proc.userdata["menu"] = {name: price for price, name in enumerate(["pizza", "salad", "water"])}


server.setup_fnc = setup


class Waiter(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You take orders.")
"""
TOOL = '''
    @function_tool
    async def tool_{number}(self, product: str, count: int = 1) -> str:
        """Do something with a product.

        Args:
            product: what it is
            count: how many of it
        """
        return f"{{count}} {{product}}"
'''
BOTTOM = """

@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    stamp(ctx.job.id)
    client = aiohttp.ClientSession()
    ctx.add_shutdown_callback(client.close)
    session = AgentSession(llm=MEMORY_BRAIN)
    await session.start(Waiter(), room=ctx.room)


def stamp(call_id: str) -> None:
    now = time.monotonic()
    with open(os.environ["LIVEKITEX_ENTRYPOINT_STAMPS"] + "/" + call_id, "w") as file:
        file.write(str(now))
"""


def program(lines: int) -> str:
    """The text of a program with so many lines, or a few more."""
    text, number = TOP, 0
    while (text + BOTTOM).count("\n") < lines:
        text, number = text + TOOL.format(number=number), number + 1
    return text + BOTTOM


async def start(system: AgentSystem, agent: Agent | ProgramPlace, number: int) -> tuple[CallHandle, float, float]:
    """The handle, milliseconds to it, and when `start_session` was called."""
    kind = "program" if isinstance(agent, ProgramPlace) else "plain"
    began = time.monotonic()
    handle = await system.start_session(agent, f"{kind}-{number}", timeout_s=PATIENCE_S)
    return handle, (time.monotonic() - began) * 1000, began


async def entered(folder: Path, number: int, began: float) -> float:
    """Milliseconds to the first line of the entrypoint, whose process has written down when that was."""
    path = folder / f"program-{number}"
    while not path.exists() or not path.stat().st_size:  # noqa: ASYNC110 - another process writes it
        await asyncio.sleep(EVERY_S / 10_000)
    return (float(path.read_text("ascii")) - began) * 1000


async def talk(call: CallHandle, until: float) -> None:
    """Say something about every ten seconds, at least once."""
    while True:
        await call.send_text("Hello.", timeout_s=PATIENCE_S)
        await call.wait_for(AgentMessage, timeout_s=PATIENCE_S)
        if time.monotonic() > until:
            return
        await asyncio.sleep(EVERY_S)


async def memory(system: AgentSystem, kind: str) -> list[Memory]:
    """Of the sessions' processes of a kind."""
    nodes = [*(await system.tree()).walk()]
    return [Memory.of(node.os_pid) for node in nodes if node.name.startswith(f"agent_session/{kind}-")]


async def main(starts: int, calls: int, talk_s: float) -> None:
    """Measure and print."""
    plain = Agent.text(instructions="You take orders.", llm=MEMORY_BRAIN)
    times: dict[str, list[float]] = {"plain": [], "program": [], "entrypoint": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ[STAMPS] = name
        (folder / "waiter.py").write_text(program(LINES), "utf-8")
        place = ProgramPlace(place=str(folder / "waiter.py"))
        async with AgentSystem.start(WorkerOptions(journal_dir=folder, log_level="error", max_jobs=2 * calls + 2)) as system:
            for number in range(starts + 1):
                one, took_ms, _ = await start(system, plain, number)
                times["plain"].append(took_ms)
                await one.end()
                one, took_ms, began = await start(system, place, number)
                times["program"].append(took_ms)
                times["entrypoint"].append(await entered(folder, number, began))
                await one.end()
            print(HEADER)
            print(row("bare fork and exit", bare_fork_ms()))
            print(row("plain data: start_session to the handle", times["plain"][1:]))
            print(row("a program: start_session to the handle", times["program"][1:]))
            print(row("a program: to the first line of its entrypoint", times["entrypoint"][1:]))
            print(f"the first start of the program, which loads it: {times['program'][0]:.0f} ms", flush=True)
            opened = [(await start(system, agent, starts + 1 + number))[0] for number in range(calls) for agent in (plain, place)]
            until = time.monotonic() + talk_s
            await asyncio.gather(*(talk(call, until) for call in opened))
            for kind in ("plain", "program"):
                found = await memory(system, kind)
                uss, pss = (statistics.median(getattr(one, field) for one in found) for field in ("uss", "pss"))
                print(f"{len(found)} sessions, {kind}: median USS {uss:.1f} MB, PSS {pss:.1f} MB", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=30)
    parser.add_argument("--calls", type=int, default=10)
    parser.add_argument("--talk", type=float, default=120.0, dest="talk_s")
    asyncio.run(main(**vars(parser.parse_args())))

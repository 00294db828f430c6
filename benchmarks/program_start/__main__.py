"""What a call of a program costs: ``python -m benchmarks.program_start [--starts 30] [--calls 10] [--talk 120] [--peer PYTHON]``.

In one system a call of plain data and a call of a program of 200 lines are started in turn, ``--starts`` times each, and ended. Printed are
the times from `start_session` to the handle, and of the program to the first line of its entrypoint; the first start of each kind is left
out: it loads the program, or finds nothing warm. Then ``--calls`` of each kind are held open and talk by text for ``--talk`` seconds, every
five, and the memory of a session's process is printed: USS, what would be free without it, and PSS. The program has an open HTTP client.

With ``--peer``, an interpreter that has livekit-agents 1.8.9, the same program runs there by its import line, from a pool with a warm
process: the time from the job's launch to the first line of its entrypoint, and the memory of as many jobs after as long a talk.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.call_processes import Memory
from benchmarks.figures import HEADER, bare_fork_ms, row
from benchmarks.program_start.program import STAMPS, TALK, program
from livekitex_agent import Agent, AgentSystem, CallHandle, WorkerOptions
from livekitex_agent.program import ProgramPlace
from protocols import AgentMessage
from support.memory_brain import MEMORY_BRAIN

PATIENCE_S = 120.0
EVERY_S = 5.0
LOOK_S = 0.001
PEER = Path(__file__).with_name("peer_start.py")


async def start(system: AgentSystem, folder: Path, number: int, *, plain: bool) -> tuple[CallHandle, float, float]:
    """The handle, milliseconds to it, and when `start_session` was called."""
    agent: Agent | ProgramPlace = Agent.text(instructions="You take orders.", llm=MEMORY_BRAIN)
    name = f"plain-{number}"
    if not plain:
        name = f"ours-{number}"
        agent = ProgramPlace(place=str(folder / "waiter.py"), room=name)
    began = time.monotonic()
    handle = await system.start_session(agent, name, timeout_s=PATIENCE_S)
    return handle, (time.monotonic() - began) * 1000, began


async def entered(folder: Path, name: str) -> tuple[float, int]:
    """When the entrypoint's first line ran, in seconds, and in which process."""
    path = folder / name
    until = time.monotonic() + PATIENCE_S
    while not path.exists() and time.monotonic() < until:  # noqa: ASYNC110 - another process writes it
        await asyncio.sleep(LOOK_S)
    at, os_pid = path.read_text("ascii").split()
    return float(at), int(os_pid)


async def talk(call: CallHandle, until: float) -> None:
    """Say something every five seconds, at least once."""
    while True:
        await call.send_text("Hello.", timeout_s=PATIENCE_S)
        await call.wait_for(AgentMessage, timeout_s=PATIENCE_S)
        if time.monotonic() > until:
            return
        await asyncio.sleep(EVERY_S)


def print_memory(what: str, found: list[Memory]) -> None:
    """The medians."""
    uss, pss = (statistics.median(getattr(one, field) for one in found) for field in ("uss", "pss"))
    print(f"{what:<60} {len(found):>4}  USS {uss:6.1f} MB  PSS {pss:6.1f} MB", flush=True)


async def ours(folder: Path, starts: int, calls: int, talk_s: float) -> None:
    """Measure and print ours."""
    times: dict[str, list[float]] = {"plain": [], "program": [], "entrypoint": []}
    (folder / "waiter.py").write_text(program("livekitex_agent"), "utf-8")
    async with AgentSystem.start(WorkerOptions(journal_dir=folder, log_level="error", max_jobs=200)) as system:
        for number in range(starts + 1):
            one, took_ms, _ = await start(system, folder, number, plain=True)
            times["plain"].append(took_ms)
            await one.end()
            one, took_ms, began = await start(system, folder, number, plain=False)
            times["program"].append(took_ms)
            times["entrypoint"].append(((await entered(folder, f"ours-{number}"))[0] - began) * 1000)
            await one.end()
        print(row("plain data: start_session to the handle", times["plain"][1:]))
        print(row("a program: start_session to the handle", times["program"][1:]))
        print(row("a program: to the first line of its entrypoint", times["entrypoint"][1:]), flush=True)
        print(f"the first start of the program, which loads it: {times['program'][0]:.0f} ms", flush=True)
        numbers = range(starts + 1, starts + 1 + calls)
        plain = [(await start(system, folder, number, plain=True))[0] for number in numbers]
        for number in numbers:
            await start(system, folder, number, plain=False)
        await asyncio.gather(*(talk(call, time.monotonic() + talk_s) for call in plain))
        processes = {node.name: node.os_pid for node in (await system.tree()).walk()}
        for kind, what in (("plain", "a session of plain data"), ("ours", "a session of the program")):
            print_memory(what, [Memory.of(processes[f"agent_session/{kind}-{number}"]) for number in numbers])


async def theirs(python: str, folder: Path, starts: int, calls: int, talk_s: float) -> None:
    """Measure and print theirs."""
    (folder / "waiter.py").write_text(program("livekit.agents"), "utf-8")
    peer = await asyncio.create_subprocess_exec(
        python, str(PEER), str(folder), str(starts + 1), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    if peer.stdin is None or peer.stdout is None:
        raise RuntimeError("the peer has no pipes")
    times, processes = list[float](), list[int]()
    while len(times) < starts + 1 and (line := await asyncio.wait_for(peer.stdout.readline(), PATIENCE_S)):
        if line.startswith(b"theirs-"):
            name, began = line.decode("ascii").split()
            at, os_pid = await entered(folder, name)
            times.append((at - float(began)) * 1000)
            processes.append(os_pid)
    print(row("livekit-agents 1.8.9: launch to the first line, warm", times[1:]), flush=True)
    await asyncio.sleep(talk_s)
    print_memory("a job of livekit-agents", [Memory.of(os_pid) for os_pid in processes[-calls:]])
    peer.stdin.close()
    await peer.wait()


async def main(starts: int, calls: int, talk_s: float, peer: str) -> None:
    """Measure and print."""
    print(HEADER)
    print(row("bare fork and exit", bare_fork_ms()))
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        os.environ[TALK] = str(talk_s)
        os.environ[STAMPS] = one
        await ours(Path(one), starts, calls, talk_s)
        if peer:
            os.environ[STAMPS] = other
            await theirs(peer, Path(other), max(starts, calls), calls, talk_s)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=30)
    parser.add_argument("--calls", type=int, default=10)
    parser.add_argument("--talk", type=float, default=120.0, dest="talk_s")
    parser.add_argument("--peer", default="", help="a Python that has the peer installed")
    asyncio.run(main(**vars(parser.parse_args())))

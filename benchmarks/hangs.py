"""Hangs of every kind, and what is no hang: ``python -m benchmarks.hangs [--times 3] [--burners 60] [--stopped 10]``.

Without an option: some calls talk by voice while another hangs, each time in another way; then each supervisor of the tree is stopped.
Printed for each: how long after its beginning the hang was noticed and somebody new was up, and the reply latencies of the others meanwhile
beside those before. ``--burners`` and ``--stopped`` show who is restarted where nobody hangs: on a machine that is loaded with four busy
processes for so many seconds, and when the whole tree was stopped for so many and goes on in a random order.

Exits with 1 if a promise is broken: replaced within 5 s, the others' latencies at most doubled, nobody restarted who does not hang.
"""

import argparse
import asyncio
import ctypes
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.isolation import AGENT, Talker
from benchmarks.recovery import speak
from livekitex_agent import Agent, AgentSystem, CallHandle, WorkerOptions, composition
from protocols import AgentMessage, Restarted, SessionUnavailableError, ToolCalled
from support.dangerous_tools import stuck_mailbox
from support.memory_brain import FACT, MEMORY_BRAIN, nod

PROMISE_S = 5.0
PROMISE_TIMES = 2.0
OTHERS = 6
BEFORE_S = 30.0
PATIENCE_S = 30.0
BURNERS = 4
LONG_S = 60
REASON = "error:hung"
GONE = "it did not"


async def blocked_loop() -> str:
    """Block the event loop."""
    time.sleep(LONG_S)  # noqa: ASYNC251 - that is what is measured
    return ""


def held_interpreter() -> str:
    """Keep the interpreter's lock in C."""
    return str(ctypes.PyDLL(None).sleep(LONG_S))


async def by_a_tool(session: CallHandle) -> float:
    """Hang in the one tool that the agent has. Each of these tells when it began (monotonic seconds)."""
    await session.send_text("hang")
    await session.wait_for(ToolCalled, timeout_s=PATIENCE_S)
    return time.monotonic()


async def by_sigstop(session: CallHandle) -> float:
    """Stop the process."""
    os_pid = (await session.info()).os_pid
    began = time.monotonic()
    os.kill(os_pid, signal.SIGSTOP)
    return began


@dataclass(frozen=True)
class Kind:
    """A way to hang: the tool that the agent has for it, and how it begins."""

    name: str
    begin: Callable[[CallHandle], Awaitable[float]]
    tool: Callable[..., object] = nod

    @property
    def agent(self) -> Agent:
        """Its agent."""
        return Agent.text(instructions="Hang.", llm=MEMORY_BRAIN, tools=[self.tool])


KINDS = (
    Kind("mailbox", by_a_tool, stuck_mailbox),
    Kind("event loop", by_a_tool, blocked_loop),
    Kind("GIL held in C", by_a_tool, held_interpreter),
    Kind("SIGSTOP", by_sigstop),
)


@dataclass
class Others:
    """Calls that talk on, and how quickly they are answered."""

    talkers: list[Talker]
    before: list[float] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def talking(cls, system: AgentSystem) -> AsyncIterator["Others"]:
        """Start them, and know their latencies after `BEFORE_S`."""
        question, rate_hz = await speak(FACT)
        others = cls([Talker(await system.start_session(AGENT), question, rate_hz) for _ in range(OTHERS)])
        tasks = [asyncio.ensure_future(talker.run()) for talker in others.talkers]
        try:
            began = time.monotonic()
            await asyncio.sleep(BEFORE_S)
            others.before = others.since(began)
            yield others
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def since(self, start: float) -> list[float]:
        """Their reply latencies from ``start`` on, in ms."""
        return [latency for talker in self.talkers for latency in talker.between(start, time.monotonic())]

    def suffered(self, meanwhile: list[float]) -> bool:
        """Whether they had to wait more than twice as long as before, as a rule or at worst."""
        limits = (PROMISE_TIMES * statistics.median(self.before), PROMISE_TIMES * max(self.before))
        return statistics.median(meanwhile) > limits[0] or max(meanwhile) > limits[1]


async def sessions_hang(system: AgentSystem, others: Others, times: int) -> bool:
    """Whether a promise is broken."""
    print(f"{'a session hangs':<18} {'replaced after s':>24}   {'others, ms':>6} {'n':>4} {'median':>7} {'worst':>6}")
    print(f"{'(before)':<18} {'':>24}   {_figures(others.before)}", flush=True)
    broken = False
    for kind in KINDS:
        took, meanwhile = list[float](), list[float]()
        for _ in range(times):
            session = await system.start_session(kind.agent)
            await asyncio.sleep(random.uniform(0, 1))  # noqa: S311 - any moment between two probes
            began = await kind.begin(session)
            restarted = await session.wait_for(Restarted, timeout_s=PATIENCE_S)
            took.append(time.monotonic() - began)
            await asyncio.sleep(max(0.0, began + PROMISE_S - time.monotonic()))
            meanwhile += others.since(began)
            broken |= took[-1] > PROMISE_S or restarted.reason != REASON
            await session.end()
        broken |= others.suffered(meanwhile)
        print(f"{kind.name:<18} {' '.join(f'{each:.2f}' for each in took):>24}   {_figures(meanwhile)}", flush=True)
    return broken


def _figures(latencies: list[float]) -> str:
    return f"{'':>10} {len(latencies):>4} {statistics.median(latencies):>7.0f} {max(latencies):>6.0f}"


async def supervisors_hang(folder: str) -> bool:
    """Stop each supervisor; whether a promise is broken."""
    print(f"\n{'SIGSTOP of':<16} {'killed after s':>14} {'replaced':>8} {'its call is back':>16} {'another':>8}  why the call came back")
    broken = False
    async with AgentSystem.start(WorkerOptions(journal_dir=folder, log_level="error")) as system:
        for role in ("job", "partition", "infrastructure", "jobs"):
            broken |= await _supervisor_hangs(system, role)
        began = time.monotonic()
        os.kill((await roles(system))["application"], signal.SIGSTOP)
        error = await asyncio.wait_for(system.wait_ended(), PATIENCE_S)
        took = time.monotonic() - began
        print(f"{'application':<16} {took:>14.2f} {error}", flush=True)
    return broken or took > PROMISE_S


async def _supervisor_hangs(system: AgentSystem, role: str) -> bool:
    one, other = [await system.start_session(Agent.text(instructions="Talk.", llm=MEMORY_BRAIN)) for _ in range(2)]
    for session in (one, other):
        await session.send_text(FACT)
        await session.wait_for(AgentMessage)
    before = await roles(system)
    partition = next(job.partition for job in (await system.status()).jobs if job.job_id == one.call_id)
    name = {"partition": partition, "jobs": role, "infrastructure": role}.get(role, f"{role}/{one.call_id}")
    began = time.monotonic()
    os.kill(before[name], signal.SIGSTOP)
    killed = asyncio.ensure_future(_until(began, lambda: _gone(before[name])))
    replaced = asyncio.ensure_future(_until(began, lambda: _replaced(system, name, before[name])))
    back, why = (0.0, "") if role == "infrastructure" else await _again(one, began)
    times = (await killed, await replaced)
    lives = (await other.info()).incarnation
    print(f"{role:<16} {times[0]:>14.2f} {times[1]:>8.2f} {back:>16.2f} {f'life {lives}':>8}  {why}", flush=True)
    for session in (one, other):
        with suppress(SessionUnavailableError):
            await session.end(timeout_s=1.0)
    late = times[role != "jobs"] > PROMISE_S  # who loads the models again may take the time for that
    return late or why.startswith(GONE) or (lives > 1 and role != "jobs")


async def _until(began: float, over: Callable[[], Awaitable[bool]]) -> float:
    """Seconds from ``began`` until it is ``over``; no more than `PATIENCE_S`."""
    while True:
        is_over, took = await over(), time.monotonic() - began
        if is_over or took > PATIENCE_S:
            return took
        await asyncio.sleep(0.02)


async def _gone(pid: int) -> bool:
    return _stat(pid)[:1] in ([], ["Z"])


async def _replaced(system: AgentSystem, name: str, pid: int) -> bool:
    return (await roles(system)).get(name, 0) not in (0, pid)


async def _again(session: CallHandle, began: float) -> tuple[float, str]:
    """Seconds until the call is there again, and why it was away."""
    try:
        why = (await session.wait_for(Restarted, timeout_s=PATIENCE_S)).reason
    except (TimeoutError, SessionUnavailableError) as failure:
        why = f"{GONE}: {failure}"
    return time.monotonic() - began, why


async def roles(system: AgentSystem) -> dict[str, int]:
    """Every living role's process id."""
    with suppress(SessionUnavailableError):
        return {node.name: node.os_pid for node in (await system.tree(timeout_s=1.0)).walk()}
    return {}


async def nobody_hangs(system: AgentSystem, what: str, disturb: Callable[[AgentSystem], Awaitable[None]], seconds: float) -> bool:
    """Count who was restarted while the machine was disturbed; whether anybody was."""
    async with Others.talking(system) as others:
        before = await roles(system)
        began = time.monotonic()
        await disturb(system)
        await asyncio.sleep(PROMISE_S)
        after = await roles(system)
        meanwhile = others.since(began)
    restarted = sorted(name for name, pid in before.items() if after.get(name) != pid)
    print(f"{what} for {seconds:g} s: {len(restarted)} of {len(before)} processes restarted {restarted or ''}")
    print(f"{'replies, ms':<18} {'n':>5} {'median':>7} {'worst':>6}\n{'before':<12} {_figures(others.before)}")
    print(f"{'meanwhile':<12} {_figures(meanwhile) if meanwhile else 'none'}", flush=True)
    return bool(restarted)


async def burn(seconds: float) -> None:
    """Keep the machine busy."""
    burners = [await asyncio.create_subprocess_exec(sys.executable, "-c", "while True: pass") for _ in range(BURNERS)]
    try:
        await asyncio.sleep(seconds)
    finally:
        for burner in burners:
            burner.kill()
            await burner.wait()


async def stop(system: AgentSystem, seconds: float) -> None:
    """Stop the whole tree, and let it go on in a random order."""
    found = await roles(system)
    everybody = [system.launcher_pid, int(_stat(found["application"])[1]), *found.values()]
    for pid in everybody:
        os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(seconds)
    random.shuffle(everybody)
    for pid in everybody:
        os.kill(pid, signal.SIGCONT)


def _stat(pid: int) -> list[str]:
    """State, parent and so on of a process, as the kernel tells them; nothing if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return []


async def main(times: int, burners: float, stopped: float) -> int:
    """Measure and print."""
    print(f"heartbeat deadline {composition.HEARTBEAT_MS / 1000:g} s, promised: replaced within {PROMISE_S:g} s", flush=True)
    broken = False
    with tempfile.TemporaryDirectory() as folder:
        options = WorkerOptions(journal_dir=folder, log_level="error")
        async with AgentSystem.start(options) as system:
            if burners:
                broken |= await nobody_hangs(system, f"{BURNERS} burners", lambda _: burn(burners), burners)
            if stopped:
                broken |= await nobody_hangs(system, "the whole tree stopped", lambda found: stop(found, stopped), stopped)
            if not burners and not stopped:
                async with Others.talking(system) as others:
                    broken |= await sessions_hang(system, others, times)
        if not burners and not stopped:
            broken |= await supervisors_hang(folder)
    print("BROKEN" if broken else "kept")
    return int(broken)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=3, help="how often a session hangs in each way")
    parser.add_argument("--burners", type=float, default=0.0, metavar="S")
    parser.add_argument("--stopped", type=float, default=0.0, metavar="S")
    chosen = parser.parse_args()
    sys.exit(asyncio.run(main(chosen.times, chosen.burners, chosen.stopped)))

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

from benchmarks.brain import FACT, MEMORY_BRAIN, nod
from benchmarks.isolation import AGENT, Talker
from benchmarks.recovery import speak
from livekitex_agent import Agent, AgentSystem, Options, Session, composition
from protocols import AgentMessage, Restarted, SessionUnavailableError

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


async def in_the_mailbox(session: Session) -> None:
    """Hang in the actor's own thread."""
    await session.inject_fault("hang", at_state="thinking")
    await session.send_text("hang")


async def by_a_tool(session: Session) -> None:
    """Hang in the one tool that the agent has."""
    await session.send_text("hang")


async def by_sigstop(session: Session) -> None:
    """Stop the process."""
    os.kill((await session.info()).os_pid, signal.SIGSTOP)


@dataclass(frozen=True)
class Kind:
    """A way to hang: the tool that the agent has for it, and how it begins."""

    name: str
    begin: Callable[[Session], Awaitable[None]]
    tool: Callable[..., object] = nod

    @property
    def agent(self) -> Agent:
        """Its agent."""
        return Agent.text(instructions="Hang.", llm=MEMORY_BRAIN, tools=[self.tool])


KINDS = (
    Kind("mailbox", in_the_mailbox),
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
            began = time.monotonic()
            await kind.begin(session)
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


async def supervisors_hang(folder: str, preload: bool) -> bool:  # noqa: FBT001 - a switch of the one caller
    """Stop each supervisor and the JobContext of a call; whether a promise is broken."""
    print(f"\n{'SIGSTOP of':<18} {'replaced after s':>16} {'its call again s':>16} {'other call':>14}  why the call came back")
    broken = False
    options = Options(journal_dir=folder, log_level="error", preload=preload)
    async with AgentSystem.start(options) as system:
        for role in ("job_context", "job", "partition", "infrastructure", "jobs"):
            one, other = [await system.start_session(Agent.text(instructions="Talk.", llm=MEMORY_BRAIN)) for _ in range(2)]
            for session in (one, other):
                await session.send_text(FACT)
                await session.wait_for(AgentMessage)
            before = await roles(system)
            partition = next(job.partition for job in (await system.status()).jobs if job.job_id == one.call_id)
            name = {"partition": partition, "jobs": role, "infrastructure": role}.get(role, f"{role}/{one.call_id}")
            began = time.monotonic()
            os.kill(before[name], signal.SIGSTOP)
            replaced = asyncio.ensure_future(_replaced(system, name, before[name], began))
            again = asyncio.ensure_future(_again(one, began)) if role != "infrastructure" else None
            took = await replaced
            back, why = await again if again is not None else (0.0, "")
            lives = (await other.info()).incarnation
            print(f"{role:<18} {took:>16.2f} {back:>16.2f} {f'life {lives}':>14}  {why}", flush=True)
            broken |= took > PROMISE_S or why.startswith(GONE) or (lives > 1 and role != "jobs")
            for session in (one, other):
                with suppress(SessionUnavailableError):
                    await session.end(timeout_s=1.0)
        began = time.monotonic()
        os.kill((await roles(system))["application"], signal.SIGSTOP)
        error = await asyncio.wait_for(system.wait_ended(), PATIENCE_S)
        print(f"{'application':<18} {'ended after':>12} {time.monotonic() - began:.2f} s: {error}", flush=True)
    return broken


async def _replaced(system: AgentSystem, name: str, pid: int, began: float) -> float:
    """Seconds until somebody else has the name."""
    while (await roles(system)).get(name, 0) in (0, pid):
        await asyncio.sleep(0.02)
        if time.monotonic() - began > PATIENCE_S:
            break
    return time.monotonic() - began


async def _again(session: Session, began: float) -> tuple[float, str]:
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
    everybody = [system.launcher_pid, _parent(found["application"]), *found.values()]
    for pid in everybody:
        os.kill(pid, signal.SIGSTOP)
    await asyncio.sleep(seconds)
    random.shuffle(everybody)
    for pid in everybody:
        os.kill(pid, signal.SIGCONT)


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[1])


async def main(times: int, burners: float, stopped: float) -> int:
    """Measure and print."""
    print(f"heartbeat deadline {composition.HEARTBEAT_MS / 1000:g} s, promised: replaced within {PROMISE_S:g} s", flush=True)
    broken = False
    with tempfile.TemporaryDirectory() as folder:
        options = Options(journal_dir=folder, fault_injection=True, log_level="error")
        async with AgentSystem.start(options) as system:
            if burners:
                broken |= await nobody_hangs(system, f"{BURNERS} burners", lambda _: burn(burners), burners)
            if stopped:
                broken |= await nobody_hangs(system, "the whole tree stopped", lambda found: stop(found, stopped), stopped)
            if not burners and not stopped:
                async with Others.talking(system) as others:
                    broken |= await sessions_hang(system, others, times)
        if not burners and not stopped:
            broken |= await supervisors_hang(folder, preload=True)
    print("BROKEN" if broken else "kept")
    return int(broken)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=3, help="how often a session hangs in each way")
    parser.add_argument("--burners", type=float, default=0.0, metavar="S")
    parser.add_argument("--stopped", type=float, default=0.0, metavar="S")
    chosen = parser.parse_args()
    sys.exit(asyncio.run(main(chosen.times, chosen.burners, chosen.stopped)))

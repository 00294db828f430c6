"""Ten calls talk by voice, one of them dies in each of the eight states in turn: ``python -m benchmarks.isolation``.

Printed: which process ids changed, and the reply latencies of the nine others in the 5 s after a kill beside those before the first.
"""

import asyncio
import os
import signal
import statistics
import tempfile
import time
from contextlib import aclosing, suppress

from benchmarks.recovery import CHUNK_S, speak
from livekitex_agent import Agent, AgentSystem, CallHandle, WorkerOptions
from protocols import AgentMessage, ConversationState, LivekitexError, ReplyLatency, Restarted, StateChanged
from support.memory_brain import FACT, MEMORY_BRAIN, nod

CALLS = 10
BEFORE_S = 30.0
AFTER_S = 5.0
PATIENCE_S = 30.0
PAUSE_S = 1.0
AGENT = Agent(instructions="Remember.", llm=MEMORY_BRAIN, tools=[nod])


class Talker:
    """One call whose caller speaks, waits for the reply, and speaks again."""

    def __init__(self, session: CallHandle, question: bytes, rate_hz: int) -> None:
        self.session = session
        self.latencies: list[tuple[float, float]] = []
        self._question = question
        self._rate_hz = rate_hz
        self._waiting = b""

    async def run(self) -> None:
        """Talk until cancelled."""
        await asyncio.gather(self._line(), self._listen(), self._talk())

    async def _line(self) -> None:
        size = round(CHUNK_S * self._rate_hz) * 2
        due = time.monotonic()
        while True:
            chunk, self._waiting = self._waiting[:size].ljust(size, b"\0"), self._waiting[size:]
            await self.session.stream_audio(chunk, self._rate_hz)
            due += CHUNK_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _listen(self) -> None:
        async for pushed in self.session.events():
            if isinstance(pushed.event, ReplyLatency) and pushed.event.latency_ms is not None:
                self.latencies.append((time.monotonic(), pushed.event.latency_ms))

    async def _talk(self) -> None:
        while True:
            self._waiting = self._question
            with suppress(TimeoutError):
                await self.session.wait_for(AgentMessage, timeout_s=10.0)
            await asyncio.sleep(PAUSE_S)

    def between(self, start: float, end: float) -> list[float]:
        """The latencies measured in that time."""
        return [latency for at, latency in self.latencies if start <= at < end]


async def pids(talkers: list[Talker]) -> dict[str, int]:
    """The process id of each call."""
    infos = await asyncio.gather(*(talker.session.info() for talker in talkers))
    return {info.call_id: info.os_pid for info in infos}


async def kill_in(victim: CallHandle, state: ConversationState) -> None:
    """Kill the call's process as soon as it is seen in ``state``, and wait for its next life."""
    died = asyncio.ensure_future(victim.wait_for(Restarted, timeout_s=PATIENCE_S))
    os_pid, began = (await victim.info()).os_pid, time.time()
    if state is ConversationState.INTERRUPTED:
        await victim.cancel_response()
    async with asyncio.timeout(PATIENCE_S), aclosing(victim.events()) as events:
        async for pushed in events:
            if pushed.wall_s >= began and isinstance(pushed.event, StateChanged) and pushed.event.new == state:
                break
    os.kill(os_pid, signal.SIGKILL)
    await died


async def main() -> None:
    """Measure and print."""
    question, rate_hz = await speak(FACT)
    with tempfile.TemporaryDirectory() as folder:
        async with AgentSystem.start(WorkerOptions(journal_dir=folder, log_level="error")) as system:
            talkers = [Talker(await system.start_session(AGENT), question, rate_hz) for _ in range(CALLS)]
            tasks = [asyncio.ensure_future(talker.run()) for talker in talkers]
            began = time.monotonic()
            await asyncio.sleep(BEFORE_S)
            before = [latency for talker in talkers for latency in talker.between(began, time.monotonic())]
            print(f"{'killed in':<16} {'own pid':<16} {'others changed':<15} {'others: n':>9} {'median ms':>10} {'worst ms':>9}")
            print(f"{'(30 s before)':<16} {'':<16} {'':<15} {len(before):>9} {statistics.median(before):>10.0f} {max(before):>9.0f}")
            for number, state in enumerate(ConversationState):
                victim = talkers[number]
                old = await pids(talkers)
                with suppress(TimeoutError):
                    await kill_in(victim.session, state)
                killed = time.monotonic()
                await asyncio.sleep(AFTER_S)
                new = await pids(talkers)
                own = victim.session.call_id
                changed = [call for call in old if call != own and old[call] != new[call]]
                after = [latency for talker in talkers if talker is not victim for latency in talker.between(killed, killed + AFTER_S)]
                figures = f"{len(after):>9} {statistics.median(after):>10.0f} {max(after):>9.0f}" if after else f"{0:>9}"
                print(f"{state:<16} {f'{old[own]}->{new[own]}':<16} {len(changed):<15} {figures}", flush=True)
            for task in tasks:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(result, LivekitexError):
                    print(f"a call failed: {result}")


if __name__ == "__main__":
    asyncio.run(main())

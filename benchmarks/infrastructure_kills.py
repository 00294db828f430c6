"""``kill -9`` on each infrastructure actor in turn while a call talks: ``python -m benchmarks.infrastructure_kills``.

Printed for each: whose process ids changed, the longest time without a sound or event of the call beside the longest before, and whether a
tool ran afterwards.
"""

import asyncio
import os
import signal
import tempfile
import time

from livekitex_agent import AgentSystem, WorkerOptions, phone_order_agent
from livekitex_agent.demo.phone_order import CALLER_LINES
from livekitex_agent.demo.voice import speak_lines
from protocols import AgentMessage, ToolReturned

ROLES = ("registry", "circuit_breakers", "tool_registry", "audio_processor", "health_server", "worker_manager")
SETTLE_S = 3.0
PATIENCE_S = 20.0


class Silence:
    """The longest time between two sounds of the agent within one reply."""

    def __init__(self) -> None:
        self.longest_ms = 0.0
        self._last: tuple[str, float] | None = None

    def heard(self, speech_id: str) -> None:
        """A piece of audio came."""
        now = time.monotonic()
        if self._last is not None and self._last[0] == speech_id:
            self.longest_ms = max(self.longest_ms, (now - self._last[1]) * 1000)
        self._last = (speech_id, now)

    def reset(self) -> float:
        """The longest since the last reset."""
        longest, self.longest_ms = self.longest_ms, 0.0
        return longest


async def role_pids(system: AgentSystem) -> dict[str, int]:
    """Every role's process id."""
    return {node.name: node.os_pid for node in (await system.tree()).walk()}


async def main() -> None:
    """Measure and print."""
    lines = await speak_lines(CALLER_LINES)
    price = next(line for line in lines if "price" in line.label)
    with tempfile.TemporaryDirectory() as folder:
        async with AgentSystem.start(WorkerOptions(partitions=1, journal_dir=folder, log_level="error")) as system:
            session = await system.start_session(phone_order_agent())
            silence = Silence()

            async def listen() -> None:
                async for pushed in session.audio():
                    silence.heard(pushed.speech_id)

            listening = asyncio.ensure_future(listen())
            await session.wait_for(AgentMessage, timeout_s=PATIENCE_S)
            print(f"{'killed':<18} {'changed':<96} {'silence ms':>10} {'tool afterwards'}")
            for role in (None, *ROLES):
                before = await role_pids(system)
                silence.reset()
                await session.send_text(price.label)
                if role is not None:
                    os.kill(before[role], signal.SIGKILL)
                ran = await session.wait_for(ToolReturned, timeout_s=PATIENCE_S)
                await session.wait_for(AgentMessage, timeout_s=PATIENCE_S)
                await asyncio.sleep(SETTLE_S)
                await session.send_text(price.label)
                again = await session.wait_for(ToolReturned, timeout_s=PATIENCE_S)
                await session.wait_for(AgentMessage, timeout_s=PATIENCE_S)
                after = await role_pids(system)
                changed = [name for name, pid in before.items() if after.get(name) != pid]
                good = "yes" if ran.ok and again.ok else "NO"
                print(f"{role or '(nobody)':<18} {', '.join(changed) or '-':<96} {silence.reset():>10.0f} {good}", flush=True)
            listening.cancel()


if __name__ == "__main__":
    asyncio.run(main())

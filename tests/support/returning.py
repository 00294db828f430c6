"""Calls that talk while whoever stands above their sessions is killed: who comes back, with what, and how soon.

Each call is told a fact before each strike and lists all of them after it, so nothing of any life may be missing.
"""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from livekitex_agent import Agent, AgentSystem, CallHandle, WorkerOptions, composition
from protocols import (
    LLM,
    AgentMessage,
    ChatContext,
    ChatOptions,
    LLMEvent,
    ProviderRef,
    Role,
    SessionUnavailableError,
    TextDelta,
    ToolSchema,
)

ROLES: Final = ("partition", "job", "worker_manager", "registry", "jobs")
PATIENCE_S: Final = 60.0
ASK_S: Final = 5.0
SAME_S: Final = 30.0
"""The journal knows when a call began, the worker manager when it heard of that."""
RUN: Final = "run"
LIST: Final = "list"
FIRST: Final = "call-0"


class FactBrain(LLM):
    """Notes what it is told, and lists it."""

    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        del tools
        said = [message.text for message in context.messages if message.role is Role.USER]
        facts = [text for text in said if text != LIST]
        yield TextDelta(text="Known: " + " ".join(facts) if said[-1] == LIST else "Noted.")


def fact_brain(options: Mapping[str, Any]) -> LLM:
    """The brain; where there is a file ``poison``, whoever makes it dies."""
    if Path(options["poison"]).is_file():
        os.kill(os.getpid(), signal.SIGKILL)
    return FactBrain()


def agent(poison: str = "", **options: Any) -> Agent:
    """An agent that remembers facts; see `fact_brain`."""
    brain = ProviderRef(factory="support.returning:fact_brain", options={"poison": poison})
    return Agent.text(instructions="Remember.", llm=brain, options=options)


@asynccontextmanager
async def running(options: WorkerOptions) -> AsyncIterator[AgentSystem]:
    """A system whose calls are forked with all libraries loaded, and no models: so each life is up in no time."""
    root = composition.root(options, RUN)
    (jobs,) = (child for child in root["args"]["children"] if child["id"] == "jobs")
    jobs["args"]["preload"] = [path for path in composition.PRELOADED if "models" not in path]
    async with AgentSystem.start(options, root=root) as system:
        system.run_id = RUN
        yield system


@dataclass(frozen=True)
class Struck:
    """What came of one strike: ``took_s`` from the first kill until every call had answered and was counted again."""

    roles: tuple[str, ...]
    took_s: float
    lost: tuple[str, ...]
    forgot: tuple[str, ...]
    uncounted: tuple[str, ...]

    @property
    def whole(self) -> bool:
        return not (self.lost or self.forgot or self.uncounted)


class Drill:
    """Some calls of one system."""

    def __init__(self, system: AgentSystem, sessions: Sequence[CallHandle]) -> None:
        self.system = system
        self.sessions = tuple(sessions)
        self.facts = 0
        self._dead: set[int] = set()

    @classmethod
    async def begin(cls, system: AgentSystem, calls: int) -> "Drill":
        return cls(system, [await system.start_session(agent(), f"call-{number}") for number in range(calls)])

    async def strike(self, *roles: str) -> Struck:
        """Kill ``roles`` of the first call, one right after the other; whose process goes with an earlier one is killed when it is back."""
        await asyncio.gather(*(say(session, f"fact-{self.facts}") for session in self.sessions))
        self.facts += 1
        jobs = (await self.system.status()).jobs
        began = {job.job_id: job.started_wall_s for job in jobs}
        lives = {session.call_id: (await session.info()).os_pid for session in self.sessions}
        partitions = {job.job_id: job.partition for job in jobs}
        dying = [session for session in self.sessions if _dies(session.call_id, roles, partitions)]
        manager, first = await self.process("worker_manager"), await self.process(roles[0])
        since = time.monotonic()
        self._kill(first)
        for role in roles[1:]:
            await self.kill(role)
        known = "Known: " + " ".join(f"fact-{number}" for number in range(self.facts))
        await asyncio.gather(*(self._replaced(session, lives[session.call_id]) for session in dying))
        answers = await asyncio.gather(*(say(session, LIST) for session in self.sessions), return_exceptions=True)
        if not {"worker_manager", "registry"}.isdisjoint(roles):
            self._dead.add(manager)
            await self.process("worker_manager")
        status = await self.system.status(timeout_s=PATIENCE_S)
        took_s = time.monotonic() - since
        counted = {job.job_id: job.started_wall_s for job in status.jobs}
        said = list(zip((session.call_id for session in self.sessions), answers, strict=True))
        return Struck(
            roles=roles,
            took_s=took_s,
            lost=tuple(call_id for call_id, answer in said if isinstance(answer, BaseException)),
            forgot=tuple(f"{call_id}: {answer}" for call_id, answer in said if isinstance(answer, str) and answer != known),
            uncounted=tuple(call_id for call_id, wall_s in began.items() if abs(counted.get(call_id, 0.0) - wall_s) > SAME_S),
        )

    async def kill(self, role: str) -> None:
        """Kill the process that has ``role`` for the first call now; one that just went is not it."""
        while not self._kill(await self.process(role)):
            pass

    async def _replaced(self, session: CallHandle, os_pid: int) -> None:
        """Wait for another life than that in ``os_pid``: a dying one may still answer."""
        while (await session.info(timeout_s=PATIENCE_S)).os_pid == os_pid:
            pass

    async def process(self, role: str, call_id: str = FIRST) -> int:
        """The process that has ``role`` for the call now, as soon as there is one that nobody killed."""
        while True:
            try:
                supervisor, name = await self._place(role, call_id)
                children = await self.system.which_children(supervisor, timeout_s=ASK_S)
            except SessionUnavailableError:
                await asyncio.sleep(0)
                continue
            for child in children:
                if child.id == name and child.state == "running" and child.os_pid not in self._dead:
                    return child.os_pid

    async def _place(self, role: str, call_id: str) -> tuple[str, str]:
        """The supervisor of ``role``, and its id there."""
        match role:
            case "jobs" | "infrastructure":
                return "application", role
            case "agent_session":
                return f"job/{call_id}", f"{role}/{call_id}"
            case "partition" | "job":
                status = await self.system.status(timeout_s=ASK_S)
                partition = next((job.partition for job in status.jobs if job.job_id == call_id), "")
                return ("jobs", partition) if role == "partition" else (partition, f"job/{call_id}")
            case _:
                return "infrastructure", role

    def _kill(self, pid: int) -> bool:
        self._dead.add(pid)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True


def death_of(pid: int) -> "asyncio.Future[None]":
    """Done when the process, which lives now, has ended."""
    loop = asyncio.get_running_loop()
    ended, descriptor = loop.create_future(), os.pidfd_open(pid)

    def tell() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        ended.set_result(None)

    loop.add_reader(descriptor, tell)
    return ended


def _dies(call_id: str, roles: Sequence[str], partitions: Mapping[str, str]) -> bool:
    """Whether the call's session dies when ``roles`` of the first call are killed."""
    if "jobs" in roles or (call_id == FIRST and not {"partition", "job"}.isdisjoint(roles)):
        return True
    return "partition" in roles and partitions[call_id] == partitions[FIRST]


async def say(session: CallHandle, text: str) -> str:
    """Say it, and hear the answer to it."""
    await session.send_text(text, timeout_s=PATIENCE_S)
    return (await session.wait_for(AgentMessage, timeout_s=PATIENCE_S)).text

"""Runs a program in its call's process: one incarnation of it.

How it works. The program was imported and set up before (`loading`), in the process that this one was forked from where there is one.
`begin` starts the program's loop, and on it the entrypoint, in the scope that its commands and agents are named by. When the entrypoint
starts a session, the call's conversation begins (`host`); from then on the session's events come here, and go to it.

An exception that escapes the entrypoint before its session has started ends the call as failed. Later it is told, and the call goes on.
The call ends as failed, too, when the entrypoint and all tasks that it has begun are over and no session has started: nothing else could.
"""

import asyncio
import inspect
import logging
import traceback
from collections.abc import Callable, Mapping
from contextvars import copy_context
from typing import Any, Final

from actors import Blocked, BlockMonitor, MustEnd, ProgramCall, ProgramFailed, ProgramLoop, ProgramLoopThread, ProgramWork, Verdict
from livekitex_agent.job import Job, JobContext, RunningJobInfo, leave_job_context, set_job_context
from livekitex_agent.program.host import ProgramHost
from livekitex_agent.program.loading import LoadedProgram, load_program
from livekitex_agent.program.scopes import Scopes
from livekitex_agent.providers.registry import resolve
from livekitex_agent.voice.agent import AGENT_MADE
from livekitex_agent.voice.agent_session import HOST
from livekitex_agent.voice.events import RestartedEvent
from protocols import EventPushed, ProviderKind, ProviderRef, Restarted, SystemClock, SystemEntropy, shorten_reason

log = logging.getLogger("livekitex.program")

ENTRYPOINT: Final = "entrypoint"
MAX_TOLD: Final = 50
"""Different failures of its own that a program has told in a life; the others are in the log."""
NO_SESSION: Final = "the entrypoint has returned and started no session: await session.start(...) in it"
SHUTDOWN_TIMEOUT_S: Final = 10.0
"""For the callbacks of the job's end, all together."""


class ProgramRunner:
    """See `actors.Program`. ``wire`` is a `ProgramPlace` as it travels.

    Raises:
        LivekitexError: there is no program; the text names the cure. What its import raises comes through as it is.
    """

    def __init__(self, wire: Mapping[str, Any]) -> None:
        self._wire = wire
        self._loaded: LoadedProgram = load_program(wire["place"], wire.get("server", ""))
        self._session = self._loaded.session_for(wire.get("agent_name", ""))
        self._loaded.set_up()
        self._overrides = _overrides(wire.get("providers") or {}, wire.get("base_url", ""))
        self._loop: ProgramLoop
        self._monitor: BlockMonitor | None = None
        self._told: set[str] = set()
        self._begun: set[asyncio.Task[Any]] = set()
        """The tasks that the entrypoint has begun, as long as it has started no session."""
        self._ended = False
        self._host: ProgramHost | None = None
        self._context: JobContext | None = None
        self._call: ProgramCall

    def begin(self, call: ProgramCall, loop: asyncio.AbstractEventLoop | None) -> None:
        """See `Program.begin`."""
        self._call = call
        self._scopes = Scopes(call.incarnation)
        if loop is None:
            thread = self._loop = ProgramLoopThread("program", self._failed, made=self._task_made)
            self._monitor = BlockMonitor(thread, SystemClock(), self._judged, limit_s=self._loaded.server.settings.user_block_s)
            self._monitor.start()
        else:
            self._loop = ProgramLoop(loop, self._failed, made=self._task_made)
        self._loop.call(self._begin)

    def _begin(self) -> None:
        call, wire = self._call, self._wire
        call_id = call.blueprint.call_id
        self._host = ProgramHost(call, self._loop, self._scopes, entropy=SystemEntropy(), overrides=self._overrides, end=self._end)
        job = Job.from_wire({"id": call_id, **{name: wire.get(name, "") for name in ("room", "metadata", "agent_name")}})
        self._context = JobContext(
            proc=self._loaded.process, info=RunningJobInfo(job=job, worker_id=self._loaded.server.id), port=self._host
        )
        self._loop.spawn(self._run(self._context, self._host), name=ENTRYPOINT, context=copy_context())

    async def _run(self, context: JobContext, host: ProgramHost) -> None:
        set_job_context(context, of_process=True)
        HOST.set(host)
        AGENT_MADE.set(host.agents.note)
        try:
            with self._scopes.enter(ENTRYPOINT):
                await self._session.entrypoint(context)
        except Exception as failure:  # the seam to the user's code
            text = shorten_reason(f"the entrypoint has failed: {type(failure).__name__}: {failure}")
            if host.activity is None or not host.activity.live:
                log.exception("the entrypoint has failed before its session had started")
                self._call.fail(text)
            else:
                log.exception("the entrypoint has failed: the call goes on")
                self._tell_failure(text)
        else:
            await self._require_session(host)

    async def _require_session(self, host: ProgramHost) -> None:
        """The entrypoint has returned: end the call if nothing that it has begun starts its session."""
        while host.activity is None and (begun := [task for task in self._begun if not task.done()]):
            await asyncio.wait(begun, return_when=asyncio.FIRST_COMPLETED)
        self._begun.clear()
        if host.activity is None and not self._ended:
            log.error(NO_SESSION)
            self._end(NO_SESSION)

    def _task_made(self, task: "asyncio.Task[Any]") -> None:
        self._scopes.task_made(task)
        if self._host is not None and self._host.activity is None and self._scopes.current is not None:
            self._begun.add(task)
            task.add_done_callback(self._begun.discard)

    def perform(self, work: ProgramWork) -> None:
        """See `Program.perform`."""
        if self._host is not None and self._host.activity is not None:
            self._host.activity.perform(work)

    def tell(self, event: EventPushed) -> None:
        """See `Program.tell`."""
        self._loop.call(self._tell, event)

    def _tell(self, event: EventPushed) -> None:
        if self._host is not None and self._host.activity is not None:
            self._host.activity.tell(event)
        if isinstance(event.event, Restarted) and self._context is not None:
            info = RestartedEvent(reason=event.event.reason, incarnation=event.event.incarnation, created_at=event.wall_s)
            self._loop.spawn(self._context.run_restart_callbacks(info), name="on_restart")

    def end(self, reason: str, then: Callable[[], None]) -> None:
        """See `Program.end`."""
        self._loop.call(lambda: self._loop.spawn(self._finish(reason, then), name="shutdown"))

    async def _finish(self, reason: str, then: Callable[[], None]) -> None:
        try:
            if self._context is not None and self._host is not None:
                async with asyncio.timeout(SHUTDOWN_TIMEOUT_S):
                    await self._host.leave()
                await self._run_session_end(self._context)
                async with asyncio.timeout(SHUTDOWN_TIMEOUT_S):
                    await self._context.run_shutdown_callbacks(reason)
                leave_job_context(self._context)
        finally:
            then()

    async def _run_session_end(self, context: JobContext) -> None:
        if (ended := self._session.on_session_end) is None:
            return
        try:
            async with asyncio.timeout(self._loaded.server.settings.session_end_timeout):
                if inspect.isawaitable(result := ended(context)):
                    await result
        except Exception:  # the seam to the user's code
            log.exception("on_session_end has failed")

    def stop(self) -> None:
        """See `Program.stop`."""
        if self._monitor is not None:
            self._monitor.stop()
        if hasattr(self, "_loop"):
            self._loop.stop()

    def _end(self, reason: str) -> None:
        self._ended = True
        self._call.fail(reason)

    def _judged(self, verdict: Verdict) -> None:
        """It was logged. Of a program that blocks for too long only the process can be ended, and the call comes back in another."""
        match verdict:
            case Blocked(place=place):
                self._tell_failure(f"the program blocks its event loop at {place}")
            case MustEnd(reason=reason):
                self._call.crash(shorten_reason(reason))
            case _:
                pass

    def _failed(self, failure: BaseException) -> None:
        """Nobody handled it; it was logged."""
        self._tell_failure(traceback.format_exception_only(failure)[-1].strip())

    def _tell_failure(self, text: str) -> None:
        """Tell those who follow the call, each text once and at most `MAX_TOLD` in a life: the program may fail again and again."""
        text = shorten_reason(text)
        live = self._host is not None and self._host.activity is not None and self._host.activity.live
        if live and text not in self._told and len(self._told) < MAX_TOLD:
            self._told.add(text)
            self._call.feed(ProgramFailed(text=text))


def _overrides(named: Mapping[str, str], base_url: str) -> dict[str, ProviderRef | None]:
    """What takes the place of the program's providers: ``none`` is none at all."""
    return {kind: None if name == "none" else resolve(ProviderKind(kind), name, base_url=base_url) for kind, name in named.items()}

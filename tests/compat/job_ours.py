"""A job of this package's, run in this process: without a system, as in a script of a user's, its sessions run by themselves."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from lines import Loudspeaker, Microphone, Screen

from livekitex_agent.job import Job, JobContext, JobProcess, RoomFacts, RunningJobInfo, leave_job_context, set_job_context


class Line:
    """What connects a session with the caller."""

    def __init__(self, notes: list[Any]) -> None:
        self.notes = notes
        self.microphone = Microphone()
        self.screen = Screen()
        self.session: Any = None

    def connect(self, session: Any) -> None:
        self.connect_text(session)
        session.input.audio = self.microphone
        session.output.audio = Loudspeaker()

    def connect_text(self, session: Any) -> None:
        self.session = session
        session.output.transcription = self.screen


class _Port:
    """See `livekitex_agent.job.JobPort`."""

    incarnation = 1

    def __init__(self, line: Line) -> None:
        self.over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._line = line

    def end_call(self, reason: str) -> None:
        if not self.over.done():
            self.over.set_result(reason)

    def connected(self, options: dict[str, Any]) -> None:
        pass

    async def once(self, key: str, function: Callable[..., Any], args: tuple[Any, ...], *, idempotent: bool) -> Any:
        return await function(*args)

    def primary_session(self) -> Any:
        return self._line.session


@contextlib.asynccontextmanager
async def running(server: Any, end: str, line: Line) -> AsyncIterator[asyncio.Future[None]]:
    """The entrypoint runs within; at the end the job is shut down. The future is done when the job is."""
    process, port = JobProcess(), _Port(line)
    if server.setup_fnc is not None:
        server.setup_fnc(process)
    context = JobContext(proc=process, info=RunningJobInfo(job=Job(id="AJ_compared", room=RoomFacts(name="compared"))), port=port)
    job = asyncio.ensure_future(_job(server, context, port))
    try:
        yield job
    finally:
        port.end_call(end)
        await asyncio.wait_for(job, 20)


async def _job(server: Any, context: JobContext, port: _Port) -> None:
    set_job_context(context)
    registered = server.session_for("")
    entrypoint = asyncio.ensure_future(registered.entrypoint(context))
    reason = await port.over
    await entrypoint
    if (session := port.primary_session()) is not None:
        await session.aclose()
    if registered.on_session_end is not None:
        await registered.on_session_end(context)
    await context.run_shutdown_callbacks(reason)
    leave_job_context(context)

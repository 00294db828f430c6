"""A job of the peer's, run in this process by its own code for job processes: only the process and the server are left out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from lines import Loudspeaker, Microphone, Screen
from livekit.agents import utils
from livekit.agents.ipc.job_proc_lazy_main import _JobProc
from livekit.agents.ipc.proto import InitializeRequest, ShutdownRequest, StartJobRequest
from livekit.agents.job import JobAcceptArguments, JobExecutorType, RunningJobInfo
from livekit.agents.voice.transcription.synchronizer import TranscriptSynchronizer
from livekit.protocol import agent, models


class Line:
    """What connects a session with the caller, as the peer's rooms do: text follows the voice."""

    def __init__(self, notes: list[Any]) -> None:
        self.notes = notes
        self.microphone = Microphone()
        self.screen = Screen()

    def connect(self, session: Any) -> None:
        following = TranscriptSynchronizer(next_in_chain_audio=Loudspeaker(), next_in_chain_text=self.screen)
        session.input.audio = self.microphone
        session.output.audio = following.audio_output
        session.output.transcription = following.text_output

    def connect_text(self, session: Any) -> None:
        session.output.transcription = self.screen


class _NoParent:
    async def send(self, message: Any) -> None:
        pass


@contextlib.asynccontextmanager
async def running(server: Any, end: str, line: Line) -> AsyncIterator[asyncio.Future[None]]:
    """The entrypoint runs within; at the end the job is shut down as by its server. The future is done when the job is."""
    del line  # the peer's job has its own ways to its session
    process = _JobProc(
        server.setup_fnc or (lambda _: None),
        server._entrypoint_fnc,
        server._session_end_fnc,
        session_end_timeout=10,
        executor_type=JobExecutorType.THREAD,
    )
    process.initialize(InitializeRequest(), _NoParent())
    messages = utils.aio.Chan()
    job = asyncio.ensure_future(process.entrypoint(messages))
    info = RunningJobInfo(
        accept_arguments=JobAcceptArguments(name="", identity="", metadata=""),
        job=agent.Job(id="AJ_compared", room=models.Room(name="compared", sid="RM_compared"), type=agent.JobType.JT_ROOM),
        url="ws://localhost:7880",
        token="",
        worker_id="AW_compared",
        fake_job=True,
    )
    start = StartJobRequest()
    start.running_job = info
    messages.send_nowait(start)
    try:
        yield job
    finally:
        if not job.done():
            messages.send_nowait(ShutdownRequest(reason=end))
        await asyncio.wait_for(job, 20)

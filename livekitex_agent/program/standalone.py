"""A session in a plain script or a test: no system, no supervision, no journal, and otherwise the same."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from actors import ProgramLoop, ProgramWork, StandaloneSession
from livekitex_agent.job import get_job_context
from livekitex_agent.program.agents import Agents
from livekitex_agent.program.facts import Facts
from livekitex_agent.program.scopes import Scopes
from livekitex_agent.program.session_activity import SessionActivity
from livekitex_agent.utils.audio_frame import mono, new_frame
from livekitex_agent.voice.agent import AGENT_MADE, Agent
from livekitex_agent.voice.agent_session import AgentSession
from livekitex_agent.voice.events import CloseReason
from protocols import AudioCleared, AudioPushed, EventPushed, ExitReason, SystemEntropy

log = logging.getLogger("livekitex.program")

UNSUPERVISED: Final = (
    "this session runs in this process: unsupervised, without a journal, and gone with it. For a call that comes back, start a system and "
    "its program (`livekitex console FILE`, or AgentSystem.start_session)"
)
MAX_SOUNDS: Final = 1_024
"""Of the agent's audio that wait for the session's output."""
_told: list[bool] = []


class StandaloneHost:
    """See `voice.agent_session.SessionHost`: runs one session on the event loop of whoever starts it."""

    def __init__(self) -> None:
        self._activity: SessionActivity | None = None
        self._loop: ProgramLoop
        self._session: StandaloneSession
        self._sounds: asyncio.Queue[AudioPushed | AudioCleared] = asyncio.Queue(MAX_SOUNDS)

    async def attach(self, session: AgentSession[Any], agent: Agent) -> SessionActivity:
        """See `SessionHost.attach`. In a job the session is closed when the job ends."""
        job = get_job_context(required=False)
        if not _told and job is None:
            _told.append(True)
            log.info(UNSUPERVISED)
        scopes = Scopes(1)
        self._loop = ProgramLoop(asyncio.get_running_loop(), lambda _failure: None)
        self._session = StandaloneSession(self, self._heard, self._ended)
        call = self._session.link
        agents = Agents(scopes, SystemEntropy())
        AGENT_MADE.set(agents.note)
        self._activity = SessionActivity(session, call, self._loop, scopes, agents=agents, facts=Facts(call, self._loop), overrides={})
        await self._activity.begin(agent)
        if job is not None:
            job.add_shutdown_callback(partial(self._activity.aclose, CloseReason.JOB_SHUTDOWN))
        if session.input.audio is not None:
            self._loop.spawn(self._listen(session), name="audio input")
        self._loop.spawn(self._play(session), name="audio output")
        return self._activity

    async def _listen(self, session: AgentSession[Any]) -> None:
        """Hand over what the session's audio input gives."""
        source = session.input.audio
        if source is not None:
            async for frame in source:
                self._session.hear(frame.sample_rate, mono(frame))

    # For the conversation; see `actors.Program`.

    def begin(self, call: Any, loop: asyncio.AbstractEventLoop | None) -> None:  # noqa: ANN401 - nobody calls it
        """The entrypoint runs already: it is the script."""

    def perform(self, work: ProgramWork) -> None:
        """See `Program.perform`."""
        if self._activity is not None:
            self._activity.perform(work)

    def tell(self, event: EventPushed) -> None:
        """See `Program.tell`."""
        self._loop.call(self._tell, event)

    def _tell(self, event: EventPushed) -> None:
        if self._activity is not None:
            self._activity.tell(event)

    def end(self, reason: str, then: Callable[[], None]) -> None:
        """See `Program.end`."""
        del reason
        self._loop.call(self._finish, then)

    def _finish(self, then: Callable[[], None]) -> None:
        if self._activity is None or self._activity.closing:
            then()
        else:
            self._loop.spawn(self._activity.leave(), name="on_exit").add_done_callback(lambda _task: then())

    def stop(self) -> None:
        """See `Program.stop`."""
        self._loop.call(self._stop)

    def _stop(self) -> None:
        self._loop.stop()
        if self._activity is not None:
            self._activity.gone()
        self._session.stop()

    def _heard(self, audio: AudioPushed | AudioCleared) -> None:
        self._loop.call(self._take, audio)

    def _take(self, audio: AudioPushed | AudioCleared) -> None:
        if self._sounds.full():  # whoever listens has fallen behind: the oldest is dropped
            self._sounds.get_nowait()
        self._sounds.put_nowait(audio)

    async def _play(self, session: AgentSession[Any]) -> None:
        """Hand the agent's audio to the session's output."""
        while True:
            audio = await self._sounds.get()
            sink = session.output.audio
            if sink is None or not session.output.audio_enabled:
                continue
            if isinstance(audio, AudioCleared):
                sink.clear_buffer()
            else:
                await sink.capture_frame(new_frame(audio.pcm, audio.rate_hz))

    def _ended(self, reason: ExitReason) -> None:
        if not reason.clean:
            log.error("the session has ended: %s", reason)

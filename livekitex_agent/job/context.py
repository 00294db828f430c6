"""What an entrypoint is given: LiveKit's ``JobContext``.

A context is of one incarnation: after a death the entrypoint runs again and is given another one, with the same job. It decides nothing by
itself; what it asks for goes through its `JobPort` to whoever runs the program (the actor of the session, or a script). Which context
`get_job_context` gives is a matter of the task or thread that asks; where that has none, of the process, which has one job. Where a call
has no room, what concerns rooms is answered at once and logged, or raises what to do instead.
"""

import asyncio
import functools
import logging
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar, overload

from livekitex_agent.job.facts import AutoSubscribe, Job, RunningJobInfo
from livekitex_agent.job.log_fields import LogFields
from livekitex_agent.job.port import JobPort
from livekitex_agent.job.process import JobProcess
from livekitex_agent.job.report import SessionReport
from livekitex_agent.job.room import LocalParticipant, Room, needs_room
from livekitex_agent.job.shutdown import ShutdownCallback, ShutdownCallbacks
from livekitex_agent.job.tagger import Tagger
from protocols import SystemClock

log = logging.getLogger("livekitex.job")

F = TypeVar("F", bound=Callable[..., Any])

_current: ContextVar["JobContext | None"] = ContextVar("livekitex_job_context", default=None)
_of_process: list["JobContext"] = []
"""A call's process has one job: whoever asks in a context that was made before the job's is answered with that."""


class JobContext:
    """The job that an entrypoint serves, in this incarnation of its call.

    Everything is used from the program's loop. What needs a LiveKit room raises a `UsageError` that says so; what a program does with a
    room in passing (`connect`, `delete_room`, SIP) is noted and does nothing, as in LiveKit's own console.
    """

    def __init__(self, *, proc: JobProcess, info: RunningJobInfo, port: JobPort, room: Any | None = None) -> None:  # noqa: ANN401 - a room
        self._proc = proc
        self._info = info
        self._port = port
        self._room = Room(info.job, info.accept_arguments) if room is None else room
        self._shutdown_callbacks = ShutdownCallbacks()
        self._restart_callbacks: list[Callable[..., Any]] = []
        self._participant_entrypoints: list[Callable[..., Any]] = []
        self._log_fields: dict[str, Any] = {}
        self._log_filter = LogFields(lambda: self._log_fields)
        self._tagger = Tagger()
        self._connected = False

    # The job.

    @property
    def proc(self) -> JobProcess:
        """The process; ``proc.userdata`` holds what `setup_fnc` made."""
        return self._proc

    @property
    def job(self) -> Job:
        """The facts of the job."""
        return self._info.job

    @property
    def info(self) -> RunningJobInfo:
        """The job with how it was accepted."""
        return self._info

    @property
    def worker_id(self) -> str:
        """The id that a LiveKit server gave to the worker that runs it; "unregistered" where there is none."""
        return self._info.worker_id

    @property
    def incarnation(self) -> int:
        """Which run of the call's process this is: 1, and one more after each death. Not in LiveKit's."""
        return self._port.incarnation

    @property
    def room(self) -> Any:  # noqa: ANN401 - a `Room` of ours, later one of LiveKit's SDK
        """The room; see `Room` for what it is before rooms are connected."""
        return self._room

    @property
    def agent(self) -> LocalParticipant:
        """The agent as a participant of the room."""
        participant: LocalParticipant = self._room.local_participant
        return participant

    @property
    def local_participant_identity(self) -> str:
        """The identity that the agent has in the room."""
        return self.agent.identity

    def is_fake_job(self) -> bool:
        """Whether no server knows the job."""
        return self._info.fake_job

    @property
    def primary_session(self) -> Any:  # noqa: ANN401 - an `AgentSession`
        """The first session that was started.

        Raises:
            RuntimeError: none was.
        """
        session = self._port.primary_session()
        if session is None:
            raise RuntimeError("No AgentSession was started for this job")
        return session

    @property
    def tagger(self) -> Tagger:
        """What the program notes about how the session went; it stands in the session's report."""
        return self._tagger

    def simulation_context(self) -> None:
        """None: the job is not of one of LiveKit's simulations."""

    @functools.cached_property
    def session_directory(self) -> Path:
        """A folder for this incarnation's files, removed when the call ends; that of a process which is killed stays."""
        return Path(tempfile.mkdtemp(prefix="livekitex-job-"))

    def make_session_report(self, session: Any | None = None) -> SessionReport:  # noqa: ANN401 - an `AgentSession`
        """What became of ``session``, of the primary one by default.

        Raises:
            RuntimeError: there is none.
        """
        session = self.primary_session if session is None else session
        now = SystemClock().wall()
        started_at = session._started_at  # noqa: SLF001 - LiveKit's names, here and below
        return SessionReport(
            job_id=self.job.id,
            room_id=self.job.room.sid,
            room=self.job.room.name,
            options=session.options,
            events=list(session._recorded_events),  # noqa: SLF001
            chat_history=session.history.copy(),
            timestamp=now,
            started_at=started_at,
            duration=None if started_at is None else now - started_at,
            model_usage=session.usage.model_usage,
            sdk_version=version("livekitex-agent"),
            agent_name=self.job.agent_name,
            tags=sorted(self._tagger.tags),
        )

    # The call.

    async def once(self, key: str, function: Callable[..., Any], *args: Any, idempotent: bool = False) -> Any:  # noqa: ANN401 - the user's
        """Run an effect outside the conversation once per call, however often its process dies, and give its result from then on.

        ``function`` may be a coroutine function. Concurrent uses of ``key`` share one run. An exception that it raises is a known outcome
        too, and is raised again. Not in LiveKit's.

        Raises:
            OutcomeUnknown: the process died in it; with ``idempotent`` it is run again instead.
        """
        return await self._port.once(key, function, args, idempotent=idempotent)

    def shutdown(self, reason: str = "user requested") -> None:
        """End the call after this: its shutdown callbacks run with ``reason``. Again it does nothing."""
        self._port.end_call(reason)

    def add_shutdown_callback(self, callback: ShutdownCallback) -> None:
        """Have ``callback``, sync or async, called when the call ends, with the reason if it takes an argument. Not at a death."""
        self._shutdown_callbacks.add(callback)

    def on_restart(self, callback: F) -> F:
        """Have ``callback``, sync or async, called with what is known of it when this incarnation follows a death. Also a decorator.

        Not in LiveKit's.
        """
        self._restart_callbacks.append(callback)
        return callback

    @property
    def log_context_fields(self) -> dict[str, Any]:
        """What is put on each record of this process's log; may be changed, or replaced."""
        return self._log_fields

    @log_context_fields.setter
    def log_context_fields(self, fields: dict[str, Any]) -> None:
        self._log_fields = fields

    # The room.

    async def connect(
        self,
        *,
        encryption: Any | None = None,  # noqa: ANN401 - of LiveKit's SDK, as those below
        auto_subscribe: AutoSubscribe = AutoSubscribe.SUBSCRIBE_ALL,
        rtc_config: Any | None = None,  # noqa: ANN401
        single_peer_connection: bool | None = None,
        e2ee: Any | None = None,  # noqa: ANN401
    ) -> None:
        """Connect to the room. Without one it returns at once, and the options are noted."""
        if self._connected:
            return
        self._connected = True
        self._port.connected(
            {
                "encryption": encryption or e2ee,
                "auto_subscribe": auto_subscribe,
                "rtc_config": rtc_config,
                "single_peer_connection": single_peer_connection,
            }
        )

    async def wait_for_participant(self, *, identity: str | None = None, kind: Sequence[int] | int | None = None) -> NoReturn:
        """Wait for somebody in the room.

        Raises:
            UsageError: there is no room.
        """
        del identity, kind
        needs_room("ctx.wait_for_participant()")

    def add_participant_entrypoint(
        self,
        entrypoint_fnc: Callable[["JobContext", Any], Awaitable[None]],
        *_: Any,  # noqa: ANN401 - LiveKit's takes and ignores them
        kind: Sequence[int] | int | None = None,
    ) -> None:
        """Have ``entrypoint_fnc`` run for each participant who joins the room; without one nobody does.

        Raises:
            ValueError: it was added before.
        """
        del kind
        if entrypoint_fnc in self._participant_entrypoints:
            raise ValueError("entrypoints cannot be added more than once")
        self._participant_entrypoints.append(entrypoint_fnc)

    @property
    def api(self) -> NoReturn:
        """LiveKit's server API.

        Raises:
            UsageError: there is no server.
        """
        needs_room("ctx.api")

    def token_claims(self) -> NoReturn:
        """What the room's token says.

        Raises:
            UsageError: there is none.
        """
        needs_room("ctx.token_claims()")

    def delete_room(self, room_name: str | None = None) -> "asyncio.Future[None]":
        """Delete the room; without one this is logged, and the future is done."""
        return self._not_executed("delete_room", room_name)

    def add_sip_participant(
        self, *, call_to: str, trunk_id: str, participant_identity: str, participant_name: str = "SIP-participant"
    ) -> "asyncio.Future[None]":
        """Dial a number into the room; without one this is logged, and the future is done."""
        return self._not_executed("add_sip_participant", call_to, trunk_id, participant_identity, participant_name)

    def transfer_sip_participant(
        self,
        participant: Any,  # noqa: ANN401 - a participant or its identity
        transfer_to: str,
        play_dialtone: bool = False,  # noqa: FBT001, FBT002 - LiveKit's signature
    ) -> "asyncio.Future[None]":
        """Transfer a caller to another number; without a room this is logged, and the future is done."""
        return self._not_executed("transfer_sip_participant", participant, transfer_to, play_dialtone)

    def _not_executed(self, what: str, *_arguments: object) -> "asyncio.Future[None]":
        log.warning("not executed: there is no LiveKit room", extra={"what": f"ctx.{what}()", "job_id": self.job.id})
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    # For the runner.

    async def run_restart_callbacks(self, info: Any) -> None:  # noqa: ANN401 - what the runner knows of the restart
        """Call those that `on_restart` took, in order; what one raises is logged."""
        for callback in tuple(self._restart_callbacks):
            try:
                result = callback(info)
                if asyncio.iscoroutine(result) or isinstance(result, asyncio.Future):
                    await result
            except Exception:  # the seam to the user's code
                log.exception("an on_restart callback failed", extra={"job_id": self.job.id})

    async def run_shutdown_callbacks(self, reason: str) -> None:
        """Call those of the end; returns when all are done."""
        await self._shutdown_callbacks.run(reason)


def set_job_context(context: JobContext, *, of_process: bool = False) -> None:
    """Make ``context`` the one of this context (task, thread), and with ``of_process`` that of all others in this process."""
    _current.set(context)
    if of_process:
        _of_process[:] = [context]
        context._log_filter.attach()  # noqa: SLF001 - of this module


def leave_job_context(context: JobContext) -> None:
    """Take it back: the job is over. Its folder is removed."""
    if "session_directory" in vars(context):
        shutil.rmtree(context.session_directory, ignore_errors=True)
    if _current.get() is context:
        _current.set(None)
    if context in _of_process:
        _of_process.clear()
        context._log_filter.detach()  # noqa: SLF001 - of this module


@overload
def get_job_context(*, required: Literal[True] = True) -> JobContext: ...


@overload
def get_job_context(*, required: bool) -> JobContext | None: ...


def get_job_context(*, required: bool = True) -> JobContext | None:
    """The job of whoever asks, on either loop and on each thread of a call's process; without one None, if it is not ``required``.

    Raises:
        RuntimeError: there is none, and it is required.
    """
    context = _current.get() or next(iter(_of_process), None)
    if context is None and required:
        raise RuntimeError("no job context found, are you running this code inside a job entrypoint?")
    return context


get_current_job_context = get_job_context

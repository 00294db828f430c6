"""What a program defines at its top level: LiveKit's ``AgentServer``, and the ``WorkerOptions`` of before it.

A server is a description: which entrypoint serves which agent's jobs, what is set up before the first of them, and settings. Whoever runs
the program (the command line, a generation of fork parents, a test) finds it by its place and asks it.
"""

import asyncio
import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NoReturn, Self, TypeVar, Unpack, overload

from livekitex_agent.job import JobContext, JobExecutorType, JobProcess, JobRequest, JobType, RunningJobInfo
from livekitex_agent.options import SystemOptions
from livekitex_agent.unregistered_worker import UnregisteredWorker, not_running, place_of
from livekitex_agent.utils import EventEmitter
from livekitex_agent.worker_options import (
    Entrypoint,
    ServerEnvOption,
    ServerOptions,
    ServerSettings,
    ServerSettingsUpdate,
    WorkerOptions,
    WorkerPermissions,
    log_level_of,
)
from protocols import ConfigurationError, UsageError, environment

__all__ = [
    "AgentServer",
    "Entrypoint",
    "RtcSession",
    "ServerEnvOption",
    "ServerOptions",
    "ServerSettings",
    "ServerType",
    "WorkerOptions",
    "WorkerPermissions",
    "WorkerType",
]

EntrypointT = TypeVar("EntrypointT", bound=Entrypoint)

NEXT_VERSION: Final = "needs a LiveKit server, which the next version registers with: use `livekitex console FILE.py` until then"

_NO_SESSION: Final = (
    "No RTC session entrypoint has been registered.\n"
    "Define one using the @server.rtc_session() decorator, for example:\n"
    '    @server.rtc_session(agent_name="my_agent")\n'
    "    async def my_agent(ctx: JobContext):\n"
    "        ...\n"
)
WorkerType = JobType
ServerType = JobType


@dataclass(frozen=True, slots=True, kw_only=True)
class RtcSession:
    """One entrypoint of a server, and whose jobs it serves."""

    entrypoint: Entrypoint
    agent_name: str = ""
    type: JobType = JobType.ROOM
    on_request: Callable[[JobRequest], Any] | None = None
    on_session_end: Callable[[JobContext], Any] | None = None
    on_simulation_end: Callable[[Any], Any] | None = None


class AgentServer(EventEmitter[Literal["worker_started", "worker_registered"]]):
    """LiveKit's ``AgentServer``: the entrypoints of a program and its settings (`ServerSettings`).

    It may have several entrypoints, each with a name of its own. The event ``worker_started`` is told when `run` has brought it up.
    """

    def __init__(
        self,
        *,
        job_executor_type: JobExecutorType = JobExecutorType.PROCESS,
        load_threshold: float | ServerEnvOption[float] = ServerSettings.load_threshold,
        job_memory_warn_mb: float = 1000,
        job_memory_limit_mb: float = 0,
        drain_timeout: float | None = None,
        num_idle_processes: int | ServerEnvOption[int] = 0,
        shutdown_process_timeout: float = 10.0,
        session_end_timeout: float = 300.0,
        initialize_process_timeout: float = 10.0,
        permissions: WorkerPermissions | None = None,
        max_retry: int = 16,
        ws_url: str | None = None,
        api_key: str | None = None,
        api_secret: str | None = None,
        host: str = "",
        port: int | ServerEnvOption[int] | None = None,
        http_proxy: str | None = None,
        multiprocessing_context: Literal["spawn", "forkserver"] = "forkserver",
        setup_fnc: Callable[[JobProcess], Any] | None = None,
        load_fnc: Callable[..., float] | None = None,
        preload_modules: Sequence[str] | None = None,
        prometheus_port: int | None = None,
        prometheus_multiproc_dir: str | None = None,
        log_level: str | ServerEnvOption[str] = "warning",
        user_block_s: float | None = ServerSettings.user_block_s,
    ) -> None:
        super().__init__()
        known = environment()
        log_level_of(ServerEnvOption.getvalue(log_level, devmode=False))
        self.settings = ServerSettings(
            job_executor_type=job_executor_type,
            load_threshold=load_threshold,
            job_memory_warn_mb=job_memory_warn_mb,
            job_memory_limit_mb=job_memory_limit_mb,
            drain_timeout=drain_timeout,
            num_idle_processes=num_idle_processes,
            shutdown_process_timeout=shutdown_process_timeout,
            session_end_timeout=session_end_timeout,
            initialize_process_timeout=initialize_process_timeout,
            permissions=permissions or WorkerPermissions(),
            max_retry=max_retry,
            ws_url=ws_url or known.get("LIVEKIT_URL"),
            api_key=api_key or known.get("LIVEKIT_API_KEY"),
            api_secret=api_secret or known.get("LIVEKIT_API_SECRET"),
            host=host,
            port=port,
            http_proxy=http_proxy or known.get("HTTPS_PROXY") or known.get("HTTP_PROXY"),
            multiprocessing_context=multiprocessing_context,
            load_fnc=load_fnc,
            preload_modules=preload_modules,
            prometheus_port=prometheus_port,
            prometheus_multiproc_dir=prometheus_multiproc_dir,
            log_level=log_level,
            user_block_s=user_block_s,
        )
        self._sessions: dict[str, RtcSession] = {}
        self._setup_fnc: Callable[[JobProcess], Any] | None = None
        self.setup_fnc = setup_fnc
        self._draining = False
        self._running: UnregisteredWorker | None = None
        self._ended: asyncio.Future[None]

    @classmethod
    def from_server_options(cls, options: WorkerOptions) -> Self:
        """The server that ``options`` describe.

        Raises:
            ConfigurationError: they have no ``entrypoint_fnc``.
        """
        if options.entrypoint_fnc is None:
            raise ConfigurationError("WorkerOptions without entrypoint_fnc describe no program: name the async function of a job")
        server = cls(setup_fnc=options.prewarm_fnc)
        names = [setting.name for setting in dataclasses.fields(ServerSettings)]
        server.settings = ServerSettings(**{name: getattr(options, name) for name in names})
        server.rtc_session(options.entrypoint_fnc, agent_name=options.agent_name, type=options.worker_type, on_request=options.request_fnc)
        return server

    # What a program says.

    @overload
    def rtc_session(
        self,
        func: EntrypointT,
        *,
        agent_name: str = ...,
        type: JobType = ...,
        on_request: Callable[[JobRequest], Any] | None = ...,
        on_session_end: Callable[[JobContext], Any] | None = ...,
        on_simulation_end: Callable[[Any], Any] | None = ...,
    ) -> EntrypointT: ...

    @overload
    def rtc_session(
        self,
        *,
        agent_name: str = ...,
        type: JobType = ...,
        on_request: Callable[[JobRequest], Any] | None = ...,
        on_session_end: Callable[[JobContext], Any] | None = ...,
        on_simulation_end: Callable[[Any], Any] | None = ...,
    ) -> Callable[[EntrypointT], EntrypointT]: ...

    def rtc_session(
        self,
        func: Any = None,
        *,
        agent_name: str = "",
        type: JobType = JobType.ROOM,  # noqa: A002 - LiveKit's name
        on_request: Callable[[JobRequest], Any] | None = None,
        on_session_end: Callable[[JobContext], Any] | None = None,
        on_simulation_end: Callable[[Any], Any] | None = None,
    ) -> Any:
        """Register the entrypoint that serves the jobs of ``agent_name``; a decorator, or called with the function.

        ``on_session_end`` is called when the job is over. ``on_request`` decides about jobs that a LiveKit server offers, and
        ``on_simulation_end`` is about its simulations: both wait for the version that registers with one. The environment's
        ``LIVEKIT_AGENT_NAME_OVERRIDE`` counts before ``agent_name``, ``LIVEKIT_AGENT_NAME`` where that is empty.

        Raises:
            RuntimeError: another one is registered under that name.
        """

        def register(entrypoint: EntrypointT) -> EntrypointT:
            known = environment()
            name = known.get("LIVEKIT_AGENT_NAME_OVERRIDE") or agent_name or known.get("LIVEKIT_AGENT_NAME") or ""
            if name in self._sessions:
                raise RuntimeError(f"the AgentServer has an rtc_session named {name!r} already: give each a name of its own (agent_name=)")
            self._sessions[name] = RtcSession(
                entrypoint=entrypoint,
                agent_name=name,
                type=type,
                on_request=on_request,
                on_session_end=on_session_end,
                on_simulation_end=on_simulation_end,
            )
            return entrypoint

        return register if func is None else register(func)

    @property
    def setup_fnc(self) -> Callable[[JobProcess], Any] | None:
        """What is called once before the first call's process is forked, with a `JobProcess` whose user data all calls find."""
        return self._setup_fnc

    @setup_fnc.setter
    def setup_fnc(self, value: Callable[[JobProcess], Any] | None) -> None:
        if value is not None and not callable(value):
            raise TypeError("setup_fnc must be a callable or None")
        self._setup_fnc = value

    @property
    def load_fnc(self) -> Callable[..., float] | None:
        """What tells the load of the node, between 0 and 1."""
        return self.settings.load_fnc

    @load_fnc.setter
    def load_fnc(self, value: Callable[..., float] | None) -> None:
        if value is not None and not callable(value):
            raise TypeError("load_fnc must be a callable or None")
        self.settings = dataclasses.replace(self.settings, load_fnc=value)

    def update_options(self, **options: Unpack[ServerSettingsUpdate]) -> None:
        """Change settings before the server runs."""
        self.settings = dataclasses.replace(self.settings, **options)

    # What is asked of it.

    @property
    def sessions(self) -> tuple[RtcSession, ...]:
        """The registered entrypoints, in the order of their registration."""
        return tuple(self._sessions.values())

    def session_for(self, agent_name: str) -> RtcSession:
        """The entrypoint that serves the jobs of ``agent_name``; without a name the one that has none, else the only one.

        Raises:
            ConfigurationError: there is none, or it is not clear which; the text names those that there are.
        """
        if not self._sessions:
            raise ConfigurationError(_NO_SESSION)
        found = self._sessions.get(agent_name)
        if found is None and not agent_name and len(self._sessions) == 1:
            found = next(iter(self._sessions.values()))
        if found is None:
            names = ", ".join(repr(name) for name in self._sessions)
            raise ConfigurationError(f"no rtc_session is named {agent_name!r}: choose one of {names} by its agent name")
        return found

    def to_system_options(self, *, devmode: bool = False) -> SystemOptions:
        """The system that the server asks for.

        Raises:
            ConfigurationError: a setting is out of range.
        """
        return SystemOptions(**self.settings.to_system_options(devmode=devmode))

    @property
    def log_level(self) -> str | ServerEnvOption[str]:
        """The level as it was given."""
        level: str | ServerEnvOption[str] = self.settings.log_level
        return level

    @property
    def id(self) -> str:
        """The id that a LiveKit server gave it: none has yet."""
        return "unregistered"

    @property
    def draining(self) -> bool:
        """Whether `drain` was called."""
        return self._draining

    @property
    def active_jobs(self) -> list[RunningJobInfo]:
        """The jobs that a LiveKit server gave it and that run now."""
        return []

    async def run(self, *, devmode: bool = False, unregistered: bool = False) -> None:
        """Run the program as a system of its own until `aclose`. ``unregistered``: it serves what `simulate_job` asks for, and nobody else.

        Raises:
            RuntimeError: no entrypoint is registered, or it runs already.
            UsageError: it is to be registered with a LiveKit server, which this version does not do.
            ConfigurationError, SystemUnavailableError: the system did not come up, or has ended; the text says why.
        """
        if not self._sessions:
            raise RuntimeError(_NO_SESSION)
        if not unregistered:
            _next_version("AgentServer.run()")
        if self._running is not None:
            raise RuntimeError("worker is already running")
        options = self.to_system_options(devmode=devmode)
        first = self.sessions[0]
        self._running = UnregisteredWorker(lambda room: place_of(self, first.entrypoint, agent_name=first.agent_name, room=room))
        self._draining = False
        self._ended = asyncio.get_running_loop().create_future()
        try:
            await self._running.run(options, lambda: self.emit("worker_started"))
        finally:
            self._running = None
            self._ended.set_result(None)

    async def simulate_job(
        self,
        room: str,
        *,
        fake_job: bool = False,
        agent_identity: str | None = None,
        room_info: object | None = None,
        token: str | None = None,
    ) -> None:
        """Have the first entrypoint serve a job that no server has asked for (``fake_job``), in a room of this name that does not exist.

        Returns once the call's process is up. The server must run.

        Raises:
            UsageError: the server does not run, or the job is for a room that exists.
            InvalidAgentError, CapacityError, SessionUnavailableError, SystemUnavailableError: it did not start; the text says why.
        """
        del agent_identity
        if not fake_job or room_info is not None or token is not None:
            _next_version("AgentServer.simulate_job() for a room that exists")
        if self._running is None:
            raise not_running()
        await self._running.start_job(room)

    async def drain(self, timeout: float | None = None) -> None:
        """Take no further job, and wait for those that run, for ``timeout`` seconds (the setting ``drain_timeout`` by default).

        Raises:
            TimeoutError: some still do.
        """
        self._draining = True
        if self._running is not None:
            await self._running.drain(self.settings.drain_timeout if timeout is None else timeout)

    async def aclose(self) -> None:
        """End it, with the jobs that still run; returns when that is done. Again does no harm."""
        if self._running is not None:
            self._running.close()
            await asyncio.shield(self._ended)


def _next_version(what: str) -> NoReturn:
    raise UsageError(f"{what} {NEXT_VERSION}")

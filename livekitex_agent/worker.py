"""What a program defines at its top level: LiveKit's ``AgentServer``, and the ``WorkerOptions`` of before it.

A server is a description: which entrypoint serves which agent's jobs, what is set up before the first of them, and settings. Whoever runs
the program (the command line, a generation of fork parents, a test) finds it by its place and asks it.
"""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Literal, NoReturn, Self, TypedDict, TypeVar, Unpack, overload

from livekitex_agent.job import JobContext, JobExecutorType, JobProcess, JobRequest, JobType, RunningJobInfo
from livekitex_agent.options import SystemOptions
from protocols import ConfigurationError, UsageError, environment, is_loopback

T = TypeVar("T")

Entrypoint = Callable[[JobContext], Awaitable[None]]
EntrypointT = TypeVar("EntrypointT", bound=Entrypoint)

NEXT_VERSION: Final = "needs a LiveKit server, which the next version registers with: use `livekitex console FILE.py` until then"

_NO_SESSION: Final = (
    "No RTC session entrypoint has been registered.\n"
    "Define one using the @server.rtc_session() decorator, for example:\n"
    '    @server.rtc_session(agent_name="my_agent")\n'
    "    async def my_agent(ctx: JobContext):\n"
    "        ...\n"
)
_LEVELS: Final = {
    "trace": "debug",
    "debug": "debug",
    "info": "info",
    "warn": "warning",
    "warning": "warning",
    "error": "error",
    "critical": "error",
}

WorkerType = JobType
ServerType = JobType


@dataclass(frozen=True)
class ServerEnvOption(Generic[T]):
    """A setting with one value in development and another in production."""

    dev_default: T
    prod_default: T

    @staticmethod
    def getvalue(opt: "T | ServerEnvOption[T]", devmode: bool) -> T:  # noqa: FBT001 - LiveKit's signature
        """The value that counts."""
        if isinstance(opt, ServerEnvOption):
            value: T = opt.dev_default if devmode else opt.prod_default
            return value
        return opt


@dataclass(frozen=True)
class WorkerPermissions:
    """What the agent may do in its room."""

    can_publish: bool = True
    can_subscribe: bool = True
    can_publish_data: bool = True
    can_update_metadata: bool = True
    can_publish_sources: Sequence[int] = ()
    hidden: bool = False


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """LiveKit's settings of a server, by its names; None where nothing was said.

    Of effect are ``drain_timeout`` (seconds), ``host`` and ``port`` of the health endpoints, ``log_level``, ``preload_modules``,
    ``http_proxy`` and ``session_end_timeout`` (seconds for ``on_session_end``). What is about the registration with a server (url, keys,
    permissions, load, retries) is kept for it. Each job has a supervised process of its own, forked from a program that was set up once,
    so nothing is idle, and executor type, number of idle processes and multiprocessing context change nothing.
    """

    job_executor_type: JobExecutorType = JobExecutorType.PROCESS
    load_threshold: float | ServerEnvOption[float] = ServerEnvOption(dev_default=float("inf"), prod_default=0.7)
    job_memory_warn_mb: float = 1000
    job_memory_limit_mb: float = 0
    drain_timeout: float | None = None
    num_idle_processes: int | ServerEnvOption[int] = 0
    shutdown_process_timeout: float = 10.0
    session_end_timeout: float = 300.0
    initialize_process_timeout: float = 10.0
    permissions: WorkerPermissions = field(default_factory=WorkerPermissions)
    max_retry: int = 16
    ws_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    api_secret: str | None = field(default=None, repr=False)
    host: str = ""
    port: int | ServerEnvOption[int] | None = None
    http_proxy: str | None = None
    multiprocessing_context: Literal["spawn", "forkserver"] = "forkserver"
    load_fnc: Callable[..., float] | None = None
    preload_modules: Sequence[str] | None = None
    prometheus_port: int | None = None
    prometheus_multiproc_dir: str | None = None
    log_level: Any = "warning"

    def to_system_options(self, *, devmode: bool = False) -> dict[str, Any]:
        """What of it is a setting of `SystemOptions`. A host that was named is taken at its word, also one that other machines reach."""
        found: dict[str, Any] = {"log_level": _log_level(ServerEnvOption.getvalue(self.log_level, devmode))}
        if self.drain_timeout is not None:
            found["drain_s"] = float(self.drain_timeout)
        if self.host:
            found |= {"health_host": self.host, "health_remote": not is_loopback(self.host)}
        if self.port is not None:
            found["health_port"] = ServerEnvOption.getvalue(self.port, devmode)
        return found


class ServerSettingsUpdate(TypedDict, total=False):
    """What `AgentServer.update_options` may change."""

    ws_url: str
    api_key: str
    api_secret: str
    max_retry: int
    job_executor_type: JobExecutorType
    load_threshold: float
    job_memory_warn_mb: float
    job_memory_limit_mb: float
    drain_timeout: float
    num_idle_processes: int
    shutdown_process_timeout: float
    session_end_timeout: float
    initialize_process_timeout: float


@dataclass(frozen=True, kw_only=True)
class WorkerOptions(SystemOptions, ServerSettings):
    """The settings of a system (`SystemOptions`), and LiveKit's older way to describe a program: ``WorkerOptions(entrypoint_fnc=...)``.

    ``prewarm_fnc`` is what is set up before the first call, ``request_fnc`` decides about jobs that are offered. Where both say something
    LiveKit's names count: ``drain_timeout`` over ``drain_s``, ``host`` and ``port`` over ``health_host`` and ``health_port``.

    Raises:
        ConfigurationError: as `SystemOptions`.
    """

    entrypoint_fnc: Entrypoint | None = field(default=None, kw_only=False)
    request_fnc: Callable[[JobRequest], Awaitable[None]] | None = None
    prewarm_fnc: Callable[[JobProcess], Any] | None = None
    agent_name: str = ""
    worker_type: JobType = JobType.ROOM

    def __post_init__(self) -> None:
        for name, value in self.to_system_options().items():
            object.__setattr__(self, name, value)  # frozen from the end of __post_init__ on
        SystemOptions.__post_init__(self)


ServerOptions = WorkerOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class RtcSession:
    """One entrypoint of a server, and whose jobs it serves."""

    entrypoint: Entrypoint
    agent_name: str = ""
    type: JobType = JobType.ROOM
    on_request: Callable[[JobRequest], Any] | None = None
    on_session_end: Callable[[JobContext], Any] | None = None
    on_simulation_end: Callable[[Any], Any] | None = None


class AgentServer:
    """LiveKit's ``AgentServer``: the entrypoints of a program and its settings (`ServerSettings`).

    It may have several entrypoints, each with a name of its own.
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
    ) -> None:
        known = environment()
        _log_level(ServerEnvOption.getvalue(log_level, devmode=False))
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
        )
        self._sessions: dict[str, RtcSession] = {}
        self._setup_fnc: Callable[[JobProcess], Any] | None = None
        self.setup_fnc = setup_fnc
        self._draining = False

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

        The environment's ``LIVEKIT_AGENT_NAME_OVERRIDE`` counts before ``agent_name``, ``LIVEKIT_AGENT_NAME`` where that is empty.

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
        """Register with the LiveKit server and serve its jobs.

        Raises:
            RuntimeError: no entrypoint is registered.
            UsageError: this version registers with no server.
        """
        del devmode, unregistered
        if not self._sessions:
            raise RuntimeError(_NO_SESSION)
        _next_version("AgentServer.run()")

    async def simulate_job(
        self,
        room: str,
        *,
        fake_job: bool = False,
        agent_identity: str | None = None,
        room_info: object | None = None,
        token: str | None = None,
    ) -> None:
        """Serve a job in ``room`` that no server has asked for.

        Raises:
            UsageError: it has no room that it could be served in.
        """
        del room, fake_job, agent_identity, room_info, token
        _next_version("AgentServer.simulate_job()")

    async def drain(self, timeout: float | None = None) -> None:
        """Take no further job, and wait for those that run; none does."""
        del timeout
        self._draining = True
        await asyncio.sleep(0)

    async def aclose(self) -> None:
        """End it. Again does no harm."""
        await asyncio.sleep(0)


def _log_level(level: str) -> str:
    """A level of ours for one by LiveKit's names.

    Raises:
        ConfigurationError: it is none.
    """
    found = _LEVELS.get(str(level).lower())
    if found is None:
        raise ConfigurationError(f"log_level: invalid level {level!r}: use one of {', '.join(name.upper() for name in _LEVELS)}")
    return found


def _next_version(what: str) -> NoReturn:
    raise UsageError(f"{what} {NEXT_VERSION}")

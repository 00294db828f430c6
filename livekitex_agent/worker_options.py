"""The settings of a program's server, by LiveKit's names, and the ``WorkerOptions`` that are both that and a system's settings."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Literal, TypedDict, TypeVar

from actors import USER_BLOCK_S
from livekitex_agent.job import JobContext, JobExecutorType, JobProcess, JobRequest, JobType
from livekitex_agent.options import SystemOptions
from protocols import ConfigurationError, is_loopback

T = TypeVar("T")

Entrypoint = Callable[[JobContext], Awaitable[None]]

_LEVELS: Final = {
    "trace": "debug",
    "debug": "debug",
    "info": "info",
    "warn": "warning",
    "warning": "warning",
    "error": "error",
    "critical": "error",
}


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

    ``user_block_s`` is ours: how long a program may block its event loop before its process ends, and the call comes back in another (None:
    for ever, as a debugger does).

    Raises:
        ConfigurationError: ``user_block_s`` is not more than 0.
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
    user_block_s: float | None = USER_BLOCK_S

    def __post_init__(self) -> None:
        if self.user_block_s is not None and not self.user_block_s > 0:
            raise ConfigurationError(f"user_block_s={self.user_block_s!r}: use seconds, or None for no limit")

    def to_system_options(self, *, devmode: bool = False) -> dict[str, Any]:
        """What of it is a setting of `SystemOptions`. A host that was named is taken at its word, also one that other machines reach."""
        found: dict[str, Any] = {"log_level": log_level_of(ServerEnvOption.getvalue(self.log_level, devmode))}
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
        ServerSettings.__post_init__(self)


ServerOptions = WorkerOptions


def log_level_of(level: str) -> str:
    """A level of ours for one by LiveKit's names.

    Raises:
        ConfigurationError: it is none.
    """
    found = _LEVELS.get(str(level).lower())
    if found is None:
        raise ConfigurationError(f"log_level: invalid level {level!r}: use one of {', '.join(name.upper() for name in _LEVELS)}")
    return found

"""The composition root: what a system consists of, in which order it starts, and what each part survives. Pure.

::

    application                 one_for_one
    ├── infrastructure          rest_for_one: the later depend on the earlier
    │   ├── registry
    │   ├── circuit_breakers
    │   ├── tool_registry
    │   ├── audio_processor
    │   ├── health_server
    │   └── worker_manager
    └── jobs                    one_for_one; preloads what calls need, for all below
        ├── partition/<n>       dynamic: a job for each call
        └── partition/<program>.<n>  the same for the calls of a program: a generation, which has loaded it; begun when a call needs it
"""

from collections.abc import Mapping
from typing import Any, Final

from livekitex_agent.options import SystemOptions
from supervision import ChildSpec, ChildType, DynamicFlags, Strategy, SupervisorFlags, dynamic_args, supervisor_args

SUPERVISOR: Final = "supervision:Supervisor"
DYNAMIC_SUPERVISOR: Final = "supervision:DynamicSupervisor"

MAX_RESTARTS: Final = 10
MAX_SECONDS: Final = 10
"""Infrastructure and partitions may restart this often in this time."""

HEARTBEAT_MS: Final = 4_000
"""Whoever of the tree does not answer for this long hangs, and is killed and restarted. A hang is noticed at most this long after it began;
the rest of five seconds is for the new incarnation to come up."""

CALLERS: Final = ("gateway",)
"""Who may change the children of a supervisor of the tree, besides its parent; those of `jobs` and partitions the worker manager, too."""

SUPERVISOR_START_MS: Final = 120_000
"""How long a supervisor may take to come up with all below it, also one that preloads, and on a loaded machine; then it is killed."""

PORT_MEMORY_BYTES: Final = 2
"""Where the health server keeps the port that it was given, so that its next incarnation listens there too."""

GENERATION: Final = "livekitex_agent.program.generation:ProgramGeneration"

JOB_ACTORS: Final = {
    "supervisor": SUPERVISOR,
    "job_context": "actors.job_context:JobContext",
    "agent_session": "actors.agent_session:AgentSession",
}


PRELOADED: Final = (
    "actors:prepare_libraries",
    "actors.agent_session:preload",
    "livekitex_agent.preloading:preload_actors",
    "livekitex_agent.preloading:preload_programs",
    "livekitex_agent.preloading:preload_models",
)
"""What is run once before the first call's process is forked, in this order: libraries read their environment when they load."""


def root(options: SystemOptions, run_id: str) -> dict[str, Any]:
    """The root of the tree: its class as ``actor``, and its ``args``. ``run_id`` names this run of the system, unlike any other."""
    children = (_infrastructure(options, run_id), _jobs(options))
    return {"actor": SUPERVISOR, "args": supervisor_args(_flags(Strategy.ONE_FOR_ONE), children, callers=CALLERS)}


def session_options(options: SystemOptions, run_id: str) -> dict[str, Any]:
    """What every session of the run ``run_id`` is told about it."""
    return {
        "run_id": run_id,
        "journal_dir": _journal_dir(options),
        "retention_s": float(options.retention_s),
        "redactor": options.redactor,
    }


def _journal_dir(options: SystemOptions) -> str | None:
    path = options.journal_path
    return None if path is None else str(path)


def _infrastructure(options: SystemOptions, run_id: str) -> ChildSpec:
    health = {"host": options.health_host, "port": options.health_port, "allow_remote": options.health_remote}
    worker = {
        "actors": {**JOB_ACTORS, "generation": GENERATION},
        "max_jobs": options.max_jobs,
        "max_restarts": options.max_restarts,
        "max_seconds": options.max_seconds,
        "heartbeat_ms": HEARTBEAT_MS,
        "run_id": run_id,
        "journal_dir": _journal_dir(options),
    }
    children = (
        ChildSpec(
            id="registry", name="registry", title="registry", actor="supervision:Registry", is_registry=True, heartbeat_ms=HEARTBEAT_MS
        ),
        _worker("circuit_breakers", "supervision:CircuitBreakerRegistry"),
        _worker("tool_registry", "actors.tool_registry:ToolRegistry"),
        _worker("audio_processor", "actors.audio_processor:AudioProcessor"),
        _worker("health_server", "actors.health_server:HealthServer", health, memory_bytes=PORT_MEMORY_BYTES),
        _worker("worker_manager", "actors.worker_manager:WorkerManager", worker),
    )
    return _supervisor("infrastructure", supervisor_args(_flags(Strategy.REST_FOR_ONE), children, callers=CALLERS))


def _jobs(options: SystemOptions) -> ChildSpec:
    flags = DynamicFlags(max_restarts=MAX_RESTARTS, max_seconds=MAX_SECONDS, max_children=options.max_jobs)
    args = dynamic_args(flags, may_start=JOB_ACTORS.values(), callers=(*CALLERS, "worker_manager"))
    partitions = tuple(_supervisor(f"partition/{number}", args, DYNAMIC_SUPERVISOR) for number in range(options.partitions))
    preload = list(PRELOADED) if options.preload else []
    callers = (*CALLERS, "worker_manager")  # who begins and ends the generations of programs
    jobs = supervisor_args(_flags(Strategy.ONE_FOR_ONE), partitions, may_start=(GENERATION, *JOB_ACTORS.values()), callers=callers)
    return _supervisor("jobs", {**jobs, "preload": preload})


def _worker(name: str, actor: str, args: Mapping[str, Any] | None = None, *, memory_bytes: int = 0) -> ChildSpec:
    return ChildSpec(id=name, name=name, title=name, actor=actor, args=args or {}, memory_bytes=memory_bytes, heartbeat_ms=HEARTBEAT_MS)


def _supervisor(name: str, args: Mapping[str, Any], actor: str = SUPERVISOR) -> ChildSpec:
    return ChildSpec(
        id=name,
        name=name,
        title=name.replace("/", " "),
        actor=actor,
        args=args,
        type=ChildType.SUPERVISOR,
        start_timeout_ms=SUPERVISOR_START_MS,
        heartbeat_ms=HEARTBEAT_MS,
    )


def _flags(strategy: Strategy) -> SupervisorFlags:
    return SupervisorFlags(strategy=strategy, max_restarts=MAX_RESTARTS, max_seconds=MAX_SECONDS)

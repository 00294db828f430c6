"""The tree of the design on SimRuntime, as far as a test wants it: real supervisors and infrastructure, plain sessions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from protocols import ChatContext, Found, GetSession, Lookup, NameChanged, Ref, RegisterName, SessionInfo, SessionStarted, WatchNames
from protocols import Message as AnyMessage
from supervision import Actor, ChildSpec, ChildType, SimRuntime, Strategy, SupervisorFlags, dynamic_args, supervisor_args
from supervision import DynamicFlags as Flags

SUPERVISOR = "supervision:Supervisor"
INFRASTRUCTURE = {
    "registry": "supervision:Registry",
    "circuit_breakers": "supervision:CircuitBreakerRegistry",
    "tool_registry": "actors.tool_registry:ToolRegistry",
    "audio_processor": "actors.audio_processor:AudioProcessor",
    "health_server": "actors.health_server:HealthServer",
    "worker_manager": "actors.worker_manager:WorkerManager",
}


class PlainSession(Actor):
    """Stands for a session: tells its JobContext that it lives, answers who it is, and fails to start (again) if its agent says so."""

    def on_start(self, args: Mapping[str, Any]) -> None:
        self.call_id = args["call_id"]
        self.options = args["options"]
        if "raise" in args["agent"]:
            raise ValueError(args["agent"]["raise"])
        if "poison" in args["agent"] and "last_end" in self.options:
            raise ValueError(args["agent"]["poison"])
        if self.context.registry is not None:
            self.context.send(self.context.registry, WatchNames(prefix=f"job_context/{self.call_id}"))

    def on_message(self, message: AnyMessage) -> None:
        if isinstance(message, NameChanged) and message.ref is not None:
            self.context.send(message.ref, SessionStarted(incarnation=1))
        if isinstance(message, GetSession):
            self.context.reply(
                SessionInfo(
                    call_id=self.call_id, state="idle", incarnation=1, os_pid=1, journal_path="", user_data_json="{}", history=ChatContext()
                )
            )


CALLERS = ("worker_manager", "gateway", "outside")
SESSION = f"{__name__}:PlainSession"
JOB_ACTORS = {"supervisor": SUPERVISOR, "job_context": "actors.job_context:JobContext", "agent_session": SESSION}


def supervisor(name: str, children: Sequence[ChildSpec], strategy: Strategy = Strategy.ONE_FOR_ONE) -> ChildSpec:
    """A supervisor with children that restart as often as a test likes."""
    flags = SupervisorFlags(strategy=strategy, max_restarts=50, max_seconds=10)
    return ChildSpec(id=name, name=name, title=name, actor=SUPERVISOR, type=ChildType.SUPERVISOR, args=supervisor_args(flags, children))


def partition(number: int, may_start: Iterable[str] = JOB_ACTORS.values(), **flags: Any) -> ChildSpec:
    """A dynamic supervisor of jobs."""
    name = f"partition/{number}"
    args = dynamic_args(
        Flags(max_restarts=10, max_seconds=10, **flags), may_start=may_start, callers=("worker_manager", "gateway", "outside")
    )
    return ChildSpec(id=name, name=name, title=name, actor="supervision:DynamicSupervisor", type=ChildType.SUPERVISOR, args=args)


def application(
    parts: Sequence[str], *, partitions: int = 2, args: Mapping[str, Mapping[str, Any]] | None = None, **partition_flags: Any
) -> dict[str, Any]:
    """The arguments of the application's supervisor: infrastructure with ``parts`` of it, and jobs."""
    given = {"worker_manager": {"actors": JOB_ACTORS, "max_jobs": 4}, **(args or {})}
    children = [
        ChildSpec(id=part, name=part, title=part, actor=INFRASTRUCTURE[part], args=given.get(part, {}), is_registry=part == "registry")
        for part in parts
    ]
    jobs = supervisor("jobs", [partition(number, **partition_flags) for number in range(partitions)])
    root = SupervisorFlags(max_restarts=50, max_seconds=10)
    return supervisor_args(root, (supervisor("infrastructure", children, Strategy.REST_FOR_ONE), jobs))


def start(sim: SimRuntime, arguments: Mapping[str, Any]) -> Ref:
    """The application, up and announced as a launcher does it."""
    root = sim.start(SUPERVISOR, arguments, actor_id="application")
    announce(sim, root)
    return root


def announce(sim: SimRuntime, root: Ref) -> None:
    """Say in the registry where the application is."""
    sim.send("registry", RegisterName(name="application", ref=root))
    sim.settle()


def lookup(sim: SimRuntime, name: str) -> Ref | None:
    """Who has ``name``."""
    answer = sim.ask("registry", Lookup(name=name))
    assert isinstance(answer, Found)
    return answer.ref

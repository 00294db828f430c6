"""The tree of one call, as the specification that a partition starts. Pure."""

import re
from typing import Final

from actors.worker_manager.arguments import WorkerManagerArguments
from protocols import StartJob, UsageError
from supervision import AutoShutdown, ChildSpec, ChildType, Restart, Strategy, SupervisorFlags, supervisor_args

START_TIMEOUT_MS: Final = 30_000
"""How long the tree of a call may take to come up; then it is killed, and whoever asked for the call is told."""

_JOB_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def require_job_id(job_id: str) -> None:
    """Refuse an id that cannot be part of a name, a file's name or a process title.

    Raises:
        UsageError: it is no such id.
    """
    if not _JOB_ID.fullmatch(job_id):
        raise UsageError(f"{job_id!r:.80} is no id of a job: use 1 to 64 letters, digits, '_', '.' and '-'")


def job_name(job_id: str) -> str:
    """The name of a job's supervisor."""
    return f"job/{job_id}"


def job_spec(job: StartJob, arguments: WorkerManagerArguments) -> ChildSpec:
    """A supervisor that ends when the session is over: the facts of the call first, then its session, which restarts alone.

    A session that is only to say farewell (see `returning`) has one incarnation for that.

    Raises:
        InvalidSpecError: the agent or the options hold what cannot travel.
    """
    call_id = job.job_id
    room = job.options.get("room", "")
    farewell_reason = job.options.get("farewell_reason", "")
    context = ChildSpec(
        id=f"job_context/{call_id}",
        name=f"job_context/{call_id}",
        title=f"job_context {call_id}",
        actor=arguments.actors["job_context"],
        args={"job_id": call_id, "room": room if isinstance(room, str) else "", "failure": farewell_reason},
        heartbeat_ms=arguments.heartbeat_ms,
        light=True,
    )
    session = ChildSpec(
        id=f"agent_session/{call_id}",
        name=f"agent_session/{call_id}",
        title=f"agent_session {call_id}",
        actor=arguments.actors["agent_session"],
        args={"call_id": call_id, "agent": job.agent, "options": job.options},
        restart=Restart.TRANSIENT,
        significant=True,
        memory_bytes=arguments.session_memory_bytes,
        confined=True,
        heartbeat_ms=arguments.heartbeat_ms,
    )
    flags = SupervisorFlags(
        strategy=Strategy.REST_FOR_ONE,
        max_restarts=0 if farewell_reason else arguments.max_restarts,
        max_seconds=arguments.max_seconds,
        auto_shutdown=AutoShutdown.ANY_SIGNIFICANT,
    )
    return ChildSpec(
        id=job_name(call_id),
        name=job_name(call_id),
        title=f"job {call_id}",
        actor=arguments.actors["supervisor"],
        args=supervisor_args(flags, (context, session), callers=()),
        type=ChildType.SUPERVISOR,
        restart=Restart.TEMPORARY,
        start_timeout_ms=START_TIMEOUT_MS,
        heartbeat_ms=arguments.heartbeat_ms,
    )

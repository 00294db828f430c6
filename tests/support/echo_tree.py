"""The whole tree with another class in the place of the session, such as `EchoSession`: fast to start, and without voice."""

from typing import Any

from livekitex_agent import WorkerOptions, composition

ECHO = "support.echo_session:EchoSession"


def echo_options(**fields: Any) -> WorkerOptions:
    return WorkerOptions(**{"preload": False, "journal": False, "log_level": "error", **fields})


def echo_root(options: WorkerOptions, session: str = ECHO) -> dict[str, Any]:
    actors = {**composition.JOB_ACTORS, "agent_session": session}
    root = composition.root(options, "run")
    infrastructure, jobs = children(root)
    (worker_manager,) = (child for child in children(infrastructure) if child["id"] == "worker_manager")
    worker_manager["args"] = {**worker_manager["args"], "actors": actors}
    for partition in children(jobs):
        partition["args"] = {**partition["args"], "may_start": list(actors.values())}
    return root


def children(supervisor: dict[str, Any]) -> list[dict[str, Any]]:
    """The specifications of a supervisor's children."""
    found: list[dict[str, Any]] = supervisor["args"]["children"]
    return found

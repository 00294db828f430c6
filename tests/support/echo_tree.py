"""The whole tree, with `EchoSession` in the place of the session: fast to start, and without voice."""

from typing import Any

from livekitex_agent import WorkerOptions, composition

ECHO = "support.echo_session:EchoSession"


def echo_options(**fields: Any) -> WorkerOptions:
    return WorkerOptions(**{"preload": False, "journal": False, "log_level": "error", **fields})


def echo_root(options: WorkerOptions) -> dict[str, Any]:
    actors = {**composition.JOB_ACTORS, "agent_session": ECHO}
    root = composition.root(options, "run")
    infrastructure, jobs = _children(root)
    (worker_manager,) = (child for child in _children(infrastructure) if child["id"] == "worker_manager")
    worker_manager["args"] = {**worker_manager["args"], "actors": actors}
    for partition in _children(jobs):
        partition["args"] = {**partition["args"], "may_start": list(actors.values())}
    return root


def _children(supervisor: dict[str, Any]) -> list[dict[str, Any]]:
    children: list[dict[str, Any]] = supervisor["args"]["children"]
    return children

"""The whole tree, with `EchoSession` in the place of the session: fast to start, and without voice."""

from typing import Any

from livekitex_agent import Options, composition

ECHO = "support.echo_session:EchoSession"


def echo_options(**fields: Any) -> Options:
    return Options(**{"preload": False, "journal": False, "log_level": "error", **fields})


def echo_root(options: Options) -> dict[str, Any]:
    root = composition.root(options, "run")
    (worker_manager,) = (child for child in _children(_children(root)[0]) if child["id"] == "worker_manager")
    worker_manager["args"] = {**worker_manager["args"], "actors": {**composition.JOB_ACTORS, "agent_session": ECHO}}
    return root


def _children(supervisor: dict[str, Any]) -> list[dict[str, Any]]:
    children: list[dict[str, Any]] = supervisor["args"]["children"]
    return children

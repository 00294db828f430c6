from typing import Any

import pytest

from actors.worker_manager.arguments import WorkerManagerArguments
from protocols import MAX_JOBS, ConfigurationError
from supervision.registry.names import MAX_NAMES

ACTORS = {"supervisor": "supervision:Supervisor", "job_context": "actors.job_context:JobContext", "agent_session": "a:B"}


def test_defaults() -> None:
    options = WorkerManagerArguments.from_args({"actors": ACTORS})
    assert (options.max_jobs, options.max_restarts, options.max_seconds, options.heartbeat_ms) == (100, 5, 60, None)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({}, "actors lacks supervisor, job_context, agent_session"),
        ({"actors": {**ACTORS, "agent_session": None}}, "actors lacks agent_session"),
        (
            {"actors": ACTORS, "max_job": 3},
            "unknown argument of the worker manager 'max_job': use actors, heartbeat_ms",
        ),
        ({"actors": ACTORS, "max_jobs": 0}, "max_jobs is 0: use a whole number from 1 to 1000"),
        ({"actors": ACTORS, "max_jobs": MAX_JOBS + 1}, "max_jobs"),
        ({"actors": ACTORS, "max_jobs": True}, "max_jobs"),
        ({"actors": ACTORS, "max_restarts": -1}, "max_restarts"),
        ({"actors": ACTORS, "max_seconds": 0.5}, "max_seconds"),
        ({"actors": ACTORS, "session_memory_bytes": None}, "session_memory_bytes"),
        ({"actors": ACTORS, "heartbeat_ms": 0}, "heartbeat_ms"),
        ({"actors": ACTORS, "run_id": 7}, "run_id is 7"),
        ({"actors": ACTORS, "journal_dir": 7}, "journal_dir is 7: use text, or no journal_dir for no journals"),
    ],
)
def test_impossible_options_are_refused_by_name(args: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        WorkerManagerArguments.from_args(args)


def test_the_registry_has_room_for_the_names_of_all_jobs() -> None:
    assert 3 * MAX_JOBS + 100 <= MAX_NAMES

from typing import Any

import pytest

from livekitex_agent import composition
from livekitex_agent.options import SystemOptions
from supervision import ChildSpec, SupervisorFlags


def children(args: Any) -> dict[str, ChildSpec]:
    flags = SupervisorFlags.from_wire(args["flags"])
    return {spec.id: spec for spec in map(flags.child_from_wire, args["children"])}


def test_the_tree_of_the_design() -> None:
    root = composition.root(SystemOptions(partitions=3, max_jobs=9, health_port=8081, max_seconds=90, journal_dir="/calls"), "run")
    assert root["args"]["flags"]["strategy"] == "one_for_one"
    top = children(root["args"])
    assert list(top) == ["infrastructure", "jobs"]

    infrastructure = top["infrastructure"].args
    assert infrastructure["flags"]["strategy"] == "rest_for_one"
    assert (infrastructure["flags"]["max_restarts"], infrastructure["flags"]["max_seconds"]) == (10, 10)
    workers = children(infrastructure)
    assert list(workers) == ["registry", "circuit_breakers", "tool_registry", "audio_processor", "health_server", "worker_manager"]
    assert workers["registry"].is_registry
    assert workers["health_server"].args == {"host": "127.0.0.1", "port": 8081, "allow_remote": False}
    worker = workers["worker_manager"].args
    assert (worker["max_jobs"], worker["max_restarts"], worker["max_seconds"]) == (9, 5, 90)
    assert (worker["run_id"], worker["journal_dir"]) == ("run", "/calls/calls")

    jobs = top["jobs"].args
    assert jobs["flags"]["strategy"] == "one_for_one"
    assert jobs["callers"] == ["gateway", "worker_manager"]
    assert worker["actors"]["generation"] == composition.GENERATION
    assert {*jobs["may_start"]} == {*worker["actors"].values()}
    partitions = children(jobs)
    assert list(partitions) == ["partition/0", "partition/1", "partition/2"]
    assert all(spec.args["flags"]["max_children"] == 9 for spec in partitions.values())
    everybody = {**top, **workers, **partitions}
    assert all(spec.name == spec.id and spec.title for spec in everybody.values())
    assert all(spec.heartbeat_ms == worker["heartbeat_ms"] == composition.HEARTBEAT_MS for spec in everybody.values())
    assert all(spec.start_timeout_ms for spec in everybody.values())


@pytest.mark.parametrize("preload", [True, False])
def test_what_calls_need_is_preloaded_once_for_all_partitions(preload: bool) -> None:
    root = composition.root(SystemOptions(preload=preload), "run")
    jobs = children(root["args"])["jobs"].args
    assert jobs["preload"] == (list(composition.PRELOADED) if preload else [])


def test_what_a_session_is_told() -> None:
    assert composition.session_options(SystemOptions(journal_dir="/calls", retention_s=60), "run") == {
        "run_id": "run",
        "journal_dir": "/calls/calls",
        "retention_s": 60.0,
        "redactor": "",
    }
    assert composition.session_options(SystemOptions(journal=False), "run")["journal_dir"] is None

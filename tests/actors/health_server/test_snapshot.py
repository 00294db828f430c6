import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.health_server.snapshot import (
    DETAILS,
    PARTS,
    Node,
    Snapshot,
    node_of,
    obstacles,
    problems,
    status_document,
    unanswered,
)
from protocols import ChildCounts, ChildInfo, ErrorReply, Message
from support.health_answers import figures, healthy

SESSION = Node(id="agent_session/7f3a", type="worker", state="running", title="agent_session 7f3a", os_pid=12)
TREE = Node(
    id="application",
    type="supervisor",
    state="running",
    children=(
        Node(id="infrastructure", type="supervisor", state="running", children=None),
        Node(id="jobs", type="supervisor", state="running", children=(SESSION,)),
    ),
)


def snapshot(tree: Node | None = TREE, **changes: Message | None) -> Snapshot:
    return Snapshot(wall_s=7.0, took_s=0.0123, answers={**healthy(), **changes}, tree=tree)


def test_a_healthy_node_has_no_problem() -> None:
    assert (problems(snapshot()), obstacles(snapshot())) == ((), ())


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("answer", [None, ErrorReply(error="SystemUnavailableError", text="", retryable=True)])
def test_every_part_that_does_not_answer_is_named(part: str, answer: Message | None) -> None:
    found = snapshot(**{part: answer})
    assert problems(found) == (f"{part} does not answer",)
    assert obstacles(found) == (problems(found) if part in {"worker_manager", "jobs"} else ())
    assert part in unanswered(found)


@pytest.mark.parametrize(
    ("worker", "told"),
    [
        ({"known": False, "partitions": 0}, "worker_manager does not know the running calls yet"),
        ({"known": True, "partitions": 0}, "worker_manager has no partition"),
        ({"known": True, "partitions": 2, "draining": True}, "worker_manager is draining"),
    ],
)
def test_a_worker_that_takes_no_call_is_not_ready_but_healthy(worker: dict[str, Any], told: str) -> None:
    found = snapshot(worker_manager=figures("worker_manager", **worker))
    assert (problems(found), obstacles(found)) == ((), (told,))


def test_without_a_partition_the_node_is_not_ready() -> None:
    found = snapshot(jobs=ChildCounts(specs=2, active=0, supervisors=2, workers=0))
    assert (problems(found), obstacles(found)) == ((), ("jobs has no partition",))


def test_a_full_node_is_ready() -> None:
    found = snapshot(worker_manager=figures("worker_manager", known=True, partitions=2, jobs=8, max_jobs=8))
    assert obstacles(found) == ()


def test_an_empty_snapshot_claims_nothing() -> None:
    empty = Snapshot(wall_s=0.0, took_s=0.0)
    assert len(problems(empty)) == len(PARTS)
    assert unanswered(empty) == (*PARTS, "application")
    document = status_document(empty)
    assert (document["healthy"], document["ready"]) == (False, False)
    assert all(document[key] is None for key in ("worker", "tools", "breakers", "audio", "registry", "tree"))


def test_supervisors_that_do_not_answer_are_named() -> None:
    assert unanswered(snapshot()) == ("infrastructure",)
    assert unanswered(snapshot(tools=None, worker=None)) == ("tool_registry", "worker_manager", "infrastructure")
    assert unanswered(snapshot(tree=None)) == ("application",)


def test_the_report_tells_what_operators_need_and_no_more() -> None:
    document = status_document(snapshot())
    assert json.loads(json.dumps(document)) == {
        "healthy": True,
        "ready": True,
        "problems": [],
        "unanswered": ["infrastructure"],
        "wall_s": 7.0,
        "took_ms": 12.3,
        "worker": {
            "max_jobs": 8,
            "accepted": 3,
            "refused": 2,
            "draining": False,
            "jobs": [{"job_id": "7f3a", "partition": "partition/0", "started_wall_s": 5.0}],
        },
        "tools": [{"name": "price_of", "calls": 4, "failures": 1, "total_ms": 250.0}],
        "breakers": [{"service": "llm", "state": "closed", "failures": 1}, {"service": "stt", "state": "open", "failures": 5}],
        "audio": {"seconds_in": 2.5, "seconds_out": 1.5, "dropped_s": 0.5, "conversions": 3, "converted_bytes": 10, "refused": 1},
        "registry": {"names": 9, "watches": 1, "refused": 0, "watches_dropped": 0},
        "tree": {
            "id": "application",
            "type": "supervisor",
            "state": "running",
            "title": "",
            "os_pid": 0,
            "children": [
                {"id": "infrastructure", "type": "supervisor", "state": "running", "title": "", "os_pid": 0, "children": None},
                {
                    "id": "jobs",
                    "type": "supervisor",
                    "state": "running",
                    "title": "",
                    "os_pid": 0,
                    "children": [
                        {"id": "agent_session/7f3a", "type": "worker", "state": "running", "title": "agent_session 7f3a", "os_pid": 12}
                    ],
                },
            ],
        },
    }


def test_a_child_becomes_a_node() -> None:
    info = ChildInfo(id="agent_session/7f3a", state="running", type="worker", title="agent_session 7f3a", os_pid=12)
    assert node_of(info, ()) == SESSION
    assert [node.id for node in TREE.walk()] == ["application", "infrastructure", "jobs", "agent_session/7f3a"]


@given(st.sets(st.sampled_from([*PARTS, *DETAILS])), st.booleans())
def test_who_is_missing_is_named_and_nobody_else(missing: set[str], with_tree: bool) -> None:
    found = snapshot(TREE if with_tree else None, **dict.fromkeys(missing))
    silent = {DETAILS[key][0] if key in DETAILS else key for key in missing}
    assert set(unanswered(found)) == silent | ({"infrastructure"} if with_tree else {"application"})
    assert status_document(found)["healthy"] == (not missing & set(PARTS))

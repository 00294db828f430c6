"""Calls and reasons between the schema's words and ours, for every driver."""

from collections.abc import Mapping
from typing import Any

from otp.schema import DYNAMIC_SUPERVISOR, Action, Spec, child_wire
from protocols import (
    CountChildren,
    DeleteChild,
    ExitReason,
    InvalidSpecError,
    RestartChild,
    StartChild,
    TerminateChild,
    WhichChildren,
)
from supervision.core import DynamicFlags

Request = StartChild | TerminateChild | RestartChild | DeleteChild | WhichChildren | CountChildren


def parse_reason(text: str) -> ExitReason:
    """The reason that ``text`` names; ``raise`` is what an exception gives."""
    return ExitReason.parse("error:raise" if text == "raise" else text)


def request_of(action: Action, uid: str) -> Request:
    """The call that ``action`` makes. A dynamic supervisor is told a life, ``uid``, to terminate."""
    match action["do"]:
        case "start_child":
            return StartChild(spec=child_wire(action["child"]))
        case "terminate_child":
            return TerminateChild(child_id=action["id"], uid=uid)
        case "restart_child":
            return RestartChild(child_id=action["id"])
        case "delete_child":
            return DeleteChild(child_id=action["id"])
        case "which_children":
            return WhichChildren()
        case "count_children":
            return CountChildren()
        case unknown:
            raise ValueError(f"unknown call {unknown}")


def actor_paths(spec: Spec) -> dict[str, str]:
    """Which actor each id of a tree is."""
    paths = {spec["id"]: child_wire(spec)["actor"]}
    for child in spec.get("children", ()):
        paths |= actor_paths(child)
    return paths


def refused_by_caller(action: Action, actors: Mapping[str, str]) -> str | None:
    """The result of a call that is not even made: Elixir checks a dynamic supervisor's new child before."""
    if action["do"] != "start_child" or actors.get(action["sup"]) != DYNAMIC_SUPERVISOR:
        return None
    try:
        DynamicFlags().child_from_wire(child_wire(action["child"]))
    except InvalidSpecError as refusal:
        return f"error:{refusal.reason}"
    return None


def listed(rows: list[dict[str, Any]], actor: str) -> list[dict[str, Any]]:
    """What ``which_children`` shows: a dynamic supervisor has no order, so the schema sorts its children."""
    return sorted(rows, key=lambda row: (row["id"], row["pid"])) if actor == DYNAMIC_SUPERVISOR else rows

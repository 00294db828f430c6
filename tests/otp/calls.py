"""Calls and reasons between the schema's words and ours, for every driver."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from otp.schema import DYNAMIC_SUPERVISOR, Action, Spec, child_wire
from protocols import (
    ChildCounts,
    Children,
    ChildResult,
    CountChildren,
    DeleteChild,
    ExitReason,
    InvalidSpecError,
    Message,
    Ref,
    RestartChild,
    SendText,
    StartChild,
    TerminateChild,
    WhichChildren,
)
from supervision.core import DynamicFlags

Request = StartChild | TerminateChild | RestartChild | DeleteChild | WhichChildren | CountChildren


def parse_reason(text: str) -> ExitReason:
    """The reason that ``text`` names; ``raise`` is what an exception gives."""
    return ExitReason.parse("error:raise" if text == "raise" else text)


def request_of(action: Action, uid: str, stage: str = "", *, light: bool = False) -> Request:
    """The call that ``action`` makes. A dynamic supervisor is told a life, ``uid``, to terminate. The rest is `child_wire`'s."""
    match action["do"]:
        case "start_child":
            return StartChild(spec=child_wire(action["child"], stage, light=light))
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


OTP_WORDS = {"error:init_failed": "init_failed", "error:start_spec:": "start_spec:", "error:supervisor_data:": "supervisor_data:"}
"""Reasons that are no kind of exit here: an `ExitReason` calls them errors, OTP has a term of its own."""


def otp_words(text: str) -> str:
    """``text`` in OTP's words."""
    for ours, theirs in OTP_WORDS.items():
        text = text.replace(ours, theirs)
    return text


def to_worker(how: str, reason: str) -> SendText:
    """The message that has a scripted worker end itself: as a ``crash``, or as it is asked to ``stop``."""
    return SendText(command_id=how, text=json.dumps([how, reason]))


def answer_in_words(answer: Message, supervisor: str, name: Callable[[Ref], str]) -> Any:
    """The answer of a supervisor, whose actor is ``supervisor``, in the words of the schema; ``name`` is what a life is called there."""
    match answer:
        case ChildResult(result=result, ref=ref):
            return otp_words(result if ref is None else f"{result}:{name(ref)}")
        case ChildCounts():
            return {"specs": answer.specs, "active": answer.active, "supervisors": answer.supervisors, "workers": answer.workers}
        case Children(children=children):
            rows = [{"id": child.id, "pid": name(child.ref) if child.ref else child.state, "type": child.type} for child in children]
            return listed(rows, supervisor)
        case _:
            raise ValueError(f"no answer of a supervisor: {answer}")


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

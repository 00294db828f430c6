"""Trace files: what a scenario holds, and its specifications in the words of `supervision`.

Nothing is judged here. A specification that is wrong on purpose stays as wrong as it is, for the supervisor to refuse.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Spec = Mapping[str, Any]
Action = Mapping[str, Any]

WORKER = "otp.script:ScriptedWorker"
TRAPPING_WORKER = "otp.script:TrappingWorker"
SUPERVISOR = "otp.script:ScriptedSupervisor"
DYNAMIC_SUPERVISOR = "otp.script:ScriptedDynamicSupervisor"
ACTORS = [WORKER, TRAPPING_WORKER, SUPERVISOR, DYNAMIC_SUPERVISOR]


@dataclass(frozen=True)
class Scenario:
    """One recorded run: a tree, what was done to it, and what was seen."""

    name: str
    root: Spec
    actions: tuple[Action, ...]
    expected: tuple[Mapping[str, Any], ...]
    final: Mapping[str, Any]


def load(path: Path) -> Iterator[Scenario]:
    """The scenarios of a trace file, in its order."""
    for entry in json.loads(path.read_text(encoding="utf-8"))["scenarios"]:
        yield Scenario(
            name=entry["name"],
            root=entry["root"],
            actions=tuple(step["action"] for step in entry["steps"]),
            expected=tuple(step["expect"] for step in entry["steps"]),
            final=entry["final"],
        )


def child_wire(spec: Spec, stage: str = "", *, light: bool = False) -> dict[str, Any]:
    """The wire form of a `ChildSpec` for ``spec``; how its process behaves travels in the arguments, as ``script``.

    ``stage`` is the folder in which processes of their own tell what they do; ``light`` has workers live in their supervisor's process.
    """
    wire = {"id": spec["id"], "type": "worker" if spec["type"] == "worker" else "supervisor"}
    wire |= {field: spec[field] for field in ("restart", "shutdown", "significant") if field in spec}
    if spec["type"] == "worker":
        fields = ("traps_exit", "start", "start_delay_ms", "terminate_delay_ms", "terminate_outcome")
        script = {field: spec[field] for field in fields} | {"stage": stage}
        worker = {"actor": TRAPPING_WORKER if spec["traps_exit"] else WORKER, "args": {"script": script}}
        return wire | worker | ({"light": True} if light else {})
    script = {"init": spec.get("init", ["ok"]), "stage": stage}
    if spec["type"] == "dynamic":
        return wire | {"actor": DYNAMIC_SUPERVISOR, "args": {"script": script, "flags": _dynamic_flags(spec), "may_start": ACTORS}}
    children = [child_wire(child, stage, light=light) for child in spec["children"]]
    return wire | {"actor": SUPERVISOR, "args": {"script": script, "flags": _flags(spec), "children": children, "may_start": ACTORS}}


def _flags(spec: Spec) -> dict[str, Any]:
    return {field: spec[field] for field in ("strategy", "max_restarts", "max_seconds", "auto_shutdown") if field in spec}


def _dynamic_flags(spec: Spec) -> dict[str, Any]:
    flags = {field: spec[field] for field in ("max_restarts", "max_seconds", "max_children") if field in spec}
    if flags.get("max_children") == "infinity":
        flags["max_children"] = None
    return flags

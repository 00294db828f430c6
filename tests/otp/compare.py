"""Compares what was seen with what was recorded."""

from collections.abc import Mapping, Sequence
from typing import Any

FIELDS = ("result", "order", "events", "before_holds", "elapsed_in_range", "unchanged", "tree")


def first_difference(
    expected: Sequence[Mapping[str, Any]],
    expected_final: Mapping[str, Any],
    seen: Sequence[Mapping[str, Any]],
    seen_final: Mapping[str, Any],
) -> str | None:
    """The first difference of a scenario in words, or None."""
    for number, (wanted, got) in enumerate(zip(expected, seen, strict=True), start=1):
        for field in FIELDS:
            difference = _difference(field, wanted.get(field), got.get(field))
            if difference is not None:
                return f"step {number}: {difference}"
    if dict(expected_final) != dict(seen_final):
        return f"final: expected {dict(expected_final)}, got {dict(seen_final)}"
    return None


def _difference(field: str, wanted: Any, got: Any) -> str | None:
    if field == "tree":
        wanted, got = _canonical_tree(wanted), _canonical_tree(got)
    if wanted == got:
        return None
    if field == "events" and isinstance(wanted, list) and isinstance(got, list):
        at = next((i for i, (one, other) in enumerate(zip(wanted, got, strict=False)) if one != other), min(len(wanted), len(got)))
        return f"event {at + 1}: expected {_at(wanted, at)}, got {_at(got, at)}"
    return f"{field}: expected {wanted}, got {got}"


def _at(events: Sequence[str], index: int) -> str:
    return repr(events[index]) if index < len(events) else "nothing more"


def _canonical_tree(tree: Any) -> Any:
    """Supervisors by name: in which order they are asked is no fact about them."""
    return None if tree is None else sorted(tree, key=lambda entry: str(entry["sup"]))

"""What must be the same: the facts of a record that the peer keeps in each of its runs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

Facts = dict[str, Any]


def facts(record: Mapping[str, Any]) -> Facts:
    """A record as one flat mapping: what is compared has a name, and one form where two say the same (`_plain`)."""
    found: Facts = {name: _plain(record[name]) for name in ("items", "asked", "schemas", "notes", "screen", "failures") if name in record}
    for group in ("events", "orders"):
        found |= {f"{group}: {name}": _plain(said) for name, said in record.get(group, {}).items()}
    return found


def _plain(value: Any) -> Any:
    """A value without what has no meaning.

    A schema that requires nothing says so or not (JSON Schema validation, 6.5.3); a choice of types is a list of types or an ``anyOf`` of
    them (6.1.1); a description ends with blanks or not. The names of an agent's tools are a set: when they change the peer tells them in
    an order that is another one each time.
    """
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    plain = {key: _plain(inner) for key, inner in value.items() if (key, inner) != ("required", [])}
    choices = plain.get("anyOf", ())
    if choices and all(isinstance(choice, dict) and choice.keys() == {"type"} for choice in choices):
        plain = {**{key: inner for key, inner in plain.items() if key != "anyOf"}, "type": [choice["type"] for choice in choices]}
    if isinstance(plain.get("description"), str):
        plain["description"] = plain["description"].rstrip()
    for names in ("added", "removed"):
        if isinstance(plain.get(names), list):
            plain[names] = sorted(plain[names])
    return plain


def kept(records: Sequence[Mapping[str, Any]]) -> dict[str, Facts]:
    """What all runs have in common, and the names of what they have not: another value, or one run has it and another has not."""
    runs = [facts(record) for record in records]
    same = {name: said for name, said in runs[0].items() if all(name in run and run[name] == said for run in runs)}
    return {"same": same, "not kept": sorted({name for run in runs for name in run} - set(same))}


def differences(recorded: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """By the fact's name, what the peer has and what we have. An order that the peer has not is demanded of nobody: its kinds are."""
    found, demanded = facts(ours), {name: _plain(said) for name, said in recorded["same"].items()}
    different = {name: (theirs, found.get(name)) for name, theirs in demanded.items() if found.get(name) != theirs}
    more = [name for name in found if name not in demanded and name not in recorded["not kept"] and not name.startswith("orders")]
    return different | {name: (None, found[name]) for name in more}


def first_difference(theirs: Any, own: Any, path: str = "") -> str:
    """Where two values part first, in words."""
    if isinstance(theirs, list) and isinstance(own, list):
        for number, (their, our) in enumerate(zip(theirs, own, strict=False)):
            if their != our:
                return first_difference(their, our, f"{path}[{number}]")
        longer = theirs if len(theirs) > len(own) else own
        return f"{path}: theirs has {len(theirs)}, ours {len(own)}: {_short(longer[min(len(theirs), len(own))])}"
    if isinstance(theirs, dict) and isinstance(own, dict):
        name = next((name for name in [*theirs, *own] if theirs.get(name) != own.get(name)), "")
        return first_difference(theirs.get(name), own.get(name), f"{path}.{name}")
    return f"{path}: theirs {_short(theirs)}, ours {_short(own)}"


def _short(value: Any, limit: int = 160) -> str:
    written = json.dumps(value, ensure_ascii=False)
    return written if len(written) <= limit else f"{written[:limit]}…"

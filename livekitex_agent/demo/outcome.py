"""How the demo's call went, from its events. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from livekitex_agent.demo.phone_order import Order, order_problems, read_order
from protocols import CallEnded, EventPushed, ReplyLatency, Restarted, SessionEvent, ToolReturned

NOTED_BY = "add_item"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One kill, ``at_s`` seconds after the call began. The other times are seconds since it; None: it has not happened (yet)."""

    at_s: float
    os_pid: int
    back_s: float | None = None
    """The new process had restored the conversation."""
    heard_s: float | None = None
    """The caller heard the agent again, or it did what it owed without a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is known of the call so far. ``before_kill`` holds the products that were ordered before the first kill."""

    order: Order = field(default_factory=lambda: read_order({}))
    before_kill: frozenset[str] = frozenset()
    kills: tuple[Kill, ...] = ()
    latencies_ms: tuple[float, ...] = ()
    ended: str = ""
    unrecorded: str = ""
    """Why the recording could not be written; empty if it was, or was not wanted."""


def after_event(outcome: Outcome, pushed: EventPushed, now: float) -> Outcome:
    """The outcome after one more event, which came ``now`` seconds after the call began."""
    event: SessionEvent = pushed.event
    match event:
        case ToolReturned(ok=True):
            return _after_tool(outcome, event)
        case ReplyLatency(latency_ms=float(latency_ms)):
            return replace(outcome, latencies_ms=(*outcome.latencies_ms, latency_ms))
        case Restarted() if outcome.kills and outcome.kills[-1].back_s is None:
            last = outcome.kills[-1]
            return replace(outcome, kills=(*outcome.kills[:-1], replace(last, back_s=now - last.at_s)))
        case CallEnded(reason=reason):
            return replace(outcome, ended=reason)
        case _:
            return outcome


def after_kill(outcome: Outcome, os_pid: int, now: float) -> Outcome:
    """The session's process was killed at ``now``."""
    return replace(outcome, kills=(*outcome.kills, Kill(at_s=now, os_pid=os_pid)))


def after_audio(outcome: Outcome, now: float) -> Outcome:
    """The caller hears the agent at ``now``."""
    if not outcome.kills or outcome.kills[-1].back_s is None or outcome.kills[-1].heard_s is not None:
        return outcome
    last = outcome.kills[-1]
    return replace(outcome, kills=(*outcome.kills[:-1], replace(last, heard_s=now - last.at_s)))


def problems(outcome: Outcome, expected: Order | None, kills: int) -> list[str]:
    """Why the demo has failed; empty if it has not. ``expected`` is None where the caller's own words decide what is right."""
    found = order_problems(outcome.order, expected)
    forgotten = outcome.before_kill - outcome.order.items.keys()
    if forgotten:
        found.append(f"forgotten with the process: {', '.join(sorted(forgotten))}")
    if len(outcome.kills) < kills:
        found.append(f"only {len(outcome.kills)} of {kills} kills took place: the call was too short")
    if kills and not outcome.before_kill:
        found.append("nothing was ordered before the kill, so nothing proves that it came back")
    found += [f"the session killed at {kill.at_s:.1f} s did not come back" for kill in outcome.kills if kill.back_s is None]
    if outcome.unrecorded:
        found.append(outcome.unrecorded)
    return found


def _after_tool(outcome: Outcome, event: ToolReturned) -> Outcome:
    try:
        result = json.loads(event.result)
    except ValueError:
        return outcome
    if not isinstance(result, Mapping):
        return outcome
    if event.name == NOTED_BY and "item" in result and not outcome.kills:
        return replace(outcome, before_kill=outcome.before_kill | {result["item"]})
    if "order" in result:
        return replace(outcome, order=read_order(result))
    return outcome

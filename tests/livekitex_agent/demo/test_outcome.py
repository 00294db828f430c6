"""What the demo makes of a call's events, and what it counts as failed."""

import json
from dataclasses import replace

from livekitex_agent.demo.outcome import Outcome, after_audio, after_event, after_kill, problems
from livekitex_agent.demo.phone_order import EXPECTED_ORDER
from protocols import CallEnded, EventPushed, ReplyLatency, Restarted, SessionEvent, ToolReturned

ORDER = {"items": {"pizza": 2, "salad": 1, "ice cream": 3}, "phone": "5551234", "address": "12 Baker Street", "placed": True}


def pushed(event: SessionEvent) -> EventPushed:
    return EventPushed(call_id="c", number=0, incarnation=1, wall_s=0.0, event=event)


def returned(name: str, result: object) -> EventPushed:
    return pushed(ToolReturned(call_id="t", name=name, result=json.dumps(result), ok=True))


def good_call() -> Outcome:
    outcome = after_event(Outcome(), returned("add_item", {"item": "pizza"}), 1.0)
    outcome = after_kill(outcome, 4711, 2.0)
    outcome = after_event(outcome, pushed(Restarted(reason="killed", incarnation=2)), 2.1)
    outcome = after_audio(outcome, 2.2)
    return after_event(outcome, returned("place_order", {"order": ORDER}), 3.0)


def test_a_call_that_came_back_whole_has_no_problem() -> None:
    outcome = good_call()
    assert problems(outcome, EXPECTED_ORDER, 1) == []
    assert outcome.kills[0].back_s is not None
    assert outcome.kills[0].heard_s is not None
    assert round(outcome.kills[0].back_s, 3) == 0.1
    assert round(outcome.kills[0].heard_s, 3) == 0.2
    assert after_audio(outcome, 9.0) == outcome


def test_what_only_the_dead_process_knew_is_missed() -> None:
    lost = after_event(good_call(), returned("place_order", {"order": ORDER | {"items": {"salad": 1}}}), 4.0)
    assert "forgotten with the process: pizza" in problems(lost, None, 1)


def test_a_kill_that_proves_nothing_is_no_success() -> None:
    never = after_event(Outcome(), returned("place_order", {"order": ORDER}), 3.0)
    assert [problem.split(":")[0] for problem in problems(never, EXPECTED_ORDER, 1)] == [
        "only 0 of 1 kills took place",
        "nothing was ordered before the kill, so nothing proves that it came back",
    ]
    assert problems(never, EXPECTED_ORDER, 0) == []
    gone = after_kill(after_event(Outcome(), returned("add_item", {"item": "pizza"}), 1.0), 1, 2.0)
    assert "the session killed at 2.0 s did not come back" in problems(gone, None, 1)


def test_the_rest_is_noted_as_it_comes() -> None:
    outcome = after_event(Outcome(), pushed(ReplyLatency(turn_id="t", latency_ms=120.0)), 1.0)
    outcome = after_event(outcome, pushed(CallEnded(reason="order placed")), 2.0)
    assert (outcome.latencies_ms, outcome.ended) == ((120.0,), "order placed")
    for result in ("no json", "[1]"):
        event = ToolReturned(call_id="t", name="add_item", result=result, ok=True)
        assert after_event(outcome, pushed(event), 3.0) == outcome
    assert after_event(outcome, returned("summarize_order", {"summary": "2 pizzas"}), 3.0) == outcome
    assert after_audio(outcome, 4.0) == outcome


def test_a_recording_that_is_missing_is_told_beside_a_good_call() -> None:
    outcome = replace(good_call(), unrecorded="cannot write out.wav: No space left on device")
    assert problems(outcome, EXPECTED_ORDER, 1) == ["cannot write out.wav: No space left on device"]

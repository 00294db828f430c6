import structlog

from actors.tools import RunContext


def test_the_first_reason_to_end_counts() -> None:
    context = RunContext(user_data={}, call_id="c1")
    assert context.end_requested is None
    context.end_call("done")
    context.end_call("again")
    assert context.end_requested == "done"


def test_the_log_carries_the_call() -> None:
    with structlog.testing.capture_logs() as logs:
        RunContext(user_data={}, call_id="c1").log.info("looked up")
    assert logs == [{"call_id": "c1", "event": "looked up", "log_level": "info"}]

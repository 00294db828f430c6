import pytest

from actors.worker_manager.outcomes import is_down, is_refusal, no_answer, start_failure
from protocols import ChildResult, ErrorReply, JobEnded


@pytest.mark.parametrize(
    ("result", "error", "text", "retryable"),
    [
        ("error:max_children", "CapacityError", "the partition is full", True),
        ("error:max_generations", "CapacityError", "8 programs, or versions of them, have calls", True),
        ("error:ValueError: boom", "SessionUnavailableError", "the call did not start: error:ValueError: boom", False),
        ("error:killed", "SessionUnavailableError", "the call did not start: error:killed", True),
        (
            "error:shutdown:failed_to_start_child:agent_session/a:killed",
            "SessionUnavailableError",
            "the call did not start: error:shutdown:failed_to_start_child:agent_session/a:killed",
            True,
        ),
        ("ignore", "SystemUnavailableError", "the call did not start: ignore", True),
        ("ok:undefined", "SystemUnavailableError", "the call did not start: ok:undefined", True),
        (
            "error:failed_to_start_child:agent_session/1:error:InvalidAgentError: no module shop",
            "InvalidAgentError",
            "no module shop",
            False,
        ),
        ("error:MissingExtraError: speech needs the extra 'offline'", "MissingExtraError", "speech needs", False),
    ],
)
def test_a_failed_start_says_whose_fault_it_was(result: str, error: str, text: str, retryable: bool) -> None:
    reply = start_failure(result)
    assert (reply.error, reply.retryable) == (error, retryable)
    assert reply.text.startswith(text)
    assert is_refusal(reply) is (error in {"InvalidAgentError", "MissingExtraError"})


def test_silence_can_be_asked_again() -> None:
    assert no_answer("partition/1") == ErrorReply(
        error="SystemUnavailableError", text="partition/1 did not answer: ask again, which does nothing twice", retryable=True
    )


@pytest.mark.parametrize(
    ("answer", "down"),
    [
        (ChildResult(result="ok"), True),
        (ChildResult(result="error:not_found"), True),
        (ChildResult(result="error:unsupported"), False),
        (JobEnded(job_id="1", reason="normal"), False),
    ],
)
def test_what_is_down(answer: ChildResult | JobEnded, down: bool) -> None:
    assert is_down(answer) is down

"""What a partition's answer means for whoever asked. Pure."""

from typing import Final

from actors.worker_manager.generations import FULL, MAX_GENERATIONS
from actors.worker_manager.returning import FAILED, JournaledCall
from protocols import (
    KILLED,
    CapacityError,
    ChildResult,
    ConfigurationError,
    ErrorReply,
    InvalidAgentError,
    InvalidAudioError,
    InvalidSpecError,
    InvalidToolError,
    JobState,
    LivekitexError,
    Message,
    MissingExtraError,
    SessionUnavailableError,
    SystemUnavailableError,
    UsageError,
)

_USAGE: Final[tuple[type[LivekitexError], ...]] = (
    InvalidAgentError,
    InvalidToolError,
    InvalidAudioError,
    InvalidSpecError,
    ConfigurationError,
    MissingExtraError,
    UsageError,
)


def no_answer(partition: str) -> ErrorReply:
    """Nobody knows what became of the request."""
    return ErrorReply.of(SystemUnavailableError(f"{partition} did not answer: ask again, which does nothing twice"))


def start_failure(result: str) -> ErrorReply:
    """Why a job did not start: the caller's mistake if the session said so, a crash that would come again, or something that may pass.

    Somebody who is killed did nothing for it.
    """
    if result == "error:max_children":
        return ErrorReply.of(CapacityError("the partition is full: try again when a call has ended"))
    if result == FULL:
        text = f"{MAX_GENERATIONS} programs, or versions of them, have calls: try again when the calls of one have ended"
        return ErrorReply.of(CapacityError(text))
    for usage in _USAGE:
        _, found, text = result.partition(f"{usage.__name__}: ")
        if found:
            return ErrorReply(error=usage.__name__, text=text, retryable=False)
    text = f"the call did not start: {result}"
    if result.startswith("error:"):
        return ErrorReply(error=SessionUnavailableError.__name__, text=text, retryable=result.endswith(f":{KILLED}"))
    return ErrorReply.of(SystemUnavailableError(text))


def ended_before() -> ErrorReply:
    """A job was ended before it could start."""
    return ErrorReply.of(SessionUnavailableError("the call was ended before it had started: start it again if it is wanted"))


def is_refusal(failure: ErrorReply) -> bool:
    """Whether a start failed for what the caller has to change; nothing crashed."""
    return any(failure.error == usage.__name__ for usage in _USAGE)


def is_down(answer: Message) -> bool:
    """Whether a partition's answer to a stop means that the job is gone."""
    return isinstance(answer, ChildResult) and answer.result in {"ok", "error:not_found"}


def state_of(job_id: str, found: JournaledCall | None) -> JobState:
    """How a call stands that nobody remembers, by its journal."""
    if found is None:
        return JobState(job_id=job_id, state="unknown", reason="no call of this id is remembered")
    if found.ended:
        return JobState(job_id=job_id, state=FAILED if found.outcome.startswith(FAILED) else "ended", reason=found.outcome)
    return JobState(job_id=job_id, state="unknown", reason="its journal is open, but the call belongs to another run of the system")

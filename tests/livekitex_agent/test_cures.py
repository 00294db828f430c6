import pytest

from livekitex_agent.cures import with_cure
from livekitex_agent.errors import error_of, error_of_reason
from protocols import ErrorReply, SystemUnavailableError

FILES = "error:OSError: [Errno 24] Too many open files"
CURED = f"{FILES}: raise the limit of open files, ulimit -n 4096; livekitex doctor tells what this machine can do"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (FILES, CURED),
        ("fork: [Errno 11] Resource temporarily unavailable", "fork: [Errno 11] Resource temporarily unavailable: raise the limit of proc"),
        (
            "error:RuntimeError: can't start new thread",
            "error:RuntimeError: can't start new thread: raise the limit of processes, ulimit -u",
        ),
        ("[Errno 5] Input/output error", "[Errno 5] Input/output error"),
        ("no such tool", "no such tool"),
    ],
)
def test_what_the_machine_refuses_is_told_with_its_cure(text: str, told: str) -> None:
    assert with_cure(text).startswith(told)
    assert (with_cure(text) == text) == (told == text)


def test_whoever_is_told_of_it_is_told_the_cure() -> None:
    assert str(error_of_reason(FILES, SystemUnavailableError)) == CURED
    assert str(error_of(ErrorReply(error="SessionUnavailableError", text=FILES, retryable=False))) == CURED

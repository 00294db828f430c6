import pytest

from livekitex_agent.errors import error_of, error_of_reason
from protocols import (
    ConfigurationError,
    ErrorReply,
    FencedError,
    InvalidAgentError,
    JournalError,
    LivekitexError,
    MissingExtraError,
    ProviderError,
    SessionUnavailableError,
    SystemUnavailableError,
    UnavailableError,
    UsageError,
)


def ended(text: str) -> SessionUnavailableError:
    error = SessionUnavailableError(text)
    error.retryable = False
    return error


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (InvalidAgentError("no"), InvalidAgentError),
        (ProviderError("no", retryable=True), ProviderError),
        (MissingExtraError("offline", "speech"), MissingExtraError),
        (JournalError("no", retryable=True), JournalError),
        (FencedError("no"), FencedError),
        (SessionUnavailableError("no"), SessionUnavailableError),
        (ended("no"), SessionUnavailableError),
    ],
)
def test_an_error_comes_back_from_its_reply(failure: LivekitexError, kind: type[LivekitexError]) -> None:
    error = error_of(ErrorReply.of(failure))
    assert type(error) is kind
    assert (str(error), error.retryable) == (str(failure), failure.retryable)


def test_an_extra_that_its_text_does_not_name_is_a_mistake_all_the_same() -> None:
    assert type(error_of(ErrorReply(error="MissingExtraError", text="cut", retryable=False))) is UsageError


@pytest.mark.parametrize(("retryable", "kind"), [(True, UnavailableError), (False, UsageError)])
@pytest.mark.parametrize("name", ["NoSuchError", "Message", "ValueError"])
def test_an_unknown_error_keeps_whether_to_try_again(name: str, retryable: bool, kind: type[LivekitexError]) -> None:
    assert type(error_of(ErrorReply(error=name, text="x", retryable=retryable))) is kind


@pytest.mark.parametrize(
    ("text", "kind", "told"),
    [
        (
            "could not start: shutdown:failed_to_start_child:a:error:ConfigurationError: port 80: in use",
            ConfigurationError,
            "port 80: in use",
        ),
        ("error:JournalError: damaged", JournalError, "damaged"),
        ("could not start: error:ValueError: no", SystemUnavailableError, "could not start: error:ValueError: no"),
        ("the system has ended", SystemUnavailableError, "the system has ended"),
    ],
)
def test_the_error_in_an_exit_reason(text: str, kind: type[LivekitexError], told: str) -> None:
    error = error_of_reason(text, SystemUnavailableError)
    assert (type(error), str(error)) == (kind, told)

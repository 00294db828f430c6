"""LiveKit's small types, errors and language codes."""

import pytest
from pydantic import BaseModel, ConfigDict

from livekitex_agent import _exceptions as errors
from livekitex_agent.language import LanguageCode
from livekitex_agent.types import NOT_GIVEN, APIConnectOptions, NotGivenOr, TimedString
from livekitex_agent.utils.misc import is_given


class Options(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: NotGivenOr[str | None] = NOT_GIVEN


def test_what_is_not_given_is_false_and_not_none() -> None:
    assert not NOT_GIVEN
    assert repr(NOT_GIVEN) == "NOT_GIVEN"
    assert not is_given(Options().name)
    assert is_given(Options(name=None).name)


def test_what_another_package_does_not_give_is_not_given_either() -> None:
    class NotGiven: ...

    assert not is_given(NotGiven())


@pytest.mark.parametrize("options", [{"max_retry": -1}, {"retry_interval": -1.0}, {"timeout": -0.5}])
def test_options_are_not_negative(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be greater than or equal to 0"):
        APIConnectOptions(**options)  # type: ignore[arg-type]


def test_the_first_retry_comes_at_once() -> None:
    options = APIConnectOptions()
    assert (options._interval_for_retry(0), options._interval_for_retry(1)) == (0.1, 2.0)


def test_text_may_have_times() -> None:
    word = TimedString("hi", start_time=0.5)
    assert word == "hi"
    assert (word.start_time, word.end_time, word.speaker_id) == (0.5, NOT_GIVEN, None)


@pytest.mark.parametrize(
    ("code", "normalised", "language", "region", "iso", "name"),
    [
        ("English", "en", "en", None, "en", "english"),
        ("eng", "en", "en", None, "en", "english"),
        ("en_us", "en-US", "en", "US", "en-US", "english"),
        ("cmn-hans-cn", "cmn-Hans-CN", "zh", "CN", "zh-CN", "chinese"),
        ("multi", "multi", "multi", None, "multi", None),
    ],
)
def test_a_language_is_read_from_any_form(  # noqa: PLR0917
    code: str, normalised: str, language: str, region: str | None, iso: str, name: str | None
) -> None:
    read = LanguageCode(code)
    assert (read, read.language, read.region, read.iso, read.to_language_name()) == (normalised, language, region, iso, name)


@pytest.mark.parametrize(
    ("status", "given", "retryable"),
    [
        (400, True, False),
        (401, None, False),
        (408, None, True),
        (429, None, True),
        (499, None, True),
        (500, None, True),
        (503, False, False),
    ],
)
def test_a_status_says_whether_to_try_again(status: int, given: bool | None, retryable: bool) -> None:
    assert errors.APIStatusError("no", status_code=status, retryable=given).retryable is retryable


def test_a_connection_error_names_its_first_cause() -> None:
    cause = OSError("refused")
    middle = errors.APIConnectionError("middle")
    middle.__cause__ = cause
    outer = errors.APITimeoutError()
    outer.__cause__ = middle
    assert str(outer) == "Request timed out. (caused by OSError: refused)"
    assert str(errors.APIConnectionError()) == "Connection error."
    middle.__cause__ = outer
    assert str(outer).startswith("Request timed out.")


def test_the_text_of_a_cause_that_cannot_be_told_is_its_name() -> None:
    class Broken(Exception):  # noqa: N818
        def __str__(self) -> str:
            raise RuntimeError

    outer = errors.APIConnectionError()
    outer.__cause__ = Broken()
    assert str(outer) == "Connection error. (caused by Broken)"


@pytest.mark.parametrize(
    ("message", "status", "told"),
    [
        ("", 404, "Not Found (404)"),
        ("Not Found", 404, "Not Found (404)"),
        ("no model", 404, "no model (404 Not Found)"),
        ("", 799, "HTTP 799"),
    ],
)
def test_an_error_is_made_of_an_answer(message: str, status: int, told: str) -> None:
    made = errors.create_api_error_from_http(message, status=status, request_id="r1", body={"a": 1})
    assert made.message.startswith(told)
    assert "request_id=r1" in str(made)
    assert "retryable=" in repr(made)

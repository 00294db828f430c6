"""What refusals mean."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.providers.openai.failures import MAX_RETRY_AFTER_S, MAX_WORDS, retry_after_of, said_of, status_failure, told_failure
from protocols import Fault, ProviderError

NOW_S = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


def refused(status: int, body: object = None, **headers: str) -> ProviderError:
    return status_failure("openai/m", status, {name.replace("_", "-"): text for name, text in headers.items()}, body, wall_s=NOW_S)


@pytest.mark.parametrize(
    ("status", "fault", "retryable"),
    [
        (301, Fault.CONFIGURATION, False),
        (307, Fault.CONFIGURATION, False),
        (400, Fault.CALLER, False),
        (401, Fault.CONFIGURATION, False),
        (402, Fault.CONFIGURATION, False),
        (403, Fault.CONFIGURATION, False),
        (404, Fault.CONFIGURATION, False),
        (405, Fault.CONFIGURATION, False),
        (407, Fault.CONFIGURATION, False),
        (408, Fault.PROVIDER, True),
        (409, Fault.PROVIDER, True),
        (413, Fault.CALLER, False),
        (415, Fault.CALLER, False),
        (422, Fault.CALLER, False),
        (425, Fault.PROVIDER, True),
        (429, Fault.PROVIDER, True),
        (500, Fault.PROVIDER, True),
        (501, Fault.PROVIDER, False),
        (502, Fault.PROVIDER, True),
        (503, Fault.PROVIDER, True),
        (504, Fault.PROVIDER, True),
        (505, Fault.PROVIDER, False),
        (529, Fault.PROVIDER, True),
    ],
)
def test_a_status_says_whose_fault_it_is(status: int, fault: Fault, retryable: bool) -> None:
    failure = refused(status, {"message": "so it is"})
    assert (failure.fault, failure.retryable, failure.status_code) == (fault, retryable, status)
    assert str(failure).startswith(f"openai/m: {status}")
    assert ("so it is" in str(failure)) is (status >= 400)


@pytest.mark.parametrize(
    ("status", "code", "fault", "retryable"),
    [
        (429, "insufficient_quota", Fault.CONFIGURATION, False),
        (429, "rate_limit_exceeded", Fault.PROVIDER, True),
        (400, "model_not_found", Fault.CONFIGURATION, False),
        (500, "context_length_exceeded", Fault.CALLER, False),
        (401, "invalid_request_error", Fault.CONFIGURATION, False),
    ],
)
def test_a_code_says_more_than_its_status(status: int, code: str, fault: Fault, retryable: bool) -> None:
    for error in ({"code": code}, {"type": code, "code": None}):
        for body in (error, {"error": error}, {"error": {"error": error}}):
            failure = refused(status, body)
            assert (failure.fault, failure.retryable) == (fault, retryable)


def test_a_service_that_forbids_a_retry_is_believed() -> None:
    assert refused(503).retryable
    assert not refused(503, x_should_retry="false").retryable


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:50 GMT"}, 30.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:50 -0000"}, 30.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:00 GMT"}, 0.0),
        ({"retry-after": "1e9"}, MAX_RETRY_AFTER_S),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "Tue, 99 Nov 2023 22:13:50 GMT"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_how_long_it_wants_to_be_left_alone(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_of(headers, NOW_S) == seconds


@given(st.text(), st.floats(0, 4e9))
def test_whatever_a_header_says_it_is_a_time_or_none(text: str, wall_s: float) -> None:
    seconds = retry_after_of({"retry-after": text}, wall_s)
    assert seconds is None or (math.isfinite(seconds) and 0 <= seconds <= MAX_RETRY_AFTER_S)


@pytest.mark.parametrize(
    ("error", "fault", "retryable", "status"),
    [
        ({"error": {"message": "m", "type": "server_error"}}, Fault.PROVIDER, True, None),
        ({"type": "error", "code": "server_error", "message": "m"}, Fault.PROVIDER, True, None),
        ({"error": {"message": "m", "type": "invalid_request_error"}}, Fault.CALLER, False, None),
        ({"error": {"message": "m", "code": "insufficient_quota"}}, Fault.CONFIGURATION, False, None),
        ({"error": {"message": "m", "code": 503}}, Fault.PROVIDER, True, 503),
        ({"error": {"message": "m", "code": "400"}}, Fault.CALLER, False, 400),
        ({"error": {"message": "m", "code": True}}, Fault.PROVIDER, True, None),
        ({"error": "m"}, Fault.PROVIDER, True, None),
        ("m", Fault.PROVIDER, True, None),
    ],
)
def test_an_error_in_an_answer_says_whose_fault_it_is(error: object, fault: Fault, retryable: bool, status: int | None) -> None:
    failure = told_failure("openai/m", error)
    assert (failure.fault, failure.retryable, failure.status_code) == (fault, retryable, status)
    assert "m" in str(failure)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<!DOCTYPE html><html><head><title>Bad\n gateway</title>", "a page of HTML (Bad gateway)"),
        (" <HTML>", "a page of HTML"),
        ("plain  words", "plain words"),
        ("", "nothing"),
        ("x" * 1_000, "x" * MAX_WORDS + "…"),
        ("half \ud83d", "half \ufffd"),
    ],
)
def test_what_is_no_answer_is_told_in_a_few_words(text: str, said: str) -> None:
    assert said_of(text) == said


def test_errors_of_other_shapes_are_told() -> None:
    assert "field required" in str(refused(422, {"detail": [{"msg": "field required"}]}))
    assert "it is off" in str(refused(503, "it is off"))
    for nothing in ({}, None, [], ""):
        assert str(refused(500, nothing)) == "openai/m: 500 Internal Server Error: nothing"


def test_a_key_is_not_repeated() -> None:
    key = "sk-secret-1234"
    for body in ({"message": f"bad key {key}"}, f"bad key {key}", {"error": [key]}, "y" * (MAX_WORDS - 4) + key):
        assert "sk-s" not in str(status_failure("m", 401, {}, body, wall_s=0.0, secret=key))
        assert "sk-s" not in str(told_failure("m", body, secret=key))

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocols import KILLED, MAX_REASON_CHARS, NORMAL, SHUTDOWN, ExitKind, ExitReason, abnormal, shorten_reason


@given(st.builds(ExitReason, st.sampled_from(ExitKind), st.text()))
def test_any_reason_survives_its_text(reason: ExitReason) -> None:
    assert ExitReason.parse(str(reason)) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("normal", NORMAL),
        ("shutdown", SHUTDOWN),
        ("shutdown:term", ExitReason(ExitKind.SHUTDOWN, "term")),
        ("shutdown:failed_to_start_child:w:init_failed", ExitReason(ExitKind.SHUTDOWN, "failed_to_start_child:w:init_failed")),
        ("killed", KILLED),
        ("error", abnormal("")),
        ("error:ValueError: no such product", abnormal("ValueError: no such product")),
    ],
)
def test_texts(text: str, reason: ExitReason) -> None:
    assert str(reason) == text
    assert ExitReason.parse(text) == reason


@pytest.mark.parametrize("text", ["", "badarg", "shutdwon:term", ":", "NORMAL"])
def test_an_unknown_text_is_an_error_with_this_detail(text: str) -> None:
    assert ExitReason.parse(text) == abnormal(text)


def test_a_clean_exit_is_normal_or_shutdown() -> None:
    assert NORMAL.clean
    assert SHUTDOWN.clean
    assert ExitReason.parse("shutdown:term").clean
    assert not KILLED.clean
    assert not abnormal("x").clean


@given(st.text(max_size=3 * MAX_REASON_CHARS))
@example("normal")
def test_a_shortened_reason_keeps_its_beginning_and_its_end(text: str) -> None:
    short = shorten_reason(text)
    assert len(short) == min(len(text), MAX_REASON_CHARS)
    assert short == text or (len(text) > MAX_REASON_CHARS and text.startswith(short[:400]) and text.endswith(short[-400:]))


def test_the_fault_and_the_cure_stay() -> None:
    short = shorten_reason("/a" * MAX_REASON_CHARS + ": no such file: start it from where it is")
    assert short.startswith("/a/a")
    assert short.endswith(": start it from where it is")

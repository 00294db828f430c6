import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocols import InvalidSpecError
from supervision.core import Restart
from supervision.core.wire import (
    blame,
    callers_arg,
    refuse,
    require_choice,
    require_flag,
    require_integer,
    require_list,
    require_map,
    require_text,
    require_texts,
    shorten,
)


def test_a_refusal_names_the_mistake_in_otp_words_and_the_cure() -> None:
    with pytest.raises(InvalidSpecError, match=r"^invalid_shutdown:-5: choose more$") as caught:
        refuse("invalid_shutdown:-5", "choose more")
    assert caught.value.reason == "invalid_shutdown:-5"
    assert not caught.value.retryable


def test_blame_says_which_part_is_wrong() -> None:
    with blame("unused"):
        pass
    with pytest.raises(InvalidSpecError, match=r"^start_spec: invalid_id: name it$") as caught, blame("start_spec"):
        refuse("invalid_id", "name it")
    assert caught.value.reason == "start_spec:invalid_id"


def test_values_that_fit_are_returned() -> None:
    assert require_map({"id": 1}, frozenset({"id", "name"}), "spec") == {"id": 1}
    assert require_list((1, 2), "invalid_list") == (1, 2)
    assert require_choice(Restart, "transient", "invalid_restart_type") is Restart.TRANSIENT
    assert require_choice(Restart, Restart.TEMPORARY, "invalid_restart_type") is Restart.TEMPORARY
    assert require_text("x", "invalid_name") == "x"
    assert require_integer(0, "invalid_number", minimum=0) == 0
    assert require_flag(False, "invalid_flag") is False


@given(st.one_of(st.none(), st.booleans(), st.integers(max_value=-1), st.floats(), st.binary(), st.lists(st.integers())))
@example(None)
def test_whatever_else_is_refused(value: object) -> None:
    with pytest.raises(InvalidSpecError):
        require_map(value, frozenset(), "spec")
    with pytest.raises(InvalidSpecError):
        require_choice(Restart, value, "invalid_restart_type")
    with pytest.raises(InvalidSpecError):
        require_text(value, "invalid_name")
    with pytest.raises(InvalidSpecError):
        require_integer(value, "invalid_number", minimum=0)


@pytest.mark.parametrize("value", [None, "text", 3, {}])
def test_what_is_no_list_is_refused(value: object) -> None:
    with pytest.raises(InvalidSpecError) as caught:
        require_list(value, "invalid_children")
    assert caught.value.reason == f"invalid_children:{value}"


@pytest.mark.parametrize("value", [0, 1, None, "true"])
def test_what_is_no_flag_is_refused(value: object) -> None:
    with pytest.raises(InvalidSpecError):
        require_flag(value, "invalid_flag")


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(InvalidSpecError, match="the fields are id, name") as caught:
        require_map({"idd": 1}, frozenset({"id", "name"}), "spec")
    assert caught.value.reason == "invalid_spec:idd"


def test_reasons_stay_short() -> None:
    assert len(shorten("x" * 1000)) == 50


def test_texts_are_a_list_of_nothing_else() -> None:
    assert require_texts(["a", "b"], "invalid_callers") == ("a", "b")
    for wrong in ("a", ["a", 1]):
        with pytest.raises(InvalidSpecError, match="invalid_callers"):
            require_texts(wrong, "invalid_callers")


def test_callers_are_an_argument_only_where_they_are_named() -> None:
    assert callers_arg(None) == {}
    assert callers_arg(("gateway",)) == {"callers": ["gateway"]}

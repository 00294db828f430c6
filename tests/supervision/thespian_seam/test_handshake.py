import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import AuthenticationError
from supervision.thespian_seam import handshake
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.handshake import (
    ANSWER_BYTES,
    FINISH_BYTES,
    HELLO_BYTES,
    check_finish,
    make_answer,
    make_finish,
    make_hello,
    read_answer,
    read_hello,
    session_keys,
)
from supervision.thespian_seam.keys import Key

KEY, OTHER_KEY = Key(bytes(32)), Key(bytes([1]) * 32)
ALICE = EndpointAddress("127.0.0.1", 1001, "aa" * 16)
BOB = EndpointAddress("127.0.0.1", 1002, "bb" * 16)
HELLO = make_hello(KEY, b"c" * 16, ALICE, BOB)


def test_each_side_reads_what_the_other_made() -> None:
    assert len(HELLO.data) == HELLO_BYTES
    assert read_hello(KEY, HELLO.data) == HELLO
    answer = make_answer(KEY, HELLO, b"s" * 16, welcome=True)
    assert len(answer) == ANSWER_BYTES
    assert read_answer(KEY, HELLO, answer) == b"s" * 16
    finish = make_finish(session_keys(KEY, HELLO, b"s" * 16))
    assert len(finish) == FINISH_BYTES
    check_finish(session_keys(KEY, HELLO, b"s" * 16), finish)


def test_a_life_that_is_over_is_told() -> None:
    assert read_answer(KEY, HELLO, make_answer(KEY, HELLO, bytes(16), welcome=False)) is None


@given(st.integers(0, HELLO_BYTES - 1), st.integers(1, 255))
def test_a_hello_with_any_byte_changed_is_refused(place: int, change: int) -> None:
    forged = bytearray(HELLO.data)
    forged[place] ^= change
    with pytest.raises(AuthenticationError):
        read_hello(KEY, bytes(forged))


@given(st.integers(0, ANSWER_BYTES - 1), st.integers(1, 255))
def test_an_answer_with_any_byte_changed_is_refused(place: int, change: int) -> None:
    forged = bytearray(make_answer(KEY, HELLO, b"s" * 16, welcome=True))
    forged[place] ^= change
    with pytest.raises(AuthenticationError):
        read_answer(KEY, HELLO, bytes(forged))


def test_another_key_proves_nothing() -> None:
    with pytest.raises(AuthenticationError, match="HELLO"):
        read_hello(OTHER_KEY, HELLO.data)
    with pytest.raises(AuthenticationError, match="answer"):
        read_answer(KEY, HELLO, make_answer(OTHER_KEY, HELLO, b"s" * 16, welcome=True))
    with pytest.raises(AuthenticationError, match="FINISH"):
        check_finish(session_keys(KEY, HELLO, b"s" * 16), make_finish(session_keys(OTHER_KEY, HELLO, b"s" * 16)))


def test_an_answer_belongs_to_its_hello() -> None:
    other = make_hello(KEY, b"d" * 16, ALICE, BOB)
    with pytest.raises(AuthenticationError):
        read_answer(KEY, other, make_answer(KEY, HELLO, b"s" * 16, welcome=True))


def test_keys_depend_on_both_nonces_and_on_the_direction() -> None:
    keys = session_keys(KEY, HELLO, b"s" * 16)
    assert keys.frames != keys.acks
    assert keys != session_keys(KEY, HELLO, b"t" * 16)
    assert keys != session_keys(KEY, make_hello(KEY, b"d" * 16, ALICE, BOB), b"s" * 16)


def test_keys_do_not_show_in_a_log() -> None:
    keys = session_keys(KEY, HELLO, b"s" * 16)
    assert repr(keys.frames) not in repr(keys)


def test_macs_are_compared_in_constant_time() -> None:
    assert handshake.require_mac.__code__.co_names.count("compare_digest") == 1

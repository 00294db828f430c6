from typing import Any

import pytest

from protocols import ConfigurationError
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.keys import Key
from supervision.thespian_seam.options import SystemOptions

ALICE = EndpointAddress("127.0.0.1", 1001, "aa" * 16)
BOB = EndpointAddress("127.0.0.1", 1002, "bb" * 16)


def proof(options: SystemOptions) -> bytes:
    return options.secret.mac(ALICE, BOB, b"x")


def test_loopback_with_a_key_made_for_this_run_is_the_default() -> None:
    first, second = SystemOptions(), SystemOptions()
    assert first.host == "127.0.0.1"
    assert proof(first) != proof(second)


def test_a_configured_key_is_used() -> None:
    options = SystemOptions(host="10.0.0.1", key=b"k" * 32)
    assert proof(options) == Key(b"k" * 32).mac(ALICE, BOB, b"x")
    assert options.key is None


def test_keys_do_not_show_in_a_log() -> None:
    assert "kkkk" not in repr(SystemOptions(key=b"k" * 32))


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        ({"host": "10.0.0.1"}, "configure a key"),
        ({"host": "0.0.0.0", "key": b"k" * 32}, "name one"),
        ({"host": "localhost"}, "127.0.0.1"),
        ({"host": "::1"}, "127.0.0.1"),
        ({"key": b"k" * 31}, "at least 32"),
        ({"stop_timeout_s": 0}, "positive"),
        ({"handshake_timeout_s": -1}, "positive"),
        ({"max_unauthenticated": 0}, "positive"),
    ],
)
def test_options_that_cannot_work_are_refused_with_the_cure(options: dict[str, Any], cure: str) -> None:
    with pytest.raises(ConfigurationError, match=cure):
        SystemOptions(**options)

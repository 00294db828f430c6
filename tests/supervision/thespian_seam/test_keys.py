"""Which process can prove what: the run's key opens everything, a confined process's only its own connections."""

import hashlib
import hmac
import os
from collections.abc import Iterator

import pytest

from protocols import AuthenticationError
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.handshake import make_answer, make_hello, read_answer, read_hello
from supervision.thespian_seam.keys import Key
from support.seam_system import System, system

SECRET = bytes(range(32))
ALICE = EndpointAddress("127.0.0.1", 1001, "aa" * 16)
BOB = EndpointAddress("127.0.0.1", 1002, "bb" * 16)
EVE = EndpointAddress("127.0.0.1", 1003, "ee" * 16, confined=True)
FAY = EndpointAddress("127.0.0.1", 1004, "ff" * 16, confined=True)


def confined(address: EndpointAddress = EVE) -> Key:
    key = Key(SECRET)
    key.confine(address)
    return key


def test_a_mac_under_the_run_s_key_is_a_plain_hmac_and_of_a_confined_end_one_under_its_own() -> None:
    expected = hmac.new(SECRET, b"label\0ab", hashlib.sha256).digest()
    assert Key(SECRET).mac(ALICE, BOB, b"label", b"a", b"b") == expected
    own = hmac.new(SECRET, b"endpoint\0" + EVE.pack(), hashlib.sha256).digest()
    expected = hmac.new(own, b"label\0ab", hashlib.sha256).digest()
    for key in (Key(SECRET), confined()):
        assert key.mac(EVE, BOB, b"label", b"ab") == key.mac(ALICE, EVE, b"label", b"ab") == expected


def test_a_confined_process_and_one_with_the_run_s_key_prove_themselves_to_each_other() -> None:
    for mine, theirs, sender, recipient in ((confined(), Key(SECRET), EVE, BOB), (Key(SECRET), confined(), BOB, EVE)):
        hello = make_hello(mine, b"c" * 16, sender, recipient)
        assert read_hello(theirs, hello.data) == hello
        assert read_answer(mine, hello, make_answer(theirs, hello, b"s" * 16, welcome=True)) == b"s" * 16


@pytest.mark.parametrize(("sender", "recipient"), [(ALICE, BOB), (FAY, BOB), (BOB, FAY), (EVE, FAY)])
def test_it_can_prove_nothing_for_others(sender: EndpointAddress, recipient: EndpointAddress) -> None:
    with pytest.raises(AuthenticationError):
        make_hello(confined(), b"c" * 16, sender, recipient)


@pytest.mark.parametrize("claimed", [ALICE, FAY, EndpointAddress(EVE.host, EVE.port, EVE.nonce)])
def test_whoever_holds_its_key_cannot_pass_for_others(claimed: EndpointAddress) -> None:
    data = bytearray(make_hello(confined(), b"c" * 16, EVE, BOB).data)
    packed = EVE.pack()
    at = data.index(packed)
    data[at : at + len(packed)] = claimed.pack()
    with pytest.raises(AuthenticationError, match="HELLO"):
        read_hello(Key(SECRET), bytes(data))


def test_two_confined_processes_have_no_key() -> None:
    for key in (Key(SECRET), confined()):
        with pytest.raises(AuthenticationError):
            key.mac(EVE, FAY, b"x")


def test_the_run_s_key_is_overwritten() -> None:
    key = Key(SECRET)
    held = key._held
    key.confine(EVE)
    assert held == bytes(32)
    assert SECRET not in bytes(key._held)
    assert "bytearray" not in repr(key)


# Which looks at everything that Python code can reach: all objects, the frames of the parent's code on the stack among them.
LOOK = """
import gc, sys
wanted, found = bytes(range(32)), 0
for each in gc.get_objects():
    for part in gc.get_referents(each):
        for one in (part, *gc.get_referents(part)):
            if isinstance(one, (bytes, bytearray)) and one is not wanted and wanted in one:
                found += 1
frame = sys._getframe()
while frame is not None:
    found += sum(isinstance(one, (bytes, bytearray)) and one is not wanted and wanted in one for one in frame.f_locals.values())
    frame = frame.f_back
reply(found)
"""


@pytest.fixture
def running() -> Iterator[System]:
    with system() as running:
        yield running


@pytest.mark.processes
def test_what_runs_user_code_does_not_reach_the_run_s_key(running: System) -> None:
    root = running.start()["ref"]
    plain = running.child(root, "plain")["ref"]
    tool = running.child(root, "tool", confined=True)["ref"]
    assert tool["address"].endswith("/confined")
    assert running.ask(root, LOOK) > 0
    assert running.ask(plain, LOOK) > 0
    assert running.ask(tool, LOOK) == 0
    assert running.ask(tool, "os.getpid()") not in (None, os.getpid())

import io
import os
import pickle
import pickletools
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from thespian.actors import ActorAddress, ActorExitRequest
from thespian.system.addressManager import ActorAddressManager, CannotPickleAddress
from thespian.system.messages.admin import PendingActor, QueryAck, QueryExists, SystemShutdown

from protocols import DecodeError
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.allowlist import ALLOWED, dumps, loads

ADDRESS = ActorAddress(EndpointAddress("127.0.0.1", 1, "aa" * 16))
MESSAGES = [QueryAck("name", 2, False), QueryExists()]


class Payload:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (self.path,))


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_thespians_messages_pass(message: object) -> None:
    assert vars(loads(dumps(message))).keys() == vars(message).keys()


def test_the_allowlist_holds_just_what_these_messages_name() -> None:
    named = set()
    for message in MESSAGES:
        strings: list[str] = []
        for opcode, argument, _ in pickletools.genops(dumps(message)):
            if opcode.name in {"SHORT_BINUNICODE", "BINUNICODE"}:
                strings.append(argument)
            elif opcode.name == "STACK_GLOBAL":
                named.add((strings[-2], strings[-1]))
    assert named == ALLOWED


@pytest.mark.parametrize("message", [SystemShutdown(), ActorExitRequest(), PendingActor("os.system", None, 1, None, None)])
def test_s4_nobody_shuts_down_ends_or_starts_anything_by_thespians_messages(message: object) -> None:
    with pytest.raises(DecodeError, match=type(message).__name__):
        loads(dumps(message))


def test_s5_a_pickle_that_runs_code_runs_nothing(tmp_path: Path) -> None:
    with pytest.raises(DecodeError, match="mkdir"):
        loads(pickle.dumps(Payload(str(tmp_path / "run"))))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("thespian.system.systemBase", "os.getpid"),
        ("thespian.actors", "ActorAddress.__init__"),
        ("thespian.actors", "Actor"),
        ("os", "system"),
    ],
)
def test_s5_a_dotted_name_does_not_pass_as_thespians(module: str, name: str) -> None:
    data = b"\x80\x04\x8c" + bytes([len(module)]) + module.encode() + b"\x8c" + bytes([len(name)]) + name.encode() + b"\x93)R."
    with pytest.raises(DecodeError, match="no message"):
        loads(data)


@pytest.mark.parametrize("value", [1, "text", [QueryExists()], None])
def test_what_is_no_message_is_refused(value: object) -> None:
    with pytest.raises(DecodeError, match="no message"):
        loads(dumps(value))


def test_persistent_references_are_refused() -> None:
    buffer = io.BytesIO()

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj: object) -> object:
            return "there" if obj == "here" else None

    Pickler(buffer).dump("here")
    with pytest.raises(DecodeError):
        loads(buffer.getvalue())


@given(st.binary())
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    with suppress(DecodeError):
        loads(data)


def test_an_address_without_a_place_cannot_travel() -> None:
    local = ActorAddressManager(ADDRESS, ADDRESS).createLocalAddress()
    with pytest.raises(CannotPickleAddress):
        dumps(PendingActor("m.C", local, 1, None, None))

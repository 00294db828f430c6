"""The keeper of a session's data: it comes back onto what the program passes, and what does not is named once and ends nothing."""

import logging
import threading
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from actors import UserDataChanged
from livekitex_agent.program.user_data import MAX_BYTES
from livekitex_agent.program.user_data_keeper import NOTHING, UserDataKeeper
from livekitex_agent.types import NOT_GIVEN


@dataclass
class Order:
    items: list[str] = field(default_factory=list)
    connection: Any = None


class Session:
    """What the keeper sees of one."""

    def __init__(self, userdata: Any) -> None:
        self._userdata = userdata

    @property
    def userdata(self) -> Any:
        return self._userdata

    @userdata.setter
    def userdata(self, value: Any) -> None:
        self._userdata = value


class Call:
    def __init__(self, kept: str = NOTHING) -> None:
        self.memory = SimpleNamespace(user_data_json=kept)
        self.fed: list[UserDataChanged] = []

    def feed(self, what: UserDataChanged) -> None:
        self.fed.append(what)


def keeper_of(session: Session, call: Call) -> UserDataKeeper:
    return UserDataKeeper(session, call)  # type: ignore[arg-type] # all that it uses


def test_what_changes_is_told_once_and_comes_back_onto_the_next_life_s_object(caplog: pytest.LogCaptureFixture) -> None:
    session, call = Session(Order(connection=threading.Lock())), Call()
    keeper = keeper_of(session, call)
    keeper.restore()
    session.userdata.items.append("pizza")
    for _ in range(3):
        keeper.commit()
    assert len(call.fed) == 1
    assert [record.message for record in caplog.records] == ["not restorable: userdata.connection: _thread:lock: its class is not known"]
    rerun = Order(connection="new")
    keeper_of(Session(rerun), Call(call.fed[0].user_data_json)).restore()
    assert rerun == Order(["pizza"], "new")


def test_what_is_neither_kept_nor_passed_is_named(caplog: pytest.LogCaptureFixture) -> None:
    session, call = Session({"lock": threading.Lock(), "count": 1}), Call()
    keeper_of(session, call).commit()
    rerun = Session({})
    caplog.clear()
    keeper_of(rerun, Call(call.fed[0].user_data_json)).restore()
    assert rerun.userdata == {"count": 1}
    (record,) = caplog.records
    assert record.message.startswith("not restorable: userdata['lock']: _thread:lock")


def test_data_that_cannot_be_read_is_the_program_s_own(caplog: pytest.LogCaptureFixture) -> None:
    session = Session(Order(["new"]))
    keeper_of(session, Call('{"v":99,"data":1}')).restore()
    assert session.userdata == Order(["new"])
    assert "version 99" in caplog.text


def test_data_that_is_too_large_is_named_once_and_what_was_kept_stays(caplog: pytest.LogCaptureFixture) -> None:
    session, call = Session(["pizza"]), Call()
    keeper = keeper_of(session, call)
    keeper.commit()
    session.userdata.append("x" * MAX_BYTES)
    for _ in range(2):
        keeper.commit()
    assert len(call.fed) == 1
    assert keeper.written() == call.fed[0].user_data_json
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 1


def test_a_session_without_data_keeps_none() -> None:
    session, call = Session(NOT_GIVEN), Call()
    keeper = keeper_of(session, call)
    keeper.restore()
    keeper.commit()
    assert call.fed == []

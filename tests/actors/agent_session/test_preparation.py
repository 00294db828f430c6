"""A session whose providers take long: its mailbox runs meanwhile, and however the making ends, it is told."""

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from actors.agent_session import SHARED_MEMORY_BYTES
from actors.agent_session import actor as session_module
from protocols import LLM, SHUTDOWN, ExitSignal, GetSession, Ping, Pong, SessionInfo
from support import scripted_providers
from support.actor_host import ActorHost
from support.correspondence import DEADLINE_S
from support.scripted_providers import agent

gate = threading.Event()


def slow_llm(options: Mapping[str, Any]) -> LLM:
    assert gate.wait(DEADLINE_S)
    return scripted_providers.llm(options)


def exiting_llm(options: Mapping[str, Any]) -> LLM:
    raise SystemExit(f"no licence for {options}")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    gate.clear()
    yield
    gate.set()


def begin(factory: Callable[..., object] = slow_llm) -> ActorHost:
    wire = agent(llm={"factory": f"{__name__}:{factory.__name__}", "options": {}})
    arguments = {"call_id": "c1", "agent": wire, "options": {"journal_dir": None}}
    return ActorHost(
        "actors.agent_session:AgentSession", arguments, actor_id="agent_session/c1", memory=memoryview(bytearray(SHARED_MEMORY_BYTES))
    )


def end(host: ActorHost) -> None:
    host.mail.tell(ExitSignal(reason=str(SHUTDOWN), from_parent=True))
    assert host.wait_for_end() == SHUTDOWN


def test_while_a_provider_is_made_heartbeats_are_answered_and_messages_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "MAX_EARLY", 1)
    host = begin()
    assert host.mail.ask(Ping(probe=1)) == Pong(probe=1)
    waiting: list[object] = []
    asker = threading.Thread(target=lambda: waiting.append(host.mail.ask(GetSession())))
    asker.start()
    while not host.actor._early:  # type: ignore[attr-defined]
        assert host.mail.ask(Ping(probe=2)) == Pong(probe=2)
    beyond = host.mail.tell(GetSession())
    assert host.mail.ask(Ping(probe=3)) == Pong(probe=3)
    gate.set()
    asker.join(DEADLINE_S)
    assert isinstance(waiting[0], SessionInfo)
    assert isinstance(host.mail.ask(GetSession()), SessionInfo)
    assert not [envelope for _, envelope in host.mail.received if envelope.correlation_id == beyond]
    end(host.up())


def test_a_session_that_is_not_up_yet_can_be_stopped() -> None:
    end(begin())


def test_a_provider_that_is_never_made_ends_the_start_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "PREPARE_TIMEOUT_S", 0.05)
    reason = str(begin().wait_for_end())
    assert reason.startswith(f"error:ConfigurationError: making the llm {__name__}:slow_llm took more than 0.05 s")


def test_whatever_a_provider_raises_is_why_the_start_failed() -> None:
    assert str(begin(exiting_llm).wait_for_end()) == "error:SystemExit: no licence for {}"

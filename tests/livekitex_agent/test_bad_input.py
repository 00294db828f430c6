"""Bad input on the real tree with real sessions: each a clear error that names the cure, and the call and the tree live on."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from livekitex_agent import (
    Agent,
    AgentMessage,
    InvalidAgentError,
    InvalidAudioError,
    MessageTooLargeError,
    MissingExtraError,
    ProviderRef,
    SessionUnavailableError,
    ToolReturned,
    UsageError,
    sync,
)
from support import bad_providers
from support.echo_tree import echo_options

pytestmark = pytest.mark.processes


def rules(*intents: tuple[str, dict[str, Any]]) -> ProviderRef:
    """A brain that makes the call that is given for each word."""
    made = [{"name": f"intent-{word}", "examples": [word], "call": call} for word, call in intents]
    return ProviderRef(factory="actors.providers.offline:rule_llm", options={"intents": made})


BRAIN = rules(
    ("pineapple", {"tool": "order", "arguments": {"product": "pizza", "quantity": "many"}}),
    ("unplug", {"tool": "unplug", "arguments": {}}),
    ("nesting", {"tool": "start_another_system", "arguments": {}}),
    ("margherita", {"tool": "order", "arguments": {"product": "pizza", "quantity": 2}}),
)
WAITER = Agent.text(
    instructions="Take orders.", tools=[bad_providers.order, bad_providers.unplug, bad_providers.start_another_system], llm=BRAIN
)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sync.AgentSystem]:
    with sync.AgentSystem.start(echo_options(journal=True, journal_dir=tmp_path_factory.mktemp("calls"), log_level="error")) as system:
        yield system


@pytest.fixture(scope="module")
def session(system: sync.AgentSystem) -> sync.CallHandle:
    return system.start_session(WAITER)


@pytest.fixture(autouse=True)
def _the_call_and_the_tree_live_on(system: sync.AgentSystem, session: sync.CallHandle) -> Iterator[None]:
    before = {node.name: node.os_pid for node in system.tree().walk()}
    yield
    after = {node.name: node.os_pid for node in system.tree().walk()}
    assert before.items() <= after.items()
    session.send_text("margherita")
    assert session.wait_for(ToolReturned, lambda returned: returned.ok).result == "2 pizza noted."
    assert session.wait_for(AgentMessage)


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("pineapple", "quantity\n  Input should be a valid integer"),
        ("unplug", "no route to the kitchen"),
        ("nesting", "cannot start another: start it from the script"),
    ],
    ids=["a wrong type", "a tool that raises", "a system in a system"],
)
def test_a_tool_that_cannot_do_it_is_told_to_the_model(session: sync.CallHandle, word: str, told: str) -> None:
    session.send_text(word)
    returned = session.wait_for(ToolReturned)
    assert not returned.ok
    assert told in returned.result
    session.wait_for(AgentMessage)


def test_an_unknown_tool(system: sync.AgentSystem) -> None:
    brain = ProviderRef(factory="support.bad_providers:hallucinating", options={})
    session = system.start_session(Agent.text(instructions="Take orders.", tools=[bad_providers.order], llm=brain))
    session.send_text("a bottle of red, please")
    returned = session.wait_for(ToolReturned)
    assert not returned.ok
    assert "wine_list" in returned.result
    assert session.wait_for(AgentMessage).text == "1 tools and no wine."
    session.end()


def test_ten_megabytes(session: sync.CallHandle) -> None:
    with pytest.raises(MessageTooLargeError, match="send it in parts"):
        session.send_text("x" * 10_000_000)


def test_a_text_longer_than_a_turn(session: sync.CallHandle) -> None:
    with pytest.raises(UsageError, match=r"16[,_]?000"):
        session.send_text("x" * 20_000)


@pytest.mark.parametrize(("pcm", "rate_hz"), [(b"\0\0", 44_100), (b"\0", 8_000), (b"", 8_000)], ids=["rate", "odd", "empty"])
def test_what_is_no_audio(session: sync.CallHandle, pcm: bytes, rate_hz: int) -> None:
    with pytest.raises(InvalidAudioError):
        session.stream_audio(pcm, rate_hz)


def test_a_missing_extra(system: sync.AgentSystem) -> None:
    deaf = ProviderRef(factory="support.bad_providers:not_installed", options={})
    with pytest.raises(MissingExtraError, match=r"pip install 'livekitex-agent\[offline\]'"):
        system.start_session(Agent.text(instructions="Take orders.", llm=deaf))


@pytest.mark.parametrize(
    ("fields", "error", "cure"),
    [
        ({"options": {"min_endpointing_delay_ms": -1}}, UsageError, "min_endpointing_delay_ms"),
        ({"options": {"patience": 1}}, UsageError, "patience"),
        ({"llm": ProviderRef(factory="no_such:brain", options={})}, UsageError, "no_such:brain"),
        ({"llm": ProviderRef(factory="actors.providers.offline:rule_llm", options={"intents": 5})}, UsageError, "malformed rules"),
        ({"llm": ProviderRef(factory="support.bad_providers:order", options={})}, (UsageError, SessionUnavailableError), "order"),
    ],
)
def test_an_agent_that_cannot_work(system: sync.AgentSystem, fields: dict[str, Any], error: type[Exception], cure: str) -> None:
    with pytest.raises(error, match=cure):
        system.start_session(Agent.text(**{"instructions": "Take orders.", **fields}))


def test_an_agent_whose_script_has_gone(system: sync.AgentSystem, tmp_path: Path) -> None:
    script = tmp_path / "gone.py"
    script.write_text("def price(product: str) -> str: ...\n", "utf-8")
    spec = importlib.util.spec_from_file_location("gone_script", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "gone_script", module)
        spec.loader.exec_module(module)
        agent = Agent.text(instructions="Take orders.", tools=[module.price])
        script.unlink()
        with pytest.raises(InvalidAgentError, match="the script must stay where it was started from"):
            system.start_session(agent)

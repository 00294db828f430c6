"""Each example is run as its reader would run it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from livekitex_agent.testing.openai_server import OpenAIServer, Reply

pytestmark = pytest.mark.processes


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def run(checkout: Path, name: str, *arguments: str) -> list[str]:
    here = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, checkout / "examples" / name, *arguments], capture_output=True, text=True, check=False, env=here, timeout=900
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_hello_session(checkout: Path, state: Path) -> None:
    assert run(checkout, "hello_session.py") == ["agent: Hello!", "agent: A pizza costs nine dollars."]
    assert [path.name for path in state.rglob("*")] == ["livekitex", "calls"], "a call's journal goes with the call"


@pytest.mark.usefixtures("state")
def test_restart_strategies(checkout: Path) -> None:
    assert run(checkout, "restart_strategies.py")[-3:] == [
        "one_for_one: b was killed, new processes: b",
        "rest_for_one: b was killed, new processes: b, c",
        "one_for_all: b was killed, new processes: a, b, c",
    ]


@pytest.mark.usefixtures("state")
def test_voice_order(checkout: Path) -> None:
    heard = run(checkout, "voice_order.py", "I would like two pizzas, please.")
    assert "incarnation 2 of the call: killed" in heard
    before, after = heard[: heard.index("agent:  I have added 2 pizzas.")], heard[-2:]
    assert 'tool:   add_item {"item": "pizza", "quantity": 2}' in before
    assert after[-1] == "agent:  Anything else?", "speech went on where it was"


@pytest.mark.usefixtures("state")
def test_openai_session(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with OpenAIServer(api_key="sk-example") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-example")
        server.script("chat", Reply(calls=(("price", {"product": "pizza", "count": None}),)))
        assert run(checkout, "openai_session.py", "loopback") == [
            "user:  What is the price of a pizza?",
            'tool:  price {"product": "pizza", "count": null}',
            "agent: It says: 1 pizza: 9 dollars",
            "user:  And of two?",
            "agent: You said: And of two?",
        ]


def test_hello_is_short(checkout: Path) -> None:
    assert len((checkout / "examples" / "hello_session.py").read_text("utf-8").splitlines()) <= 23

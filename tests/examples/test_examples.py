"""Each example is run as its reader would run it."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from livekitex_agent import AgentChanged, AgentSentence, ProgramPlace, ToolReturned
from livekitex_agent.testing import TestSession
from livekitex_agent.testing.openai_server import OpenAIServer, Reply

pytestmark = pytest.mark.processes


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def run(checkout: Path, name: str, *arguments: str, lines: str = "") -> list[str]:
    here = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, checkout / "examples" / name, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=here, timeout=900, input=lines)
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


DESK = ("order a pizza", "order a coffee", "checkout", "pay by card")


@pytest.mark.usefixtures("state")
def test_front_desk(checkout: Path) -> None:
    pytest.importorskip("rapidfuzz", reason="the extra offline is not installed")
    shown = run(checkout, "front_desk.py", "console", "--text", lines="".join(f"{line}\n" for line in DESK))
    said = [line.split(" agent ", 1)[1].strip() for line in shown if " agent " in line]
    assert " ".join(said) == (
        "Welcome! What would you like? I have noted pizza. I have noted coffee. One moment, please. "
        "That is pizza, coffee: 12 dollars. Thank you, paid by card."
    )


def test_the_order_at_the_front_desk_survives_the_death_of_the_process_also_with_the_cashier(checkout: Path) -> None:
    pytest.importorskip("rapidfuzz", reason="the extra offline is not installed")
    place = ProgramPlace(place=str(checkout / "examples" / "front_desk.py"), providers={"vad": "none", "stt": "none", "tts": "none"})

    async def call() -> list[str]:
        async with TestSession(place) as session:
            await session.run(user_input=DESK[0])
            session.kill_when(ToolReturned)
            await session.run(user_input=DESK[1])
            session.kill_when(AgentChanged)
            await session.run(user_input=DESK[2])
            await session.run(user_input=DESK[3])
            return [event.event.text for event in session.events if isinstance(event.event, AgentSentence)]

    said = asyncio.run(call())
    assert [line for line in said if "dollars" in line] == ["That is pizza, coffee: 12 dollars."]
    assert said[-1] == "Thank you, paid by card."


def test_hello_is_short(checkout: Path) -> None:
    assert len((checkout / "examples" / "hello_session.py").read_text("utf-8").splitlines()) <= 23

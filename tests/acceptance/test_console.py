"""An order by voice on OpenAI's protocols, from the command line alone: interrupted, killed while it speaks, and complete all the same."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from actors import write_wav
from livekitex_agent.testing.fakes import spoken
from livekitex_agent.testing.openai_server import OpenAIServer, Reply, Request
from protocols import SESSION_RATE_HZ
from support import fresh

PROGRAM = '''
from typing import Literal

from livekitex_agent import Agent, AgentServer, AgentSession, JobContext, ProviderRef, RunContext, cli, function_tool

Product = Literal["pizza", "salad"]


class Clerk(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You take orders on the phone.")

    async def on_enter(self) -> None:
        await self.session.say("Hello, this is the corner kitchen speaking.")

    @function_tool
    async def add(self, ctx: RunContext, product: Product, count: int) -> str:
        """Add something to the order."""
        ctx.userdata[product] = ctx.userdata.get(product, 0) + count
        return f"{count} {product} added"

    @function_tool
    async def place(self, ctx: RunContext) -> str:
        """Place the order."""
        return ", ".join(f"{count} {product}" for product, count in ctx.userdata.items())


server = AgentServer()


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    vad = ProviderRef(factory="actors.providers.vad:energy", options={})
    session = AgentSession(vad=vad, stt="openai:none", llm="openai:none", tts="openai:none", userdata={}, aec_warmup_duration=0)
    await session.start(Clerk(), room=ctx.room)


if __name__ == "__main__":
    cli.run_app(server)
'''
COMMAND = ("agent.py", "console", "--wav", "order.wav", "--wav", "place.wav", "--kill-at", "speaking", "--record")
FIRST = "please add two pizzas to my order, that would be kind of you"
SECOND = "no wait, please add one salad to my order as well, and that would be all for now, thank you"
LAST = "please place my order now, thank you very much"
LONG = "I have noted that, and while we are at it let me tell you about everything else that we have. " * 12


def answer(request: Request) -> Reply:
    """The model: what is asked for becomes a call, what a tool gives is told, at length after the first."""
    last = request.body["messages"][-1]
    said = json.dumps(last["content"])
    if last["role"] == "tool":
        return Reply.of(LONG if "pizza added" in said else f"That is {last['content']}.")
    if "salad" in said:
        return Reply(calls=(("add", {"product": "salad", "count": 1}),))
    if "pizzas" in said:
        return Reply(calls=(("add", {"product": "pizza", "count": 2}),))
    return Reply(calls=(("place", {}),)) if "place" in said else Reply.of("What would you like to order?")


@pytest.mark.processes
def test_an_order_on_openais_protocols_is_complete_though_it_is_interrupted_and_killed(tmp_path: Path) -> None:
    (tmp_path / "agent.py").write_text(PROGRAM, "utf-8")
    write_wav(tmp_path / "order.wav", spoken(FIRST, pause_s=6.0) + spoken(SECOND), SESSION_RATE_HZ)
    write_wav(tmp_path / "place.wav", spoken(LAST), SESSION_RATE_HZ)
    with OpenAIServer(api_key="sk-loopback") as server:
        server.always("chat", answer)
        named = [word for kind in ("llm", "stt", "tts") for word in (f"--{kind}", "openai:loopback")]
        done = subprocess.run(
            [sys.executable, *COMMAND, *named, "--base-url", server.base_url],
            cwd=tmp_path,
            env=fresh.environment() | {"XDG_STATE_HOME": str(tmp_path), "OPENAI_API_KEY": "sk-loopback"},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        models = {request.body["model"] for request in server.requests}
    assert done.returncode == 0, done.stdout + done.stderr
    assert models == {"loopback"}, "the command line's providers, not the program's"
    assert "KILL    SIGKILL" in done.stdout
    assert "incarnation 2 of the call has its conversation again" in done.stdout
    assert 'interrupted; heard was: "I have noted that' in done.stdout
    assert "place -> 2 pizza, 1 salad" in done.stdout
    assert done.stdout.count("Hello, this is the corner kitchen speaking.") == 1
    assert done.stdout.count("2 pizza added") == 1

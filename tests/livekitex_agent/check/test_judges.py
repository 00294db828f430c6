"""What stands in a program and is lost, done twice, or waits: found where it is, and nothing where there is nothing."""

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from livekitex_agent.check.agents import agents_lost
from livekitex_agent.check.effects import effects_repeated
from livekitex_agent.check.findings import Finding
from livekitex_agent.check.loops import blocks, on_the_programs_loop
from livekitex_agent.check.source import Source, read_program

HEAD = """
import asyncio, os, requests, subprocess, time
import httpx as h
from livekit.plugins import deepgram
from livekitex_agent import Agent, AgentSession, ProviderRef, function_tool, provider
from livekitex_agent.providers import openai, silero
class Clerk(Agent):
    def __init__(self, client=None, chat_ctx=None): ...
"""


def found(judge: Callable[[Source], Iterator[Finding]], code: str, folder: Path) -> list[str]:
    (folder / "shop.py").write_text(HEAD + textwrap.dedent(code), "utf-8")
    findings = list(judge(read_program(folder / "shop.py")[0]))
    lines = (HEAD + textwrap.dedent(code)).split("\n")
    assert all(finding.cure and ("def " in lines[finding.line - 1] or "(" in lines[finding.line - 1]) for finding in findings)
    return [finding.found for finding in findings]


IN_TOOL = """
class Desk(Agent):
    @function_tool
    async def go(self, ctx):
        {}
"""


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("return Clerk(lambda: 1)", "Clerk(lambda: 1) cannot be made again: a lambda stays in its process"),
        (
            "return Clerk(client=h.AsyncClient())",
            "Clerk(client=h.AsyncClient()) cannot be made again: httpx.AsyncClient is of its process alone",
        ),
        ("lock = asyncio.Lock()\n        return Clerk([lock])", "Clerk([lock]) cannot be made again: asyncio.Lock is of its process alone"),
        (
            "async with h.AsyncClient() as client:\n            return Clerk(client)",
            "Clerk(client) cannot be made again: httpx.AsyncClient is of its process alone",
        ),
        ("def say(): ...\n        return Clerk(say)", "Clerk(say) cannot be made again: say is defined inside a function"),
        ("return Clerk(x for x in 'ab')", "cannot be made again: an iterator stays in its process"),
        ("class Inner(Agent): ...\n        return Inner()", "Inner is a class inside a function, and cannot be found again"),
    ],
)
def test_an_agent_that_cannot_be_made_again_is_found(code: str, problem: str, tmp_path: Path) -> None:
    (only,) = found(agents_lost, IN_TOOL.format(code), tmp_path)
    assert problem in only


@pytest.mark.parametrize(
    "code",
    [
        IN_TOOL.format("return Clerk(chat_ctx=self.chat_ctx)"),
        IN_TOOL.format("return Clerk([1, 'two', {'three': 3.0}])"),
        IN_TOOL.format("return Clerk(self.client)"),
        IN_TOOL.format("return ctx.userdata.clerk"),
        "@server.rtc_session()\nasync def entrypoint(ctx):\n    await ctx.start(Clerk(h.AsyncClient()), Clerk(lambda: 1))",
    ],
)
def test_an_agent_that_can_be_is_not(code: str, tmp_path: Path) -> None:
    assert found(agents_lost, code, tmp_path) == []


IN_ENTRYPOINT = "@server.rtc_session()\nasync def entrypoint(ctx):\n    {}\n"


@pytest.mark.parametrize(
    ("code", "effect"),
    [
        ("requests.post('https://x', json={})", "requests.post in entrypoint"),
        ("subprocess.run(['mail'])", "subprocess.run in entrypoint"),
        ("open('log', 'a').write('x')", "open(…, 'a') in entrypoint"),
        ("await db.execute('INSERT INTO calls VALUES (1)')", "db.execute in entrypoint"),
        ("await http.post(f'{base}/orders')", "http.post in entrypoint"),
        ("await http.delete(order_url)", "http.delete in entrypoint"),
        ("await mail.send_email('x')", "mail.send_email in entrypoint"),
        ("os.remove('x')", "os.remove in entrypoint"),
    ],
)
def test_an_effect_that_is_not_once_is_found(code: str, effect: str, tmp_path: Path) -> None:
    (only,) = found(effects_repeated, IN_ENTRYPOINT.format(code), tmp_path)
    assert only == f"{effect}: the entrypoint runs again after a death, and so does this"


@pytest.mark.parametrize(
    "code",
    [
        IN_ENTRYPOINT.format("await ctx.once('sms', send, 1)"),
        IN_ENTRYPOINT.format("await ctx.once('sms', lambda: requests.post('https://x'))"),
        IN_ENTRYPOINT.format("await ctx.api.room.delete('/room')"),
        IN_ENTRYPOINT.format("requests.get('https://x')"),
        IN_ENTRYPOINT.format("open('menu')"),
        IN_ENTRYPOINT.format("await db.execute('SELECT 1')"),
        IN_ENTRYPOINT.format("queue.put(1)"),
        IN_TOOL.format("requests.post('https://x')"),
        "def elsewhere():\n    requests.post('https://x')",
    ],
)
def test_what_is_once_or_runs_once_is_not(code: str, tmp_path: Path) -> None:
    assert found(effects_repeated, code, tmp_path) == []


def test_an_idempotent_tool_is_asked_to_be_so(tmp_path: Path) -> None:
    code = "@function_tool(idempotent=True)\ndef pay():\n    requests.post('https://x')\n"
    assert found(effects_repeated, code, tmp_path) == [
        "requests.post in pay: an idempotent tool that was cut off runs again, and so does this"
    ]


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("class Desk(Agent):\n    async def tts_node(self, text, settings): ...", ["Desk.tts_node is overridden"]),
        ("AgentSession(stt=deepgram.STT(model='x'))", ["stt=livekit.plugins.deepgram.STT(...) is a plugin or your own"]),
        ("AgentSession[int](llm=Mine())", ["llm=Mine(...) is a plugin or your own"]),
        ("class Desk(Agent):\n    def __init__(self):\n        super().__init__(tts=Mine())", ["tts=Mine(...) is a plugin or your own"]),
        ("AgentSession(stt=openai.STT(), llm='openai:x', tts=None)", []),
        ("Agent(llm=provider(Mine))", []),
        ("AgentSession(vad=ProviderRef(factory='mine:vad', options={}), stt=silero.VAD.load())", []),
        ("class Other:\n    async def tts_node(self): ...", []),
    ],
)
def test_what_runs_on_the_programs_loop_is_told(code: str, what: list[str], tmp_path: Path) -> None:
    told = found(on_the_programs_loop, code, tmp_path)
    assert [text.partition(":")[0] for text in told] == what


@pytest.mark.parametrize(
    ("code", "what"),
    [
        (IN_TOOL.format("time.sleep(1)"), ["time.sleep in Desk.go blocks the program's loop while it waits"]),
        (IN_TOOL.format("h.get('https://x')"), ["httpx.get in Desk.go blocks the program's loop while it waits"]),
        (IN_TOOL.format("await asyncio.to_thread(time.sleep, 1)"), []),
        ("@function_tool\ndef tool():\n    time.sleep(1)", []),
    ],
)
def test_what_blocks_that_loop_is_told(code: str, what: list[str], tmp_path: Path) -> None:
    assert found(blocks, code, tmp_path) == what

"""A real call by OpenAI's protocols: heard, thought and spoken over the loopback server, which fails now and then, and killed in it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from livekitex_agent import (
    Agent,
    AgentMessage,
    AgentSystem,
    CallHandle,
    MissingExtraError,
    Restarted,
    ToolReturned,
    UserMessage,
    WorkerOptions,
    provider,
)
from livekitex_agent.providers import openai
from livekitex_agent.testing.fakes import scripted_vad, spoken
from livekitex_agent.testing.openai_server import OpenAIServer, Reply, audio, chat_answer, error
from protocols import InvalidAgentError
from support.openai_loopback import KEY

PATIENCE_S = 100.0
CHUNK_S = 0.05
RATE_HZ = 16_000
STORY = "Once upon a time there was a king. He had a horse. It was white."


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with OpenAIServer(api_key=KEY) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        yield server


def price(product: str, count: int = 1) -> str:
    """Tell the price of a product."""
    return f"{count} {product} for nine dollars"


AGENT = Agent(
    instructions="You sell pizza.",
    vad=provider(scripted_vad),
    stt=provider(openai.STT),
    llm=provider(openai.LLM, model="loopback"),
    tts=provider(openai.TTS, model="loopback"),
    tools=[price],
    options={"preemptive_generation": False},
)


def written_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@asynccontextmanager
async def called(journals: Path, agent: Agent = AGENT) -> AsyncIterator[CallHandle]:
    async with (
        asyncio.timeout(PATIENCE_S),
        AgentSystem.start(WorkerOptions(partitions=1, preload=False, journal_dir=journals)) as system,
    ):
        yield await system.start_session(agent)


async def speak(session: CallHandle, text: str) -> None:
    """Say ``text`` as the caller, in real time, and then nothing for a second."""
    pcm, size = spoken(text, RATE_HZ, pause_s=1.0), int(CHUNK_S * RATE_HZ) * 2
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    for at in range(0, len(pcm), size):
        await session.stream_audio(pcm[at : at + size], RATE_HZ)
        late = loop.create_future()
        loop.call_at(started_s + at / 2 / RATE_HZ, late.set_result, None)
        await late


@pytest.mark.processes
@pytest.mark.asyncio
async def test_a_call_is_heard_thought_and_spoken_and_comes_back_in_the_middle_of_an_answer(server: OpenAIServer, tmp_path: Path) -> None:
    server.script("transcriptions", error(500))
    server.script(
        "chat",
        error(429, retry_after="0.1"),
        Reply(calls=(("price", {"product": "pizza", "count": None}),)),
        Reply.of("It costs nine dollars."),
    )
    server.script("speech", error(503))
    async with called(tmp_path) as session:
        await speak(session, "what is the price of a pizza please")
        assert (await session.wait_for(UserMessage)).text == "what is the price of a pizza please"
        assert (await session.wait_for(ToolReturned)).result == "1 pizza for nine dollars", "the null of strict mode is the tool's default"
        assert (await session.wait_for(AgentMessage)).text == "It costs nine dollars."

        server.script("chat", chat_answer(Reply.of(STORY)).held(after=12))
        await session.send_text("tell me a story")
        (held,) = await asyncio.to_thread(
            lambda: [one for one in server.wait_for(lambda requests: any(one.sent == 12 for one in requests)) if one.sent == 12]
        )
        os.kill((await session.info()).os_pid, signal.SIGKILL)
        assert (await session.wait_for(Restarted)).incarnation == 2
        await session.wait_for(AgentMessage)
        await asyncio.to_thread(server.wait_for, lambda _: held.outcome == "left")  # the connection went with the process
        history = [message.text for message in (await session.history()).messages]
        assert history.count("tell me a story") == 1
        assert [text for text in history if text][-1].startswith(("Once upon a time", "You said: tell me a story"))
    asked = [request for request in server.requests if request.route == "chat"]
    assert asked[-1].body["messages"][-1] == {"role": "user", "content": "tell me a story"}
    assert asked[0].body["tools"][0]["function"]["strict"] is True
    assert KEY.encode() not in written_below(tmp_path)


@pytest.mark.processes
@pytest.mark.asyncio
async def test_connections_are_kept_from_turn_to_turn_and_the_key_is_in_no_journal(server: OpenAIServer, tmp_path: Path) -> None:
    agent = Agent.text(instructions="Repeat.", llm=provider(openai.responses.LLM, model="loopback"))
    async with called(tmp_path, agent) as session:
        for line in ("one", "two", "three"):
            await session.send_text(line)
            assert (await session.wait_for(AgentMessage)).text == f"You said: {line}"
        assert b"three" in written_below(tmp_path)
        assert KEY.encode() not in written_below(tmp_path)
    assert {(request.route, request.connection) for request in server.requests} == {("responses", 0)}


@pytest.mark.processes
@pytest.mark.asyncio
async def test_a_voice_that_fails_does_not_end_the_call(server: OpenAIServer, tmp_path: Path) -> None:
    server.script("speech", audio(b"RIFF" + bytes(400)), audio(b"RIFF" + bytes(400)))
    server.script("chat", Reply.of("First."), Reply.of("Second."))
    async with called(tmp_path) as session:
        await session.send_text("one")
        await session.wait_for(AgentMessage, lambda message: "something went wrong" in message.text)  # by a voice that is well again
        await session.send_text("two")
        assert (await session.wait_for(AgentMessage)).text == "Second."


def test_a_key_among_the_options_is_refused() -> None:
    with pytest.raises(InvalidAgentError, match="looks like a secret"):
        Agent.text(instructions="Repeat.", llm=provider(openai.LLM, api_key=KEY)).to_wire()


def test_without_the_extra_the_import_names_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for name in ("livekitex_agent.providers.openai", "livekitex_agent.providers.openai.responses"):
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(MissingExtraError, match=r"pip install 'livekitex-agent\[openai\]'"):
        __import__("livekitex_agent.providers.openai")

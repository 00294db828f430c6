"""Calls under test, as a user has them."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from livekitex_agent import Agent, FunctionTool, RunContext, function_tool, provider
from livekitex_agent.testing import MessageEvent, TestSession, Utterance
from livekitex_agent.testing.fakes import read_aloud, scripted_llm, scripted_stt, scripted_tts, scripted_turn_detector, scripted_vad
from protocols import (
    AgentSentence,
    CallEnded,
    ConfigurationError,
    ProviderRef,
    Restarted,
    StateChanged,
    ToolCalled,
    TurnFailed,
    UsageError,
    UserMessage,
)

pytestmark = pytest.mark.asyncio

STORY = " ".join(f"Part {number} of the tale is about a very small fox." for number in range(1, 6))
REPLIES: list[dict[str, Any]] = [
    {"to": "hello*", "say": "Hello, who is there?"},
    {"to": "price of *", "calls": [{"name": "price", "arguments": {"product": "pizza"}}]},
    {"after": "price", "say": "It costs {result}."},
    {"to": "slow*", "calls": ["slow"]},
    {"after": "slow", "say": "Done: {result}"},
    {"to": "bye", "calls": ["hang_up"]},
    {"after": "hang_up", "say": "Goodbye."},
    {"to": "tell*", "say": STORY},
    {"to": "*", "say": "You said {input}."},
]


def price(product: str) -> str:
    """Tell the price of a product."""
    return f"nine dollars for {product}"


async def slow(context: RunContext) -> str:
    """Take an hour, less a bit."""
    await asyncio.Event().wait() if context.incarnation == 0 else None
    waiting = asyncio.Event()
    asyncio.get_running_loop().call_later(20.0, waiting.set)
    await waiting.wait()
    return f"life {context.incarnation}"


def hang_up(context: RunContext) -> str:
    """End the call."""
    context.end_call("asked")
    return "ok"


def text_agent(*, replies: Sequence[dict[str, Any]] = REPLIES, greeting: str = "", tools: Sequence[Any] = (price, slow, hang_up)) -> Agent:
    return Agent.text(instructions="Be brief.", greeting=greeting, tools=tools, llm=provider(scripted_llm, replies=list(replies)))


def voice_agent(*, stt: ProviderRef | None = None, tts: ProviderRef | None = None, **options: Any) -> Agent:
    return Agent(
        instructions="Be brief.",
        tools=[price],
        vad=provider(scripted_vad),
        stt=stt or provider(scripted_stt),
        turn_detector=provider(scripted_turn_detector),
        llm=provider(scripted_llm, replies=REPLIES),
        tts=tts or provider(scripted_tts),
        options=options,
    )


async def test_a_text_is_answered() -> None:
    async with TestSession(text_agent(greeting="Welcome.")) as session:
        session.greeting.expect.next_event().is_message(role="assistant", text="Welcome.")
        result = await session.run(user_input="hello there")
        result.expect.next_event().is_message(role="assistant", text="Hello, who is there?")
        result.expect[:].contains_message(role="assistant")
        expect = result.expect
        expect.skip_next()
        expect.no_more_events()
        assert [type(event) for event in result.events] == [MessageEvent]


async def test_tools_are_called_and_told_of() -> None:
    async with TestSession(text_agent()) as session:
        result = await session.run(user_input="price of a pizza")
    expect = result.expect
    expect.next_event().is_function_call(name="price", arguments={"product": "pizza"})
    expect.next_event().is_function_call_output(name="price", output="nine dollars for pizza", is_error=False)
    expect.next_event().is_message(role="assistant", text="It costs nine dollars for pizza.")
    expect.no_more_events()


async def test_virtual_time_passes_and_no_real_time() -> None:
    began = asyncio.get_running_loop().time()
    async with TestSession(text_agent(replies=[{"say": "At last.", "first_token_ms": 15_000}])) as session:
        result = await session.run(user_input="anything")
        result.expect.next_event().is_message(text="At last.")
        assert result.seconds >= 15.0
        before_s = session.now_s
        await session.advance(3_600.0)
        assert session.now_s == pytest.approx(before_s + 3_600, abs=1)
    assert asyncio.get_running_loop().time() - began < 60.0


# Restarts.


async def test_a_killed_call_goes_on() -> None:
    async with TestSession(text_agent()) as session:
        await session.run(user_input="hello you")
        killed = await session.kill()
        assert [each.incarnation for each in killed.restarts] == [2]
        result = await session.run(user_input="and again")
        result.expect.next_event().is_message(role="assistant", text="You said and again.")
        info = None

        async def look(call: Any) -> None:
            nonlocal info
            info = await call.info()

        await session.perform(look)
        assert info is not None
        assert [message.text for message in info.history.messages] == [
            "hello you",
            "Hello, who is there?",
            "and again",
            "You said and again.",
        ]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "when", [ToolCalled, AgentSentence, lambda event: isinstance(event, StateChanged) and event.new == "thinking", 0.0]
)
async def test_a_kill_within_a_run_changes_no_expectation(when: Any, seed: int) -> None:
    async with TestSession(text_agent(tools=[function_tool(idempotent=True)(price)]), seed=seed) as session:
        session.kill_when(when)
        result = await session.run(user_input="price of a pizza")
        result.expect.contains_function_call(name="price")
        result.expect[-1].is_message(role="assistant", text="It costs nine dollars for pizza.")
        assert len(result.restarts) == 1


async def test_several_kills_come_one_after_the_other() -> None:
    async with TestSession(text_agent()) as session:
        session.kill_when(ToolCalled, Restarted)
        result = await session.run(user_input="price of a pizza")
        assert len(result.restarts) == 2
        result.expect.contains_function_call_output(name="price")
        assert not result.of_kind(TurnFailed)


async def test_too_many_kills_end_the_call() -> None:
    async with TestSession(text_agent(), max_restarts=1) as session:
        await session.kill()
        result = await session.kill()
        result.expect.next_event().is_message(role="assistant")
        assert isinstance(result.pushed[-1].event, CallEnded)
        with pytest.raises(UsageError, match="the call is over"):
            await session.kill()


# Tools that a test replaces.


async def test_mocks_hold_while_they_hold() -> None:
    async with TestSession(text_agent()) as session:
        with session.mock_tools({"price": lambda product: f"{product}: sold out"}):
            mocked = await session.run(user_input="price of a pizza")
            mocked.expect.contains_function_call_output(output="pizza: sold out")
            with session.mock_tools({"price": lambda: "inner"}):
                (await session.run(user_input="price of a pizza")).expect.contains_function_call_output(output="inner")
            (await session.run(user_input="price of a pizza")).expect.contains_function_call_output(output="pizza: sold out")
        real = await session.run(user_input="price of a pizza")
        real.expect.contains_function_call_output(output="nine dollars for pizza")


@pytest.mark.parametrize("mock", [ValueError("no stock"), ValueError])
async def test_a_mock_may_raise(mock: Any) -> None:
    async with TestSession(text_agent()) as session:
        with session.mock_tools({"price": mock}):
            result = await session.run(user_input="price of a pizza")
        found = result.expect.contains_function_call_output(name="price", is_error=True)
        assert "ValueError" in found.event.output


async def test_a_mock_may_be_async_and_outlives_a_kill() -> None:
    async def later(**arguments: Any) -> str:
        waiting = asyncio.Event()
        asyncio.get_running_loop().call_later(5.0, waiting.set)
        await waiting.wait()
        return f"later {arguments['product']}"

    async with TestSession(text_agent()) as session:
        with session.mock_tools({"price": later}):
            await session.kill()
            result = await session.run(user_input="price of a pizza")
        result.expect.contains_function_call_output(output="later pizza")


@pytest.mark.parametrize(
    ("mocks", "text"),
    [
        ({"prize": lambda: "x"}, "no tool 'prize' to mock; it has hang_up, price, slow"),
        ({"price": "nine"}, "give a function, or an exception to raise; for a result, lambda: 'nine'"),
        ({"price": lambda product, currency: ""}, "wants 'currency', which the tool does not have: it has product"),
        ({"price": lambda product, /: product}, "takes product by position alone"),
    ],
)
async def test_a_mock_that_does_not_fit_is_refused(mocks: dict[str, Any], text: str) -> None:
    async with TestSession(text_agent()) as session:
        with pytest.raises(UsageError, match=text), session.mock_tools(mocks):
            pass
        (await session.run(user_input="hello")).expect.next_event().is_message(text="Hello, who is there?")


async def test_a_mock_is_given_what_fits_the_real_schema() -> None:
    replies = [{"to": "go", "calls": [{"name": "price", "arguments": {"product": 7}}]}, {"after": "price", "say": "{result}"}]
    called: list[str] = []
    async with TestSession(text_agent(replies=replies)) as session:
        with session.mock_tools({"price": lambda product, **_more: called.append(product)}):
            result = await session.run(user_input="go")
    result.expect.contains_function_call_output(name="price", is_error=True)
    assert not called


async def test_blocking_tools_run_in_threads_and_take_no_virtual_time() -> None:
    seen: list[str] = []
    async with TestSession(text_agent()) as session:
        with session.mock_tools({"price": lambda: seen.append(threading.current_thread().name)}):
            await session.run(user_input="price of a pizza")
        result = await session.run(user_input="price of a pizza")
    assert result.seconds < 2.0
    assert seen


# Voice.


async def test_a_spoken_turn_is_understood_and_answered_aloud() -> None:
    async with TestSession(voice_agent()) as session:
        result = await session.run(audio=Utterance(text="hello out there, is anybody in?", at_s=0.5))
        result.expect.next_event().is_message(role="user", text="hello out there, is anybody in?")
        result.expect.contains_message(role="assistant", text="Hello, who is there?", interrupted=False)
        pcm = b"".join(piece.pcm for piece in session.audio)
        assert read_aloud(pcm, session.audio[0].rate_hz) == "Hello, who is there?"


async def test_a_caller_interrupts() -> None:
    async with TestSession(voice_agent()) as session:
        result = await session.run(
            audio=[
                Utterance(text="tell me a story of a small fox"),
                Utterance(text="no no no, stop it, i do not want to hear that one at all", at_s=1.5),
            ]
        )
        spoken = result.expect[:].contains_message(role="assistant", interrupted=True).event.text
        assert STORY.startswith(spoken)
        assert [event.text for event in result.of_kind(UserMessage)] == [
            "tell me a story of a small fox",
            "no no no, stop it, i do not want to hear that one at all",
        ]


@pytest.mark.parametrize("at_s", [0.2, 0.9, 1.2, 1.6])
async def test_a_spoken_call_survives_a_kill_anywhere(at_s: float) -> None:
    async with TestSession(voice_agent()) as session:
        session.kill_when(at_s)
        result = await session.run(audio=Utterance(text="tell me a story of a small fox", at_s=0.1))
        result.expect.contains_message(role="user", text="tell me a story of a small fox")
        result.expect.contains_message(role="assistant", text=STORY)
        assert len(result.restarts) == 1


async def test_time_lines_of_the_models_are_kept() -> None:
    agent = voice_agent(stt=provider(scripted_stt, transcripts=["good day"], delay_ms=700))
    async with TestSession(agent) as session:
        result = await session.run(audio=Utterance(text="whatever it is that is said here"))
        result.expect.next_event().is_message(role="user", text="good day")


# What it does not take.


@pytest.mark.parametrize("given", [{}, {"user_input": "a", "audio": Utterance(text="b")}])
async def test_a_run_has_one_input(given: dict[str, Any]) -> None:
    async with TestSession(text_agent()) as session:
        with pytest.raises(UsageError, match="user_input or audio"):
            await session.run(**given)


async def test_a_command_goes_with_audio() -> None:
    async with TestSession(text_agent()) as session:
        with pytest.raises(UsageError, match="command goes with audio"):
            await session.run(user_input="hello", command=lambda call: call.cancel_response())


async def test_an_agent_that_cannot_work_is_refused_when_it_is_entered() -> None:
    agent = Agent.text(instructions="x", llm=ProviderRef(factory="nowhere.at:all", options={}))
    with pytest.raises(ConfigurationError, match="nowhere"):
        async with TestSession(agent):
            pass
    with pytest.raises(UsageError, match="give an Agent"):
        TestSession("agent")  # type: ignore[arg-type]


async def test_a_run_that_does_not_end_says_what_the_call_did() -> None:
    async with TestSession(text_agent(replies=[{"silent": True}])) as session:
        with pytest.raises(TimeoutError, match=r"not over after 2 s\nSimRuntime.seed=0."):
            await session.run(user_input="hello", timeout_s=2.0)


async def test_a_run_can_be_cancelled() -> None:
    async with TestSession(text_agent(replies=[{"say": "x", "first_token_ms": 1_000}])) as session:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await session.run(user_input="hello")
        result = await session.run(user_input="hello again")
        result.expect[-1].is_message(text="x")


async def test_a_failure_shows_the_seed() -> None:
    with pytest.raises(AssertionError) as failed:
        async with TestSession(text_agent(), seed=12) as session:
            (await session.run(user_input="hello")).expect.next_event().is_function_call()
    assert any("SimRuntime(seed=12)" in note for note in failed.value.__notes__)


async def test_a_call_that_ends_ends_its_run() -> None:
    async with TestSession(text_agent()) as session:
        result = await session.run(user_input="bye")
        result.expect.contains_message(role="assistant", text="Goodbye.")
        assert isinstance(result.pushed[-1].event, CallEnded)


async def test_a_tool_stays_a_tool() -> None:
    assert isinstance(function_tool(price), FunctionTool)

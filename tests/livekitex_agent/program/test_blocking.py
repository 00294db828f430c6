"""A program that blocks its event loop for good: its process ends, which names the line, and the call comes back."""

import asyncio
from pathlib import Path

import pytest

from livekitex_agent import AgentServer, AgentSystem, ProgramPlace, WorkerOptions
from protocols import AgentMessage, CallEnded, ConfigurationError, Restarted, SessionError
from support import blocking_program

DEADLINE_S = 100.0


@pytest.mark.processes
def test_the_process_of_a_program_that_blocks_ends_with_the_line_as_its_reason_and_the_call_comes_back(tmp_path: Path) -> None:
    async def check() -> None:
        options = WorkerOptions(journal_dir=tmp_path, preload=False)
        async with asyncio.timeout(DEADLINE_S), AgentSystem.start(options) as system:
            call = await system.start_session(ProgramPlace(place=str(blocking_program.__file__)))
            failed = await call.wait_for(SessionError)
            assert failed == SessionError(source="program", text="KeyError: 'no such guest'", retryable=False)
            told = await call.wait_for(SessionError)
            place = f"{blocking_program.__file__}:"
            assert told.source == "program"
            assert told.text.startswith("the program blocks its event loop at " + place)
            restarted = await call.wait_for(Restarted)
            assert restarted.reason.startswith("error:the program has blocked its event loop for 1 s at " + place)
            assert " in charge_the_card" in restarted.reason
            await call.send_text("Two pizzas, please.")
            answer = await call.wait_for(AgentMessage, lambda event: event.text == "Two pizzas it is.")
            assert answer.text == "Two pizzas it is."

    asyncio.run(check())


@pytest.mark.processes
def test_one_that_blocks_before_its_session_has_started_comes_back_once_and_then_fails_with_the_line(tmp_path: Path) -> None:
    async def check() -> None:
        options = WorkerOptions(journal_dir=tmp_path, preload=False)
        place = str(blocking_program.__file__)
        async with asyncio.timeout(DEADLINE_S), AgentSystem.start(options) as system:
            once = await system.start_session(ProgramPlace(place=place, agent_name="blocks once"))
            for_good = await system.start_session(ProgramPlace(place=place, agent_name="blocks"))
            await once.send_text("Two pizzas, please.")
            answer = await once.wait_for(AgentMessage)
            assert answer.text == "Two pizzas it is."
            ended = await for_good.wait_for(CallEnded)
            assert ended.reason.startswith(f"failed: the program has blocked its event loop for 1 s at {place}:")
            assert " in charge_the_card" in ended.reason

    asyncio.run(check())


def test_the_limit_is_a_setting_of_the_server() -> None:
    assert AgentServer().settings.user_block_s == 30.0
    assert AgentServer(user_block_s=None).settings.user_block_s is None
    with pytest.raises(ConfigurationError, match="user_block_s=0"):
        AgentServer(user_block_s=0)
    with pytest.raises(ConfigurationError, match="user_block_s=-1"):
        WorkerOptions(user_block_s=-1)

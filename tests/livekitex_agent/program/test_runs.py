"""What a run of a session comes to: the result of the task that was completed in it."""

import asyncio
from typing import Any

import pytest

from livekitex_agent import AgentSession, provider
from livekitex_agent.beta.workflows import GetEmailResult, GetEmailTask
from livekitex_agent.llm import ToolError
from livekitex_agent.testing.fakes import scripted_llm
from livekitex_agent.voice.run_result import RunOutputOptions, UnexpectedModelBehavior
from support.waiter_program import Cashier, Order, Waiter

GIVEN = {"to": "*ada@*", "calls": [{"name": "update_email_address", "arguments": '{"email": "ada@example.org"}'}]}
DECLINED = {"to": "*no*", "calls": [{"name": "decline_email_address_capture", "arguments": '{"reason": "private"}'}]}
ASKED = {"say": "What is it?"}


def run_of(user_input: str, *replies: Any, options: RunOutputOptions | None = None, output_type: Any = GetEmailResult) -> Any:
    """The run, and what it failed with."""

    async def main() -> Any:
        async with asyncio.timeout(20), AgentSession(llm=provider(scripted_llm, replies=list(replies))) as session:
            await session.start(GetEmailTask(), capture_run=True)
            run = session.run(user_input=user_input, output_type=output_type, output_options=options)
            try:
                await run
            except (UnexpectedModelBehavior, ToolError) as failure:
                return run, failure
            return run, None

    return asyncio.run(main())


def test_what_is_written_needs_no_confirmation_and_is_the_runs_output() -> None:
    run, failure = run_of("It is ada@example.org", GIVEN, ASKED)
    assert failure is None
    assert run.final_output == GetEmailResult("ada@example.org")
    run.expect.contains_function_call(name="update_email_address")


@pytest.mark.parametrize(("options", "answers"), [(None, 1), ({"max_retries": 1, "retry_instructions": "Call the tool."}, 2), ({}, 3)])
def test_a_run_without_the_output_that_it_wants_asks_again_and_then_fails(options: RunOutputOptions | None, answers: int) -> None:
    run, failure = run_of("Hello", GIVEN, ASKED, options=options)
    assert str(failure) == "Expected output of type GetEmailResult, got NoneType"
    assert len(run.events) == answers


def test_a_run_fails_with_its_task_if_it_wants_an_output() -> None:
    _, failure = run_of("no", DECLINED, ASKED)
    assert isinstance(failure, ToolError)
    assert "couldn't get the email address: private" in str(failure)
    run, failure = run_of("no", DECLINED, ASKED, output_type=None)
    assert failure is None
    with pytest.raises(RuntimeError, match="no final output"):
        _ = run.final_output


def test_a_run_is_over_when_who_got_the_call_has_entered() -> None:
    async def main() -> None:
        llm = provider(scripted_llm, replies=[{"to": "*bill*", "calls": ["pay"]}, {"after": "pay", "say": "She comes."}])
        async with asyncio.timeout(20), AgentSession(llm=llm, userdata=Order()) as session:
            await session.start(Waiter())
            run = await session.run(user_input="the bill")
            handoff = run.expect.contains_agent_handoff(new_agent_type=Cashier).event()
            assert isinstance(handoff.old_agent, Waiter)
            assert session.current_agent is handoff.new_agent
            assert run.expect[-1].is_message(role="assistant").event().item.text_content == "That makes ten."

    asyncio.run(main())

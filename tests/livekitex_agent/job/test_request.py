"""A job that is offered is accepted or rejected."""

import pytest

from livekitex_agent.job import Job, JobAcceptArguments, JobRequest, RoomFacts


@pytest.mark.asyncio
async def test_it_is_accepted_under_a_name_or_rejected() -> None:
    answers: list[object] = []

    async def reject(terminate: bool) -> None:
        answers.append(terminate)

    async def accept(arguments: JobAcceptArguments) -> None:
        answers.append((arguments.identity, arguments.name))

    request = JobRequest(job=Job(id="j", room=RoomFacts(name="r"), agent_name="w"), on_reject=reject, on_accept=accept)
    assert (request.id, request.room.name, request.agent_name, request.publisher) == ("j", "r", "w", None)
    await request.accept(name="Ann")
    await request.accept(identity="me")
    await request.reject()
    assert answers == [("agent-j", "Ann"), ("me", ""), True]

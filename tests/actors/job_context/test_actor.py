import logging
from dataclasses import replace

import pytest

from actors.job_context import JobContext
from protocols import (
    SHUTDOWN,
    Figures,
    GetFigures,
    GetJobContext,
    GetSession,
    JobContextInfo,
    Participant,
    ParticipantJoined,
    ParticipantLeft,
    Ref,
    SessionEnded,
    SessionStarted,
)
from support.fake_context import FakeContext

OWN = Ref(id="agent_session/7f3a", uid="s1", address="there")


def started(**args: object) -> tuple[FakeContext, JobContext]:
    context = FakeContext()
    actor = JobContext(context)
    actor.on_start({"job_id": "7f3a", **args})
    return context, actor


def test_it_tells_what_it_has_heard() -> None:
    context, actor = started(room="shop")
    caller, helper = (Participant(identity=who, name="", kind="standard") for who in ("caller", "helper"))
    for message in (
        ParticipantJoined(participant=caller),
        ParticipantJoined(participant=helper),
        ParticipantLeft(identity="helper"),
        SessionStarted(incarnation=2),
        GetSession(),
    ):
        assert context.deliver(actor, message, OWN) == []
    assert context.deliver(actor, GetJobContext()) == [
        JobContextInfo(job_id="7f3a", status="running", room="shop", participants=(caller,), incarnations=2)
    ]
    context.deliver(actor, SessionEnded(reason="normal"), OWN)
    [reply] = context.deliver(actor, GetFigures())
    assert isinstance(reply, Figures)
    assert (reply.role, reply.figures["status"], reply.figures["created_wall_s"]) == ("job_context", "completed", context.clock.wall())


def test_it_says_how_the_job_ended(caplog: pytest.LogCaptureFixture) -> None:
    context, actor = started()
    with caplog.at_level(logging.INFO, "livekitex.job_context"):
        actor.on_shutdown(SHUTDOWN)
    assert context.exited == SHUTDOWN
    assert [(record.getMessage(), record.__dict__["status"]) for record in caplog.records] == [("job ended", "terminated")]


def test_no_session_speaks_for_another_calls() -> None:
    context, actor = started()
    for message in (SessionStarted(incarnation=2), SessionEnded(reason="normal")):
        context.deliver(actor, message, replace(OWN, id="agent_session/other"))
    [info] = context.deliver(actor, GetJobContext())
    assert isinstance(info, JobContextInfo)
    assert (info.status, info.incarnations) == ("created", 0)

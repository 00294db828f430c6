"""A job's context: facts, ends, and a clear word for what needs a room."""

import asyncio
import contextvars
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from livekitex_agent.job import (
    Job,
    JobAcceptArguments,
    JobContext,
    JobProcess,
    RoomFacts,
    RunningJobInfo,
    get_job_context,
    leave_job_context,
    set_job_context,
)
from protocols import UsageError


class Call:
    """A `JobPort` that remembers what it was asked."""

    incarnation = 2

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.session: Any = None

    def end_call(self, reason: str) -> None:
        self.asked.append(("end", reason))

    def connected(self, options: dict[str, Any]) -> None:
        self.asked.append(("connected", options["auto_subscribe"]))

    async def once(self, key: str, function: Callable[..., Any], args: tuple[Any, ...], *, idempotent: bool) -> Any:
        self.asked.append((key, args, idempotent))
        return await function(*args)

    def primary_session(self) -> Any:
        return self.session


@pytest.fixture
def call() -> Call:
    return Call()


@pytest.fixture
def context(call: Call) -> Iterator[JobContext]:
    job = Job(id="c-1", room=RoomFacts(name="lobby"), metadata="vip", agent_name="waiter")
    info = RunningJobInfo(job=job, accept_arguments=JobAcceptArguments(identity="agent-c-1", attributes={"a": "b"}), worker_id="run")
    context = JobContext(proc=JobProcess(), info=info, port=call)
    yield context
    leave_job_context(context)


def test_the_facts_of_the_job_are_there(context: JobContext) -> None:
    assert (context.job.id, context.job.metadata, context.job.agent_name, context.job.room.name) == ("c-1", "vip", "waiter", "lobby")
    assert (context.worker_id, context.incarnation, context.is_fake_job()) == ("run", 2, True)
    context.proc.userdata["vad"] = 1
    assert context.proc.userdata == {"vad": 1}
    assert (context.room.name, context.room.isconnected(), context.room.remote_participants) == ("console", False, {})
    assert (context.agent.identity, context.local_participant_identity, context.agent.attributes) == ("agent-c-1", "agent-c-1", {"a": "b"})


def test_a_job_travels_and_stays_the_same() -> None:
    job = Job(id="c-1", room=RoomFacts(name="lobby", metadata="m"), metadata="vip", agent_name="waiter", attributes={"k": "v"})
    assert Job.from_wire(job.to_wire()) == job
    assert Job.from_wire({"id": "c-2"}).room.name == "c-2"


async def needs_room(context: JobContext, what: str) -> None:
    match what:
        case "ctx.wait_for_participant()":
            await context.wait_for_participant(identity="ann")
        case "ctx.api":
            context.api  # noqa: B018
        case "ctx.token_claims()":
            context.token_claims()
        case "ctx.room.register_rpc_method":
            context.room.register_rpc_method("m")
        case _:
            context.agent.publish_data(b"")  # type: ignore[operator]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "what", ["ctx.wait_for_participant()", "ctx.api", "ctx.token_claims()", "ctx.room.register_rpc_method", "ctx.agent.publish_data"]
)
async def test_what_needs_a_room_says_so(context: JobContext, what: str) -> None:
    with pytest.raises(UsageError, match="needs a LiveKit room, which the next version connects") as raised:
        await needs_room(context, what)
    assert str(raised.value).startswith(what)


@pytest.mark.asyncio
async def test_what_a_program_does_with_a_room_in_passing_does_nothing(
    context: JobContext, call: Call, caplog: pytest.LogCaptureFixture
) -> None:
    await context.connect()
    await context.connect()
    assert [what for what, _ in call.asked] == ["connected"]
    await context.delete_room()
    await context.add_sip_participant(call_to="+1", trunk_id="t", participant_identity="i")
    await context.transfer_sip_participant("i", "+2")
    assert [record.__dict__["what"] for record in caplog.records] == [
        "ctx.delete_room()",
        "ctx.add_sip_participant()",
        "ctx.transfer_sip_participant()",
    ]

    async def greet(_context: JobContext, _participant: Any) -> None:
        raise AssertionError

    context.add_participant_entrypoint(greet)
    with pytest.raises(ValueError, match="more than once"):
        context.add_participant_entrypoint(greet)

    @context.room.on("participant_connected")
    def joined(*_: Any) -> None:
        raise AssertionError

    for _ in range(2):
        context.room.off("participant_connected", joined)
    with pytest.raises(ValueError, match="async callback"):
        context.room.on("participant_connected", greet)


@pytest.mark.asyncio
async def test_shutdown_callbacks_of_each_kind_run_once_and_none_hinders_another(
    context: JobContext, call: Call, caplog: pytest.LogCaptureFixture
) -> None:
    ran: list[Any] = []

    class Saver:
        async def save(self, reason: str) -> None:
            ran.append(("method", reason))

    async def without() -> None:
        ran.append("async")

    def fails(_reason: str) -> None:
        raise OSError("full")

    for callback in (Saver().save, without, fails, ran.append, lambda: ran.append("sync")):
        context.add_shutdown_callback(callback)
    with pytest.raises(TypeError, match="a shutdown callback is a function"):
        context.add_shutdown_callback("save")  # type: ignore[arg-type]
    context.shutdown("bye")
    assert call.asked == [("end", "bye")]
    await context.run_shutdown_callbacks("bye")
    await context.run_shutdown_callbacks("bye")
    assert sorted(map(str, ran)) == ["('method', 'bye')", "async", "bye", "sync"]
    assert [record.message for record in caplog.records] == ["a shutdown callback failed"]


@pytest.mark.asyncio
async def test_an_effect_is_given_to_the_call_that_runs_it_once(context: JobContext, call: Call) -> None:
    async def send(number: str) -> str:
        return f"sent to {number}"

    assert await context.once("sms", send, "+1", idempotent=True) == "sent to +1"
    assert call.asked == [("sms", ("+1",), True)]


@pytest.mark.asyncio
async def test_restart_callbacks_run_in_order_and_none_hinders_another(context: JobContext, caplog: pytest.LogCaptureFixture) -> None:
    ran: list[Any] = []

    @context.on_restart
    def first(info: Any) -> None:
        ran.append(("first", info))
        raise OSError("no")

    @context.on_restart
    async def second(info: Any) -> None:
        ran.append(("second", info))

    await context.run_restart_callbacks("killed")
    assert ran == [("first", "killed"), ("second", "killed")]
    assert [record.message for record in caplog.records] == ["an on_restart callback failed"]


def test_the_context_is_found_in_its_task_and_of_a_process_everywhere(context: JobContext) -> None:
    assert get_job_context(required=False) is None
    with pytest.raises(RuntimeError, match="no job context found"):
        get_job_context()
    contextvars.copy_context().run(set_job_context, context)
    assert get_job_context(required=False) is None

    set_job_context(context, of_process=True)
    found: list[JobContext] = []
    thread = threading.Thread(target=lambda: found.append(get_job_context()))
    thread.start()
    thread.join()
    assert found == [context]
    assert asyncio.run(_asked()) is context
    leave_job_context(context)
    assert get_job_context(required=False) is None


async def _asked() -> JobContext:
    return get_job_context()


def test_log_fields_are_on_each_record_but_never_over_what_it_has(context: JobContext, caplog: pytest.LogCaptureFixture) -> None:
    set_job_context(context, of_process=True)
    context.log_context_fields = {"order": 7, "name": "never"}
    logging.getLogger("user").warning("hello")
    leave_job_context(context)
    logging.getLogger("user").warning("again")
    first, second = caplog.records
    assert (first.__dict__["order"], first.name) == (7, "user")
    assert not hasattr(second, "order")


class Spoken:
    """What a report reads of a session."""

    class history:  # noqa: N801
        items = ()

        @classmethod
        def copy(cls) -> Any:
            return cls

        @staticmethod
        def to_dict(**_: Any) -> dict[str, Any]:
            return {"items": []}

    class usage:  # noqa: N801
        model_usage = ()

    options = None
    _started_at = 5.0
    _recorded_events = ()


def test_a_report_tells_what_became_of_the_session(context: JobContext, call: Call) -> None:
    with pytest.raises(RuntimeError, match="No AgentSession was started"):
        context.make_session_report()
    call.session = Spoken()
    context.tagger.add("language:es")
    report = context.make_session_report()
    assert report.tags == ["language:es"]
    assert context.simulation_context() is None
    told = report.to_dict()
    assert (told["job_id"], told["room"], told["agent_name"], told["chat_history"]) == ("c-1", "lobby", "waiter", {"items": []})
    assert report.duration is not None
    assert report.duration > 0
    assert set(report.to_dict(include_chat_history=False, include_events=False)) == set(told) - {"chat_history", "events"}


def test_its_folder_is_its_own(context: JobContext) -> None:
    assert context.session_directory.is_dir()
    assert context.session_directory == context.session_directory
    (context.session_directory / "report.json").write_text("{}")
    leave_job_context(context)
    assert not context.session_directory.exists()

"""A session's report: what was said and used, what failed, and why it was closed, as plain data."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from livekitex_agent import Agent, AgentSession, function_tool, provider
from livekitex_agent.job import Job, JobContext, JobProcess, RoomFacts, RunningJobInfo, SessionReport
from livekitex_agent.llm import ChatContext, LLMError
from livekitex_agent.metrics import LLMMetrics, LLMModelUsage
from livekitex_agent.testing.fakes import scripted_llm
from livekitex_agent.voice import agent_session
from livekitex_agent.voice.events import CloseEvent, CloseReason, ErrorEvent, MetricsCollectedEvent, UserStateChangedEvent

ERROR_KINDS = ["llm", "stt", "tts", "realtime", "interruption"]


def report(**fields: Any) -> SessionReport:
    facts = {"job_id": "c-1", "room_id": "RM_1", "room": "lobby", "options": None, "events": [], "chat_history": ChatContext.empty()}
    return SessionReport(**facts | {"timestamp": 9.5} | fields)


def test_what_nothing_happened_in_has_all_its_keys_and_nothing_in_them() -> None:
    assert report().to_dict() == {
        "job_id": "c-1",
        "room_id": "RM_1",
        "room": "lobby",
        "events": [],
        "audio_recording_path": None,
        "audio_recording_started_at": None,
        "chat_history": {"items": []},
        "timestamp": 9.5,
        "usage": None,
        "sdk_version": "",
        "agent_name": "",
        "tags": [],
        "duration_ms": None,
        "user_turns": 0,
        "errors": dict.fromkeys(ERROR_KINDS, 0),
        "close_reason": None,
    }


@pytest.mark.parametrize(
    ("wanted", "absent"), [({"include_events": False}, {"events"}), ({"include_chat_history": False}, {"chat_history"}), ({}, set())]
)
def test_what_is_not_wanted_is_left_out(wanted: dict[str, bool], absent: set[str]) -> None:
    assert set(report().to_dict()) - set(report().to_dict(**wanted)) == absent


def test_the_callers_turns_are_counted_and_the_agents_are_not() -> None:
    history = ChatContext.empty()
    for role in ("system", "user", "assistant", "user"):
        history.add_message(role=role, content="words")  # type: ignore[arg-type]
    told = report(chat_history=history).to_dict()
    assert told["user_turns"] == 2
    assert all("created_at" in item for item in told["chat_history"]["items"])


def test_metrics_are_no_event_of_it() -> None:
    measured = LLMMetrics(
        label="m",
        request_id="r",
        timestamp=1,
        duration=1,
        ttft=1,
        cancelled=False,
        completion_tokens=1,
        prompt_tokens=1,
        prompt_cached_tokens=0,
        total_tokens=2,
        tokens_per_second=1,
    )
    events = [MetricsCollectedEvent(metrics=measured), UserStateChangedEvent(old_state="listening", new_state="away")]
    assert [event["type"] for event in report(events=events).to_dict()["events"]] == ["user_state_changed"]


def test_failures_are_counted_by_kind_and_told_as_data() -> None:
    class Model:
        model, provider = "m-1", "ada"

    failure = LLMError(timestamp=1, label="m", error=OSError("gone"), recoverable=True)
    events = [ErrorEvent(error=failure, source=Model()), ErrorEvent(error="odd", source="agent"), ErrorEvent(error=failure)]
    told = report(events=events).to_dict()
    assert told["errors"] == dict.fromkeys(ERROR_KINDS, 0) | {"llm": 2}
    assert [event["source"] for event in told["events"]] == [{"model": "m-1", "provider": "ada"}, "'agent'", "None"]
    assert [event["error"] for event in told["events"][:2]] == [failure.model_dump(), "'odd'"]
    json.dumps(told)


@pytest.mark.parametrize(
    ("reason", "name"),
    [
        (CloseReason.ERROR, "CR_ERROR"),
        (CloseReason.JOB_SHUTDOWN, "CR_JOB_SHUTDOWN"),
        (CloseReason.PARTICIPANT_DISCONNECTED, "CR_PARTICIPANT_DISCONNECTED"),
        (CloseReason.USER_INITIATED, "CR_USER_INITIATED"),
        (CloseReason.TASK_COMPLETED, "CR_COMPLETED"),
    ],
)
def test_why_it_was_closed_has_the_protocols_name_and_the_last_one_counts(reason: CloseReason, name: str) -> None:
    first = CloseEvent(reason=CloseReason.ERROR)
    assert report(events=[first, CloseEvent(reason=reason)]).to_dict()["close_reason"] == name


def test_what_was_used_is_told_with_its_kind_and_without_what_is_nothing() -> None:
    used = LLMModelUsage(provider="ada", model="m-1", input_tokens=7)
    assert report(model_usage=[used]).to_dict()["usage"] == [
        {"type": "llm_usage", "provider": "ada", "model": "m-1", "input_tokens": 7},
    ]


def test_durations_are_milliseconds_and_paths_are_whole() -> None:
    told = report(duration=1.2345, audio_recording_path=Path("call.ogg"), audio_recording_started_at=3.0, tags=["a"]).to_dict()
    assert (told["duration_ms"], told["audio_recording_started_at"], told["tags"]) == (1234, 3.0, ["a"])
    assert told["audio_recording_path"] == str(Path.cwd() / "call.ogg")


@function_tool
async def look() -> str:
    """Look."""
    return "a table"


def context() -> JobContext:
    port: Any = None  # nothing is asked of the call
    job = Job(id="c-1", room=RoomFacts(name="lobby"))
    return JobContext(proc=JobProcess(), info=RunningJobInfo(job=job), port=port)


def test_the_report_of_a_session_has_what_happened_in_it_and_can_be_written_as_json() -> None:
    async def main() -> dict[str, Any]:
        replies = [{"to": "look", "calls": ["look"]}, {"after": "look", "say": "A table."}]
        async with asyncio.timeout(20), AgentSession[None](llm=provider(scripted_llm, replies=replies)) as session:
            await session.start(Agent(instructions="Be brief.", tools=[look]))
            await session.run(user_input="look")
            await session.aclose()
            return context().make_session_report(session).to_dict()

    told = asyncio.run(main())
    kinds = [event["type"] for event in told["events"]]
    assert {"agent_state_changed", "conversation_item_added", "speech_created", "function_tools_executed"} <= set(kinds)
    assert (kinds[-1], told["close_reason"], told["user_turns"]) == ("close", "CR_USER_INITIATED", 1)
    assert 0 <= told["duration_ms"] < 20_000
    json.dumps(told)


def test_a_session_keeps_its_last_events_for_the_report_and_no_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_session, "RECORDED_EVENTS", 3)

    async def main() -> list[Any]:
        session = AgentSession[None]()
        for number in range(5):
            session.emit("user_state_changed", number)
            session.emit("metrics_collected", "measured")
        return list(session._recorded_events)

    assert asyncio.run(main()) == [2, 3, 4]

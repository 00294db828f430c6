"""The scripted model passes each check; for each check there is a model that breaks what it promises."""

from dataclasses import replace
from typing import Any

import pytest

from livekitex_agent.testing.conformance import realtime
from livekitex_agent.testing.fakes import FakeRealtimeModel, FakeRealtimeSession, ScriptedReply
from livekitex_agent.testing.fakes.realtime import FULL_CAPABILITIES
from protocols import (
    AudioChunk,
    GenerationAudio,
    GenerationCreated,
    GenerationFinished,
    GenerationRefused,
    GenerationStatus,
    GenerationText,
    InputCommitted,
    InputSpeechStarted,
    InputSpeechStopped,
    InputTranscribed,
    ProviderError,
    RealtimeFailed,
    RealtimeSetup,
)
from support.conforming import breaks
from support.scripted_providers import spoken

SPEECH = spoken("what is the price of a pizza", 24_000)


def subject(make: Any, **changes: Any) -> realtime.RealtimeSubject:
    return realtime.RealtimeSubject(**{"make": make, "speech": SPEECH, "timeout_s": 5.0, **changes})


def slow() -> FakeRealtimeModel:
    return FakeRealtimeModel(replies=(ScriptedReply(text="one two three", delay_s=0.001),))


def test_the_scripted_model_passes() -> None:
    ran = {str(check): check(subject(slow)) for check in realtime.CHECKS}
    assert [name for name, applied in ran.items() if not applied] == ["refuses_to_do_without_turn_detection"]


POOR = [
    {"turn_detection": False},
    {"can_disable_turn_detection": False},
    {"user_transcription": False},
    {"truncation": False},
    {"audio_output": False},
    {"mutable_instructions": False, "mutable_tools": False, "mutable_chat_context": False},
    {"choice_per_reply": False, "auto_tool_reply": True},
    {"input_rate_hz": 16_000, "output_rate_hz": 8_000},
]


@pytest.mark.parametrize("changes", POOR, ids=str)
def test_a_model_is_checked_by_what_it_says_that_it_can(changes: dict[str, Any]) -> None:
    def make() -> FakeRealtimeModel:
        return FakeRealtimeModel(replies=(ScriptedReply(text="one two three"),), capabilities=replace(FULL_CAPABILITIES, **changes))

    for check in realtime.CHECKS:
        check(subject(make))


def breaking(**methods: Any) -> type:
    """A model whose sessions have other methods."""
    session_kind = breaks(FakeRealtimeSession, **methods)

    class Broken(FakeRealtimeModel):
        def __init__(self) -> None:
            super().__init__(replies=(ScriptedReply(text="one two three", delay_s=0.001),))

        def session(self, setup: RealtimeSetup) -> Any:
            session = session_kind(self._capabilities, setup, self._replies, self._transcripts)
            self.sessions.append(session)
            return session

    return Broken


def telling(change: Any) -> type:
    """A model whose sessions tell, for each event, what ``change`` makes of it."""

    def emit(self: Any, event: Any) -> None:
        for each in change(event):
            FakeRealtimeSession.emit(self, each)

    return breaking(emit=emit)


def without(*kinds: type) -> type:
    return telling(lambda event: [] if isinstance(event, kinds) else [event])


def nothing(self: Any, *args: Any, **kwargs: Any) -> None:
    return None


def answers_always(self: Any, reply_id: str, **_: Any) -> None:
    self._generate(reply_id)


def commits_anything(self: Any) -> None:
    self._commit()


def clears_nothing(self: Any) -> None:
    held, self._uncommitted = self._uncommitted, 0
    FakeRealtimeSession.clear_audio(self)
    self._uncommitted = held


def takes_any_rate(self: Any, audio: AudioChunk) -> None:
    FakeRealtimeSession.push_audio(self, AudioChunk(pcm=audio.pcm, rate_hz=24_000))


async def changes_nothing(self: Any, *_: Any) -> None:
    raise ProviderError("Broken: no", retryable=False)


async def closes_at_once(self: Any) -> None:
    self._current = ""
    await FakeRealtimeSession.aclose(self)


async def never_closes(self: Any) -> None:
    return None


async def twice_closed(self: Any) -> None:
    if getattr(self, "closed", False):
        raise RuntimeError("Broken: closed twice")
    self.closed = True


def other(kind: type, **changes: Any) -> type:
    return telling(lambda event: [replace(event, **changes)] if isinstance(event, kind) else [event])


def doubled(kind: type) -> type:
    return telling(lambda event: [event, event] if isinstance(event, kind) else [event])


EIGHT = AudioChunk(pcm=bytes(320), rate_hz=8_000)
BROKEN: dict[str, list[type]] = {
    "says_what_it_is": [
        breaks(FakeRealtimeModel, label=""),
        breaks(FakeRealtimeModel, capabilities=None),
        breaks(FakeRealtimeModel, capabilities=replace(FULL_CAPABILITIES, output_rate_hz=44_100)),
    ],
    "answers_what_it_is_asked": [
        other(GenerationCreated, reply_id=""),
        other(GenerationFinished, status=GenerationStatus.INCOMPLETE),
        other(GenerationFinished, status=GenerationStatus.FAILED),
        other(GenerationText, generation_id="another"),
        other(GenerationAudio, audio=EIGHT),
        without(GenerationAudio),
        without(GenerationText, GenerationAudio),
        without(GenerationFinished),
        doubled(GenerationCreated),
        doubled(GenerationFinished),
        without(GenerationCreated),
    ],
    "refuses_a_second_answer_at_a_time": [breaking(generate_reply=answers_always), other(GenerationRefused, reply_id="reply-9")],
    "is_interrupted": [breaking(interrupt=nothing), other(GenerationFinished, status=GenerationStatus.COMPLETED)],
    "takes_the_caller_s_audio": [
        breaking(commit_audio=commits_anything),
        other(InputCommitted, item_id=""),
        other(InputTranscribed, item_id="another"),
        without(InputTranscribed),
    ],
    "drops_audio_that_is_cleared": [breaking(clear_audio=clears_nothing)],
    "finds_turns_itself": [
        without(InputSpeechStarted),
        other(InputSpeechStopped, at_ms=0),
        other(GenerationCreated, reply_id="reply-1"),
        without(InputCommitted),
    ],
    "refuses_to_do_without_turn_detection": [
        breaks(
            breaking(),
            capabilities=replace(FULL_CAPABILITIES, can_disable_turn_detection=False),
        ),
    ],
    "changes_what_it_says_that_it_can": [
        breaking(update_tools=changes_nothing),
        breaks(FakeRealtimeModel, capabilities=replace(FULL_CAPABILITIES, mutable_instructions=False)),
    ],
    "forgets_what_was_not_heard": [breaking(truncate=nothing), doubled(RealtimeFailed)],
    "refuses_audio_of_another_rate": [breaking(push_audio=takes_any_rate)],
    "ends_when_it_is_closed": [breaking(aclose=closes_at_once), breaking(aclose=never_closes), breaking(_require_open=nothing)],
}
CASES = [(name, broken) for name, kinds in BROKEN.items() for broken in kinds]


@pytest.mark.parametrize(("name", "broken"), CASES)
def test_a_model_that_breaks_a_promise_is_found(name: str, broken: type) -> None:
    with pytest.raises(AssertionError):
        next(check for check in realtime.CHECKS if str(check) == name)(subject(broken, timeout_s=0.3))


def test_each_check_can_fail() -> None:
    assert {*BROKEN, "warms_up_and_closes_more_than_once"} == {str(check) for check in realtime.CHECKS}
    with pytest.raises(RuntimeError, match="closed twice"):
        realtime.CHECKS[-1](subject(breaks(FakeRealtimeModel, aclose=twice_closed)))

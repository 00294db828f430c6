import pytest

from protocols import (
    AudioChunk,
    ChatContext,
    FunctionCall,
    GenerationAudio,
    GenerationCall,
    GenerationCreated,
    GenerationFinished,
    GenerationRefused,
    GenerationStatus,
    GenerationText,
    InputCleared,
    InputCommitted,
    InputSpeechStarted,
    InputSpeechStopped,
    InputTranscribed,
    InputTranscriptionFailed,
    ProviderError,
    RealtimeCapabilities,
    RealtimeEvent,
    RealtimeFailed,
    RealtimeSetup,
    Reconnected,
    Transcript,
)

FAILURE = ProviderError("no", retryable=False)


def test_a_model_can_nothing_but_hear_and_speak_unless_it_says_so() -> None:
    capabilities = RealtimeCapabilities()
    assert capabilities.audio_output
    flags = [name for name in RealtimeCapabilities.__slots__ if getattr(capabilities, name) is True]
    assert flags == ["audio_output"]


def test_a_session_begins_with_an_empty_conversation_and_the_model_s_turn_detection() -> None:
    assert RealtimeSetup() == RealtimeSetup(instructions="", chat_context=ChatContext(), tools=(), turn_detection=True)


@pytest.mark.parametrize(
    "event",
    [
        InputSpeechStarted(at_ms=0),
        InputSpeechStopped(at_ms=1),
        InputCommitted(item_id="i"),
        InputCleared(),
        InputTranscribed(item_id="i", transcript=Transcript(text="hello"), is_final=True),
        InputTranscriptionFailed(item_id="i", failure=FAILURE),
        GenerationCreated(generation_id="g"),
        GenerationRefused(reply_id="r", failure=FAILURE),
        GenerationText(generation_id="g", item_id="i", text="hello"),
        GenerationAudio(generation_id="g", item_id="i", audio=AudioChunk(pcm=bytes(2), rate_hz=16_000)),
        GenerationCall(generation_id="g", call=FunctionCall(call_id="c", name="n", arguments="{}")),
        GenerationFinished(generation_id="g", status=GenerationStatus.COMPLETED),
        RealtimeFailed(failure=FAILURE),
        Reconnected(),
    ],
)
def test_everything_comes_in_one_order(event: RealtimeEvent) -> None:
    assert isinstance(event, RealtimeEvent)


def test_an_answer_that_nobody_asked_for_names_no_reply() -> None:
    assert GenerationCreated(generation_id="g").reply_id == ""

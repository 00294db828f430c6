"""What a turn took and cost is told at its end, and what a call cost through all its incarnations."""

from dataclasses import replace
from typing import Any

import pytest

from actors.agent_session.core import inputs as i
from actors.agent_session.core.measures import added
from protocols import (
    AgentState,
    EndOfTurnPredicted,
    EventPushed,
    FunctionToolsExecuted,
    ModelUsage,
    OverlappingSpeech,
    PartFailed,
    ResponseGenerated,
    Say,
    TokenUsage,
    TurnCompleted,
    TurnLatency,
    TurnStarted,
    UsageUpdated,
    UserInputTranscribed,
    UserSpeechEnded,
    UserSpeechStarted,
    UserTranscriptionTimeout,
    UserTurnCommitted,
)
from support.session_world import CHECKED, SPOKEN, World

MODELS = (ModelUsage(kind="llm", provider="my.module:llm", model="large"), ModelUsage(kind="stt", provider="my.module:stt"))


def told(world: World, kind: type) -> list[Any]:
    return [pushed.event for pushed in (*world.events, *world.passing) if isinstance(pushed.event, kind)]


def around(world: World, kind: type) -> EventPushed:
    (pushed,) = [pushed for pushed in (*world.events, *world.passing) if isinstance(pushed.event, kind)]
    return pushed


def world_of(setup: Any = CHECKED) -> World:
    world = World(setup)
    world.subscribe()
    world.settle()
    world.events.clear()
    world.passing.clear()
    return world


def test_a_spoken_turn_tells_when_what_of_it_happened() -> None:
    world = world_of(SPOKEN)
    world.speak()
    world.commit_all()
    world.now += 0.2
    world.recognize("hello")
    world.commit_all()
    world.now += 0.3
    assert world.think()
    world.commit_all()
    world.now += 0.05
    world.feed(i.SentenceMade(speech_id="speech-1", index=0))
    world.feed(i.SentenceMade(speech_id="another", index=0))
    world.now += 0.05
    world.settle("")
    assert told(world, TurnLatency) == [
        TurnLatency(
            turn_id="turn-1",
            end_of_turn_ms=pytest.approx(200),
            first_token_ms=pytest.approx(500),
            first_audio_ms=pytest.approx(550),
            heard_ms=pytest.approx(600),
        )
    ]
    (completed,) = told(world, TurnCompleted)
    assert (completed.turn_id, completed.duration_ms, completed.rounds, completed.tools) == ("turn-1", 400, 1, 0)
    assert told(world, TurnStarted) == [TurnStarted(turn_id="turn-1", source="audio")]
    assert around(world, TurnLatency).turn_id == "turn-1"
    assert around(world, TurnLatency).speech_id == "speech-1"


def test_the_first_token_is_the_models_where_it_says_when_that_came() -> None:
    world = world_of()
    world.send("hello")
    world.commit_all()
    assert world.model is not None
    token, world.model = world.model[0], None
    world.now += 0.5
    world.feed(i.SentenceReady(token=token, text="Hello."))
    usage = TokenUsage(prompt_tokens=100, cached_prompt_tokens=60, completion_tokens=3)
    world.feed(i.RoundFinished(token=token, calls=(), first_token_s=0.2, usage=usage))
    world.commit_all()
    assert told(world, TurnLatency) == [
        TurnLatency(turn_id="turn-1", end_of_turn_ms=0.0, first_token_ms=pytest.approx(200), heard_ms=pytest.approx(500))
    ]
    assert told(world, UsageUpdated) == [
        UsageUpdated(models=(ModelUsage(kind="llm", requests=1, input_tokens=100, cached_tokens=60, output_tokens=3),))
    ]


def test_what_nobody_asked_for_has_no_latency_and_costs_the_voice_alone() -> None:
    world = world_of(SPOKEN)
    world.command(Say(command_id="say", text="Welcome."))
    world.settle()
    assert not told(world, TurnLatency)
    assert told(world, UsageUpdated) == [UsageUpdated(models=(ModelUsage(kind="tts", requests=1, characters=8),))]


def test_a_call_that_only_writes_what_it_is_told_costs_nothing() -> None:
    world = world_of()
    world.command(Say(command_id="say", text="Welcome."))
    world.settle()
    assert not told(world, UsageUpdated)


def test_usage_is_summed_by_model_through_deaths() -> None:
    world = world_of(replace(SPOKEN, models=MODELS))
    world.speak(1_600)
    world.settle("hello")
    world.kill()
    world.subscribe()
    world.send("use look")
    world.settle()
    newest = told(world, UsageUpdated)[-1]
    assert {(model.kind, model.provider, model.model, model.requests) for model in newest.models} == {
        ("stt", "my.module:stt", "", 1),
        ("llm", "my.module:llm", "large", 3),
        ("tts", "", "", 4),
    }
    assert next(model.audio_s for model in newest.models if model.kind == "stt") == pytest.approx(0.1, abs=0.01)


def test_sums_are_by_kind_provider_and_model() -> None:
    one, two = ModelUsage(kind="llm", requests=1, input_tokens=5), ModelUsage(kind="llm", model="small", requests=1)
    assert added(added(added((), one), two), one) == (replace(one, requests=2, input_tokens=10), two)


def test_what_the_caller_says_is_told_from_his_voice_to_his_turn() -> None:
    world = world_of(SPOKEN)
    world.speak(1_600)
    world.settle("hello")
    world.speak(3_200)
    world.settle("")
    (started, again), (ended, _) = told(world, UserSpeechStarted), told(world, UserSpeechEnded)
    assert ended.position_ms - started.position_ms in (100, 101)
    assert again.position_ms >= ended.position_ms
    assert told(world, UserInputTranscribed) == [UserInputTranscribed(text="hello", is_final=True)]
    assert told(world, UserTurnCommitted) == [UserTurnCommitted(by="endpointing", speech_ms=100)]
    assert told(world, UserTranscriptionTimeout) == [UserTranscriptionTimeout(speech_ms=200)]


def test_what_the_end_of_turn_model_thinks_is_told() -> None:
    world = world_of(SPOKEN)
    world.begin_to_speak()
    world.feed(i.TurnPredicted(probability=0.25, threshold=0.9))
    world.commit_all()
    assert told(world, EndOfTurnPredicted) == [EndOfTurnPredicted(probability=0.25, threshold=0.9)]


def test_what_he_has_said_in_a_pause_is_interim_and_not_kept() -> None:
    world = world_of(SPOKEN)
    world.begin_to_speak()
    world.commit_all()
    assert world.preflight("a pizza")
    world.commit_all()
    world.stop_speaking()
    world.commit_all()
    assert world.recognizing is not None
    world.feed(i.Recognized(token=world.recognizing.token, text="a pizza please", language="en", speaker_id="s1"))
    world.commit_all()
    assert [pushed.event for pushed in world.passing if isinstance(pushed.event, UserInputTranscribed)] == [
        UserInputTranscribed(text="a pizza", is_final=False)
    ]
    assert [pushed.event for pushed in world.events if isinstance(pushed.event, UserInputTranscribed)] == [
        UserInputTranscribed(text="a pizza please", is_final=True, language="en", speaker_id="s1")
    ]


def test_a_text_is_a_turn_that_is_committed_at_once() -> None:
    world = world_of()
    world.send("hello")
    world.settle()
    assert told(world, UserTurnCommitted) == [UserTurnCommitted(by="text")]
    assert told(world, ResponseGenerated) == [ResponseGenerated(speech_id="speech-1", text="You said hello. Anything else?")]


def test_tools_are_told_together_when_all_of_a_round_have_a_result() -> None:
    world = world_of()
    world.send("use look order")
    world.settle()
    (executed,) = told(world, FunctionToolsExecuted)
    assert [(call.name, call.result) for call in executed.calls] == [("look", "done"), ("order", "done")]
    assert told(world, TurnCompleted)[0].tools == 2


def test_what_a_part_comes_to_is_told() -> None:
    world = world_of()
    failed = PartFailed(part="stt", text="overloaded", retryable=True)
    world.feed(i.PartReported(event=failed))
    world.commit_all()
    assert told(world, PartFailed) == [failed]


@pytest.mark.parametrize(
    ("text", "decision"),
    [("", "noise"), ("uh-huh", "back_channel"), ("stop it please", "interruption"), ("a pizza for me", "interruption")],
)
def test_what_the_caller_means_who_speaks_over_the_agent_is_told_with_how_long_that_took(text: str, decision: str) -> None:
    world = world_of(SPOKEN)
    world.command(Say(command_id="say", text="This is quite a long sentence to be heard. And there is more."))
    while world.state.agent is not AgentState.SPEAKING:
        assert world.commit() or world.play(500)
    world.begin_to_speak()
    world.now += 0.5
    world.stop_speaking()
    world.commit_all()
    world.now += 0.25
    assert world.recognize(text)
    world.settle("")
    (overlap,) = told(world, OverlappingSpeech)
    assert (overlap.decision, overlap.text, overlap.delay_ms, overlap.speech_id) == (decision, text, 750, "speech-1")


def test_words_over_a_speech_that_may_not_be_interrupted_wait() -> None:
    world = world_of(SPOKEN)
    world.command(Say(command_id="say", text="This is quite a long sentence to be heard.", allow_interruptions=False))
    while world.state.agent is not AgentState.SPEAKING:
        assert world.commit() or world.play(500)
    world.speak()
    world.settle("stop")
    assert [overlap.decision for overlap in told(world, OverlappingSpeech)] == ["queued"]


def test_what_is_understood_while_the_caller_speaks_is_told_and_not_kept() -> None:
    world = world_of(SPOKEN)
    world.feed(i.InterimTranscript(text="too early"))
    world.feed(i.VoiceBegan(start=1_600))
    world.feed(i.InterimTranscript(text="and so", language="en", speaker_id="one"))
    world.commit_all()
    interim = UserInputTranscribed(text="and so", is_final=False, language="en", speaker_id="one")
    assert told(world, UserInputTranscribed) == [interim]
    assert not interim.kept


def test_the_same_words_are_told_once_in_a_pause() -> None:
    world = world_of(SPOKEN)
    world.begin_to_speak()
    world.commit_all()
    for text in ("two", "two pizzas", "two pizzas"):  # as a stream has it: interim, and then final where it was flushed
        world.feed(i.InterimTranscript(text=text))
    assert world.preflight("two pizzas")
    world.commit_all()
    assert [interim.text for interim in told(world, UserInputTranscribed)] == ["two", "two pizzas"]  # type: ignore[attr-defined]
    world.feed(i.InterimTranscript(text="two pizzas and"))
    world.feed(i.InterimTranscript(text="two pizzas"))
    world.commit_all()
    heard = ["two", "two pizzas", "two pizzas and", "two pizzas"]
    assert [interim.text for interim in told(world, UserInputTranscribed)] == heard  # type: ignore[attr-defined]
    world.stop_speaking()
    world.commit_all()
    world.recognize("two pizzas")
    world.commit_all()
    finals = [pushed.event for pushed in world.events if isinstance(pushed.event, UserInputTranscribed)]
    assert finals == [UserInputTranscribed(text="two pizzas", is_final=True)]

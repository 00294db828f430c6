"""What the messages of a program's history tell of themselves: how long what took, and the same in the next life."""

from dataclasses import replace
from typing import Any

import pytest

from actors.agent_session.core import AgentChange, SessionConfig
from actors.agent_session.core import inputs as i
from protocols import MESSAGE_METRICS, CancelResponse, FunctionCall, GenerateReply, ModelUsage, Say, TokenUsage
from support.session_world import CHECKED, SPOKEN, World

MODELS = (
    ModelUsage(kind="llm", provider="acme", model="large"),
    ModelUsage(kind="tts", provider="acme", model="clear"),
    ModelUsage(kind="stt", provider="ears"),
)
TOOLS = ("look", "order", "to_billing")
VOICE = replace(SPOKEN, tools=TOOLS, program=True, parallel_tools=True, preemptive_generation=False)
TEXT = replace(CHECKED, tools=TOOLS, program=True, parallel_tools=True)


def world_of(setup: SessionConfig = VOICE) -> World:
    world = World(setup)
    world.subscribe()
    world.settle()
    return world


def metrics(world: World) -> list[dict[str, Any]]:
    """Of the messages, in order."""
    return [dict(message.extra.get(MESSAGE_METRICS, {})) for message in world.state.memory.history.messages]


def ask(world: World, words: str = "hello", *, after_s: float = 0.2) -> None:
    """The caller says it, and it is known after so long."""
    world.speak()
    world.commit_all()
    world.now += after_s
    world.recognize(words)
    world.commit_all()


def answer(world: World, *, token_s: float, made_s: float, tokens: int = 6) -> None:
    """The model's whole answer, whose first sentence is made by the voice after so long, and begins to be heard at once."""
    assert world.model is not None
    token, world.model = world.model[0], None
    first = len(world.state.memory.turn.sentences) if world.state.memory.turn else 0
    world.now += token_s
    world.feed(i.SentenceReady(token=token, text="Well well well."))
    world.commit_all()
    usage = TokenUsage(prompt_tokens=10, completion_tokens=tokens)
    world.feed(i.RoundFinished(token=token, calls=(), first_token_s=token_s, streamed_s=0.5, usage=usage))
    world.commit_all()
    world.now += made_s
    world.feed(i.SentenceMade(speech_id=world.state.memory.turn.speech_id, index=first, after_s=made_s))  # type: ignore[union-attr]
    world.play(1)
    world.commit_all()


def test_a_spoken_question_and_its_answer_tell_how_long_what_took_in_every_life() -> None:
    world = world_of(replace(VOICE, models=MODELS))
    ask(world)
    ended_at = world.moment.wall_s - 0.2
    answer(world, token_s=0.3, made_s=0.1)
    world.now += 1.0
    world.settle()
    asked, answered = metrics(world)
    assert asked == {
        "stt_metadata": {"model_name": "", "model_provider": "ears"},
        "started_speaking_at": pytest.approx(ended_at - 0.062, abs=0.01),
        "stopped_speaking_at": pytest.approx(ended_at),
        "transcription_delay": pytest.approx(0.2),
        "end_of_turn_delay": pytest.approx(0.2),
        "on_user_turn_completed_delay": 0.0,
    }
    assert answered == {
        "llm_metadata": {"model_name": "large", "model_provider": "acme"},
        "tts_metadata": {"model_name": "clear", "model_provider": "acme"},
        "llm_node_ttft": pytest.approx(0.3),
        "llm_node_tps": pytest.approx(12.0),
        "llm_node_ttfs": pytest.approx(0.3),
        "tts_node_ttfb": pytest.approx(0.1),
        "playback_latency": pytest.approx(0.0),
        "started_speaking_at": pytest.approx(ended_at + 0.6),
        "stopped_speaking_at": pytest.approx(ended_at + 1.6, abs=0.3),
        "e2e_latency": pytest.approx(0.6),
    }
    world.kill()
    assert metrics(world) == [asked, answered]


def test_the_hook_of_the_turn_is_measured_also_where_it_edits_the_message() -> None:
    world = world_of(replace(VOICE, turn_hook=True))
    ask(world)
    assert world.hook is not None
    assert "on_user_turn_completed_delay" not in world.hook.message.extra[MESSAGE_METRICS]
    world.now += 0.4
    world.run_hook(replace(world.hook.message, extra={"mood": "fine"}))
    world.settle()
    (asked, _) = metrics(world)
    assert asked["on_user_turn_completed_delay"] == pytest.approx(0.4)
    assert asked["end_of_turn_delay"] == pytest.approx(0.2)
    assert world.state.memory.history.messages[0].extra["mood"] == "fine"


def test_words_that_were_known_in_a_pause_were_not_waited_for() -> None:
    world = world_of()
    world.begin_to_speak()
    world.commit_all()
    world.preflight("hello")
    world.stop_speaking()
    world.commit_all()
    world.now += 0.2
    world.recognize("hello")
    world.settle()
    asked = metrics(world)[0]
    assert (asked["transcription_delay"], asked["end_of_turn_delay"]) == (0.0, pytest.approx(0.2))


def test_an_answer_that_was_made_ahead_tells_what_it_took_and_a_dropped_one_nothing() -> None:
    world = world_of(replace(VOICE, preemptive_generation=True))
    world.begin_to_speak()
    world.commit_all()
    world.preflight("hello")
    world.commit_all()
    assert world.model is not None
    token, world.model = world.model[0], None
    world.feed(i.SentenceReady(token=token, text="Well well well."))
    world.feed(i.RoundFinished(token=token, calls=(), first_token_s=0.25))
    world.stop_speaking()
    world.commit_all()
    world.recognize("hello")
    world.settle()
    assert metrics(world)[1]["llm_node_ttft"] == 0.25
    world.begin_to_speak()
    world.commit_all()
    world.preflight("half")
    world.commit_all()
    world.begin_to_speak()
    world.commit_all()
    world.stop_speaking()
    world.settle("")
    world.command(Say(command_id="say", text="So."))
    world.settle()
    said = metrics(world)[-1]
    assert not {"llm_node_ttft", "llm_metadata", "e2e_latency"} & set(said)
    assert "started_speaking_at" in said


def test_each_answer_of_a_turn_has_its_own_and_the_first_that_is_heard_answers_the_caller() -> None:
    world = world_of()
    ask(world, "use look")
    world.settle()
    _, first, second = metrics(world)
    assert "e2e_latency" in first
    assert "e2e_latency" not in second
    assert second["started_speaking_at"] >= first["started_speaking_at"]


def test_what_a_tool_says_aside_leaves_the_caller_waiting_for_the_answer() -> None:
    world = world_of()
    ask(world, "use order")
    assert world.model is not None
    token, world.model = world.model[0], None
    world.feed(i.RoundFinished(token=token, calls=(FunctionCall(call_id="1", name="order", arguments="{}"),)))
    world.commit_all()
    world.command(Say(command_id="say", text="Wait."))
    world.commit_all()
    while world.play() or world.commit():
        pass
    world.finish_tool()
    world.settle()
    said, answered = metrics(world)[1:]
    assert "e2e_latency" not in said
    assert "e2e_latency" in answered


def test_the_agent_that_the_call_is_handed_to_answers_who_was_not_answered() -> None:
    world = world_of()
    ask(world, "use to_billing")
    assert world.model is not None
    token, world.model = world.model[0], None
    world.feed(i.RoundFinished(token=token, calls=(FunctionCall(call_id="1", name="to_billing", arguments="{}"),)))
    world.commit_all()
    world.finish_tool(reply=False)
    world.commit_all()
    world.command(Say(command_id="greet", text="Billing here."))
    world.settle()
    world.command(Say(command_id="more", text="More."))
    world.settle()
    greeted, more = metrics(world)[-2:]
    assert "e2e_latency" in greeted
    assert "e2e_latency" not in more


def test_of_a_turn_that_is_not_answered_nobody_waits_any_more() -> None:
    world = world_of()
    ask(world, "silence")
    world.settle()
    world.command(Say(command_id="say", text="Hello?"))
    world.settle()
    assert "e2e_latency" not in metrics(world)[-1]
    world.want_agent("billing", AgentChange.REPLACE)
    world.settle()
    world.command(GenerateReply(command_id="reply", user_input="and now"))
    world.settle()
    assert metrics(world)[-2] == {}
    assert "e2e_latency" not in metrics(world)[-1]


def test_in_a_call_without_a_voice_words_are_heard_as_they_stand() -> None:
    world = world_of(TEXT)
    world.send("hello")
    world.settle()
    asked, answered = metrics(world)
    assert asked == {}
    assert set(answered) == {"started_speaking_at", "stopped_speaking_at", "playback_latency"}
    assert answered["playback_latency"] == 0.0


def test_an_answer_that_is_cut_tells_it_too_and_one_that_another_life_has_begun_nothing() -> None:
    world = world_of()
    ask(world)
    answer(world, token_s=0.3, made_s=0.1)
    world.play(1_000)
    world.command(CancelResponse(command_id="stop"))
    world.settle()
    assert metrics(world)[1]["e2e_latency"] == pytest.approx(0.6)
    ask(world, "again")
    answer(world, token_s=0.3, made_s=0.1)
    world.kill()
    world.settle()
    assert "e2e_latency" not in metrics(world)[-1]


def test_nothing_is_measured_where_there_is_no_program() -> None:
    world = world_of(replace(VOICE, program=False))
    ask(world)
    world.settle()
    assert metrics(world) == [{}, {}]

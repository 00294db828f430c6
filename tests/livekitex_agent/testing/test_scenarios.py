"""Conversations as their parties have them, in virtual time: what is said, when it is heard, what happens when it goes wrong.

``docs/scenarios.md`` lists them beside those of another product.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from livekitex_agent import Agent, CallHandle, SpeechHandle, function_tool, provider
from livekitex_agent.testing import RunResult, TestSession, Utterance
from livekitex_agent.testing.fakes import scripted_llm, scripted_stt, scripted_tts, scripted_turn_detector, scripted_vad
from protocols import (
    AgentChanged,
    AgentMessage,
    AgentSentence,
    AgentStateChanged,
    CallEnded,
    EventPushed,
    FalseInterruption,
    InvalidAudioError,
    OverlappingSpeech,
    PlaybackPaused,
    ReplyLatency,
    ResponseGenerated,
    Restarted,
    SessionError,
    SpeechOutcome,
    StateChanged,
    ToolCalled,
    ToolReturned,
    UsageError,
    UserMessage,
    UserSpeechStarted,
    UserTurnCommitted,
    UserTurnExceeded,
)

pytestmark = pytest.mark.asyncio

PART = "This is part {} of a tale that is told without haste."
STORY = " ".join(PART.format(number) for number in range(1, 7))
QUESTION = "tell me the longest story that you know"
STOP = "no no no, stop it, i do not want to hear that one at all"
MS_PER_CHAR = 10


def reply(to: str = "*", say: str = "", **more: Any) -> dict[str, Any]:
    return {"to": to, "say": say, **more} if say else {"to": to, **more}


def voice(replies: Sequence[dict[str, Any]], *, tools: Sequence[Any] = (), stt: dict[str, Any] | None = None, **options: Any) -> Agent:
    return Agent(
        instructions="Be brief.",
        tools=tools,
        vad=provider(scripted_vad),
        stt=provider(scripted_stt, **(stt or {})),
        turn_detector=provider(scripted_turn_detector),
        llm=provider(scripted_llm, replies=list(replies)),
        tts=provider(scripted_tts),
        options=options,
    )


def text(replies: Sequence[dict[str, Any]], *, tools: Sequence[Any] = (), **options: Any) -> Agent:
    return Agent.text(instructions="Be brief.", tools=tools, llm=provider(scripted_llm, replies=list(replies)), options=options)


def states(result: RunResult) -> list[str]:
    return [event.new for event in result.of_kind(StateChanged)]


def said(events: Sequence[EventPushed]) -> list[str]:
    return [each.event.text for each in events if isinstance(each.event, AgentMessage)]


async def until_s(after_s: float) -> None:
    """Let virtual time pass."""
    with suppress(TimeoutError):
        async with asyncio.timeout(after_s):
            await asyncio.Event().wait()


async def weather(location: str) -> str:
    """Tell the weather at a place."""
    return f"sunny in {location}"


async def slow_search() -> str:
    """Search for a while."""
    waiting = asyncio.Event()
    asyncio.get_running_loop().call_later(8.0, waiting.set)
    await waiting.wait()
    return "found"


def broken() -> str:
    """Fail."""
    raise ZeroDivisionError("division by zero")


def billing() -> Agent:
    """Hand the call to billing."""
    return BILLING


def billing_with_result() -> tuple[Agent, str]:
    """Hand the call to billing, and say so."""
    return BILLING, "transferred"


BILLING = Agent.text(
    instructions="You are billing.",
    name="billing",
    tools=[weather],
    llm=provider(
        scripted_llm,
        replies=[
            {"after": "billing", "say": "Here is billing."},
            {"after": "billing_with_result", "say": "Billing: {result}."},
            {"to": "weather*", "calls": [{"name": "weather", "arguments": {"location": "Rome"}}]},
            {"after": "weather", "say": "Billing says {result}."},
            {"say": "Billing hears {input}."},
        ],
    ),
)


# A turn from its first sample to its last.


async def test_a_spoken_turn_has_its_states_and_its_times() -> None:
    agent = Agent(
        instructions="Be brief.",
        vad=provider(scripted_vad),
        stt=provider(scripted_stt, delay_ms=200),
        llm=provider(scripted_llm, replies=[reply(say="All is well.", first_token_ms=100)]),
        tts=provider(scripted_tts, first_audio_ms=200),
        turn_detector=provider(scripted_turn_detector),
        options={"preemptive_generation": False},
    )
    async with TestSession(agent) as session:
        result = await session.run(audio=Utterance(text="hello out there, how is it going with you", at_s=0.5))
    assert states(result) == ["listening", "processing", "thinking", "responding", "speaking", "idle"]
    understood, heard, over = (result.time_of(kind) for kind in (UserMessage, AgentSentence, AgentMessage))
    assert heard - understood == pytest.approx(0.3, abs=0.05), "the model's first token and the voice's first audio"
    assert over - heard == pytest.approx(len("All is well.") * 0.01, abs=0.15)
    (latency,) = result.of_kind(ReplyLatency)
    assert latency.latency_ms is not None
    assert 500 <= latency.latency_ms <= 900


async def test_the_answer_is_made_in_the_pause_that_ends_the_turn() -> None:
    async def latency(*, ahead: bool) -> float:
        pause = {"min_endpointing_delay_ms": 500}  # so long that audio in pieces of 100 ms shows what it is used for
        agent = voice([reply(say="All is well.", first_token_ms=250)], preemptive_generation=ahead, **pause)
        async with TestSession(agent) as session:
            result = await session.run(audio=Utterance(text="hello out there, how is it going with you"))
            (found,) = result.of_kind(ReplyLatency)
            assert found.latency_ms is not None
            return found.latency_ms

    assert await latency(ahead=True) <= await latency(ahead=False) - 99


async def test_a_recogniser_that_streams_is_understood_as_one_that_does_not() -> None:
    async with TestSession(voice([reply(say="You said {input}.")], stt={"streaming": True})) as session:
        session.kill_when(0.3)
        result = await session.run(audio=Utterance(text="hello out there, how is it going with you"))
        result.expect.contains_message(role="user", text="hello out there, how is it going with you")
        result.expect[-1].is_message(role="assistant", text="You said hello out there, how is it going with you.")


def by_stt(replies: Sequence[dict[str, Any]], *, vad: bool, **options: Any) -> Agent:
    """One whose recogniser finds the end of the caller's turn, beside a voice activity detection or without one."""
    return Agent(
        instructions="Be brief.",
        vad=provider(scripted_vad) if vad else None,
        stt=provider(scripted_stt, end_of_turn_ms=200),
        llm=provider(scripted_llm, replies=list(replies)),
        tts=provider(scripted_tts),
        options={"turn_detection": "stt", "min_endpointing_delay_ms": 300, **options},
    )


@pytest.mark.parametrize("vad", [True, False])
async def test_the_recogniser_ends_the_turn_and_whoever_hesitates_is_not_cut_off(*, vad: bool) -> None:
    async with TestSession(by_stt([reply(say="You said {input}.")], vad=vad)) as session:
        hesitant, rest = "i would like two small pizzas,", "and a salad please"
        result = await session.run(audio=[Utterance(text=hesitant, at_s=0.5), Utterance(text=rest, at_s=2.0)])
        assert len(result.of_kind(UserMessage)) == 1
        assert {committed.by for committed in result.of_kind(UserTurnCommitted)} == {"stt"}
        (latency,) = result.of_kind(ReplyLatency)
        assert latency.latency_ms == pytest.approx(300, abs=120), "the least delay after the end of speech, and no second recognition"


@pytest.mark.parametrize("vad", [True, False])
async def test_who_speaks_over_the_agent_interrupts_where_the_recogniser_finds_turns(*, vad: bool) -> None:
    async with TestSession(by_stt([reply(QUESTION, STORY), reply(say="As you wish.")], vad=vad)) as session:
        result = await session.run(audio=[Utterance(text=QUESTION), Utterance(text=STOP, at_s=1.6)])
        assert [message.interrupted for message in result.of_kind(AgentMessage)] == [True, False]
        assert [message.text for message in result.of_kind(UserMessage)] == [QUESTION, STOP]


async def test_where_the_recogniser_says_nothing_the_longest_pause_ends_the_turn() -> None:
    async with TestSession(by_stt([reply(say="Yes?")], vad=True, max_endpointing_delay_ms=800)) as session:
        result = await session.run(audio=Utterance(text="what i really wanted to say,", at_s=0.5))
        assert [committed.by for committed in result.of_kind(UserTurnCommitted)] == ["endpointing"]
        assert len(result.of_kind(UserMessage)) == 1


@pytest.mark.parametrize("kill", [0.55, 0.75, 0.95, UserMessage, AgentSentence])
async def test_a_turn_that_the_recogniser_finds_survives_a_death(kill: Any) -> None:
    async with TestSession(by_stt([reply(say="You said {input}.")], vad=False)) as session:
        session.kill_when(kill)
        result = await session.run(audio=Utterance(text="two small pizzas and a salad please", at_s=0.5))
        assert len(result.restarts) == 1
        assert [message.text for message in result.of_kind(UserMessage)] == ["two small pizzas and a salad please"]
        result.expect[-1].is_message(role="assistant", text="You said two small pizzas and a salad please.")


async def test_who_hesitates_is_not_cut_off() -> None:
    async with TestSession(voice([reply(say="You said {input}.")])) as session:
        hesitant = [Utterance(text="i would like two pizzas and,", pause_s=0.9), Utterance(text="three bottles of lemonade")]
        result = await session.run(audio=hesitant)
        assert len(result.of_kind(UserMessage)) == 1
        result.expect[-1].is_message(role="assistant")


async def test_a_voice_without_words_is_nobody_s_turn() -> None:
    async with TestSession(voice([reply(say="Yes?")], stt={"transcripts": []})) as session:
        result = await session.run(audio=Utterance(text="x" * 60))
        result.expect.no_more_events()
        assert "speaking" not in states(result)


# Tools.


async def test_what_is_said_beside_a_call_is_heard_before_its_result() -> None:
    replies = [
        reply("*weather*", "Let me look.", calls=[{"name": "weather", "arguments": {"location": "Tokyo"}}]),
        {"after": "weather", "say": "It is {result}."},
    ]
    async with TestSession(voice(replies, tools=[weather])) as session:
        result = await session.run(audio=Utterance(text="what is the weather in tokyo today"))
        result.expect.contains_function_call(name="weather", arguments={"location": "Tokyo"})
        result.expect.contains_function_call_output(output="sunny in Tokyo")
        spoken = " ".join(said(result.pushed))
        assert spoken == "Let me look. It is sunny in Tokyo."


async def test_a_slow_tool_keeps_the_turn_after_what_was_said_beside_it() -> None:
    replies = [reply("*search*", "One moment.", calls=["slow_search"]), {"after": "slow_search", "say": "I have {result} it."}]
    async with TestSession(voice(replies, tools=[slow_search])) as session:
        result = await session.run(audio=Utterance(text="please search for what i have lost"))
        assert result.time_of(ToolReturned) - result.time_of(ToolCalled) == pytest.approx(8.0, abs=0.1)
        between = [
            each.event.new
            for each in result.pushed
            if isinstance(each.event, StateChanged) and result.time_of(ToolCalled) < each.wall_s < result.time_of(ToolReturned)
        ]
        assert "idle" not in between
        assert " ".join(said(result.pushed)) == "One moment. I have found it."


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ({"name": "nothing_like_that"}, "nothing_like_that"),
        ({"name": "weather", "arguments": {"place": "Rome"}}, "location"),
        ({"name": "weather", "arguments": "{half"}, "expected dict"),
        ({"name": "broken"}, "ZeroDivisionError"),
    ],
)
async def test_a_call_that_cannot_be_is_told_to_the_model_and_the_turn_goes_on(call: dict[str, Any], told: str) -> None:
    replies = [reply("go", calls=[call], times=1), {"after": call["name"], "say": "That did not work."}]
    async with TestSession(text(replies, tools=[weather, broken])) as session:
        result = await session.run(user_input="go")
        output = result.expect.contains_function_call_output(is_error=True).event.output
        assert told in output
        result.expect[-1].is_message(role="assistant", text="That did not work.")


async def test_calls_of_one_answer_run_in_their_order() -> None:
    calls = [{"name": "weather", "arguments": {"location": place}} for place in ("Rome", "Oslo")]
    async with TestSession(text([reply("go", calls=calls), {"after": "weather", "say": "Done."}], tools=[weather])) as session:
        result = await session.run(user_input="go")
    outputs = [event.result for event in result.of_kind(ToolReturned)]
    assert outputs == ["sunny in Rome", "sunny in Oslo"]


RAMBLING = "and then i said to him that and then he said to me this "


@pytest.mark.parametrize("limit", [{"max_user_turn_s": 2}, {"max_user_turn_words": 30}])
async def test_who_does_not_come_to_an_end_is_answered_and_then_listened_to_again(limit: dict[str, Any]) -> None:
    agent = voice([reply(say="May I just say something?")], stt={"streaming": True}, **limit)
    async with TestSession(agent) as session:
        result = await session.run(audio=Utterance(text=(RAMBLING * 6).strip()))
        exceeded = result.of_kind(UserTurnExceeded)
        assert exceeded
        assert exceeded[0].words >= 20
        first, *rest = result.of_kind(UserMessage)
        assert first.text == exceeded[0].text
        assert rest, "what he went on with is another turn"
        assert not [message for message in result.of_kind(AgentMessage) if message.interrupted]


# Interruptions.


async def test_the_caller_interrupts_and_is_answered() -> None:
    replies = [reply("*story*", STORY), reply(say="As you like.")]
    async with TestSession(voice(replies)) as session:
        result = await session.run(audio=[Utterance(text=QUESTION), Utterance(text=STOP, at_s=1.6)])
        stopped = result.expect.contains_message(role="assistant", interrupted=True).event.text
        assert STORY.startswith(stopped)
        assert stopped != STORY
        result.expect[-1].is_message(role="assistant", text="As you like.")


@pytest.mark.parametrize("noise", ["mm-hmm" + " mm" * 9, ""])
async def test_a_back_channel_or_a_noise_does_not_interrupt(noise: str) -> None:
    stt = {"transcripts": [QUESTION, noise]}
    async with TestSession(voice([reply("*story*", STORY)], stt=stt)) as session:
        result = await session.run(audio=[Utterance(text=QUESTION), Utterance(text="m" * 60, at_s=1.6)])
        assert said(result.pushed) == [STORY]
        assert not any(event.interrupted for event in result.of_kind(AgentMessage))


@pytest.mark.parametrize(
    ("understood", "interrupts"), [("mm-hmm", False), ("a pizza", False), ("stop", True), ("i want two large pizzas", True)]
)
async def test_a_reply_that_is_still_written_is_held_until_it_is_known_what_he_says(understood: str, *, interrupts: bool) -> None:
    stt = {"transcripts": [QUESTION, understood]}
    slow = voice([reply("*story*", STORY, chars_per_s=80), reply(say="Well.")], stt=stt, min_interruption_words=3, aec_warmup_s=0)
    async with TestSession(slow) as session:
        result = await session.run(audio=[Utterance(text=QUESTION), Utterance(text="m" * 60, at_s=2.5)])
        written = result.time_of(ResponseGenerated) if result.of_kind(ResponseGenerated) else 0.0
        assert "paused" in {event.new for event in result.of_kind(AgentStateChanged)}
        assert bool(result.of_kind(FalseInterruption)) is not interrupts
        if interrupts:
            assert said(result.pushed)[-1] == "Well."
            assert STORY.startswith(said(result.pushed)[0])
            assert said(result.pushed)[0] != STORY
        else:
            assert written > result.time_of(FalseInterruption), "it was held before it stood in full"
            assert said(result.pushed) == [STORY]


async def test_speech_while_the_agent_thinks_is_one_turn_with_what_it_was_asked() -> None:
    replies = [reply("*and*", "Both of them."), reply(say="One.", first_token_ms=3_000)]
    async with TestSession(voice(replies)) as session:
        more = Utterance(text="and tell me about the second one as well", at_s=2.0)
        result = await session.run(audio=[Utterance(text="tell me about the first of the two"), more])
        assert said(result.pushed)[-1] == "Both of them."
        assert "One." not in said(result.pushed)


async def test_an_interruption_of_the_second_sentence_keeps_the_first() -> None:
    replies = [reply("*story*", STORY), reply(say="As you like.")]
    async with TestSession(voice(replies)) as session:
        result = await session.run(audio=[Utterance(text=QUESTION), Utterance(text=STOP, at_s=1.75)])
        stopped = result.expect.contains_message(role="assistant", interrupted=True).event.text
        assert stopped.startswith(PART.format(1))


@pytest.mark.parametrize(("killed", "warmup_s", "at_once"), [(False, 3, False), (False, 0, True), (True, 3, True)])
async def test_an_echo_is_expected_when_the_agent_is_heard_first_and_not_after_a_restart(
    *, killed: bool, warmup_s: float, at_once: bool
) -> None:
    agent = voice([reply(QUESTION, f"{STORY} {STORY}"), reply(say="As you like.")], aec_warmup_s=warmup_s)
    async with TestSession(agent) as session:
        if killed:
            session.kill_when(1.5)
        result = await session.run(audio=[Utterance(text=QUESTION), Utterance(text=STOP, at_s=2.5)])
        assert len(result.restarts) == killed
        began = [pushed.wall_s for pushed in result.pushed if isinstance(pushed.event, UserSpeechStarted)][-1]
        assert (result.time_of(PlaybackPaused) < began + 0.1) is at_once, "there is a reflex to his voice, or his words decide"
        assert result.of_kind(OverlappingSpeech)[0].decision == "interruption"
        result.expect[-1].is_message(role="assistant", text="As you like.")


@pytest.mark.parametrize("protected", [True, False])
async def test_protected_speech_is_heard_to_its_end_and_the_caller_is_answered_after_it(*, protected: bool) -> None:
    async with TestSession(voice([reply(say="You said {input}.")])) as session:
        over = Utterance(text=STOP, at_s=0.6)
        result = await session.run(audio=over, command=lambda call: call.say(STORY, allow_interruptions=not protected))
        first, last = said(result.pushed)[0], said(result.pushed)[-1]
        assert (first == STORY) is protected
        assert last == f"You said {STOP}."


@pytest.mark.parametrize("killed_at_s", [None, 0.3, 1.0, 2.4])
async def test_what_comes_bit_by_bit_is_heard_while_it_comes_and_once(killed_at_s: float | None) -> None:
    parts = [PART.format(number) for number in range(1, 4)]

    async def bits() -> AsyncIterator[str]:
        for part in parts:
            yield f"{part}\n"
            await until_s(2.0)

    async with TestSession(voice([reply(say="x")])) as session:
        if killed_at_s is not None:
            session.kill_when(killed_at_s)
        speeches: list[SpeechHandle] = []

        async def speak(call: CallHandle) -> None:
            speeches.append(await call.say(bits()))
            await speeches[0].wait_for_playout()

        result = await session.perform(speak)
        assert [event.text for event in result.of_kind(AgentSentence)] == parts
        assert [event.text for event in result.of_kind(AgentMessage)] == ["\n".join(parts)]
        assert speeches[0].outcome is SpeechOutcome.COMPLETED
        began = next(pushed.wall_s for pushed in result.pushed if isinstance(pushed.event, AgentSentence))
        ended = next(pushed.wall_s for pushed in result.pushed if isinstance(pushed.event, AgentMessage))
        assert ended - began > 4.0, "the first is heard long before the last comes"
        assert bool(result.of_kind(Restarted)) is (killed_at_s is not None)


RECORDING = "This call may be recorded. Please hold the line until somebody answers."


def recording(seconds: float, rate_hz: int = 24_000) -> bytes:
    """Each sample tells its place."""
    return ((np.arange(round(seconds * rate_hz)) % 30_000) + 1).astype("<i2").tobytes()


def heard_of(session: TestSession) -> tuple[bytes, float]:
    """The audio by its positions, and the longest that was heard again, in seconds."""
    samples: dict[int, int] = {}
    reached, again = 0, 0
    for piece in session.audio:
        again = max(again, reached - piece.position)
        reached = piece.position + len(piece.pcm) // 2
        samples |= enumerate(np.frombuffer(piece.pcm, "<i2").tolist(), piece.position)
    assert sorted(samples) == list(range(len(samples)))
    return np.array([samples[at] for at in range(len(samples))], "<i2").tobytes(), again / 24_000


@pytest.mark.parametrize("killed_at_s", [(), (0.02,), (0.3,), (1.7,)])
@pytest.mark.parametrize("pace", [0.0, 0.3])
async def test_audio_that_a_program_gives_is_heard_in_place_of_the_voice_and_once(killed_at_s: tuple[float, ...], pace: float) -> None:
    whole = recording(4.0)

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(whole), 9_600):
            await until_s(pace)
            yield whole[at : at + 9_600]

    async with TestSession(voice([reply(say="x")])) as session:
        session.kill_when(*killed_at_s)
        speeches: list[SpeechHandle] = []

        async def speak(call: CallHandle) -> None:
            speeches.append(await call.say(RECORDING, audio=pieces(), rate_hz=24_000))
            await speeches[0].wait_for_playout()

        result = await session.perform(speak)
        assert len(result.of_kind(Restarted)) == len(killed_at_s)
        assert speeches[0].outcome is SpeechOutcome.COMPLETED
        assert [event.text for event in result.of_kind(AgentMessage)] == [RECORDING]
        audio, again_s = heard_of(session)
        assert audio == whole
        assert again_s <= 0.5


async def test_a_caller_who_interrupts_a_recording_has_heard_some_of_its_text() -> None:
    async with TestSession(voice([reply(say="As you like.")])) as session:

        async def speak(call: CallHandle) -> None:
            await call.say(RECORDING, audio=recording(5.0), rate_hz=24_000)

        result = await session.run(audio=Utterance(text=STOP, at_s=1.5), command=speak)
        first, last = said(result.pushed)
        assert RECORDING.startswith(first)
        assert first.startswith("This call")
        assert first != RECORDING
        assert last == "As you like."


async def test_recordings_wait_for_their_turn_and_have_another_rate_and_none_in_a_text_call() -> None:
    async with TestSession(voice([reply(say="x")])) as session:

        async def speak(call: CallHandle) -> None:
            first = await call.say(RECORDING, audio=[recording(1.0, 8_000)], rate_hz=8_000)
            second = await call.say("And this.", audio=recording(1.0), rate_hz=24_000)
            await second
            assert first.done() or (await first).text
            with pytest.raises(UsageError, match="give the whole text"):
                await call.say(["bit"], audio=b"")
            with pytest.raises(InvalidAudioError):
                await call.say("bit", audio=b"", rate_hz=1)

        result = await session.perform(speak)
        assert said(result.pushed) == [RECORDING, "And this."]
        lengths = {piece.speech_id: piece.position + len(piece.pcm) // 2 for piece in session.audio}
        assert list(lengths.values()) == [24_000, 24_000]
    async with TestSession(text([reply(say="x")])) as session:
        result = await session.perform(lambda call: call.say(RECORDING, audio=recording(1.0)))
        assert said(result.pushed) == [RECORDING]


async def test_what_is_to_be_said_waits_for_its_turn_by_priority() -> None:
    async with TestSession(voice([reply(say="x")])) as session:

        async def speak(call: Any) -> None:
            await call.say(PART.format(1))
            await call.say("Unimportant.", priority=0)
            await call.say("Important.", priority=10)

        result = await session.perform(speak)
        heard = said(result.pushed)
        assert heard == [PART.format(1), "Important.", "Unimportant."]


async def test_what_is_written_while_the_agent_speaks_is_answered_after_it() -> None:
    async with TestSession(voice([reply(say="You wrote {input}.")])) as session:

        async def both(call: Any) -> None:
            await call.say(PART.format(1))
            await call.send_text("hello")

        result = await session.perform(both)
        assert said(result.pushed) == [PART.format(1), "You wrote hello."]


async def test_a_handle_is_done_when_it_was_heard() -> None:
    async with TestSession(voice([reply(say="Generated.")])) as session:
        outcomes: list[Any] = []

        async def speak(call: Any) -> None:
            handle = await call.say("Something to be heard.")
            outcomes.append(await handle.wait_for_playout())
            reply_handle = await call.generate_reply(instructions="Greet.")
            outcomes.append(await reply_handle.wait_for_playout())

        await session.perform(speak)
        assert [(outcome.text, outcome.interrupted) for outcome in outcomes] == [("Something to be heard.", False), ("Generated.", False)]


# What fails.


async def test_a_model_that_fails_for_a_moment_is_asked_again() -> None:
    replies = [reply(fails="busy", retryable=True, times=1), reply(say="Here I am.")]
    async with TestSession(text(replies)) as session:
        result = await session.run(user_input="hello")
        result.expect[-1].is_message(role="assistant", text="Here I am.")


async def test_a_model_that_fails_is_told_of_and_the_call_goes_on() -> None:
    replies = [reply("first*", fails="no such model"), reply(say="You said {input}.")]
    async with TestSession(text(replies)) as session:
        failed = await session.run(user_input="first question")
        assert [event.source for event in failed.of_kind(SessionError)] == ["llm"]
        failed.expect[-1].is_message(role="assistant")
        (await session.run(user_input="second question")).expect[-1].is_message(text="You said second question.")


async def test_a_recogniser_that_fails_leaves_nobody_unheard() -> None:
    async with TestSession(voice([reply(say="You said {input}.")], stt={"fails": 1})) as session:
        result = await session.run(audio=Utterance(text="do you hear what i am saying here"))
        result.expect[-1].is_message(role="assistant")
        again = await session.run(audio=Utterance(text="do you hear what i am saying now"))
        again.expect[-1].is_message(role="assistant", text="You said do you hear what i am saying now.")


async def test_a_voice_that_fails_is_told_of_and_the_call_goes_on() -> None:
    agent = Agent(
        instructions="Be brief.",
        vad=provider(scripted_vad),
        stt=provider(scripted_stt),
        llm=provider(scripted_llm, replies=[reply("*first*", "This is hoarse."), reply(say="This is clear.")]),
        tts=provider(scripted_tts, fails_at="hoarse"),
    )
    async with TestSession(agent) as session:
        failed = await session.run(audio=Utterance(text="this is the first thing that i say"))
        assert "tts" in [event.source for event in failed.of_kind(SessionError)]
        again = await session.run(audio=Utterance(text="this is another thing that i say"))
        again.expect[-1].is_message(role="assistant", text="This is clear.")


async def test_the_end_of_a_call_comes_after_what_is_being_said() -> None:
    async with TestSession(voice([reply(say="x")])) as session:

        async def speak_and_end(call: Any) -> None:
            await call.say("This is heard to its end.")
            await call.end("done")

        result = await session.perform(speak_and_end)
        assert said(result.pushed) == ["This is heard to its end."]
        assert isinstance(result.pushed[-1].event, CallEnded)


# Hand-offs.


@pytest.mark.parametrize(
    ("tool", "first"), [(billing, "Here is billing."), (billing_with_result, "Billing: transferred.")], ids=["alone", "with a result"]
)
@pytest.mark.parametrize("kill", [None, ToolCalled, AgentChanged, AgentSentence])
async def test_a_tool_hands_the_call_on(tool: Any, first: str, kill: Any) -> None:
    wrapped = function_tool(idempotent=True)(tool)
    name = tool.__name__
    async with TestSession(text([reply("*bill*", calls=[name]), reply(say="Waiter hears {input}.")], tools=[wrapped])) as session:
        (await session.run(user_input="hello")).expect[-1].is_message(text="Waiter hears hello.")
        if kill is not None:
            session.kill_when(kill)
        result = await session.run(user_input="the bill please")
        assert len(result.restarts) == (kill is not None)
        result.expect.contains_function_call(name=name)
        result.expect.contains_agent_handoff(new_agent="billing", old_agent="agent")
        result.expect[-1].is_message(role="assistant", text=first)
        (await session.run(user_input="hello")).expect[-1].is_message(text="Billing hears hello.")


async def test_the_tools_of_the_new_agent_can_be_mocked() -> None:
    async with TestSession(text([reply("*bill*", calls=["billing"])], tools=[billing])) as session:
        await session.run(user_input="the bill please")
        with session.mock_tools({"weather": lambda location: f"snow in {location}"}):
            result = await session.run(user_input="weather please")
        result.expect[-1].is_message(text="Billing says snow in Rome.")

"""What a script has the agent say, through the death of the call's process."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from livekitex_agent import Agent, SpeechPriority, WorkerOptions, provider, sync
from livekitex_agent.testing.fakes import scripted_llm, scripted_stt, scripted_tts, scripted_turn_detector, scripted_vad
from protocols import AgentSentence, ProviderRef, Restarted, SpeechCreated, SpeechDone, SpeechOutcome, UsageError
from support.chat import said, texts
from support.choosing_brain import CHOOSING_BRAIN, look, order
from support.memory_brain import FACT, MEMORY_BRAIN

pytestmark = pytest.mark.processes


def test_what_the_script_has_said_is_said_once_by_whichever_process(tmp_path: Path) -> None:
    with sync.AgentSystem.start(WorkerOptions(preload=False, journal_dir=tmp_path, log_level="error")) as system:
        call = system.start_session(Agent.text(instructions="Remember.", llm=MEMORY_BRAIN))
        first = call.say("Welcome back.")
        assert first.wait_for_playout().text == "Welcome back."
        os.kill(call.info().os_pid, signal.SIGKILL)
        later, sooner = call.say("Please hold the line."), call.say("Listen.", priority=SpeechPriority.HIGH, allow_interruptions=False)
        asked = call.generate_reply(user_input=FACT)
        call.wait_for(Restarted)
        assert [speech.wait_for_playout().text for speech in (later, sooner)] == ["Please hold the line.", "Listen."]
        assert asked.wait_for_playout().text
        assert not asked.interrupted
        roles = [who for who, _ in said(call.info().history)]
        assert roles.count("user") == 1
        assert texts(call.info().history).count("Welcome back.") == 1


def test_the_model_is_offered_what_the_script_names_by_whichever_process(tmp_path: Path) -> None:
    with sync.AgentSystem.start(WorkerOptions(preload=False, journal_dir=tmp_path, log_level="error")) as system:
        call = system.start_session(Agent.text(instructions="Choose.", llm=CHOOSING_BRAIN, tools=[look, order]))
        required = call.generate_reply(tools=["order"], tool_choice="required")
        assert required.wait_for_playout().text == "order of order. auto of order."
        os.kill(call.info().os_pid, signal.SIGKILL)
        named, none = call.generate_reply(tool_choice={"name": "look"}), call.generate_reply(tool_choice="none")
        assert named.wait_for_playout().text == "look of look and order. auto of look and order."
        assert none.wait_for_playout().text == "none of look and order."
        assert call.generate_reply(tools=[]).wait_for_playout().text == "auto of nothing."
        with pytest.raises(UsageError, match=r"has no tool 'fly' \(it has: look, order\)"):
            call.generate_reply(tools=["fly"])


def test_a_speech_that_does_not_end_is_ended_at_its_deadline_by_whichever_process(tmp_path: Path) -> None:
    silent = ProviderRef(factory="livekitex_agent.testing.fakes:scripted_llm", options={"replies": [{"say": "Wait.", "silent": True}]})
    with sync.AgentSystem.start(WorkerOptions(preload=False, journal_dir=tmp_path, log_level="error")) as system:
        call = system.start_session(Agent.text(instructions="Wait.", llm=silent))
        endless = call.generate_reply(user_input="hello", deadline_s=1.0)
        waiting = call.say("It is too late for this.", deadline_s=0.5)
        os.kill(call.info().os_pid, signal.SIGKILL)
        later = call.say("I am here.")
        assert waiting.wait_for_playout(timeout_s=60).text == ""
        assert endless.wait_for_playout(timeout_s=60).interrupted
        assert (waiting.outcome, endless.outcome) == (SpeechOutcome.EXPIRED, SpeechOutcome.EXPIRED)
        assert later.wait_for_playout(timeout_s=60).text == "I am here."
        assert {event.owner for event in created(call)} == {"gateway"}


def created(call: sync.CallHandle) -> list[SpeechCreated]:
    """The speeches that the script has asked for so far."""
    found: list[SpeechCreated] = []
    for pushed in call.events():
        if isinstance(pushed.event, SpeechCreated):
            found.append(pushed.event)
        if isinstance(pushed.event, SpeechDone) and pushed.event.command_id == found[-1].command_id:
            break
    return found


def test_a_text_that_comes_bit_by_bit_is_said_once_by_whichever_processes(tmp_path: Path) -> None:
    sentences = [f"This is sentence number {number}." for number in range(6)]
    with sync.AgentSystem.start(WorkerOptions(preload=False, journal_dir=tmp_path, log_level="error")) as system:
        call = system.start_session(Agent.text(instructions="Remember.", llm=MEMORY_BRAIN))

        def bits() -> Iterator[str]:
            for number, sentence in enumerate(sentences):
                if number in {2, 4}:
                    said = call.wait_for(AgentSentence)
                    assert said.text == sentences[number - 2], "it is said before there is more"
                    call.wait_for(AgentSentence)
                    os.kill(call.info().os_pid, signal.SIGKILL)
                yield from (sentence[:9], sentence[9:] + "\n")

        speech = call.say(bits())
        assert speech.wait_for_playout(timeout_s=60).text == "\n".join(sentences)
        assert speech.outcome is SpeechOutcome.COMPLETED
        assert texts(call.info().history) == ["\n".join(sentences) + "\n"]
        assert call.info().incarnation == 3, "it died twice, and not in one step"

        def fails() -> Iterator[str]:
            yield "One is done. And then"
            raise ValueError("no more")

        failing = call.say(fails())
        with pytest.raises(ValueError, match="no more"):
            failing.wait_for_playout(timeout_s=60)
        assert texts(call.info().history)[-1] == "One is done. And then"


def test_audio_of_the_scripts_is_heard_once_by_whichever_process(tmp_path: Path) -> None:
    agent = Agent(
        instructions="Play.",
        vad=provider(scripted_vad),
        stt=provider(scripted_stt),
        turn_detector=provider(scripted_turn_detector),
        llm=provider(scripted_llm),
        tts=provider(scripted_tts),
    )
    whole = ((np.arange(4 * 24_000) % 30_000) + 1).astype("<i2").tobytes()
    heard: dict[int, int] = {}
    with sync.AgentSystem.start(WorkerOptions(preload=False, journal_dir=tmp_path, log_level="error")) as system:
        call = system.start_session(agent)

        def listen() -> None:
            for piece in call.audio():
                heard.update(enumerate(np.frombuffer(piece.pcm, "<i2").tolist(), piece.position))

        listening = threading.Thread(target=listen)
        listening.start()
        pieces = (whole[at : at + 4_800] for at in range(0, len(whole), 4_800))
        speech = call.say("This call may be recorded.", audio=pieces, rate_hz=24_000)
        call.wait_for(AgentSentence)
        os.kill(call.info().os_pid, signal.SIGKILL)
        assert speech.wait_for_playout(timeout_s=60).text == "This call may be recorded."
        assert speech.outcome is SpeechOutcome.COMPLETED
        assert call.info().incarnation == 2
        call.end()
        listening.join(60)
    assert sorted(heard) == list(range(len(whole) // 2))
    assert np.array([heard[at] for at in range(len(heard))], "<i2").tobytes() == whole

"""What a script has the agent say, through the death of the call's process."""

import os
import signal
from pathlib import Path

import pytest

from livekitex_agent import Agent, SpeechPriority, WorkerOptions, sync
from protocols import Restarted
from support.chat import said, texts
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

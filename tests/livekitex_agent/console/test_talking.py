"""The console by microphone and loudspeaker, from the sound that one hears to the sound that the other plays, through a key that kills."""

import asyncio
import os
from pathlib import Path

import numpy as np
import pytest

from actors import hibari_tts, resample, write_wav
from support import fresh
from support.pressing import in_terminal

AGENT = '''
from livekitex_agent import Agent, function_tool


@function_tool(idempotent=True)
def price(product: str) -> str:
    """Tell the price of a product."""
    return f"{product} is nine dollars."


agent = Agent(instructions="You sell pizza.", tools=[price], greeting="Hello there.")
'''
RATE_HZ = 24_000


async def said(words: str) -> bytes:
    voice = hibari_tts({"pitch": 0.85})
    pcm = b"".join([chunk.pcm async for chunk in voice.synthesize(words)])
    return resample(pcm, voice.rate_hz, RATE_HZ)


@pytest.mark.processes
def test_what_is_said_is_answered_and_a_key_kills_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "agent.py").write_text(AGENT, "utf-8")
    microphone, loudspeaker = tmp_path / "microphone.wav", tmp_path / "loudspeaker.pcm"
    write_wav(microphone, asyncio.run(said("What is the price of a pizza?")), RATE_HZ)
    here = fresh.environment()
    fake = str(Path(__file__).parents[2] / "support" / "fake_sound")
    variables = here | {
        "PYTHONPATH": os.pathsep.join([fake, here["PYTHONPATH"]]),
        "FAKE_MICROPHONE": str(microphone),
        "FAKE_LOUDSPEAKER": str(loudspeaker),
        "XDG_STATE_HOME": str(tmp_path),
        "TERM": "xterm",
    }
    with in_terminal("-m", "livekitex_agent", "console", "--record", cwd=tmp_path, environment=variables) as terminal:
        terminal.wait_for("agent +Hello there.")
        terminal.wait_for("idle · incarnation 1 · process")
        Path(f"{microphone}.go").touch()
        terminal.wait_for("caller +.*pizza")
        terminal.wait_for("agent +.*nine dollars.")
        terminal.press("k")
        terminal.wait_for(r"SIGKILL to process \d+")
        terminal.wait_for("incarnation 2 of the call has its conversation again")
        terminal.wait_for("idle · incarnation 2 · process")
        terminal.press("q")
        terminal.wait_for("the call has ended: caller hung up")
        terminal.wait_for("recorded in livekitex-console.wav")
        assert terminal.wait_ended() == 0
    played = np.frombuffer(loudspeaker.read_bytes(), np.int16)
    assert np.sqrt(np.mean(played.astype(float) ** 2)) > 100, "the agent was heard"
    assert (tmp_path / "livekitex-console.wav").exists()

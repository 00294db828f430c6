"""A session with the offline providers: it hears a voice, and is heard."""

import asyncio
from pathlib import Path

from actors import hibari_tts, moonshine_stt, resample
from actors.agent_session import SHARED_MEMORY_BYTES
from protocols import (
    SESSION_RATE_HZ,
    AgentMessage,
    AudioPushed,
    EndCall,
    EventPushed,
    StreamAudio,
    Subscribe,
    UserMessage,
)
from support.actor_host import ActorHost
from support.scripted_providers import agent


def provider(name: str) -> dict[str, object]:
    return {"factory": f"actors.providers.offline:{name}", "options": {}}


async def said(text: str) -> bytes:
    """The voice of a caller, 24 kHz."""
    return b"".join([chunk.pcm async for chunk in hibari_tts({"pitch": 0.85}).synthesize(text)])


def test_a_spoken_question_gets_a_spoken_answer(tmp_path: Path) -> None:
    voices = {
        "vad": {"factory": "actors.providers.vad:silero", "options": {"min_silence_ms": 100}},
        "turn_detector": {"factory": "actors.providers.smart_turn:smart_turn", "options": {}},
        "stt": provider("moonshine_stt"),
        "tts": provider("hibari_tts"),
    }
    host = ActorHost(
        "actors.agent_session:AgentSession",
        {"call_id": "c1", "agent": agent(**voices), "options": {"journal_dir": str(tmp_path)}},
        actor_id="agent_session/c1",
        memory=memoryview(bytearray(SHARED_MEMORY_BYTES)),
    ).up()
    host.mail.ask(Subscribe(from_number=1, audio=True))
    audio = bytes(24_000) + asyncio.run(said("What is the price of a pizza?")) + bytes(48_000)
    for sequence, at in enumerate(range(0, len(audio), 4_800)):
        host.mail.ask(StreamAudio(sequence=sequence, rate_hz=24_000, pcm=audio[at : at + 4_800]))
    heard = host.mail.wait_for(EventPushed, lambda pushed: isinstance(pushed.event, UserMessage)).event
    assert isinstance(heard, UserMessage)
    assert heard.text == "What is the price of a pizza?"
    host.mail.wait_for(EventPushed, lambda pushed: isinstance(pushed.event, AgentMessage))
    reply = b"".join(pushed.pcm for pushed in host.mail.all(AudioPushed))
    understood = asyncio.run(moonshine_stt({}).recognize(resample(reply, 24_000, SESSION_RATE_HZ))).text
    assert "price of a pizza" in understood
    host.mail.ask(EndCall(command_id="end"))
    assert str(host.wait_for_end()) == "normal"

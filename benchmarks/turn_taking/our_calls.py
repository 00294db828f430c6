"""Our side: each call is a session in a process of its own, in real time, fed and heard at its port by messages, as a room would.

What is heard is what a subscriber plays who plays each piece when it comes and after the one before it.
"""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from benchmarks.turn_taking.player import played
from benchmarks.turn_taking.scenarios import MS_PER_CHAR, Call
from livekitex_agent import Agent, provider
from livekitex_agent.testing.fakes import scripted_llm, scripted_stt, scripted_tts
from protocols import (
    SESSION_RATE_HZ,
    AudioAccepted,
    AudioCleared,
    AudioPushed,
    GetSession,
    Ref,
    Say,
    StreamAudio,
    Subscribe,
    decode_envelope,
)
from support.session_process import SessionProcess

FRAME_S: Final = 0.02
SETTLE_S: Final = 3.0
"""Silence before the call, so that everything is warm, and all that begin with it have begun."""


def agent_of(call: Call, options: Mapping[str, Any]) -> Agent:
    """Our offline voice activity and turn detection, with fakes for the rest."""
    heard = [{"ms": round(sound.length_s * 1000), "text": sound.text} for _, sound in call.sounds]
    return Agent(
        instructions="Be brief.",
        greeting="",
        stt=provider(scripted_stt, by_length=heard),
        llm=provider(scripted_llm, replies=[{"say": call.reply}]),
        tts=provider(scripted_tts, sound="tone", ms_per_char=MS_PER_CHAR),
        options=dict(options),
    )


def run(call: Call, options: Mapping[str, Any], folder: Path) -> list[float]:
    """One call; how loud what is heard of it is."""
    folder.mkdir(parents=True)
    arguments = {"call_id": "call", "agent": agent_of(call, options).to_wire(), "options": {"journal_dir": str(folder / "journal")}}
    process = SessionProcess(folder, arguments)
    heard: list[tuple[float, AudioPushed | AudioCleared]] = []
    try:
        mail = process.mail
        arrive = mail.arrive

        def timed(to: Ref, data: bytes) -> None:
            message = decode_envelope(data).message
            if isinstance(message, AudioPushed | AudioCleared):
                heard.append((time.monotonic(), message))
            elif not isinstance(message, AudioAccepted):
                arrive(to, data)

        mail.arrive = timed  # type: ignore[method-assign]
        mail.ask(GetSession())
        mail.ask(Subscribe(from_number=1, audio=True))
        began = _feed(process, bytes(round(SETTLE_S * SESSION_RATE_HZ) * 2), 0, time.monotonic(), greeting="")
        _feed(process, call.audio, round(SETTLE_S / FRAME_S), began, greeting=call.greeting)
    finally:
        process.close()
    return played([((at - began) * 1000, message) for at, message in heard], call.length_s)


def _feed(process: SessionProcess, pcm: bytes, sequence: int, began: float, *, greeting: str) -> float:
    """Send ``pcm`` in real time, each frame when its last sample has been spoken; returns when it was over."""
    if greeting:
        process.mail.tell(Say(command_id="greeting", text=greeting))
    size = round(FRAME_S * SESSION_RATE_HZ) * 2
    for number, at in enumerate(range(0, len(pcm), size)):
        time.sleep(max(0.0, began + (number + 1) * FRAME_S - time.monotonic()))
        process.mail.tell(StreamAudio(sequence=sequence + number, rate_hz=SESSION_RATE_HZ, pcm=pcm[at : at + size].ljust(size, b"\0")))
    return began + len(pcm) / 2 / SESSION_RATE_HZ


def run_all(calls: Sequence[Call], options: Mapping[str, Any], folder: Path, at_once: int) -> list[list[float]]:
    """All calls, as many at a time."""
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda item: run(item[1], options, folder / f"call-{item[0]}"), enumerate(calls)))

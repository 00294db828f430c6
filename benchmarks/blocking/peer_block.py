"""livekit-agents while its program blocks, run by the interpreter of its own environment, which has nothing of ours.

``python peer_block.py QUESTION.json ANSWER.json``: its session and its audio output of a room, whose track is read back, on an event loop
in another thread, as a subscriber would hear it. The answer says for each block when it began and ended, and all 10 ms frames that were
heard: when, and how loud.
"""

import asyncio
import json
import logging
import os
import sys
import threading
import time
from pathlib import Path
from unittest.mock import AsyncMock, MagicMock

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "turn_taking"))

import numpy as np
from blocks import BLOCKS
from livekit import rtc
from livekit.agents import Agent, AgentSession
from livekit.agents.voice.room_io._output import _ParticipantAudioOutput
from peer_calls import LEVEL_MS, VOICE_HZ, ScriptedLLM, ToneTTS


def subscribe(track, frames, ready):
    """Read the track on a loop that nothing blocks, in a thread of its own."""

    async def read():
        stream = rtc.AudioStream(track, sample_rate=VOICE_HZ, num_channels=1, frame_size_ms=LEVEL_MS)
        ready.set()
        async for event in stream:
            samples = np.frombuffer(event.frame.data, "<i2").astype(float)
            frames.append((time.monotonic(), float(np.sqrt(np.mean(samples * samples)))))

    asyncio.run(read())


async def run(asked):
    """One call in which the block happens some times."""
    block = BLOCKS[asked["block"]]()
    session = AgentSession(llm=ScriptedLLM("yes"), tts=ToneTTS(asked["ms_per_char"]))
    room, tracks = MagicMock(), asyncio.Queue()

    async def publish(track, _options):
        publication = MagicMock()
        publication.wait_for_subscription = AsyncMock()
        tracks.put_nowait(track)
        return publication

    room.local_participant.publish_track = publish
    output = _ParticipantAudioOutput(room, sample_rate=VOICE_HZ, num_channels=1, track_publish_options=rtc.TrackPublishOptions())
    session.output.audio = output
    await output.start()
    frames, ready = [], threading.Event()
    threading.Thread(target=subscribe, args=(await tracks.get(), frames, ready), daemon=True).start()
    ready.wait()
    await session.start(Agent(instructions="Be brief."))
    session.say("x" * asked["chars"], allow_interruptions=False)
    while not any(level > 0 for _, level in frames):  # noqa: ASYNC110 - they come from another thread
        await asyncio.sleep(0.05)
    times = []
    for _ in range(asked["times"]):
        await asyncio.sleep(asked["pause_s"])
        began = time.monotonic()
        block()
        times.append((began, time.monotonic()))
    await asyncio.sleep(asked["pause_s"])
    return {"times": times, "frames": list(frames)}


async def answer(source, target):
    """Write what comes of it, and end at once: native threads of this product abort when they find its loop closed."""
    target.write_text(json.dumps(await run(json.loads(source.read_text("utf-8")))), "utf-8")
    os._exit(0)


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    asyncio.run(answer(*map(Path, sys.argv[1:3])))

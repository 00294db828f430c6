"""livekit-agents in calls that a file describes, run by the interpreter of its own environment, which has nothing of ours.

``python peer_calls.py QUESTION.json ANSWER.json``: its session, its VAD and turn detector, and its audio output of a room, whose track is
read back as a subscriber would hear it; speech recognition, model and voice are fakes without a latency of their own. The answer says of
each call how loud each 10 ms of what is heard are, from the caller's first sample on; or, where pauses are asked about, what its VAD and
detector find there.
"""

import asyncio
import json
import logging
import math
import os
import sys
import time
from array import array
from pathlib import Path
from unittest.mock import AsyncMock, MagicMock

import numpy as np
from livekit import rtc
from livekit.agents import Agent, AgentSession, inference, llm, stt, tts, utils
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS
from livekit.agents.voice import io
from livekit.agents.voice.room_io._output import _ParticipantAudioOutput

CALLER_HZ = 16_000
VOICE_HZ = 24_000
LEVEL_MS = 10
TONE_HZ = 440.0
LOUDNESS = 8_000
SETTLE_S = 3.0


class ScriptedSTT(stt.STT):
    """Gives each transcript when the audio up to its time has come."""

    def __init__(self, transcripts):
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=False))
        self.transcripts = transcripts

    async def _recognize_impl(self, buffer, *, language, conn_options):
        raise NotImplementedError

    def stream(self, *, language=None, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        return _STTStream(stt=self, conn_options=conn_options)


class _STTStream(stt.RecognizeStream):
    async def _run(self):
        heard_s, waiting = 0.0, list(self._stt.transcripts)
        async for frame in self._input_ch:
            if not isinstance(frame, rtc.AudioFrame):
                continue
            heard_s += frame.duration
            while waiting and heard_s >= waiting[0]["at_s"]:
                text = waiting.pop(0)["text"]
                final = stt.SpeechEventType.FINAL_TRANSCRIPT
                self._event_ch.send_nowait(stt.SpeechEvent(type=final, alternatives=[stt.SpeechData(language="en", text=text)]))


class ScriptedLLM(llm.LLM):
    """Answers each turn with the same text, at once."""

    def __init__(self, reply):
        super().__init__()
        self.reply = reply

    def chat(self, *, chat_ctx, tools=None, conn_options=DEFAULT_API_CONNECT_OPTIONS, **_more):
        return _LLMStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _LLMStream(llm.LLMStream):
    async def _run(self):
        self._event_ch.send_nowait(llm.ChatChunk(id="c", delta=llm.ChoiceDelta(role="assistant", content=self._llm.reply)))


class ToneTTS(tts.TTS):
    """A tone as long as its text."""

    def __init__(self, ms_per_char):
        super().__init__(capabilities=tts.TTSCapabilities(streaming=False), sample_rate=VOICE_HZ, num_channels=1)
        self.ms_per_char = ms_per_char

    def synthesize(self, text, *, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        return _ToneStream(tts=self, input_text=text, conn_options=conn_options)


class _ToneStream(tts.ChunkedStream):
    async def _run(self, output_emitter):
        output_emitter.initialize(request_id="r", sample_rate=VOICE_HZ, num_channels=1, mime_type="audio/pcm")
        count = round(len(self._input_text) * self._tts.ms_per_char * VOICE_HZ / 1000)
        wave = np.sin(np.arange(count) * (2 * math.pi * TONE_HZ / VOICE_HZ)) * LOUDNESS
        output_emitter.push(wave.astype("<i2").tobytes())
        output_emitter.flush()


class Microphone(io.AudioInput):
    def __init__(self):
        super().__init__(label="microphone")
        self.frames = utils.aio.Chan()

    async def __anext__(self):
        try:
            return await self.frames.recv()
        except utils.aio.ChanClosed:
            raise StopAsyncIteration from None


async def subscribe(track, levels, began):
    """How loud each 10 ms are that come from the track, by when they come."""
    stream = rtc.AudioStream(track, sample_rate=VOICE_HZ, num_channels=1, frame_size_ms=LEVEL_MS)
    async for event in stream:
        samples = np.frombuffer(event.frame.data, "<i2").astype(float)
        at_ms = (time.monotonic() - began()) * 1000
        if at_ms >= 0:
            levels.append((round(at_ms, 1), round(float(np.sqrt(np.mean(samples * samples))), 1)))


async def run(call):
    """One call in real time."""
    pcm = array("h", Path(call["audio"]).read_bytes())
    handling = call["peer"].get("turn_handling", {})
    session = AgentSession(
        stt=ScriptedSTT(call["transcripts"]),
        vad=inference.VAD(model="silero"),
        llm=ScriptedLLM(call["reply"]),
        tts=ToneTTS(call["ms_per_char"]),
        **({"turn_handling": handling} if handling else {}),
    )
    microphone = Microphone()
    session.input.audio = microphone
    room = MagicMock()
    tracks = asyncio.Queue()

    async def publish(track, _options):
        publication = MagicMock()
        publication.wait_for_subscription = AsyncMock()
        tracks.put_nowait(track)
        return publication

    room.local_participant.publish_track = publish
    output = _ParticipantAudioOutput(room, sample_rate=VOICE_HZ, num_channels=1, track_publish_options=rtc.TrackPublishOptions())
    session.output.audio = output
    levels, start = [], math.inf
    await output.start()
    reader = asyncio.create_task(subscribe(await tracks.get(), levels, lambda: start))
    await session.start(Agent(instructions="Be brief."))
    await asyncio.sleep(SETTLE_S)
    start = time.monotonic()
    if call["greeting"]:
        session.say(call["greeting"])
    size = round(call["peer"]["frame_ms"] * CALLER_HZ / 1000)
    for number in range(0, len(pcm), size):
        frame = pcm[number : number + size]
        await asyncio.sleep(max(0.0, start + (number + len(frame)) / CALLER_HZ - time.monotonic()))
        microphone.frames.send_nowait(rtc.AudioFrame(frame.tobytes(), CALLER_HZ, 1, len(frame)))
    microphone.frames.close()
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    await session.aclose()
    await output.aclose()
    return {"id": call["id"], "levels": levels}


async def all_calls(calls, at_once):
    """The results of all calls, as many at a time."""
    room = asyncio.Semaphore(at_once)

    async def one(call):
        async with room:
            try:
                return await run(call)
            except Exception as failure:  # noqa: BLE001 - one call that fails is told, the others count
                return {"id": call["id"], "failure": f"{type(failure).__name__}: {failure}"}

    return await asyncio.gather(*map(one, calls))


async def pauses(items):
    """For each item: when its VAD finds the end of voice in a pause, and how likely its detector finds the turn over there."""
    detector = inference.TurnDetector(version="v1-mini")
    threshold = await detector.unlikely_threshold(None)
    answers = []
    for item in items:
        pcm = Path(item["audio"]).read_bytes()
        found = []
        stream = inference.VAD(model="silero").stream()
        turns = detector.stream()

        async def listen(stream=stream, found=found):
            async for event in stream:
                if event.type.value == "end_of_speech":
                    found.append((event.timestamp, event.silence_duration))

        listener = asyncio.create_task(listen())
        for at in range(0, len(pcm), 640):
            chunk = pcm[at : at + 640]
            frame = rtc.AudioFrame(chunk, CALLER_HZ, 1, len(chunk) // 2)
            stream.push_frame(frame)
            turns.push_audio(frame)
        stream.end_input()
        await asyncio.wait_for(listener, 30)
        began = time.perf_counter()
        event = await asyncio.wait_for(turns.predict(), 30)
        answers.append(
            {
                "id": item["id"],
                "ended": bool(found),
                "probability": event.end_of_turn_probability,
                "inference_ms": (time.perf_counter() - began) * 1000,
            }
        )
        await turns.aclose()
        await stream.aclose()
    return {"threshold": threshold, "answers": answers}


def main():
    """Do what the file says."""
    logging.disable(logging.WARNING)
    source, target = map(Path, sys.argv[1:3])
    wanted = json.loads(source.read_text("utf-8"))
    work = pauses(wanted["pauses"]) if "pauses" in wanted else all_calls(wanted["calls"], wanted["at_once"])
    asyncio.run(answer(work, target))


async def answer(work, target):
    """Write what comes of ``work``, and end at once: native threads of this product abort when they find its loop closed."""
    target.write_text(json.dumps(await work), "utf-8")
    os._exit(0)


if __name__ == "__main__":
    main()

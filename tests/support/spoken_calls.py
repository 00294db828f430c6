"""A call by voice with real speech: the caller's line, what the agent is heard to say, and what it understood.

The agent repeats what it understood, so that half a sentence cannot pass for a whole one.
"""

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Final, Self

from actors import Resampler, Side, StereoTimeline, hibari_tts, resample, split_sentences
from livekitex_agent import Agent, AgentSystem, LivekitexError
from livekitex_agent.console.microphone import Microphone
from livekitex_agent.console.utterances import Utterance
from protocols import (
    BYTES_PER_SAMPLE,
    LLM,
    SESSION_RATE_HZ,
    AgentMessage,
    AudioPushed,
    ChatContext,
    ChatOptions,
    LLMEvent,
    ProviderRef,
    Role,
    SessionEvent,
    SystemClock,
    TextDelta,
    ToolSchema,
    UserMessage,
)
from support.hearing import utterances

VOICE_HZ: Final = 24_000
CHUNK_S: Final = 0.02
PATIENCE_S: Final = 60.0
REPEAT: Final = "I am sorry, I did not hear all of that. Could you say it again?"
APOLOGY: Final = "I am sorry, something went wrong with that. Please go on."


class _Echo(LLM):
    """Says what it understood; who speaks of a story is told the story."""

    def __init__(self, story: str) -> None:
        self._story = story

    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        del tools
        said = next(message.text for message in reversed(context.messages) if message.role is Role.USER)
        yield TextDelta(text=self._story if "story" in said.lower() else f"You said: {said}")


def echo(options: Mapping[str, Any]) -> LLM:
    """The factory of the brain; its option is the ``story``."""
    return _Echo(options["story"])


def echo_agent(story: str = "") -> Agent:
    """An agent that repeats what it understood, and knows one story."""
    return Agent(instructions="Repeat.", llm=ProviderRef(factory="support.spoken_calls:echo", options={"story": story}))


async def speak(text: str, rate_hz: int = VOICE_HZ) -> bytes:
    """``text`` as the caller says it."""
    return resample(await _synthesized(text, {"pitch": 0.85}), VOICE_HZ, rate_hz)


async def told(story: str) -> list[bytes]:
    """The sentences of ``story`` as the agent says them, sample by sample."""
    return [await _synthesized(sentence, {}) for sentence in split_sentences(story)]


async def _synthesized(text: str, voice: Mapping[str, Any]) -> bytes:
    return b"".join([chunk.pcm async for chunk in hibari_tts(voice).synthesize(text)])


def words(text: str) -> list[str]:
    """The words of ``text``, without case and punctuation."""
    return re.findall(r"[a-z0-9']+", text.lower())


@dataclass(eq=False)
class SpokenCall:
    """A call whose line is open both ways for as long as it is entered.

    ``heard`` is the agent's audio as the handle gives it, with the time of each piece, ``raw`` as the lives of the session sent it.
    """

    system: AgentSystem
    agent: Agent
    rate_hz: int = VOICE_HZ
    heard: list[tuple[float, AudioPushed]] = field(default_factory=list)
    raw: list[AudioPushed] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        self.session = await self.system.start_session(self.agent)
        self._leaving: asyncio.Future[float] | None = None
        self._first_sound: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        hear = self.session._call.audio

        def note(pushed: AudioPushed) -> None:
            self.raw.append(pushed)
            hear(pushed)

        self.session._call.audio = note  # type: ignore[method-assign]
        self._microphone = Microphone(self, SystemClock(), self.rate_hz, chunk_s=CHUNK_S)
        self._tasks = [asyncio.ensure_future(self._microphone.run()), asyncio.ensure_future(self._listen())]
        self.began = time.monotonic()
        return self

    async def __aexit__(self, *_error: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(LivekitexError):
            await self.session.cancel_response()
            await self.session.end()

    async def say(self, pcm: bytes) -> float:
        """Speak; returns when (monotonic) the first sound has left."""
        self._leaving = asyncio.get_running_loop().create_future()
        self._microphone.say(Utterance(label="", pcm=pcm, rate_hz=self.rate_hz), lambda: None)
        return await self._leaving

    async def stream_audio(self, pcm: bytes, rate_hz: int) -> None:
        """What the microphone takes: for the session."""
        if self._leaving is not None and not self._leaving.done():
            self._leaving.set_result(time.monotonic())
        await self.session.stream_audio(pcm, rate_hz, timeout_s=PATIENCE_S)

    async def first_sound(self) -> float:
        """When (monotonic) the agent was first heard."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._first_sound

    async def kill(self, at: float, name: str = "") -> None:
        """SIGKILL at ``at`` (monotonic) to the process of the session, or to that of ``name`` in the tree."""
        if name:
            os_pid = next(node.os_pid for node in (await self.system.tree()).walk() if node.name == name)
        else:
            os_pid = (await self.session.info()).os_pid
        loop = asyncio.get_running_loop()
        killed = loop.create_future()

        def kill() -> None:
            os.kill(os_pid, signal.SIGKILL)
            killed.set_result(None)

        loop.call_at(at, kill)
        await killed

    async def reply(self, *, interrupted: bool = False) -> AgentMessage:
        """The agent's next reply that was heard to its end, or that was ``interrupted``."""
        return await self.session.wait_for(AgentMessage, lambda event: event.interrupted is interrupted, timeout_s=PATIENCE_S)

    @property
    def events(self) -> list[SessionEvent]:
        """The call's newest events."""
        return [pushed.event for pushed in self.session._call._newest]

    @property
    def understood(self) -> list[str]:
        """What the agent took for the caller's words."""
        return [event.text for event in self.events if isinstance(event, UserMessage)]

    def channel(self) -> bytes:
        """The agent's channel of the call's recording: each sound where it was heard, at the session's rate."""
        timeline, resampler = StereoTimeline(), Resampler(VOICE_HZ, SESSION_RATE_HZ)
        for at, pushed in self.heard:
            timeline.add(Side.AGENT, at - self.began, resampler.process(pushed.pcm))
        return timeline.tracks()[1]

    async def _listen(self) -> None:
        async for pushed in self.session.audio():
            self.heard.append((time.monotonic(), pushed))
            if not self._first_sound.done():
                self._first_sound.set_result(time.monotonic())


def samples_of(pushes: Sequence[AudioPushed], speech_id: str) -> bytes:
    """A reply by the positions of its samples, each once.

    Raises:
        AssertionError: some are missing, or were sent as two different ones.
    """
    samples = bytearray()
    for pushed in pushes:
        if pushed.speech_id == speech_id:
            start = pushed.position * BYTES_PER_SAMPLE
            missing_s = (start - len(samples)) / BYTES_PER_SAMPLE / VOICE_HZ
            assert missing_s <= 0, f"{missing_s:.3f} s of {speech_id} were never sent"
            known = samples[start : start + len(pushed.pcm)]
            assert known == pushed.pcm[: len(known)], f"{speech_id} was repeated with other samples"
            samples[start : start + len(pushed.pcm)] = pushed.pcm
    return bytes(samples)


def repeated_s(pushes: Sequence[AudioPushed]) -> float:
    """The longest piece in seconds that came again."""
    ends: dict[str, int] = {}
    longest = 0
    for pushed in pushes:
        longest = max(longest, ends.get(pushed.speech_id, 0) - pushed.position)
        ends[pushed.speech_id] = pushed.position + len(pushed.pcm) // BYTES_PER_SAMPLE
    return longest / VOICE_HZ


def longest_pause_s(heard: Sequence[tuple[float, AudioPushed]]) -> float:
    """The longest silence in seconds within a reply, for a listener who plays each piece as soon as it is its turn."""
    longest, speech_id, end = 0.0, "", 0.0
    for at, pushed in heard:
        if pushed.speech_id == speech_id:
            longest = max(longest, at - end)
        speech_id = pushed.speech_id
        end = max(end, at) + len(pushed.pcm) / BYTES_PER_SAMPLE / VOICE_HZ
    return longest


async def recognized(pcm: bytes) -> list[str]:
    """The words of a recording at the session's rate."""
    return words(" ".join(await utterances(pcm)))


def lacks(heard: Sequence[str], expected: Sequence[str]) -> list[str]:
    """The words of ``expected`` in whose place there is nothing; one that is understood as another is there."""
    missing = list[str]()
    for _, first, last, start, end in SequenceMatcher(a=expected, b=heard, autojunk=False).get_opcodes():
        missing += expected[first + (end - start) : last]
    return missing

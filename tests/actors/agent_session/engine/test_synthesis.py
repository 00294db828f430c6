"""The sentence that is heard where the voice does not work any more."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from actors.agent_session.engine.part_supervision import Part
from actors.agent_session.engine.part_supervisor import PartSupervisor
from actors.agent_session.engine.speech_line import SpeechLine
from actors.agent_session.engine.synthesis import MAX_SPARE_S, Synthesis
from protocols import AudioChunk, ProviderError
from support.engine_desk import Desk
from support.scripted_providers import VOICE_HZ, read_aloud, spoken

SPARE = "I am sorry."


class Voice:
    """Says everything until it ``breaks``; counts how often it was asked for what."""

    rate_hz = VOICE_HZ

    def __init__(self, spare_s: float = 0.0) -> None:
        self.broken = False
        self.asked: list[str] = []
        self._spare_s = spare_s

    async def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        self.asked.append(text)
        if self.broken:
            raise ProviderError("hoarse", retryable=False)
        yield AudioChunk(pcm=spoken(text, VOICE_HZ, pause_s=self._spare_s if text == SPARE else 0.0), rate_hz=VOICE_HZ)


def line(text: str) -> SpeechLine:
    return SpeechLine(index=0, text=text, char=0, until_char=len(text), rate_hz=VOICE_HZ)


def run(test: Callable[[Voice, Synthesis], Coroutine[Any, Any, None]], voice: Voice | None = None, spare: str = SPARE) -> Voice:
    voice = voice or Voice()

    async def work() -> None:
        desk = Desk()
        news = asyncio.Event()
        supervisor = PartSupervisor(Part.TTS, lambda: 0.0, desk.report)
        synthesis = Synthesis(voice, desk.bulkhead, supervisor, news.set, spare=spare, spawn=desk.spawn)  # type: ignore[arg-type]
        await test(voice, synthesis)
        await desk.close()

    asyncio.run(work())
    return voice


async def said(synthesis: Synthesis, text: str) -> SpeechLine:
    wanted = line(text)
    await synthesis.say(wanted)
    assert wanted.complete
    if synthesis._spare_task is not None:
        await asyncio.wait((synthesis._spare_task,))
    return wanted


def test_it_is_made_once_the_voice_has_worked_and_heard_once_it_does_not() -> None:
    async def test(voice: Voice, synthesis: Synthesis) -> None:
        await said(synthesis, "Hello.")
        await said(synthesis, "Hello again.")
        voice.broken = True
        assert (await said(synthesis, "And now?")).failure == ("hoarse", False)
        kept = await said(synthesis, SPARE)
        assert (kept.failure, read_aloud(bytes(kept.pcm), VOICE_HZ)) == (None, SPARE)

    voice = run(test)
    assert voice.asked == ["Hello.", SPARE, "Hello again.", "And now?"], "it is not asked for what is kept"


def test_while_the_voice_works_it_says_that_too_and_another_sentence_is_tried_again() -> None:
    async def test(voice: Voice, synthesis: Synthesis) -> None:
        await said(synthesis, "Hello.")
        await said(synthesis, SPARE)
        voice.broken = True
        await said(synthesis, "And now?")
        voice.broken = False
        assert (await said(synthesis, "Better.")).failure is None
        await said(synthesis, SPARE)

    assert run(test).asked == ["Hello.", SPARE, SPARE, "And now?", "Better.", SPARE]


@pytest.mark.parametrize(
    ("voice", "spare"), [(Voice(), ""), (Voice(spare_s=MAX_SPARE_S), SPARE)], ids=["none is wanted", "it is too long to be kept"]
)
def test_without_one_the_failure_is_told(voice: Voice, spare: str) -> None:
    async def test(voice: Voice, synthesis: Synthesis) -> None:
        await said(synthesis, "Hello.")
        voice.broken = True
        await said(synthesis, "And now?")
        assert (await said(synthesis, SPARE)).failure == ("hoarse", False)

    run(test, voice, spare)


def test_a_voice_that_never_worked_has_made_none() -> None:
    async def test(voice: Voice, synthesis: Synthesis) -> None:
        voice.broken = True
        await said(synthesis, "Hello.")
        assert (await said(synthesis, SPARE)).failure == ("hoarse", False)

    assert run(test).asked == ["Hello.", SPARE]


def test_a_voice_of_another_rate_is_heard_at_the_lines() -> None:
    async def test(voice: Voice, synthesis: Synthesis) -> None:
        wanted = SpeechLine(index=0, text="Hello.", char=0, until_char=6, rate_hz=2 * VOICE_HZ)
        await synthesis.say(wanted)
        assert wanted.failure is None
        assert read_aloud(bytes(wanted.pcm), 2 * VOICE_HZ) == "Hello."

    run(test, spare="")

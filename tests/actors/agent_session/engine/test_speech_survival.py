"""Killed in the middle of its speech, however often: with a voice that never says the same text in the same samples.

A sample tells which character it says, so what the caller heard can be read back exactly, whatever the pace.
"""

import random
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actors.agent_session.core import SpeakSentence, Write
from actors.agent_session.core.inputs import SentencePlayed, SentencePlaying
from actors.agent_session.core.memory import Memory, Round, Sentence, Turn, TurnSource
from actors.agent_session.core.speech import resume_speech
from actors.agent_session.core.state import State
from actors.agent_session.core.transition import Moment, Transition
from actors.agent_session.engine.speech_output import SpeechOutput
from actors.agent_session.shared_speech_buffer import SHARED_SPEECH_BUFFER_BYTES, SharedSpeechBuffer
from actors.media import JOIN_MS, MAX_CLAUSE_CHARS
from livekitex_agent.client.playback import Playback
from protocols import AlignedAudio, AudioChunk, AudioPushed, TimedWord
from support import virtual_time
from support.engine_desk import Desk
from support.session_world import SPOKEN

HZ = 8_000
CHAR_S = 1 / 15
AGAIN_S = 0.5
PASSING = HZ * JOIN_MS // 1000 // 3
"""Samples: on its way over a joint a voice is for no longer at each of the characters in between. Of one that is cut it may say as few."""
SENTENCES = (
    "The old lighthouse stands on a rock above the harbour.",
    "Yes.",
    "Every evening the keeper climbs two hundred steps, and he lights the lamp before the sun goes down, since ships far out at sea look.",
    "Nobody ever missed it.",
)
WHOLE = "".join(SENTENCES)


class Voice:
    """Says each text at another pace and in other samples every time, ``speed`` times as fast as it is heard."""

    rate_hz = HZ

    def __init__(self, seed: int, speed: float, *, timed: bool, spread: float = 0.2) -> None:
        self._random = random.Random(seed)
        self._speed = speed
        self._timed = timed
        self._spread = spread

    async def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        base = WHOLE.index(text)
        pace = self._random.uniform(1 - self._spread, 1 + self._spread)
        char = round(HZ * CHAR_S * pace)
        noise = np.frombuffer(self._random.randbytes(len(text) * char), np.uint8) % 32
        pcm = (32 * np.repeat(np.arange(base + 1, base + 1 + len(text)), char) + noise).astype("<i2").tobytes()
        words, at = [], 0
        for word in text.split():
            at = text.index(word, at)
            words.append((word, at * char / HZ * 1000, (at + len(word)) * char / HZ * 1000))
            at += len(word)
        for first in range(0, len(pcm), HZ // 5 * 2):
            piece = pcm[first : first + HZ // 5 * 2]
            await virtual_time.passes(len(piece) / 2 / HZ / self._speed)
            end_ms = (first + len(piece)) / 2 / HZ * 1000
            ripe = tuple(word for word in words if word[2] <= end_ms) if self._timed else ()
            words = words[len(ripe) :] if self._timed else words
            told = tuple(TimedWord(text=text, start_ms=round(start), end_ms=round(end)) for text, start, end in ripe)
            yield AlignedAudio(pcm=piece, rate_hz=HZ, words=told)


@dataclass
class Caller:
    """Hears what leaves the process. ``raw`` are the positions of the characters that he hears, in order, as they came."""

    playback: Playback = field(default_factory=Playback)
    raw: list[tuple[int, int]] = field(default_factory=list)
    heard: list[np.ndarray] = field(default_factory=list)
    known: np.ndarray = field(default_factory=lambda: np.zeros(120 * HZ, "<i2"))
    begun: list[int] = field(default_factory=list)
    played: set[int] = field(default_factory=set)

    def take(self, position: int, pcm: bytes) -> None:
        self.raw.append((position, position + len(pcm) // 2))
        pushed = AudioPushed(call_id="c", speech_id="turn-1", position=position, rate_hz=HZ, pcm=pcm)
        samples = np.frombuffer(pcm, "<i2")
        known = self.known[position : position + len(samples)]
        assert np.all((known == 0) | (known == samples)), "a position has the same sample in all lives"
        known[:] = samples
        self.playback, fresh = self.playback.play(pushed)
        if fresh is not None:
            self.heard.append(np.frombuffer(fresh.pcm, "<i2"))

    def chars(self) -> list[int]:
        """The characters as they were heard, each once where it goes on; none of those that are only passed on the way over a joint."""
        chars = np.concatenate(self.heard) // 32 - 1
        begins = np.flatnonzero(np.insert(np.diff(chars) != 0, 0, True))
        short = np.diff(np.append(begins, len(chars))) <= PASSING
        passed = short & (np.append(short[1:], False) | np.insert(short[:-1], 0, False))
        heard = chars[begins[~passed]]
        return [int(char) for char in heard[np.insert(np.diff(heard) != 0, 0, True)]]

    def again_chars(self) -> int:
        """The most that was heard again at one time."""
        return max([0, *(before - after + 1 for before, after in pairwise(self.chars()))])


def resumed(memory: SharedSpeechBuffer, begun: int) -> list[SpeakSentence]:
    """What the core has said after a death: nothing but the journal and the memory tell it."""
    turn = Turn(
        turn_id="turn-1",
        speech_id="turn-1",
        source=TurnSource.TEXT,
        text="hello",
        rounds=(Round(sentences=tuple(map(Sentence, SENTENCES)), ended=True),),
        starts=tuple(range(begun)),
    )
    step = Transition(State(setup=replace(SPOKEN, voice_rate_hz=HZ), memory=Memory(turn=turn, incarnation=2)), Moment(0.0, 0.0))
    resume_speech(step, memory.kept("turn-1"))
    writes = [effect for effect in step.result()[1] if isinstance(effect, Write)]
    return [effect for write in writes for effect in write.then if isinstance(effect, SpeakSentence)]


async def life(view: memoryview, voice: Voice, caller: Caller, until_s: float | None) -> None:
    """One incarnation, from what is kept; killed after ``until_s`` (None: not)."""
    desk, memory = Desk(), SharedSpeechBuffer(view)
    output: SpeechOutput

    def push(speech_id: str, position: int, pcm: bytes) -> None:
        caller.take(position, pcm)
        output.left(speech_id, position + len(pcm) // 2)

    output = SpeechOutput(
        voice,
        memory,
        virtual_time.clock(),
        bulkhead=desk.bulkhead,
        spawn=desk.spawn,
        report=desk.report,
        push=push,
        clear=lambda *_: None,
    )
    desk.spawn(output.run())
    first = not caller.raw
    said = [SpeakSentence(speech_id="turn-1", index=index, text=text) for index, text in enumerate(SENTENCES)]
    for say in said if first else resumed(memory, len(caller.begun)):
        output.say(say)
    output.open()
    if until_s is None:
        await desk.until(lambda: any(isinstance(told, SentencePlayed) and told.index == len(SENTENCES) - 1 for told in desk.reports))
    else:
        await virtual_time.passes(until_s)
    for told in desk.all(SentencePlaying):
        if told.index == len(caller.begun):  # as the core counts them
            caller.begun.append(told.index)
    caller.played |= {told.index for told in desk.all(SentencePlayed)}
    await desk.close()


def speak(lives_s: Iterable[float], *, speed: float = 3.0, timed: bool = False, seed: int = 1, spread: float = 0.2) -> Caller:
    """The reply, killed again and again; every life has a voice of its own."""
    view, caller = memoryview(bytearray(SHARED_SPEECH_BUFFER_BYTES)), Caller()

    async def work() -> None:
        for number, until_s in enumerate((*lives_s, None)):
            await life(view, Voice(seed + number, speed, timed=timed, spread=spread), caller, until_s)
            if caller.played and max(caller.played) == len(SENTENCES) - 1:
                return

    virtual_time.run(work())
    return caller


def no_word_is_lost(caller: Caller) -> None:
    chars = caller.chars()
    assert chars[0] == 0
    assert chars[-1] == len(WHOLE) - 1
    assert all(after <= before + 1 for before, after in pairwise(chars)), "nothing is skipped"
    ends: int = 0
    for start, end in caller.raw:
        assert start <= ends, "no sample is missing"
        assert (ends - start) / HZ <= AGAIN_S, "and not more than that comes again"
        ends = max(ends, end)
    assert caller.begun == list(range(len(SENTENCES)))


TIMES = [at / 10 for at in range(1, 150, 4)]


@pytest.mark.parametrize("speed", [1.5, 3.0, 1_000.0])
@pytest.mark.parametrize("timed", [False, True])
def test_killed_anywhere_no_word_is_lost_and_little_comes_again(speed: float, timed: bool) -> None:
    for at in TIMES:
        caller = speak([at], speed=speed, timed=timed, seed=round(at * 10))
        no_word_is_lost(caller)
        again = caller.again_chars()
        if speed > 100:
            assert again == 0, "what was made before the death is not made anew"
        elif timed:
            assert again <= len("lighthouse "), f"killed at {at}: goes on at the word"
        else:
            assert again <= MAX_CLAUSE_CHARS * 1.75, f"killed at {at}: goes on at the clause"


@settings(max_examples=40)
@given(
    st.lists(st.floats(0.05, 4.0), min_size=2, max_size=8), st.floats(1.2, 20.0), st.booleans(), st.integers(0, 10_000), st.floats(0, 0.2)
)
@example([1.0, 1.0, 4.0, 1.0], 1.25, True, 0, 0.0)  # a joint in the first samples of a character
@example([2.0, 1.0, 1.5], 3.0, False, 730, 0.2)  # a sentence that is said much slower than the one before
def test_killed_again_and_again_no_word_is_lost(lives_s: list[float], speed: float, timed: bool, seed: int, spread: float) -> None:
    no_word_is_lost(speak(lives_s, speed=speed, timed=timed, seed=seed, spread=spread))


def test_without_a_death_it_is_said_once() -> None:
    caller = speak([])
    no_word_is_lost(caller)
    assert caller.again_chars() == 0

"""Killed in the middle of a sentence: ``python -m benchmarks.half_sentences [--side caller|agent] [--points 20] [--at-once 4]``.

``caller``: SIGKILL at points spread over a spoken sentence, the silence after it and its recognition. The agent must answer the whole
sentence, word by word as it is understood without a kill, or ask again. Then the same at other sample rates, killed twice in one sentence,
while the caller interrupts, to the processes above the session, and of a caller who speaks longer than his memory is.

``agent``: SIGKILL at points spread over a long reply, at the borders of its sentences and in its first 50 ms. Each of its samples must come
to the caller, in order and once, and be the one that comes without a kill. A later life may send again 250 ms and a chunk. What the caller
heard is recognised: no word may be missing (but one that a long pause tears in two, if it is there without the pause). History must hold
the reply. Where the partition dies, what was made dies with it: the sentence that was heard last is said again, and no other.

Exits with 1 where a promise is broken.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import Final

import numpy as np

from actors import resample
from livekitex_agent import AgentSystem, WorkerOptions
from protocols import BYTES_PER_SAMPLE, SESSION_RATE_HZ
from support.spoken_calls import (
    APOLOGY,
    CHUNK_S,
    REPEAT,
    VOICE_HZ,
    SpokenCall,
    echo_agent,
    lacks,
    longest_pause_s,
    recognized,
    repeated_s,
    samples_of,
    speak,
    told,
    words,
)

SENTENCE: Final = "Please do not cancel my order, only change the address."
OTHERS: Final = {
    8_000: "I would like two pizzas and no beer.",
    16_000: "Cancel the second pizza, not the first one.",
    48_000: "I want nothing from the menu except the small salad.",
}
INTERRUPTION: Final = "Stop please, I would like two pizzas and no beer."
STORY: Final = (
    "The old lighthouse stands on a rock above the harbour. Every evening the keeper climbs two hundred steps. "
    "He lights the lamp before the sun goes down. Big ships far out at sea can see its beam. "
    "In winter the nights are cold and the storms are long. Nobody ever missed the light."
)
AFTER_S: Final = 0.9
"""Kills after the end of the caller's sentence: in the silence that ends it, and while it is recognised and answered."""
SHARES: Final = (0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1.1)
TALE_S: Final = 3.0
"""How far the reply is when the caller interrupts it."""
STOPS_S: Final = 1.5
"""So soon after the caller began to interrupt it the agent is silent."""
LONG_S: Final = 40.0
QUIET: Final = 500
MARK_S: Final = 0.25
WORDS_OF_THE_CALLER: Final = f"{'killed at ms':>12} {'what':<22} {'answer':<12} understood"
WORDS_OF_THE_AGENT: Final = f"{'killed at ms':>12} {'what':<22} {'reply':<12} pause ms / sent again / heard twice, words"


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one call; the verdict is in capitals where a promise is broken."""

    at: str
    what: str
    verdict: str
    detail: str

    def __str__(self) -> str:
        return f"{self.at:>12} {self.what:<22} {self.verdict:<12} {self.detail}"


class Bench:
    """Runs calls, so many at once, prints a row for each, and counts the verdicts."""

    def __init__(self, system: AgentSystem, at_once: int, points: int) -> None:
        self.system = system
        self.points = points
        self.verdicts: Counter[str] = Counter()
        self._room = asyncio.Semaphore(at_once)

    async def all(self, works: Sequence[Callable[[], Awaitable[Row]]]) -> None:
        """Do ``works``, as many at once as there is room, and print their rows in this order."""

        async def one(work: Callable[[], Awaitable[Row]]) -> Row:
            async with self._room:
                return await work()

        tasks = [asyncio.ensure_future(one(work)) for work in works]
        for task in tasks:
            row = await task
            self.verdicts[row.verdict] += 1
            print(row, flush=True)

    # The caller's words.

    async def understood(self, sentence: str, rate_hz: int = VOICE_HZ) -> list[str]:
        """The words of the sentence as they are understood without a kill."""
        async with SpokenCall(self.system, echo_agent(), rate_hz) as call:
            await call.say(await speak(sentence, rate_hz))
            return words((await call.reply()).text)[2:]

    async def caller(self, sentence: str, expected: list[str], *kills_s: float, rate_hz: int = VOICE_HZ, what: str = "session") -> Row:
        """Speak, and kill so long after the beginning; if asked again, say it again."""
        pcm = await speak(sentence, rate_hz)
        async with SpokenCall(self.system, echo_agent(), rate_hz) as call:
            name = {"session": "", "partition": "partition/0"}.get(what, f"{what}/{call.session.call_id}")
            began = await call.say(pcm)
            for at in kills_s:
                await call.kill(began + at, name)
            reply = await call.reply()
            verdict = _verdict(reply.text, call.understood, expected)
            if verdict == "asked again":
                await call.say(pcm)
                if words((await call.reply()).text)[2:] != expected:
                    verdict = "THEN WRONG"
        said = " ".join(call.understood) or "-"
        return Row("+".join(f"{at * 1000:.0f}" for at in kills_s), f"{what}, {rate_hz // 1000} kHz", verdict, said)

    async def interrupting(self, expected: list[str], kill_s: float | None) -> Row:
        """The caller speaks over the agent, and the session dies so long after he began."""
        async with SpokenCall(self.system, echo_agent(STORY)) as call:
            await call.session.send_text("Tell me a story.")
            await asyncio.sleep(await call.first_sound() + TALE_S - time.monotonic())
            began = await call.say(await speak(INTERRUPTION))
            if kill_s is not None:
                await call.kill(began + kill_s)
            story = await call.reply(interrupted=True)
            answer = await call.reply()
            history = [message.text for message in (await call.session.info()).history.messages]
        told_on_s = max(at for at, pushed in call.heard if pushed.speech_id == story.speech_id) - began
        verdict = _verdict(answer.text, call.understood[1:], expected)
        if history[1] != story.text or not STORY.startswith(story.text) or verdict != "whole" or told_on_s > STOPS_S:
            verdict = "BROKEN"
        detail = f"{' '.join(call.understood[1:])} (the agent spoke on for {told_on_s * 1000:.0f} ms)"
        return Row(_ms(kill_s), "interrupting", verdict, detail)

    async def long(self, kill_s: float | None) -> Row:
        """A caller speaks without a pause for longer than anything is kept."""
        async with SpokenCall(self.system, echo_agent()) as call:
            began = await call.say(await _without_a_pause(LONG_S))
            if kill_s is not None:
                await call.kill(began + kill_s)
            reply = await call.reply()
        verdict = "asked again" if reply.text == REPEAT and not call.understood else "HALF"
        return Row(_ms(kill_s), f"{LONG_S:.0f} s without a pause", verdict, " ".join(call.understood) or "-")

    async def all_of_the_caller(self) -> None:
        """The table of the caller's side."""
        expected, interruption = await self.understood(SENTENCE), await self.understood(INTERRUPTION)
        length_s = await _length_s(SENTENCE)
        print(f"The caller's sentence of {length_s:.2f} s; without a kill: {' '.join(expected)}\n{WORDS_OF_THE_CALLER}")
        points = [at * (length_s + AFTER_S) / max(1, self.points - 1) for at in range(self.points)]
        works = [partial(self.caller, SENTENCE, expected, at) for at in points]
        works += [partial(self.caller, SENTENCE, expected, *twice) for twice in ((0.8, 2.5), (2.0, 4.0), (3.0, length_s + 0.3))]
        for rate_hz, sentence in OTHERS.items():
            known, seconds = await self.understood(sentence, rate_hz), await _length_s(sentence)
            works += [partial(self.caller, sentence, known, share * seconds, rate_hz=rate_hz) for share in SHARES]
        ends = (0.2, 2.0, length_s + 0.3)
        works += [partial(self.caller, SENTENCE, expected, at, what="job") for at in ends]
        await self.all(works)
        await self.all([partial(self.interrupting, interruption, at) for at in (None, 0.2, 0.4, 0.6, 0.8, 1.0, 2.0, 3.5)])
        await self.all([partial(self.long, at) for at in (None, 10.0, 28.0, 38.0)])
        for at in ends:  # a partition is every call's
            await self.all([partial(self.caller, SENTENCE, expected, at, what="partition")])

    # The agent's words.

    async def agent(self, kill_s: float | None, expected: list[str], what: str = "session") -> Row:
        """The agent tells the story, and dies so long after its first sound. ``expected`` is filled by the call without a kill."""
        sentences = await told(STORY)
        async with SpokenCall(self.system, echo_agent(STORY)) as call:
            await call.session.send_text("Tell me a story.")
            began = await call.first_sound()
            if kill_s is not None:
                await call.kill(began + kill_s, "" if what == "session" else "partition/0")
            reply = await call.reply()
            history = (await call.session.info()).history.messages[-1].text
        heard = [pushed for _, pushed in call.heard]
        again_s, twice_s = repeated_s(call.raw), repeated_s(heard)
        faults = [] if history == reply.text == STORY else [f"history has {history!r}"]
        samples = b"".join(pushed.pcm for pushed in heard)
        try:
            if what == "session":
                faults += [] if samples_of(heard, reply.speech_id) == b"".join(sentences) else ["other samples"]
            elif len(samples) > len(b"".join(sentences)) + max(map(len, sentences)):
                faults.append("more than a sentence was said again")
        except AssertionError as failure:
            faults.append(str(failure))
        faults += ["heard twice"] if twice_s else []
        faults += ["too much sent again"] if again_s > MARK_S + CHUNK_S and what == "session" else []
        found = await recognized(call.channel())
        expected += found if kill_s is None else []
        torn = lacks(found, expected)
        missing = lacks(await recognized(resample(samples, VOICE_HZ, SESSION_RATE_HZ)), expected) if torn else []
        faults += [f"missing: {' '.join(missing)}"] if missing else []
        figures = f"{longest_pause_s(call.heard) * 1000:>8.0f} / {again_s * 1000:>10.0f} / {twice_s * 1000:>11.0f},"
        remarks = [f"the pause tears: {' '.join(torn)}"] if torn else []
        verdict = "BROKEN" if faults else "whole"
        return Row(_ms(kill_s), what, verdict, f"{figures} {len(found)} of {len(expected)} {'; '.join(faults or remarks)}".rstrip())

    async def all_of_the_agent(self) -> None:
        """The table of the agent's side."""
        lengths = [len(pcm) / BYTES_PER_SAMPLE / VOICE_HZ for pcm in await told(STORY)]
        print(f"The agent's reply of {sum(lengths):.2f} s, {len(lengths)} sentences, from its first sound on\n{WORDS_OF_THE_AGENT}")
        borders = [border + shift for border in list(accumulate(lengths))[:-1] for shift in (-0.01, 0.01)]
        points = [0.0, 0.01, 0.025, 0.05, *borders]
        rest = max(0, self.points - len(points))
        points += [(at + 0.5) * sum(lengths) / rest for at in range(rest)]
        expected = list[str]()
        await self.all([partial(self.agent, None, expected)])
        await self.all([partial(self.agent, at, expected) for at in sorted(points[: self.points])])
        for at in (0.05, sum(lengths) / 2):
            await self.all([partial(self.agent, at, expected, what="partition")])


def _verdict(reply: str, understood: Sequence[str], expected: Sequence[str]) -> str:
    """What became of the caller's words; capitals where a promise is broken."""
    if [words(text) for text in understood] == [list(expected)] and words(reply)[2:] == list(expected):
        return "whole"
    if not understood and reply in {REPEAT, APOLOGY}:
        return "asked again"
    if [words(text) for text in understood] == [list(expected)] and reply == APOLOGY:
        return "given up"  # the second kill was in its answer
    return "HALF"


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.0f}"


async def _length_s(sentence: str) -> float:
    return len(await speak(sentence)) / BYTES_PER_SAMPLE / VOICE_HZ


async def _without_a_pause(seconds: float) -> bytes:
    """Speech in which no silence is long enough to end a turn."""
    parts = list[bytes]()
    for number in ("one", "two", "three", "four", "five", "six", "seven", "eight"):
        samples = np.frombuffer(await speak(f"and number {number} please and then"), "<i2")
        loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > QUIET)
        parts.append(samples[loud[0] : loud[-1]].tobytes())
    size = int(seconds * VOICE_HZ) * BYTES_PER_SAMPLE
    whole = b"".join(parts)
    return (whole * (size // len(whole) + 1))[:size]


async def main(sides: Sequence[str], points: int, at_once: int) -> int:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        async with AgentSystem.start(WorkerOptions(partitions=1, journal_dir=folder, log_level="error")) as system:
            bench = Bench(system, at_once, points)
            if "caller" in sides:
                await bench.all_of_the_caller()
            if "agent" in sides:
                await bench.all_of_the_agent()
    broken = sum(times for verdict, times in bench.verdicts.items() if verdict.isupper())
    print(", ".join(f"{times} {verdict}" for verdict, times in bench.verdicts.items()) + f"; broken promises: {broken}")
    return int(broken > 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", choices=["caller", "agent"], action="append")
    parser.add_argument("--points", type=int, default=20)
    parser.add_argument("--at-once", type=int, default=4)
    arguments = parser.parse_args()
    sys.exit(asyncio.run(main(arguments.side or ["caller", "agent"], arguments.points, arguments.at_once)))

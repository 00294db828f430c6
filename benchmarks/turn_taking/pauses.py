"""Pauses inside turns: how many each side takes for the end of the turn, and how long it waits at the true ends. Without real time.

The turns are numbers that are dictated in groups, by our offline voice, with pauses of 0.2 to 1.5 s between the groups. Each side hears
the turn up to a pause, and as much silence as its voice activity detection waits for before it asks its detector. Then its own rule holds:
the turn is over ``min_delay`` after the voice if the detector finds it likely, else after ``max_delay``, and never before the detector can
have answered. A pause that is longer than that is cut. The rule's three numbers are swept, so that both can be compared where they cut
equally many; the interval is that of resampled turns, the same turns for both.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from actors.providers.smart_turn import smart_turn
from benchmarks.turn_taking import peer
from benchmarks.turn_taking.sounds import phrases, silence
from protocols import OpenTurn, SeededEntropy

T = TypeVar("T")

SHORTEST_S: Final = 0.2
LONGEST_S: Final = 1.5
GROUPS: Final = 3
SEED: Final = 20
RESAMPLES: Final = 1_000
RATES: Final = (0.01, 0.02, 0.05, 0.10, 0.20)
MIN_DELAYS_S: Final = (0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8)
MAX_DELAYS_S: Final = (0.8, 1.0, 1.2, 1.5, 2.0, 2.5, 3.0)
NEVER: Final = 1.1
"""A threshold that no probability reaches: each pause waits for the longest delay."""
THRESHOLDS: Final = (0.02, 0.05, 0.1, 0.2, 0.3, 0.36, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, NEVER)
OPENINGS: Final = ("My number is", "The order is", "It is", "The code is", "Please write down")
DIGITS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A turn up to a pause, or up to its end where ``pause_s`` is None; ``turn`` is which."""

    turn: int
    audio: bytes
    pause_s: float | None


@dataclass(frozen=True, slots=True)
class Side:
    """What one side made of the stretches: how likely each is over, when it can know that, and its own defaults."""

    name: str
    probabilities: np.ndarray[Any, np.dtype[np.float64]]
    known_after_s: float
    threshold: float
    min_delay_s: float
    max_delay_s: float


def stretches(turns: int) -> list[Stretch]:
    """The dictations, cut at each of their pauses and at their ends."""
    entropy = SeededEntropy(SEED)

    def one_of(choices: Sequence[T]) -> T:
        return choices[int(entropy.random() * len(choices))]

    found: list[Stretch] = []
    turn = 0
    while turn < turns:
        groups = [" ".join(one_of(DIGITS) for _ in range(one_of((2, 3)))) for _ in range(GROUPS)]
        spoken = phrases(f"{one_of(OPENINGS)} {', '.join(groups)}.")
        if len(spoken) != GROUPS:
            continue  # the voice did not pause between the groups alone
        line = b""
        for group, pcm in enumerate(spoken):
            line += pcm
            pause_s = None if group == GROUPS - 1 else SHORTEST_S + (LONGEST_S - SHORTEST_S) * entropy.random()
            found.append(Stretch(turn, line, pause_s))
            line += silence(pause_s or 0.0)
        turn += 1
    return found


def ours(items: Sequence[Stretch]) -> Side:
    """Our detector, with the default agent's numbers."""
    detector = smart_turn({"threshold": 0.9})
    capabilities = detector.capabilities

    async def predict() -> list[float]:
        quiet = silence(capabilities.silence_ms / 1000)
        return [
            (await detector.predict(OpenTurn(audio=item.audio[-2 * 16_000 * 8 :] + quiet, language="en"))).probability for item in items
        ]

    probabilities = np.array(asyncio.run(predict()))
    return Side("ours", probabilities, capabilities.silence_ms / 1000, 0.9, 0.25, 1.5)


def theirs(items: Sequence[Stretch], python: str, folder: Path) -> Side:
    """Their detector, with their session's numbers."""
    folder.mkdir(parents=True)
    described = []
    for number, item in enumerate(items):
        audio = folder / f"{number}.pcm"
        audio.write_bytes(item.audio + silence(0.3))
        described.append({"id": number, "audio": str(audio)})
    answer = peer.ask(python, {"pauses": described}, folder)
    probabilities = np.array([each["probability"] for each in answer["answers"]])
    return Side("livekit-agents", probabilities, 0.25, float(answer["threshold"]), 0.3, 2.5)


def waits_s(side: Side, rule: tuple[float, float, float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """How long after the voice each stretch is taken for over, by the rule (threshold, min delay, max delay)."""
    threshold, low, high = rule
    waits: np.ndarray[Any, np.dtype[np.float64]] = np.maximum(side.known_after_s, np.where(side.probabilities >= threshold, low, high))
    return waits


def figures(items: Sequence[Stretch], waits: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, float]:
    """The share of pauses that are cut, and the mean wait at true ends."""
    pauses = np.array([np.inf if item.pause_s is None else item.pause_s for item in items])
    inside = np.isfinite(pauses)
    return float((waits < pauses)[inside].mean()), float(waits[~inside].mean())


def best_at(items: Sequence[Stretch], side: Side, rate: float) -> tuple[float, float, tuple[float, float, float]] | None:
    """The rule with the shortest wait of those that cut at most ``rate`` of the pauses: its rate, its wait, itself."""
    found = []
    for threshold in THRESHOLDS:
        for low in MIN_DELAYS_S:
            for high in MAX_DELAYS_S:
                if high >= low:
                    cut, wait = figures(items, waits_s(side, (threshold, low, high)))
                    if cut <= rate:
                        found.append((cut, wait, (threshold, low, high)))
    return min(found, key=lambda each: (each[1], each[0]), default=None)


def difference(items: Sequence[Stretch], one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> tuple[float, float, float]:
    """How much longer ``one`` waits at true ends than ``other``, in the mean, with the 95 % interval of resampled turns."""
    turns = sorted({item.turn for item in items})
    ends = {item.turn: at for at, item in enumerate(items) if item.pause_s is None}
    apart = np.array([one[ends[turn]] - other[ends[turn]] for turn in turns])
    entropy = SeededEntropy(SEED)
    means = [float(apart[[int(entropy.random() * len(apart)) for _ in apart]].mean()) for _ in range(RESAMPLES)]
    return float(apart.mean()), float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def report(items: Sequence[Stretch], sides: Sequence[Side], say: Callable[[str], None]) -> None:
    """Print the curve of both, and the paired difference at equal rates."""
    pauses = sum(item.pause_s is not None for item in items)
    say(f"\n{pauses} pauses of {SHORTEST_S} to {LONGEST_S} s in {len(items) - pauses} numbers that our offline voice dictates in groups")
    say("defaults: threshold, min and max delay, pauses cut, mean wait at true ends")
    for side in sides:
        rule = (side.threshold, side.min_delay_s, side.max_delay_s)
        cut, wait = figures(items, waits_s(side, rule))
        say(f"  {side.name:<16} {rule[0]:.2f} {rule[1]:.2f} {rule[2]:.2f}   {cut:6.1%}  {wait * 1000:6.0f} ms")
    say(f"{'cut at most':>12}  " + "  ".join(f"{side.name + ': ms (rule)':<34}" for side in sides) + "ours - theirs, ms (95 %)")
    for rate in RATES:
        bests = [best_at(items, side, rate) for side in sides]
        cells = [_cell(best) for best in bests]
        line = f"{rate:>12.0%}  " + "  ".join(f"{cell:<34}" for cell in cells)
        if all(best is not None for best in bests):
            waits = [waits_s(side, best[2]) for side, best in zip(sides, bests, strict=True) if best is not None]
            mean, low, high = difference(items, waits[0], waits[1])
            line += f"{mean * 1000:+.0f} ({low * 1000:+.0f} to {high * 1000:+.0f})"
        say(line)


def _cell(best: tuple[float, float, tuple[float, float, float]] | None) -> str:
    if best is None:
        return "-"
    cut, wait, rule = best
    return f"{wait * 1000:5.0f} ({rule[0]:.2f} {rule[1]:.2f} {rule[2]:.2f}; cuts {cut:.1%})"

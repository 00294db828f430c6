"""Turn taking beside livekit-agents 1.8.9: ``python -m benchmarks.turn_taking [--quick] [--peer PYTHON] [--only NAME] [--at-once 4]``.

Both sides have the same calls in one run, in real time: the same audio, speech recognition whose final transcripts come 100 ms after the
last sample, a model and a voice (a tone) that take no time. Ours has its offline voice activity and turn detection, theirs the Silero and
v1-mini of its wheel. Each with its defaults, which expect an echo for 3 s, and tuned: both interrupt after 0.2 s of voice, and theirs gets
frames of 20 ms.

What is measured is what is heard: on our side by a subscriber who plays what comes, on theirs by one who reads the track of its output.

- ``interruptions``: from the caller's first sample until the agent is quieter (ducked), and until its last audible sample.
- ``back-channels``, ``noises``, ``echo``: the holes that they make in what the agent says; it should have none.
- ``sentences``: from the true last sample of a whole sentence until the agent is heard.
- ``pauses`` (not in real time, see `pauses`): how many pauses inside turns are cut, against the wait at true ends.

It takes about twenty minutes, with ``--quick`` eight; more calls at once take less, and the peer, whose calls share a process here, is late
then. Its interpreter is ``--peer``; without it one is made in a cache folder. Figures of one run on a machine that does other things are
worth little: the last line says how late this process itself was woken.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from actors import prepare_libraries

prepare_libraries()  # before anything loads numpy
from benchmarks.turn_taking import our_calls, pauses, peer, scenarios  # noqa: E402
from benchmarks.turn_taking.measures import Summary, ducked_ms, first_sound_ms, holes_ms, silent_ms  # noqa: E402
from benchmarks.turn_taking.scenarios import Call  # noqa: E402

Row = list[float]
Results = Sequence[tuple[Call, Row]]
WAIT_MS: Final = 5_000
LATE_MS: Final = 20
OURS: Final[Mapping[str, Mapping[str, Any]]] = {"default": {}, "tuned": {"min_interruption_ms": 200}}
THEIRS: Final[Mapping[str, Mapping[str, Any]]] = {
    "default": {"frame_ms": 50},
    "tuned": {"frame_ms": 20, "turn_handling": {"interruption": {"min_duration": 0.2}}},
}
HEAD: Final = f"{'':<52} {'median':>7} {'p90':>7} {'worst':>7}"


def interruptions(results: Results, side: str) -> None:
    ducked: list[float | None] = []
    silent: list[float | None] = []
    for call, levels in results:
        for at_s, sound in call.sounds:
            ducked.append(ducked_ms(levels, at_s * 1000))
            silent.append(silent_ms(levels, at_s * 1000, (at_s + sound.length_s) * 1000 + 1_000))
    show(f"{side}: voice -> quieter, ms", ducked)
    show(f"{side}: voice -> silent, ms", silent)


def holes(results: Results, side: str) -> None:
    found = [length for call, levels in results for length in holes_ms(levels, call.sounds[0][0] * 1000, call.length_s * 1000 - 200)]
    heard = sum(len(call.sounds) for call, _ in results)
    show(f"{side}: {len(found)} holes of {heard} sounds, {sum(found) / 1000:.1f} s; ms each", list(found))


def sentences(results: Results, side: str) -> None:
    ends = [
        first_sound_ms(levels, (at_s + sound.length_s) * 1000, (at_s + sound.length_s) * 1000 + WAIT_MS)
        for call, levels in results
        for at_s, sound in call.sounds
    ]
    show(f"{side}: end of sentence -> agent is heard, ms", ends)


def show(what: str, figures: Sequence[float | None]) -> None:
    print(f"{what:<52} {Summary.of(figures)}", flush=True)


SCENARIOS: Final[Mapping[str, tuple[Callable[[int], list[Call]], int, int, Callable[[Results, str], None]]]] = {
    "interruptions": (scenarios.interruptions, 20, 5, interruptions),
    "back-channels": (scenarios.back_channels, 30, 4, holes),
    "noises": (scenarios.noises, 30, 4, holes),
    "echo": (scenarios.echoes, 8, 4, holes),
    "sentences": (scenarios.sentences, 20, 5, sentences),
}
"""Its calls, how many sounds, how many of them with ``--quick``, and what is measured."""


class Lateness:
    """How late a thread of this process is woken that sleeps for a moment: what no figure here is better than."""

    def __init__(self) -> None:
        self.worst_ms = 0.0
        self.late = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.is_set():
            began = time.monotonic()
            time.sleep(0.01)
            late_ms = (time.monotonic() - began - 0.01) * 1000
            self.worst_ms = max(self.worst_ms, late_ms)
            self.late += late_ms > LATE_MS

    def stop(self) -> str:
        """End it; what it found, in words."""
        self._over.set()
        self._thread.join()
        return f"this process was woken {self.worst_ms:.0f} ms too late at worst, {self.late} times more than {LATE_MS} ms"


def main(arguments: argparse.Namespace) -> int:
    """Measure and print."""
    python = peer.interpreter(arguments.peer)
    began, lateness = time.monotonic(), Lateness()
    with tempfile.TemporaryDirectory(prefix="livekitex-bench-") as name:
        folder = Path(name)
        for title, (make, many, few, measure) in SCENARIOS.items():
            if arguments.only in ("", title):
                calls = make(few if arguments.quick else many)
                print(f"\n{title}: {len(calls)} calls\n{HEAD}", flush=True)
                for mode in OURS:
                    ours = our_calls.run_all(calls, OURS[mode], folder / f"ours {title} {mode}", arguments.at_once)
                    measure(list(zip(calls, ours, strict=True)), f"ours, {mode}")
                    theirs = peer.run_all(python, calls, THEIRS[mode], folder / f"theirs {title} {mode}", arguments.at_once)
                    measure(list(zip(calls, theirs, strict=True)), f"{peer.PEER}, {mode}")
        if arguments.only in ("", "pauses"):
            items = pauses.stretches(30 if arguments.quick else 160)
            sides = (pauses.ours(items), pauses.theirs(items, python, folder / "pauses"))
            pauses.report(items, sides, print)
    print(f"\n{time.monotonic() - began:.0f} s; {lateness.stop()}")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peer", default="", help="a Python that has the peer installed")
    parser.add_argument("--only", default="", choices=["", *SCENARIOS, "pauses"])
    parser.add_argument("--at-once", type=int, default=4)
    sys.exit(main(parser.parse_args()))

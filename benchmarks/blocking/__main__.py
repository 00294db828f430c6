"""User code that blocks while the agent speaks, beside livekit-agents 1.8.9: ``python -m benchmarks.blocking [--times 5] [--peer PYTHON]``.

Each call speaks (a tone, from a voice that takes no time) while its program blocks its event loop some times: by what releases the
interpreter's lock, by pure Python, and by what holds the lock. What is measured is the longest gap that the listener hears: on our side
one who plays what comes from the call's process, which is a supervised call like any other; on theirs one who reads the track of its output
of a room. The floor is how late a bare thread is woken beside the same block.

Each block that holds the lock is named in the log of its call, which is this script's standard error. The last lines judge: at most
`MOST_MS` for what releases the lock or runs Python. The peer's interpreter is ``--peer``; without it one is made in a cache folder.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.blocking import gaps
from benchmarks.blocking.blocks import BLOCK_S, BLOCKS, RELEASED
from benchmarks.figures import HEADER, row
from benchmarks.turn_taking import peer
from livekitex_agent import AgentSystem
from livekitex_agent.program import ProgramPlace

MOST_MS: Final = 40.0
MS_PER_CHAR: Final = 50
PAUSE_S: Final = 1.5
SPEECH_MARGIN_S: Final = 3.0
DEADLINE_S: Final = 120.0
HERE: Final = Path(__file__).parent


def question(block: str, times: int, folder: Path) -> dict[str, Any]:
    speech_s = times * (BLOCK_S * 1.5 + PAUSE_S) + PAUSE_S + SPEECH_MARGIN_S
    return {
        "block": block,
        "times": times,
        "pause_s": PAUSE_S,
        "chars": round(speech_s * 1000 / MS_PER_CHAR),
        "ms_per_char": MS_PER_CHAR,
        "report": str(folder / "times.json"),
    }


async def ours(asked: dict[str, Any]) -> list[float]:
    pieces: list[tuple[float, float]] = []
    place = ProgramPlace(place=str(HERE / "program.py"), metadata=json.dumps(asked))
    async with AgentSystem.start() as system:
        call = await system.start_session(place, timeout_s=DEADLINE_S)

        async def listen() -> None:
            async for piece in call.audio():
                pieces.append((time.monotonic(), len(piece.pcm) / 2 / piece.rate_hz))  # noqa: PERF401 - each at its time

        listener = asyncio.create_task(listen())
        times = await asyncio.to_thread(reported, Path(asked["report"]))
        listener.cancel()
    return gaps.of_pieces(pieces, times)


def reported(report: Path) -> gaps.Times:
    """What the program reports, once it does.

    Raises:
        TimeoutError: it does not.
    """
    until = time.monotonic() + DEADLINE_S
    while not report.exists():
        if time.monotonic() > until:
            raise TimeoutError("the program has not reported its blocks")
        time.sleep(0.1)
    times: gaps.Times = json.loads(report.read_text("utf-8"))
    return times


def theirs(python: str, asked: dict[str, Any], folder: Path) -> list[float]:
    source, target = folder / "question.json", folder / "answer.json"
    source.write_text(json.dumps(asked), "utf-8")
    done = subprocess.run([python, HERE / "peer_block.py", source, target], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{peer.PEER} ended with {done.returncode}:\n{done.stderr[-peer.STDERR_CHARS :]}")
    answer = json.loads(target.read_text("utf-8"))
    return gaps.of_frames(answer["frames"], answer["times"])


def floor(block: str, times: int) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.blocking.floor", block, str(times)], capture_output=True, text=True, check=True
    )
    late: list[float] = json.loads(done.stdout)
    return late


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5, help="how often each call blocks")
    parser.add_argument("--only", choices=sorted(BLOCKS), help="this way to block alone")
    parser.add_argument("--peer", default="", help="the interpreter that has the peer")
    options = parser.parse_args(arguments)
    python = peer.interpreter(options.peer)
    worst: dict[str, float] = {}
    print(f"the longest gap at the listener while user code blocks for about {BLOCK_S:g} s\n{HEADER}")
    for block in BLOCKS if options.only is None else [options.only]:
        with tempfile.TemporaryDirectory() as folder:
            asked = question(block, options.times, Path(folder))
            found = asyncio.run(ours(asked))
            worst[block] = max(found, default=float("inf"))
            print(row(f"{block}: ours", found), flush=True)
            print(row(f"{block}: theirs", theirs(python, asked, Path(folder))), flush=True)
        print(row(f"{block}: floor, a bare thread beside it", floor(block, options.times)), flush=True)
    late = {block: gap for block, gap in worst.items() if block in RELEASED and gap > MOST_MS}
    print(f"{'LATE' if late else 'GOOD'}: at most {MOST_MS:g} ms for what releases the lock or runs Python {late or ''}")
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())

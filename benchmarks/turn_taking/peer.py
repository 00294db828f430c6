"""Their side: livekit-agents in an environment of its own, which this makes when there is none, and what it came to there."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.turn_taking.measures import from_pieces
from benchmarks.turn_taking.scenarios import MS_PER_CHAR, Call
from protocols import environment

PEER: Final = "livekit-agents==1.8.9"
STDERR_CHARS: Final = 4_000
SCRIPT: Final = Path(__file__).with_name("peer_calls.py")


def interpreter(given: str) -> str:
    """The interpreter that has the peer: ``given``, or one in a folder for caches, into which it is installed once."""
    if given:
        return given
    caches = environment().get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(caches).expanduser() / "livekitex" / PEER.replace("==", "-")
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        print(f"installing {PEER} into {folder}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PEER], check=True)
        (folder / "installed").touch()
    return str(python)


def run_all(python: str, calls: Sequence[Call], options: Mapping[str, Any], folder: Path, at_once: int) -> list[list[float]]:
    """All calls, as many at a time; how loud what is heard of each is.

    Raises:
        RuntimeError: one has failed; the text says why.
    """
    folder.mkdir(parents=True)
    described = []
    for number, call in enumerate(calls):
        audio = folder / f"{number}.pcm"
        audio.write_bytes(call.audio)
        described.append(
            {
                "id": call.name,
                "audio": str(audio),
                "transcripts": call.transcripts,
                "greeting": call.greeting,
                "reply": call.reply,
                "ms_per_char": MS_PER_CHAR,
                "peer": options,
            }
        )
    answers = ask(python, {"calls": described, "at_once": at_once}, folder)
    if failed := [answer for answer in answers if "failure" in answer]:
        raise RuntimeError(f"{PEER}: {failed[0]['id']}: {failed[0]['failure']}")
    return [from_pieces(answer["levels"], call.length_s) for answer, call in zip(answers, calls, strict=True)]


def ask(python: str, question: Mapping[str, Any], folder: Path) -> Any:  # noqa: ANN401 - JSON
    """What its script answers; what it writes to standard error is shown only if it fails.

    Raises:
        RuntimeError: it has failed.
    """
    asked, answered = folder / "question.json", folder / "answer.json"
    asked.write_text(json.dumps(question), "utf-8")
    done = subprocess.run([python, SCRIPT, asked, answered], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{PEER} ended with {done.returncode}:\n{done.stderr[-STDERR_CHARS:]}")
    return json.loads(answered.read_text("utf-8"))

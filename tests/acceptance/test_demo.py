"""The demo as its reader runs it, with a caller who brings his own recordings."""

import asyncio
import os
import re
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from actors import hibari_tts, resample, write_wav
from protocols import SESSION_RATE_HZ
from support.hearing import utterances

LINES = (
    "I would like three salads, please.",
    "My phone number is five five five, one two three four.",
    "My address is twelve Baker Street.",
    "That is all, thank you, goodbye.",
)
COMMAND = "from livekitex_agent.cli import main; main()"


def demo(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    here = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "XDG_STATE_HOME": str(cwd)}
    command = [sys.executable, "-c", COMMAND, "demo", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=here, capture_output=True, text=True, check=False, timeout=900)


async def record(folder: Path) -> list[Path]:
    voice = hibari_tts({"pitch": 0.85})
    paths = [folder / f"line{number}.wav" for number in range(len(LINES))]
    for path, line in zip(paths, LINES, strict=True):
        write_wav(path, b"".join([chunk.pcm async for chunk in voice.synthesize(line)]), voice.rate_hz)
    return paths


async def hear_agent(path: Path) -> str:
    """What the recording's right channel says."""
    with wave.open(str(path)) as recording:
        both = np.frombuffer(recording.readframes(recording.getnframes()), np.int16)
        pcm = resample(both[1::2].tobytes(), recording.getframerate(), SESSION_RATE_HZ)
    return " ".join(await utterances(pcm)).lower()


@pytest.mark.processes
def test_other_recordings_give_another_order_and_a_kill_loses_nothing(tmp_path: Path) -> None:
    paths = asyncio.run(record(tmp_path))
    done = demo(*(part for path in paths for part in ("--wav", path)), "--out", "call.wav", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"KILL +SIGKILL to process \d+, the call's session, while speaking", done.stdout)
    assert re.search(r"BACK +incarnation 2 of the call has its conversation again, \d+ ms after the kill", done.stdout)
    assert "order      3 salads, 15.00 dollars, to 12 Baker Street, phone 5551234" in done.stdout
    heard = asyncio.run(hear_agent(tmp_path / "call.wav"))
    assert "order of three salads" in heard, heard
    assert "fifteen dollars" in heard, heard


@pytest.mark.parametrize(
    ("arguments", "cure"),
    [
        (("--wav", "missing.wav"), "missing.wav"),
        (("--wav", "broken.wav"), "broken.wav"),
        (("--text", "--wav", "missing.wav"), "--text and --wav exclude each other: drop one"),
        (("--text", "--kill-at", "listening"), "--kill-at listening needs a caller who speaks: drop --text"),
        (("--out", "no/such/folder.wav"), "--out no/such/folder.wav: No such file or directory: name a file"),
    ],
)
def test_what_cannot_work_is_said_before_anything_starts(arguments: tuple[str, ...], cure: str, tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"RIFF but no sound")
    done = demo(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert cure in done.stderr
    assert "tree" not in done.stdout

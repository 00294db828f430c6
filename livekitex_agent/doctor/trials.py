"""What is really tried, and leaves nothing: processes, the loopback, the journal's folder, the clock, the models, and a whole system."""

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Final

from actors import FileStore
from livekitex_agent.doctor.machine import filesystem_of
from livekitex_agent.options import SystemOptions
from livekitex_agent.system import AgentSystem
from livekitex_agent.voice.agent import Agent
from protocols import AgentMessage, Clock, JournalError, LivekitexError

LOOPBACK: Final = "127.0.0.1"
PROCESS_TRIAL: Final = Path(__file__).with_name("process_trial.py")
TRIAL_S: Final = 30.0
MODELS_S: Final = 120.0
START_S: Final = 60.0
"""Each trial that is not over by then has failed."""
WAKE_UPS: Final = 9
NAP_S: Final = 0.01
STEPS: Final = 1000

_LOAD_MODELS: Final = """
import json, sys
sys.path[:] = json.loads(sys.stdin.read())
from actors import preload_offline_providers
from protocols import LivekitexError
try:
    preload_offline_providers()
except LivekitexError as failure:
    sys.exit(str(failure))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalTrial:
    """The journal's folder: its file system, the bytes that are free there, and what failed (nothing: empty)."""

    folder: str
    filesystem: str
    free: int
    problem: str


def try_processes() -> dict[str, str]:
    """What `process_trial` found: a text for each thing that failed, an empty one for what works."""
    done, problem = _run([sys.executable, "-I", str(PROCESS_TRIAL)], "", TRIAL_S)
    if problem:
        return {"a fresh Python": problem}
    found: dict[str, str] = json.loads(done)
    return found


def try_loopback() -> str:
    """Listen, connect, and exchange a byte; the text says what failed."""
    try:
        with socket.create_server((LOOPBACK, 0)) as server, socket.create_connection(server.getsockname(), TRIAL_S) as there:
            here, _ = server.accept()
            with here:
                here.sendall(b"x")
                return "" if there.recv(1) == b"x" else "a byte was lost"
    except OSError as failure:
        return f"{LOOPBACK}: {failure.strerror or failure}"


def try_journal(folder: Path) -> JournalTrial:
    """Write and read a journal where ``folder`` is or would be made, and remove it again."""
    place = next(parent for parent in (folder, *folder.parents) if parent.exists())
    problem, free = "", 0
    try:
        free = _free(place)
        with tempfile.TemporaryDirectory(prefix=".livekitex-doctor-", dir=place) as trial:
            problem = _try_files(Path(trial))
    except (OSError, JournalError) as failure:
        problem = getattr(failure, "strerror", None) or str(failure)
    return JournalTrial(folder=str(folder), filesystem=filesystem_of(place.resolve()), free=free, problem=problem)


def try_clock(clock: Clock) -> tuple[float, float]:
    """The clock's smallest step, and how late a short sleep ends, in seconds."""
    readings = [clock.monotonic() for _ in range(STEPS)]
    steps = [later - earlier for earlier, later in pairwise(readings) if later > earlier]
    never, late = threading.Event(), []
    for _ in range(WAKE_UPS):
        began = clock.monotonic()
        never.wait(NAP_S)
        late.append(clock.monotonic() - began - NAP_S)
    return min(steps, default=1.0), max(0.0, statistics.median(late))


def try_models(clock: Clock) -> tuple[str, float]:
    """Load the offline models in a process of their own: what failed, and how long it took."""
    began = clock.monotonic()
    _, problem = _run([sys.executable, "-c", _LOAD_MODELS], json.dumps(sys.path), MODELS_S)
    return problem, clock.monotonic() - began


def try_start(options: SystemOptions, clock: Clock, *, talk: bool) -> tuple[str, float, float | None]:
    """Start a system with a journal in a folder of its own, hold a call if ``talk``, and stop it.

    What failed, and the seconds until it was up and until the call had answered.
    """
    with tempfile.TemporaryDirectory(prefix="livekitex-doctor-") as folder:
        return asyncio.run(_start(replace(options, partitions=1, preload=False, journal=True, journal_dir=folder), clock, talk=talk))


async def _start(options: SystemOptions, clock: Clock, *, talk: bool) -> tuple[str, float, float | None]:
    began = clock.monotonic()
    try:
        async with asyncio.timeout(START_S), AgentSystem.start(options) as system:
            up_s = clock.monotonic() - began
            if not talk:
                return "", up_s, None
            session = await system.start_session(Agent.text(instructions="Greet.", greeting="Hello!"))
            await session.wait_for(AgentMessage)
            return "", up_s, clock.monotonic() - began - up_s
    except TimeoutError:
        return f"a system was not up within {START_S:g} s", 0.0, None
    except LivekitexError as failure:
        return str(failure), 0.0, None


def _run(command: list[str], given: str, timeout_s: float) -> tuple[str, str]:
    """What ``command`` printed, and why it failed."""
    try:
        done = subprocess.run(command, input=given, capture_output=True, encoding="utf-8", errors="replace", timeout=timeout_s, check=False)
    except OSError as failure:
        return "", f"{command[0]}: {failure.strerror}"
    except subprocess.TimeoutExpired:
        return "", f"not done within {timeout_s:g} s"
    if done.returncode < 0:
        return "", f"ended by signal {-done.returncode}"
    last = done.stderr.strip().splitlines()[-1:] if done.returncode else []
    return done.stdout, last[0] if last else (f"exit code {done.returncode}" if done.returncode else "")


def _free(place: Path) -> int:
    found = os.statvfs(place)
    return found.f_bavail * found.f_frsize


def _try_files(folder: Path) -> str:
    """What a journal needs of a file system: one maker of a file, and bytes that are there once they are written."""
    store = FileStore(folder / "calls")
    journal = store.claim("trial", b"a trial", nonce="doctor")
    try:
        answer = journal.append(1, [b"x"])
        found = store.read("trial")
        if journal.failure or not answer.confirmed:
            return journal.failure or answer.reason
        return "" if found is not None and found.bodies == (b"x",) else "what is written is not found"
    finally:
        journal.close()

"""A call whose disk goes bad, in every way that can be made here, and what its caller and its script see of it.

The disk is a small one of its own (`own_disk`), which needs a private mount namespace (`namespace`), where the kernel allows it.
"""

import asyncio
import os
import select
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from actors import FileStore
from actors.agent_session.core import Happened
from actors.agent_session.records import decode_entry
from actors.journal.format import OVERHEAD
from livekitex_agent import Agent, AgentSystem, CallHandle, WorkerOptions
from protocols import AgentMessage, CommandDone, JournalError, SessionError, SessionEvent
from support.memory_brain import ANSWER, FACT, MEMORY_BRAIN, QUESTION
from support.procfs import PROC, parse_stat

AGENT: Final = Agent.text(instructions="Remember.", llm=MEMORY_BRAIN, greeting="Welcome to us.")
REPEAT: Final = "I am sorry, I did not hear all of that. Could you say it again?"
APOLOGY: Final = "I am sorry, something went wrong with that. Please go on."
WHILE_BAD: Final = "This was said while the disk was bad." * 200
"""More than a page, for of a full disk the rest of the last page is free."""
AFTERWARDS: Final = "This was said when the disk was good again."
PATIENCE_S: Final = 60.0
SIZE: Final = "4m"
Harm = Callable[[Path], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class BadDisk:
    """How a disk goes bad: ``harm`` does it to the journal at the path, and undoes it if that is possible.

    It happens while the session lives, or, where ``between``, after its process was killed and before the next one is there. ``heals`` is
    whether the journal is whole again without anybody's help.
    """

    name: str
    harm: Harm
    between: bool
    heals: bool = False


@dataclass
class Seen:
    """What was seen."""

    told: str = ""
    went_on: bool = False
    knew: bool = False
    asked_again: bool = False
    durable: bool = False
    numbers: bool = False
    problems: list[str] = field(default_factory=list)


def namespace(command: list[str]) -> list[str]:
    """The command in a mount namespace of its own."""
    return ["unshare", "-rm", *command]


def why_no_namespace() -> str:
    """Why there can be none; empty if there can."""
    with suppress(OSError):
        made = subprocess.run(namespace(["true"]), capture_output=True, text=True, check=False)
        return made.stderr.strip() if made.returncode else ""
    return "unshare is missing: install util-linux"


@contextmanager
def own_disk(folder: Path) -> Iterator[Path]:
    """A disk of 4 MB at ``folder``."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "bad-disk", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


# The harm.


@contextmanager
def _full(path: Path) -> Iterator[None]:
    filler = path.parent.parent / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 4_096)
    yield
    filler.unlink()


@contextmanager
def _read_only(path: Path) -> Iterator[None]:
    disk = str(path.parent.parent)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    yield
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)


@contextmanager
def _removed(path: Path) -> Iterator[None]:
    shutil.rmtree(path)
    yield


def _newest(path: Path) -> Path:
    return max(path.glob("*.log"), key=lambda file: tuple(map(int, file.name.split(".")[:2])))


def _beginning(_data: bytes) -> int:
    return 0


def _checkpoint(data: bytes) -> int:
    """A place within the checkpoint, which follows the description of the call (`actors.journal.format`)."""
    return 2 * OVERHEAD + int.from_bytes(data[8:12], "little")


def _end(data: bytes) -> int:
    return len(data) - len(data) // 1_000 - 1


@contextmanager
def _flipped(path: Path, place: Callable[[bytes], int], length: int = 8) -> Iterator[None]:
    file = _newest(path)
    data = bytearray(file.read_bytes())
    at = place(bytes(data))
    for offset in range(at, min(len(data), at + length)):
        data[offset] ^= 0xFF
    file.write_bytes(data)
    yield


@contextmanager
def _cut(path: Path, place: Callable[[bytes], int]) -> Iterator[None]:
    file = _newest(path)
    os.truncate(file, place(file.read_bytes()))
    yield


@contextmanager
def _overwritten(path: Path) -> Iterator[None]:
    _newest(path).write_bytes(b"something else altogether " * 1_000)
    yield


DISKS: Final = (
    BadDisk("full disk", _full, between=False),
    BadDisk("read-only folder", _read_only, between=True),
    BadDisk("folder removed under the call", _removed, between=False, heals=True),
    BadDisk("flipped bytes at the end", lambda path: _flipped(path, _end), between=True),
    BadDisk("flipped bytes in the checkpoint", lambda path: _flipped(path, _checkpoint), between=True),
    BadDisk("header destroyed", lambda path: _flipped(path, _beginning, 100), between=True),
    BadDisk("end cut off", lambda path: _cut(path, _end), between=True),
    BadDisk("checkpoint cut off", lambda path: _cut(path, _checkpoint), between=True),
    BadDisk("overwritten", _overwritten, between=True),
)


# The call.


class Scene:
    """One call with its journal on a bad disk."""

    def __init__(self, session: CallHandle, path: Path) -> None:
        self._session = session
        self._path = path
        self._events: list[SessionEvent] = []
        self._numbers: list[int] = []
        self._changed = asyncio.Condition()

    async def play(self, disk: BadDisk) -> Seen:
        """Hold the conversation, and tell what was seen."""
        seen = Seen()
        listening = asyncio.ensure_future(self._listen())
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._play(disk, seen)
        except TimeoutError:
            seen.problems.append(f"stuck; the last events are {self._events[-4:]}")
        finally:
            listening.cancel()
        seen.numbers = self._numbers == sorted(set(self._numbers))
        return seen

    async def _play(self, disk: BadDisk, seen: Seen) -> None:
        await self._say(FACT)
        for number in range(10):
            await self._say(f"Small talk number {number}.")
        with ExitStack() as harm:
            async with self._dying() if disk.between else _alive():
                harm.enter_context(disk.harm(self._path))
            await self._while_bad(disk, seen)
        await self._durable()
        await self._say(AFTERWARDS)
        await self._kill()
        said = [message.text for message in (await self._session.info()).history.messages]
        seen.durable = AFTERWARDS in said and QUESTION in said

    async def _while_bad(self, disk: BadDisk, seen: Seen) -> None:
        await self._say(WHILE_BAD)
        seen.went_on = True
        told = await self._wait(lambda event: isinstance(event, SessionError) and event.source == "journal")
        seen.told = getattr(told, "text", "")
        if disk.heals:
            await self._durable()
        if not disk.between:
            await self._kill()
        seen.knew = await self._say(QUESTION) == ANSWER
        said = [event.text for event in self._events if isinstance(event, AgentMessage)]
        seen.asked_again = REPEAT in said or APOLOGY in said

    async def _say(self, text: str) -> str:
        """The answer to ``text``."""
        heard = len(self._events)
        command = await self._session.send_text(text)
        done = await self._wait(lambda event: isinstance(event, CommandDone) and event.command_id == command, heard)
        before = self._events[heard : self._events.index(done, heard)]
        return [event.text for event in before if isinstance(event, AgentMessage)][-1]

    async def _kill(self) -> None:
        os.kill((await self._session.info()).os_pid, signal.SIGKILL)

    @asynccontextmanager
    async def _dying(self) -> AsyncIterator[None]:
        """The session's process is killed, and its supervisor held until the block is left."""
        pid = (await self._session.info()).os_pid
        job = parse_stat((PROC / str(pid) / "stat").read_text()).parent
        os.kill(job, signal.SIGSTOP)
        try:
            gone = os.pidfd_open(pid)
            os.kill(pid, signal.SIGKILL)
            await asyncio.to_thread(select.select, [gone], [], [])
            os.close(gone)
            yield
        finally:
            os.kill(job, signal.SIGCONT)

    async def _durable(self) -> None:
        """Wait until the newest life is in the journal."""
        while True:
            incarnation = (await self._session.info()).incarnation
            with suppress(JournalError):
                content = FileStore(self._path.parent).read(self._path.name)
                entries = [decode_entry(body) for body in content.bodies] if content is not None else []
                if any(isinstance(entry, Happened) and entry.incarnation == incarnation for entry in entries):
                    return

    async def _wait(self, wanted: Callable[[SessionEvent], bool], first: int = 0) -> SessionEvent:
        async with self._changed:
            while True:
                for event in self._events[first:]:
                    if wanted(event):
                        return event
                await self._changed.wait()

    async def _listen(self) -> None:
        async with aclosing(self._session.events()) as events:
            async for pushed in events:
                async with self._changed:
                    self._events.append(pushed.event)
                    if pushed.event.kept:
                        self._numbers.append(pushed.number)
                    self._changed.notify_all()


@asynccontextmanager
async def _alive() -> AsyncIterator[None]:
    yield


async def play(disk: BadDisk, folder: Path) -> Seen:
    """A call in a system of its own whose journal is in ``folder``, with what this disk does to it."""
    options = WorkerOptions(partitions=1, preload=False, journal_dir=folder, log_level="error")
    async with AgentSystem.start(options) as system:
        session = await system.start_session(AGENT, "c1")
        seen = await Scene(session, folder / "calls" / "c1").play(disk)
    seen.problems += _problems(seen)
    return seen


def _problems(seen: Seen) -> Iterator[str]:
    if not seen.told:
        yield "no event told of it"
    if not seen.went_on:
        yield "the call did not go on"
    if not seen.knew:
        yield "what was said before is forgotten"
    if not seen.durable:
        yield "the call is not durable again"
    if not seen.numbers:
        yield "a number of an event came twice"

"""What Linux tells in ``/proc``, as pure functions from its texts, and the few reads that feed them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
LISTEN = "0A"  # TCP_LISTEN in include/net/tcp_states.h


@dataclass(frozen=True, slots=True)
class Stat:
    """The fields of ``/proc/PID/stat`` that matter here."""

    pid: int
    name: str
    state: str
    parent: int


def parse_stat(text: str) -> Stat:
    """The name may hold spaces and brackets, so it ends at the last bracket."""
    head, _, tail = text.rpartition(") ")
    pid, _, name = head.partition(" (")
    state, parent, *_ = tail.split()
    return Stat(int(pid), name, state, int(parent))


def parse_environ(data: bytes) -> dict[str, str]:
    """The variables that a process was started with; what is no assignment (a process title written over them) is left out."""
    pairs = (entry.partition(b"=") for entry in data.split(b"\0"))
    return {os.fsdecode(name): os.fsdecode(value) for name, equals, value in pairs if equals}


def parse_listeners(text: str) -> dict[int, int]:
    """Socket inode to port, of every listening socket in the text of ``/proc/net/tcp`` or ``tcp6``."""
    found = {}
    for line in text.splitlines()[1:]:
        (
            _,
            local,
            _,
            state,
            *_,
        ) = fields = line.split()
        if state == LISTEN:
            found[int(fields[9])] = int(local.rpartition(":")[2], 16)
    return found


def tcp_inodes() -> set[int]:
    """The socket inodes of every TCP socket of this network namespace."""
    tables = (PROC / "net" / name for name in ("tcp", "tcp6"))
    return {int(line.split()[9]) for table in tables if table.exists() for line in table.read_text("ascii").splitlines()[1:]}


def socket_inode(link: str) -> int | None:
    """The inode in the target of a ``/proc/PID/fd`` link such as ``socket:[123]``, or None for what is no socket."""
    return int(link[8:-1]) if link.startswith("socket:[") else None


def pids() -> set[int]:
    """All processes of the machine that this one may see."""
    return {int(entry) for entry in os.listdir(PROC) if entry.isdigit()}


def stat(pid: int) -> Stat | None:
    """None when the process is gone."""
    try:
        return parse_stat((PROC / str(pid) / "stat").read_text("utf-8", "replace"))
    except (FileNotFoundError, ProcessLookupError):
        return None


def parent(pid: int) -> int | None:
    """The parent's process id; None when the process is gone."""
    found = stat(pid)
    return found.parent if found else None


def environ(pid: int) -> dict[str, str]:
    """Empty for a process that is gone, a zombie, or another user's."""
    try:
        return parse_environ((PROC / str(pid) / "environ").read_bytes())
    except OSError:
        return {}


def command_line(pid: int) -> str:
    """What ``ps`` shows; empty when the process is gone."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def open_links(pid: int) -> Iterator[str]:
    """The targets of the process's open file descriptors; nothing for a process that is gone or another user's."""
    folder = PROC / str(pid) / "fd"
    try:
        entries = os.listdir(folder)
    except OSError:
        return
    for entry in entries:
        try:
            yield str((folder / entry).readlink())
        except OSError:
            continue  # closed since it was listed


def mapped_files(pid: int) -> set[str]:
    """The files that the process has mapped."""
    try:
        lines = (PROC / str(pid) / "maps").read_text("utf-8", "replace").splitlines()
    except OSError:
        return set()
    return {fields[5] for line in lines if len(fields := line.split(maxsplit=5)) == 6}


def listeners() -> dict[int, int]:
    """Socket inode to port, of every listening TCP socket of this network namespace."""
    found: dict[int, int] = {}
    for name in ("tcp", "tcp6"):
        path = PROC / "net" / name
        if path.exists():
            found |= parse_listeners(path.read_text("ascii"))
    return found


def listening_ports(pid: int, among: dict[int, int]) -> set[int]:
    """The ports of ``among`` (see `listeners`) that the process holds open."""
    inodes = {socket_inode(link) for link in open_links(pid)}
    return {port for inode, port in among.items() if inode in inodes}

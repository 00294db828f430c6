"""What the machine says of itself: limits, memory, processors, file systems. Reads only."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
CGROUPS: Final = Path("/sys/fs/cgroup")
ROOT_UID: Final = 0
_OCTAL: Final = re.compile(r"\\([0-7]{3})")
"""How a space is written among the mounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cgroup:
    """What the control groups of this process leave it; None where they set no limit."""

    memory_limit: int | None = None
    memory_free: int | None = None
    tasks_room: int | None = None
    cpus: float | None = None


def read_cgroup(own: Path = PROC / "self" / "cgroup", root: Path = CGROUPS) -> Cgroup:
    """The limits of both versions of control groups, the narrowest of this process's group and those around it."""
    memory = [*_pairs(own, root, "", "memory.max", "memory.current")]
    memory += _pairs(own, root, "memory", "memory.limit_in_bytes", "memory.usage_in_bytes")
    tasks = [*_pairs(own, root, "", "pids.max", "pids.current"), *_pairs(own, root, "pids", "pids.max", "pids.current")]
    shares = [quota / period for folder in _folders(own, root, "") for quota, period in _numbers(folder / "cpu.max")]
    for folder in _folders(own, root, "cpu"):
        quotas, periods = _number(folder / "cpu.cfs_quota_us"), _number(folder / "cpu.cfs_period_us")
        shares += [quotas / periods] if quotas and periods and quotas > 0 else []
    return Cgroup(
        memory_limit=min((limit for limit, _ in memory), default=None),
        memory_free=min((limit - used for limit, used in memory), default=None),
        tasks_room=min((limit - used for limit, used in tasks), default=None),
        cpus=min(shares, default=None),
    )


def free_memory(meminfo: Path = PROC / "meminfo") -> int:
    """The bytes that programs can get without swapping."""
    for line in _text(meminfo).splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def limit_of(what: str) -> tuple[int | None, int | None]:
    """The soft and the hard limit of ``what`` (``NOFILE``, ``NPROC``, ``FSIZE``); None for none."""
    import resource  # Windows has none, and is to be told so by the doctor

    soft, hard = resource.getrlimit(getattr(resource, f"RLIMIT_{what}"))
    return (None if soft == resource.RLIM_INFINITY else soft), (None if hard == resource.RLIM_INFINITY else hard)


def tasks_room() -> tuple[int | None, str]:
    """How many more processes and threads this user may have, and who limits them."""
    rooms: list[tuple[int, str]] = []
    soft, _ = limit_of("NPROC")
    if soft is not None and os.getuid() != ROOT_UID:
        rooms.append((soft - _tasks_of(os.getuid()), "the user's limit of processes"))
    group = read_cgroup().tasks_room
    if group is not None:
        rooms.append((group, "the container"))
    for name in ("pid_max", "threads-max"):
        most = _number(PROC / "sys" / "kernel" / name)
        if most is not None:
            rooms.append((most - sum(1 for _ in _pids()), f"the kernel's {name}"))
    return min(rooms) if rooms else (None, "nobody")


def loopback_ports() -> int:
    """How many ports the kernel chooses from for connections and for listeners that name none."""
    fields = _text(PROC / "sys" / "net" / "ipv4" / "ip_local_port_range").split()
    return int(fields[1]) - int(fields[0]) + 1 if len(fields) == 2 else 0  # noqa: PLR2004 - lowest and highest


def filesystem_of(folder: Path, mounts: Path = PROC / "self" / "mountinfo") -> str:
    """The type of the file system that ``folder`` is on."""
    best, kind = "", "unknown"
    for line in _text(mounts).splitlines():
        fields, _, source = line.partition(" - ")
        point = _OCTAL.sub(lambda code: chr(int(code[1], 8)), fields.split()[4])
        if folder.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, source.split()[0]
    return kind


def _pairs(own: Path, root: Path, controller: str, limit: str, used: str) -> Iterator[tuple[int, int]]:
    for folder in _folders(own, root, controller):
        most, now = _number(folder / limit), _number(folder / used)
        if most is not None and now is not None and most < 1 << 60:  # version 1 says "no limit" by a number like that
            yield most, now


def _folders(own: Path, root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's group and of those around it, for a controller of version 1, or for version 2 (no name)."""
    for line in _text(own).splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            folder = root / controller / path.lstrip("/")
            yield from (folder, *(parent for parent in folder.parents if parent.is_relative_to(root)))


def _numbers(path: Path) -> Iterator[tuple[int, int]]:
    fields = _text(path).split()
    if len(fields) == 2 and all(field.isdecimal() for field in fields):  # noqa: PLR2004 - a quota and its period
        yield int(fields[0]), int(fields[1])


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.lstrip("-").isdecimal() else None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _pids() -> Iterator[Path]:
    yield from (entry for entry in PROC.iterdir() if entry.name.isdecimal())


def _tasks_of(uid: int) -> int:
    count = 0
    for entry in _pids():
        try:
            count += len(os.listdir(entry / "task")) if entry.stat().st_uid == uid else 0
        except OSError:
            continue  # it has ended
    return count

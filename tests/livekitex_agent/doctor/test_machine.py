"""What the machine says of itself, from its texts."""

import os
from pathlib import Path

import pytest

from livekitex_agent.doctor import machine
from livekitex_agent.doctor.machine import Cgroup

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:21 / /proc rw - proc proc rw
24 22 0:22 / /home rw shared:2 - nfs4 server:/home rw
25 24 0:23 / /home/my\\040files rw - tmpfs tmpfs rw
"""


def write(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_of_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


def test_the_groups_around_a_process_limit_it_too(tmp_path: Path) -> None:
    write(tmp_path, own="0::/app/web\n")
    group = write(tmp_path / "groups", app__memory_of_max=f"{8 << 30}", app__memory_of_current=f"{1 << 30}", app__pids_of_max="max")
    write(group, app__web__memory_of_max="max\n", app__web__memory_of_current="5\n", app__web__cpu_of_max="50000 100000\n")
    write(group, app__web__pids_of_max="100\n", app__web__pids_of_current="30\n", app__cpu_of_max="max 100000\n")
    found = machine.read_cgroup(tmp_path / "own", group)
    assert found == Cgroup(memory_limit=8 << 30, memory_free=7 << 30, tasks_room=70, cpus=0.5)


def test_the_first_version_of_control_groups(tmp_path: Path) -> None:
    write(tmp_path, own="7:cpu,cpuacct:/d\n6:memory:/d\n5:pids:/d\n1:name=systemd:/d\n")
    group = write(tmp_path / "groups", memory__d__memory_of_limit_in_bytes=f"{1 << 62}", memory__d__memory_of_usage_in_bytes="7")
    write(group, memory__memory_of_limit_in_bytes=f"{1 << 30}", memory__memory_of_usage_in_bytes="24", pids__d__pids_of_max="9")
    write(group, pids__d__pids_of_current="4", cpu__d__cpu_of_cfs_quota_us="200000", cpu__d__cpu_of_cfs_period_us="100000")
    write(group, cpu__cpu_of_cfs_quota_us="-1", cpu__cpu_of_cfs_period_us="100000")
    found = machine.read_cgroup(tmp_path / "own", group)
    assert found == Cgroup(memory_limit=1 << 30, memory_free=(1 << 30) - 24, tasks_room=5, cpus=2.0)


def test_without_control_groups_nothing_is_limited(tmp_path: Path) -> None:
    assert machine.read_cgroup(tmp_path / "none", tmp_path) == Cgroup()


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("/etc", "ext4"), ("/home/ann/calls", "nfs4"), ("/home/my files/x", "tmpfs"), ("/homestead", "ext4")],
)
def test_the_file_system_of_a_folder(folder: str, kind: str, tmp_path: Path) -> None:
    write(tmp_path, mounts=MOUNTS)
    assert machine.filesystem_of(Path(folder), tmp_path / "mounts") == kind
    assert machine.filesystem_of(Path(folder), tmp_path / "none") == "unknown"


def test_free_memory(tmp_path: Path) -> None:
    write(tmp_path, meminfo="MemTotal: 9 kB\nMemAvailable:    7 kB\n")
    assert machine.free_memory(tmp_path / "meminfo") == 7 * 1024
    assert machine.free_memory(tmp_path / "none") == 0
    assert machine.free_memory() > 0


def test_the_narrowest_limit_of_tasks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_123)  # whose processes there are none
    monkeypatch.setattr(machine, "limit_of", lambda what: (50, 50) if what == "NPROC" else (None, None))
    monkeypatch.setattr(machine, "read_cgroup", lambda: Cgroup(tasks_room=60))
    assert machine.tasks_room() == (50, "the user's limit of processes")
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert machine.tasks_room() == (60, "the container")
    monkeypatch.setattr(machine, "read_cgroup", Cgroup)
    room, who = machine.tasks_room()
    assert room is None or who.startswith("the kernel's ")


def test_this_machine_has_descriptors_and_ports() -> None:
    soft, hard = machine.limit_of("NOFILE")
    assert soft is None or hard is None or soft <= hard
    assert machine.loopback_ports() > 0

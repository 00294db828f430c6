"""What the facts about a machine mean for a system on it. Pure: each function takes what was found and gives the finding.

The needs of a system are measured, and rounded up: the fullest process holds 34 descriptors without a call and four more with each, a
system has 15 threads without a call and six more with each that speaks, and takes 500 MB with the offline models loaded and up to 50 MB
more with each call.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from livekitex_agent.doctor.findings import DEMO, Finding, cannot, ok, warning
from livekitex_agent.doctor.trials import JournalTrial

OLDEST_PYTHON: Final = (3, 11)
NEWEST_PYTHON: Final = (3, 13)

MB: Final = 1 << 20
BASE_FILES: Final = 64
FILES_OF_A_CALL: Final = 4
BASE_TASKS: Final = 16
TASKS_OF_A_CALL: Final = 6
BASE_MEMORY: Final = 500 * MB
MEMORY_OF_A_CALL: Final = 50 * MB
BASE_PORTS: Final = 100
PORTS_OF_A_CALL: Final = 12
SMALLEST_FILE: Final = 16 * MB
"""A call's journal and the demo's recording have room in it."""
SMALLEST_DISK: Final = 64 * MB
COMFORTABLE_DISK: Final = 1024 * MB
OLDEST_WALL_S: Final = 1_735_689_600.0
"""The beginning of 2025: a clock that shows an earlier time was never set."""
COARSE_S: Final = 0.001
LATE_S: Final = 0.05

NETWORK_FILESYSTEMS: Final = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "lustre", "afs"})
PASSING_FILESYSTEMS: Final = {"tmpfs": "with the next reboot", "ramfs": "with the next reboot", "overlay": "with the container"}


def judge_python(version: tuple[int, int, int], implementation: str, *, gil: bool) -> Finding:
    """The interpreter."""
    found = f"{'.'.join(map(str, version))}, {implementation}{'' if gil else ', free-threaded'}"
    if implementation != "CPython" or not gil or not OLDEST_PYTHON <= version[:2] <= NEWEST_PYTHON:
        return cannot("python", found, "use CPython 3.11, 3.12 or 3.13 in its ordinary build")
    return ok("python", found)


def judge_system(platform: str, libc: tuple[str, str], machine: str, container: str) -> Finding:
    """The operating system and its C library."""
    found = f"{platform} on {machine}, {' '.join(filter(None, libc)) or 'another libc'}"
    if platform != "linux" or libc[0] != "glibc":
        return cannot("system", f"{found}; Linux with glibc is needed", f"run it in a container: {container}")
    return ok("system", found)


def judge_packages(home: Path, hiders: Sequence[Path]) -> Finding:
    """The import names: that they are ours here is known, since this runs."""
    if hiders:
        names = ", ".join(map(str, hiders))
        return warning("packages", f"a script started in this folder would import {names} instead of ours", "rename it, or start elsewhere")
    return ok("packages", f"livekitex_agent, actors, supervision, protocols in {home}")


def judge_thespian(version: str, problem: str) -> Finding:
    """The library of actors; ``problem`` is the seam's refusal, which ends with its cure."""
    if not problem:
        return ok("thespian", f"{version}, the one that the seam is made for")
    found, _, cure = problem.rpartition(": ")
    return cannot("thespian", found, cure)


def judge_processes(trial: Mapping[str, str]) -> Finding:
    """Whether processes can be made, watched, and made to die with their parent; ``trial`` has a text for what failed."""
    failed = {what: why for what, why in trial.items() if why}
    if failed:
        found = "; ".join(f"{what}: {why}" for what, why in failed.items())
        return cannot(
            "processes", found, "allow these system calls (Linux 5.3, no stricter seccomp profile than Docker's), or use a container"
        )
    return ok("processes", f"tried: {', '.join(trial)}" if trial else "tried")


def judge_loopback(problem: str, ports: int, max_jobs: int) -> Finding:
    """The network of the machine with itself, over which the processes talk; ``ports`` are those that it may choose from."""
    if problem:
        return cannot("loopback", problem, "bring it up: ip link set lo up, and let programs listen on 127.0.0.1")
    needed = BASE_PORTS + PORTS_OF_A_CALL * max_jobs
    if ports < needed:
        return warning("loopback", f"{ports} ports to choose from, not {needed}", "widen net.ipv4.ip_local_port_range by sysctl")
    return ok("loopback", f"127.0.0.1, {ports} ports to choose from")


def judge_health_port(port: int, problem: str) -> Finding:
    """The port that was asked for; ``problem`` ends with its cure."""
    if problem:
        found, _, cure = problem.rpartition(": ")
        return cannot("health port", found, cure)
    return ok("health port", f"{port} is free" if port else "any free one")


def judge_open_files(soft: int | None, hard: int | None, max_jobs: int) -> Finding:
    """The limit of open files of one process; None for none."""
    needed = BASE_FILES + FILES_OF_A_CALL * max_jobs
    if soft is None or soft >= needed:
        return ok("open files", f"{'no limit' if soft is None else soft}, enough for {max_jobs} calls")
    within = hard is None or hard >= needed
    cure = f"ulimit -n {needed}" + (
        "" if within else f" (the hard limit is {hard}: raise it as root, or by docker run --ulimit nofile={needed})"
    )
    return _for_fewer("open files", f"{soft}", (soft - BASE_FILES) // FILES_OF_A_CALL, max_jobs, cure)


def judge_tasks(room: int | None, who: str, max_jobs: int) -> Finding:
    """How many more processes and threads there may be (None: any number), and ``who`` says so."""
    needed = BASE_TASKS + TASKS_OF_A_CALL * max_jobs
    if room is None or room >= needed:
        return ok("tasks", f"room for {'any number of' if room is None else room} processes and threads, enough for {max_jobs} calls")
    cure = f"let {who} allow {needed - room} more, ulimit -u or docker run --pids-limit"
    return _for_fewer("tasks", f"room for {room} processes and threads ({who})", (room - BASE_TASKS) // TASKS_OF_A_CALL, max_jobs, cure)


def judge_memory(free: int, limit: int | None, max_jobs: int) -> Finding:
    """The memory that is free within the limit of the container, if there is one."""
    found = f"{free // MB} MB free" + ("" if limit is None else f", limited to {limit // MB} MB")
    calls = (free - BASE_MEMORY) // MEMORY_OF_A_CALL
    if calls >= max_jobs:
        return ok("memory", f"{found}, enough for {max_jobs} calls")
    return _for_fewer("memory", found, calls, max_jobs, "give the machine or the container more")


def judge_cpus(count: int, quota: float | None) -> Finding:
    """The processors that this process may use, and the share of them that its container has."""
    found = f"{count}" + ("" if quota is None else f", limited to the time of {quota:g}")
    if min(count, quota or count) < 1:
        return warning("cpus", found, "give the container the time of a whole one: docker run --cpus 1")
    return ok("cpus", found)


def judge_file_size(limit: int | None) -> Finding:
    """The limit of the size of a file; None for none."""
    if limit is None:
        return ok("file size", "no limit")
    if limit < SMALLEST_FILE:
        return cannot("file size", f"limited to {limit // 1024} kB", "ulimit -f unlimited")
    return warning("file size", f"limited to {limit // MB} MB", "ulimit -f unlimited")


def judge_journal(trial: JournalTrial, cure: str) -> Finding:
    """The folder of the calls' journals."""
    where = f"{trial.folder} ({trial.filesystem})"
    if trial.problem:
        return cannot("journal", f"{where}: {trial.problem}", cure)
    if trial.free < SMALLEST_DISK:
        return cannot("journal", f"{where}: {trial.free // MB} MB free", f"make room there, or {cure}")
    if trial.filesystem in NETWORK_FILESYSTEMS or trial.filesystem.partition(".")[0] in ("fuse", "fuseblk"):
        return cannot("journal", f"{where}: another machine or program keeps these files, and a call needs a local disk", cure)
    if trial.filesystem in PASSING_FILESYSTEMS:
        return warning("journal", f"{where}: gone {PASSING_FILESYSTEMS[trial.filesystem]}, and the calls with it", cure)
    if trial.free < COMFORTABLE_DISK:
        return warning("journal", f"{where}: {trial.free // MB} MB free", "make room there")
    return ok("journal", f"{where}: writable, {trial.free // (1024 * MB)} GB free")


def judge_models(problem: str, seconds: float) -> Finding:
    """The offline models; ``problem`` ends with its cure where it is the missing extra."""
    if not problem:
        return ok("offline", f"installed, the models load in {seconds:.1f} s")
    found, colon, cure = problem.rpartition(": ")
    if colon and cure.startswith("pip "):
        return cannot("offline", found, cure, (DEMO,))
    return cannot("offline", problem, "install it afresh: pip install --force-reinstall 'livekitex-agent[offline]'", (DEMO,))


def judge_terminal(*, is_terminal: bool, width: int, colours: bool, encoding: str) -> Finding:
    """Where this is printed: never a hindrance."""
    letters = "UTF-8" if encoding.lower().startswith("utf") else f"{encoding}, other letters are replaced"
    if not is_terminal:
        return ok("terminal", f"none: plain lines, {letters}")
    return ok("terminal", f"{width} columns, {'colours' if colours else 'no colours'}, {letters}")


def judge_clock(wall_s: float, resolution_s: float, late_s: float) -> Finding:
    """The clocks: the time of day, the smallest step, and how late a wake-up comes."""
    if wall_s < OLDEST_WALL_S:
        return warning("clock", f"it was never set: {wall_s:.0f} s after 1970", "set it: timedatectl set-ntp true")
    found = f"steps of {resolution_s * 1e9:.0f} ns, wakes {late_s * 1000:.1f} ms late"
    if resolution_s > COARSE_S or late_s > LATE_S:
        return warning("clock", found, "the machine is overloaded: the agent's voice will stutter; give it processor time of its own")
    return ok("clock", found)


def judge_start(problem: str, up_s: float, answered_s: float | None) -> Finding:
    """A system that was really started, and a call on it that was really held if there was a brain for it."""
    if problem:
        return cannot("start", problem, "see the lines above; if they are all ok, please report it")
    answer = "" if answered_s is None else f", a call answered {answered_s * 1000:.0f} ms after its start"
    return ok("start", f"a system is up after {up_s * 1000:.0f} ms{answer}")


def _for_fewer(name: str, found: str, calls: int, max_jobs: int, cure: str) -> Finding:
    if calls < 1:
        return cannot(name, f"{found}, not enough for a call", cure)
    return warning(
        name, f"{found}, enough for about {calls} calls at a time, not for {max_jobs}", f"{cure}; or WorkerOptions(max_jobs={calls})"
    )

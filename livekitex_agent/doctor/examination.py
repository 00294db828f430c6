"""The whole examination, in the order in which it is told."""

import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from livekitex_agent.doctor import judgements as judge
from livekitex_agent.doctor import machine, trials
from livekitex_agent.doctor.findings import DEMO, START, Finding, can_run, cannot
from livekitex_agent.import_guard import NAMES
from livekitex_agent.options import CONTAINER, JOURNAL_CURE, SystemOptions, require_free_port
from protocols import Clock, ConfigurationError
from supervision import require_thespian

HOME: Final = Path(__file__).resolve().parents[2]
"""The folder of our packages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """Where the report is printed."""

    is_terminal: bool
    width: int
    colours: bool
    encoding: str


def examine(options: SystemOptions, terminal: Terminal, clock: Clock) -> Iterator[Finding]:
    """Each finding as soon as it is there; takes some 5 s, most of them for the models and a whole system."""
    found: list[Finding] = []
    for finding in _before_the_start(options, terminal, clock):
        found.append(finding)
        yield finding
    if can_run(found, START):
        yield judge.judge_start(*trials.try_start(options, clock, talk=can_run(found, DEMO)))


def _before_the_start(options: SystemOptions, terminal: Terminal, clock: Clock) -> Iterator[Finding]:
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    yield judge.judge_python(sys.version_info[:3], platform.python_implementation(), gil=gil)
    system = judge.judge_system(sys.platform, platform.libc_ver(), platform.machine(), CONTAINER)
    yield system
    if system.blocks:
        return  # nothing else can be found out there
    jobs = options.max_jobs
    group = machine.read_cgroup()
    yield judge.judge_packages(HOME, _hiders(Path.cwd()))
    yield judge.judge_thespian(_version("thespian"), _refusal(require_thespian))
    yield judge.judge_processes(trials.try_processes())
    yield judge.judge_cpus(len(os.sched_getaffinity(0)), group.cpus)
    free = machine.free_memory()
    yield judge.judge_memory(free if group.memory_free is None else min(free, group.memory_free), group.memory_limit, jobs)
    yield judge.judge_open_files(*machine.limit_of("NOFILE"), jobs)
    yield judge.judge_tasks(*machine.tasks_room(), jobs)
    yield judge.judge_file_size(machine.limit_of("FSIZE")[0])
    yield judge.judge_loopback(trials.try_loopback(), machine.loopback_ports(), jobs)
    port = options.health_port
    yield judge.judge_health_port(port, _refusal(lambda: require_free_port(options.health_host, port)) if port else "")
    yield _journal(options)
    yield judge.judge_clock(clock.wall(), *trials.try_clock(clock))
    yield judge.judge_terminal(is_terminal=terminal.is_terminal, width=terminal.width, colours=terminal.colours, encoding=terminal.encoding)
    yield judge.judge_models(*trials.try_models(clock))


def _journal(options: SystemOptions) -> Finding:
    try:
        folder = options.journal_path
    except ConfigurationError as failure:
        return cannot("journal", str(failure).removesuffix(f": {JOURNAL_CURE}"), JOURNAL_CURE)
    return judge.judge_journal(trials.try_journal(folder or Path.cwd()), JOURNAL_CURE)


def _hiders(here: Path) -> list[Path]:
    """What a script in this folder would import instead of our packages."""
    if here == HOME:
        return []
    found = [here / name / "__init__.py" for name in NAMES] + [here / f"{name}.py" for name in NAMES]
    return [path for path in found if path.exists()]


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "none"


def _refusal(check: Callable[[], None]) -> str:
    try:
        check()
    except ConfigurationError as failure:
        return str(failure)
    return ""

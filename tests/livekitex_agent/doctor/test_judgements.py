"""What the facts about a machine mean."""

from pathlib import Path

import pytest

from livekitex_agent.doctor import judgements as judge
from livekitex_agent.doctor.findings import DEMO, START, Finding, Verdict, can_run
from livekitex_agent.doctor.trials import JournalTrial

GB = 1 << 30
CURE = "set XDG_STATE_HOME"


def journal(**fields: object) -> JournalTrial:
    return JournalTrial(**{"folder": "/j", "filesystem": "ext4", "free": 9 * GB, "problem": ""} | fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("finding", "verdict", "told"),
    [
        (judge.judge_python((3, 11, 0), "CPython", gil=True), "ok", "3.11.0, CPython"),
        (judge.judge_python((3, 13, 2), "CPython", gil=True), "ok", "3.13.2"),
        (judge.judge_python((3, 10, 9), "CPython", gil=True), "cannot", "use CPython 3.11, 3.12 or 3.13"),
        (judge.judge_python((3, 14, 0), "CPython", gil=True), "cannot", "3.14.0"),
        (judge.judge_python((3, 11, 0), "PyPy", gil=True), "cannot", "PyPy"),
        (judge.judge_python((3, 13, 0), "CPython", gil=False), "cannot", "3.13.0, CPython, free-threaded"),
        (judge.judge_system("linux", ("glibc", "2.36"), "x86_64", "docker run"), "ok", "linux on x86_64, glibc 2.36"),
        (judge.judge_system("linux", ("", ""), "x86_64", "docker run"), "cannot", "another libc; Linux with glibc is needed"),
        (judge.judge_system("darwin", ("", ""), "arm64", "docker run"), "cannot", "run it in a container: docker run"),
        (judge.judge_packages(Path("/lib"), []), "ok", "in /lib"),
        (judge.judge_packages(Path("/lib"), [Path("/app/actors.py")]), "warning", "would import /app/actors.py instead of ours"),
        (judge.judge_thespian("4.0.1", ""), "ok", "4.0.1"),
        (judge.judge_thespian("4.1", "thespian 4.1 is installed: pip install thespian==4.0.1"), "cannot", "4.1 is installed"),
        (judge.judge_processes({"fork": "", "/proc": ""}), "ok", "tried: fork, /proc"),
        (judge.judge_processes({"fork": "", "process handle": "refused"}), "cannot", "process handle: refused"),
        (judge.judge_loopback("", 28_000, 100), "ok", "127.0.0.1, 28000 ports"),
        (judge.judge_loopback("", 1_000, 100), "warning", "1000 ports to choose from, not 1300"),
        (judge.judge_loopback("127.0.0.1: unreachable", 28_000, 100), "cannot", "127.0.0.1: unreachable"),
        (judge.judge_health_port(0, ""), "ok", "any free one"),
        (judge.judge_health_port(80, ""), "ok", "80 is free"),
        (judge.judge_health_port(80, "health_port=80 is in use: choose another"), "cannot", "health_port=80 is in use"),
        (judge.judge_open_files(None, None, 600), "ok", "no limit, enough for 600 calls"),
        (judge.judge_open_files(464, 464, 100), "ok", "464, enough for 100 calls"),
        (judge.judge_open_files(256, None, 100), "warning", "256, enough for about 48 calls at a time, not for 100"),
        (judge.judge_open_files(256, 300, 100), "warning", "ulimit -n 464 (the hard limit is 300"),
        (judge.judge_open_files(60, 300, 100), "cannot", "60, not enough for a call"),
        (judge.judge_tasks(None, "nobody", 600), "ok", "any number"),
        (judge.judge_tasks(616, "the container", 100), "ok", "616"),
        (judge.judge_tasks(300, "the container", 100), "warning", "let the container allow 316 more"),
        (judge.judge_tasks(20, "the container", 100), "cannot", "not enough for a call"),
        (judge.judge_memory(6 * GB, None, 100), "ok", "6144 MB free, enough for 100 calls"),
        (judge.judge_memory(2 * GB, 4 * GB, 100), "warning", "limited to 4096 MB, enough for about 30 calls"),
        (judge.judge_memory(GB // 2, GB, 1), "cannot", "512 MB free, limited to 1024 MB, not enough for a call"),
        (judge.judge_cpus(1, None), "ok", "1"),
        (judge.judge_cpus(8, 0.5), "warning", "8, limited to the time of 0.5"),
        (judge.judge_file_size(None), "ok", "no limit"),
        (judge.judge_file_size(1 << 20), "cannot", "limited to 1024 kB"),
        (judge.judge_file_size(100 << 20), "warning", "limited to 100 MB"),
        (judge.judge_journal(journal(), CURE), "ok", "/j (ext4): writable, 9 GB free"),
        (judge.judge_journal(journal(problem="Permission denied"), CURE), "cannot", "/j (ext4): Permission denied"),
        (judge.judge_journal(journal(free=1 << 20), CURE), "cannot", "1 MB free"),
        (judge.judge_journal(journal(free=GB // 2), CURE), "warning", "512 MB free"),
        (judge.judge_journal(journal(filesystem="nfs4"), CURE), "cannot", "another machine or program keeps these files"),
        (judge.judge_journal(journal(filesystem="fuse.sshfs"), CURE), "cannot", "a call needs a local disk"),
        (judge.judge_journal(journal(filesystem="fuseblk"), CURE), "cannot", "a call needs a local disk"),
        (judge.judge_journal(journal(filesystem="tmpfs"), CURE), "warning", "gone with the next reboot"),
        (judge.judge_journal(journal(filesystem="overlay"), CURE), "warning", "gone with the container"),
        (judge.judge_models("", 1.52), "ok", "the models load in 1.5 s"),
        (judge.judge_models("a voice needs the extra 'offline': pip install 'x[offline]'", 0.1), "cannot", "a voice needs the extra"),
        (judge.judge_models("ended by signal 4", 0.1), "cannot", "ended by signal 4"),
        (judge.judge_terminal(is_terminal=False, width=80, colours=False, encoding="utf-8"), "ok", "none: plain lines, UTF-8"),
        (judge.judge_terminal(is_terminal=True, width=40, colours=True, encoding="utf-8"), "ok", "40 columns, colours, UTF-8"),
        (judge.judge_terminal(is_terminal=True, width=40, colours=False, encoding="ascii"), "ok", "no colours, ascii, other letters"),
        (judge.judge_clock(1.8e9, 1e-7, 0.0001), "ok", "steps of 100 ns, wakes 0.1 ms late"),
        (judge.judge_clock(30.0, 1e-7, 0.0001), "warning", "it was never set: 30 s after 1970"),
        (judge.judge_clock(1.8e9, 1e-7, 0.2), "warning", "wakes 200.0 ms late"),
        (judge.judge_clock(1.8e9, 0.015, 0.0), "warning", "the machine is overloaded"),
        (judge.judge_start("", 0.61, None), "ok", "a system is up after 610 ms"),
        (judge.judge_start("", 0.61, 0.2), "ok", "a call answered 200 ms after its start"),
        (judge.judge_start("the system has ended", 0.0, None), "cannot", "the system has ended"),
    ],
)
def test_a_fact_and_what_it_means(finding: Finding, verdict: str, told: str) -> None:
    assert finding.verdict == verdict
    assert told in f"{finding.found} | {finding.cure}"
    assert bool(finding.cure) == (finding.verdict is not Verdict.OK)
    assert bool(finding.blocks) == (finding.verdict is Verdict.CANNOT)


def test_without_the_models_the_demo_cannot_run_and_a_system_can() -> None:
    findings = [judge.judge_models("none: pip install x", 0.0), judge.judge_cpus(1, None)]
    assert not can_run(findings, DEMO)
    assert can_run(findings, START)

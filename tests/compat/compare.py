"""Programs written for LiveKit Agents, run under both packages by nothing but their import lines: `python tests/compat/compare.py [FILE…]`.

What the peer does was recorded (`recorded/`, by `--peer PYTHON`, an interpreter that has it): each program 20 times; what it does not keep
itself is not demanded. Items must be equal without ids, times and metrics; of events each kind's own sequence, and the orders of
`records.BEFORE`. `differences.toml` states what is different on purpose. The last line is `SAME n ON PURPOSE m OTHER k`; the exit code is 0
only if k is 0. A FILE of yours needs an AgentServer with an entrypoint, and may have a list CALLER (see `fakes`); it is recorded on the fly
if `--peer` is given.
"""

import argparse
import contextlib
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import facts  # noqa: E402
import folders  # noqa: E402

PEER, OURS = "livekit.agents", "livekitex_agent"
PEER_RUNS = 20
MOST_ON_PURPOSE = 6
TIMEOUT = 600.0
_REWRITTEN = ("fakes.py", "lines.py")  # they import the package, as programs do
_AS_IT_IS = ("driver.py", "records.py", "job_peer.py", "job_ours.py")
_RECORDED_BY = ("fakes.py", "lines.py", "driver.py", "records.py", "job_peer.py", "facts.py")
_RUNNING: set[subprocess.Popen[str]] = set()
_IMPORT = re.compile(r"^(\s*(?:from|import)\s+)livekit\.agents\b", re.MULTILINE)
_FROM_LIVEKIT = re.compile(r"^(\s*)from\s+livekit\s+import\s+agents(\s*|\s*,\s*(.+))$", re.MULTILINE)


def with_our_imports(source: str) -> str:
    """The program for this package: its import lines are changed, nothing else.

    >>> with_our_imports("from livekit.agents.llm import ToolFlag\\nfrom livekit import agents, rtc\\n")
    'from livekitex_agent.llm import ToolFlag\\nimport livekitex_agent as agents\\nfrom livekit import rtc\\n'
    """

    def split(found: re.Match[str]) -> str:
        rest = f"\n{found[1]}from livekit import {found[3]}" if found[3] else ""
        return f"{found[1]}import {OURS} as agents{rest}"

    return _IMPORT.sub(rf"\g<1>{OURS}", _FROM_LIVEKIT.sub(split, source))


def fingerprint(program: Path) -> str:
    """Of the program, and of all that a record of the peer depends on here: what was recorded for another is not used."""
    parts = [program.read_bytes(), *((HERE / name).read_bytes() for name in _RECORDED_BY)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def records(package: str, python: str, programs: Sequence[Path], times: int) -> dict[str, list[dict[str, Any]]]:
    """What each program's runs under the package leave: all in one process, each run with modules of its own.

    Raises:
        RuntimeError: The process failed; with what it said.
    """
    with folders.folder() as folder:
        for source in (*(HERE / name for name in (*_REWRITTEN, *_AS_IT_IS)), *programs):
            ours = package == OURS and source.name not in _AS_IT_IS
            Path(folder, source.name).write_text(with_our_imports(source.read_text()) if ours else source.read_text())
        command = [python, str(Path(folder, "driver.py")), package, str(times), *(str(Path(folder, program.name)) for program in programs)]
        root = [str(HERE.parents[1])] if package == OURS else []
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), *root]), "PYTHONDONTWRITEBYTECODE": "1"}
        ran = _run(command, environment)
    found: dict[str, list[dict[str, Any]]] = {program.stem: [] for program in programs}
    for line in ran.stdout.splitlines():
        if line.startswith("{"):
            told = json.loads(line)
            found[told["program"]].append(told["record"])
    said = {told.split(",")[0]: told for told in ran.stderr.split("-- ")[1:]}
    for name, of_program in found.items():
        if len(of_program) != times:
            message = f"{name} under {package} left {len(of_program)} of {times} records: {ran.stderr[-2000:]}"
            raise RuntimeError(message)
        for one in of_program:
            one.pop("log", None)
            if "items" not in one:
                one["said"] = said.get(name, "")[-3000:]
    return found


def _run(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, unless this one is ended before."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as process:
        _RUNNING.add(process)
        try:
            out, error = process.communicate(timeout=TIMEOUT)
        finally:
            process.kill()
            _RUNNING.discard(process)
    return subprocess.CompletedProcess(command, process.returncode, out, error)


def record_peer(python: str, program: Path) -> dict[str, Any]:
    """Run the peer, and state what it keeps.

    Raises:
        RuntimeError: A run of it failed: that is a fault of the program, or of a machine that has too much to do.
    """
    asked = [python, "-c", "from livekit.agents import __version__; print(__version__)"]
    version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    runs = records(PEER, python, [program], PEER_RUNS)[program.stem]
    for run in runs:
        if run["failures"]:
            message = f"{program.stem} under the peer: {run['failures']}"
            raise RuntimeError(message)
    return {"program": fingerprint(program), "peer": version, "runs": PEER_RUNS, **facts.kept(runs)}


def on_purpose() -> dict[str, dict[str, str]]:
    """By program, the facts that are different on purpose, each with its reason."""
    stated = tomllib.loads((HERE / "differences.toml").read_text())
    return {program: dict(reasons) for program, reasons in stated.items()}


@dataclass(frozen=True)
class Verdict:
    """How a program of ours does beside the peer."""

    program: str
    different: Mapping[str, tuple[Any, Any]]
    purposes: Mapping[str, str]
    said: str = ""

    @property
    def kind(self) -> str:
        """SAME, ON PURPOSE (each difference is stated, and each stated one is there) or OTHER."""
        if not self.different and not self.purposes:
            return "SAME"
        return "ON PURPOSE" if set(self.different) == set(self.purposes) else "OTHER"

    def lines(self) -> Iterable[str]:
        """What to tell of it."""
        yield f"{self.kind:10} {self.program}"
        for name, (theirs, own) in self.different.items():
            reason = self.purposes.get(name)
            yield f"    {name}{facts.first_difference(theirs, own)}" if reason is None else f"    {name}: on purpose: {reason}"
        for name in self.purposes:
            if name not in self.different:
                yield f"    {name}: stated as different on purpose, but it is the same"
        if self.said and self.kind == "OTHER":
            yield from (f"    | {line}" for line in self.said.splitlines()[-12:])


def judge(program: Path, ours: Mapping[str, Any], recorded: Mapping[str, Any] | None, purposes: Mapping[str, str]) -> Verdict:
    """Compare what this package has done with what was recorded of the peer."""
    if recorded is None or recorded["program"] != fingerprint(program):
        return Verdict(program.stem, {"recorded": (None, "nothing of the peer, or of another version of the program: use --peer")}, {})
    return Verdict(program.stem, facts.differences(recorded, ours), purposes, ours.get("said", ""))


def recorded_of(program: Path) -> dict[str, Any] | None:
    """What was recorded of the peer; None if nothing was."""
    place = HERE / "recorded" / f"{program.stem}.json"
    return json.loads(place.read_text()) if place.exists() else None


@contextlib.contextmanager
def _nothing_goes_on(pool: ThreadPoolExecutor) -> Iterator[None]:
    """Whatever ends the block early ends what it has begun."""
    try:
        yield
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in tuple(_RUNNING):
            process.kill()
        raise


def main() -> int:
    """Compare, and say what is different."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--peer", metavar="PYTHON", help="an interpreter with livekit-agents: record what it does, anew where that changed")
    parser.add_argument("--again", action="store_true", help="with --peer: record all anew")
    parser.add_argument("--record-only", action="store_true", help="with --peer: do not run this package")
    parser.add_argument("--jobs", type=int, default=2, help="programs at a time (default 2)")
    options = parser.parse_args()
    programs = [file.resolve() for file in options.files] or sorted((HERE / "programs").glob("*.py"))
    stated = on_purpose()

    def one(program: Path) -> Verdict | str:
        recorded = recorded_of(program)
        if options.peer and (options.again or recorded is None or recorded["program"] != fingerprint(program)):
            recorded = record_peer(options.peer, program)
            if program.parent == HERE / "programs":
                written = json.dumps(recorded, indent=1, ensure_ascii=False)
                (HERE / "recorded" / f"{program.stem}.json").write_text(written + "\n")
        if options.record_only and recorded:
            return f"{program.stem}: not kept: {', '.join(recorded['not kept']) or '-'}"
        try:
            (ours,) = records(OURS, sys.executable, [program], 1)[program.stem]
        except (RuntimeError, subprocess.TimeoutExpired) as failure:
            ours = {"failures": [str(failure)[:300]], "said": str(failure)}
        return judge(program, ours, recorded, stated.get(program.stem, {}))

    counts = {"SAME": 0, "ON PURPOSE": 0, "OTHER": 0}
    folders.end_by_exception()
    with ThreadPoolExecutor(options.jobs) as pool, _nothing_goes_on(pool):
        for verdict in pool.map(one, programs):
            if isinstance(verdict, str):
                print(verdict, flush=True)
                continue
            counts[verdict.kind] += 1
            print("\n".join(verdict.lines()), flush=True)
    if counts["ON PURPOSE"] > MOST_ON_PURPOSE:
        print(f"more than {MOST_ON_PURPOSE} programs are different on purpose")
        counts["OTHER"] += counts["ON PURPOSE"] - MOST_ON_PURPOSE
    print(f"SAME {counts['SAME']} ON PURPOSE {counts['ON PURPOSE']} OTHER {counts['OTHER']}")
    return 1 if counts["OTHER"] else 0


if __name__ == "__main__":
    sys.exit(main())

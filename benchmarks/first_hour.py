"""The first hour of a user in every circumstance that we thought of: ``python -m benchmarks.first_hour [WORD...]``.

Printed for each (whose name holds one of the WORDs, if there are any): the exit code, the seconds, what was printed last, and what was left
behind 5 s later; what is not as it should be follows below. Exits with 1 if there is anything of that. Takes about five minutes, most of
them for the demo, several of which run at the same time.
"""

import os
import shutil
import sys
import tempfile
import time
import zipapp
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from support.first_hours import (
    ANOTHER_USER,
    ANSWER,
    BARE_ANSWER,
    COMMAND,
    FIRST,
    LIBRARY_AGENT,
    PYTHON,
    ROOT_OBEYS,
    RUN,
    SCRIPT,
    SIGPIPE,
    SPOKE,
    Circumstance,
    begun,
    ended,
    read_only,
    written,
)

AT_THE_SAME_TIME = 4
LIMIT_S = 200.0
WIDTH = 110
OURS = "protocols.errors."
EXAMPLE = Path(__file__).parents[1] / "examples" / "hello_session.py"
HELLO = f'{PYTHON} "{EXAMPLE}"'
HELLO_SAID = ("agent: Hello!", "agent: A pizza costs nine dollars.")
DEMO = f"{COMMAND} demo --text"
PASSED = ("PASSED",)
ISOLATED = "import runpy, sys; sys.path[:] = sys.argv.pop().split(':'); runpy.run_path(sys.argv[1], run_name='__main__')"
PLAIN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
ROOT = os.getuid() == 0


def application(folder: Path) -> None:
    """A folder, and a file of it, with everything in its ``__main__.py``."""
    (folder / "application").mkdir()
    shutil.copy(SCRIPT, folder / "application" / "__main__.py")
    zipapp.create_archive(folder / "application", folder / "application.pyz")


def limited(what: str, user: int) -> str:
    """The example with a limit, as a user whom limits bind."""
    return f"chmod 777 . tmp run; mkdir -m 777 state-of-all; {ANOTHER_USER.format(uid=user)} bash -c 'ulimit {what}; {HELLO}'"


def terminal(columns: int, rows: int) -> str:
    """The demo on a terminal of this size."""
    return f"script -qec 'stty cols {columns} rows {rows}; {DEMO}' /dev/null < /dev/null"


SCRIPTS: Mapping[str, Circumstance] = {
    "hello": Circumstance(line=HELLO, said=HELLO_SAID),
    "hello >&-": Circumstance(line=f"{HELLO} >&-"),
    "hello 2>&-": Circumstance(line=f"{HELLO} 2>&-", said=HELLO_SAID),
    "hello <&-": Circumstance(line=f"{HELLO} <&-", said=HELLO_SAID),
    "hello | head -1": Circumstance(line=f"{HELLO} | head -1", said=HELLO_SAID[:1], complaints=99),
    "hello, one processor": Circumstance(line=f"taskset -c 0 {HELLO}", said=HELLO_SAID),
    "hello, ulimit -n 256": Circumstance(line=f"ulimit -n 256; {HELLO}", said=HELLO_SAID),
    "hello, ulimit -n 20": Circumstance(
        line=f"ulimit -n 20; {HELLO}", code=1, complained="raise the limit of open files, ulimit -n 4096; livekitex doctor", complaints=99
    ),
    "hello, no temporary folder": Circumstance(line=f"TMPDIR=/nonexistent {HELLO}", said=HELLO_SAID),
    "hello, LC_ALL=C": Circumstance(line=HELLO, said=HELLO_SAID, variables={"LC_ALL": "C"}),
    "hello, PYTHONIOENCODING=ascii": Circumstance(line=HELLO, said=HELLO_SAID, variables={"PYTHONIOENCODING": "ascii"}),
    "python -O": Circumstance(line=f'{PYTHON} -O "{SCRIPT}" sync', said=(BARE_ANSWER,)),
    "python -I": Circumstance(line=f'{PYTHON} -I -c "{ISOLATED}" "{SCRIPT}" "$PYTHONPATH"', said=SPOKE),
    "PYTHONDONTWRITEBYTECODE": Circumstance(line=RUN, said=SPOKE, variables={"PYTHONDONTWRITEBYTECODE": "1"}),
    "python -m": Circumstance(line=f"{PYTHON} -m shop", said=SPOKE, prepare=written("shop.py")),
    "python FOLDER": Circumstance(line=f"{PYTHON} application", said=SPOKE, prepare=application),
    "an archive's own main": Circumstance(
        line=f"{PYTHON} application.pyz",
        code=1,
        complained="Brain is in the __main__.py of an archive, which no other process can import: put it in a module of the archive",
        complaints=99,
        prepare=application,
    ),
    "python -c": Circumstance(line=f"{PYTHON} -c '{LIBRARY_AGENT}'", said=("Hello. What can I do for you?",)),
    "python -c, own functions": Circumstance(
        line=f'{PYTHON} -c "$(cat "{EXAMPLE}")"', code=1, complained="InvalidToolError: price was typed at a prompt", complaints=99
    ),
    "a space and an umlaut": Circumstance(line=f'{PYTHON} "ein Wörtchen.py"', said=SPOKE, prepare=written("ein Wörtchen.py")),
    "an umlaut that the locale has not": Circumstance(
        line=f"{PYTHON} Wörtchen.py", code=1, complained="set PYTHONUTF8=1", complaints=99, variables=PLAIN, prepare=written("Wörtchen.py")
    ),
    "the twin in a running loop": Circumstance(line=f"{RUN} sync", said=(ANSWER,)),
    "eight threads, processes by spawn": Circumstance(line=f"{RUN} busy", said=SPOKE),
    "uvloop, a used room": Circumstance(line=f"{RUN} busy room", said=SPOKE, complaints=99),
}
AS_ANOTHER_USER: Mapping[str, Circumstance] = {
    "hello, ulimit -u 40": Circumstance(line=limited("-u 40", 54_301), said=HELLO_SAID),
    "hello, ulimit -u 12": Circumstance(
        line=limited("-u 12", 54_302), code=1, complained="raise the limit of processes, ulimit -u", complaints=999, crashes=True
    ),
    "hello, ulimit -u 2": Circumstance(
        line=limited("-u 2", 54_303), code=1, complained="raise the limit of processes, ulimit -u", complaints=999, crashes=True
    ),
    "hello, a user without a home": Circumstance(
        line=f"unset HOME XDG_STATE_HOME; {ANOTHER_USER.format(uid=54_304)} {HELLO}",
        code=1,
        complained="this user has no home for the calls' journals: set XDG_STATE_HOME",
        complaints=99,
    ),
}
COMMANDS: Mapping[str, Circumstance] = {
    "doctor": Circumstance(line=f"{COMMAND} doctor", said=("This machine can run livekitex demo, and systems of your own.",)),
    "doctor --json": Circumstance(line=f"{COMMAND} doctor --json", said=("}",)),
    "doctor | head -3": Circumstance(
        line=f"{COMMAND} doctor | head -3; exit ${{PIPESTATUS[0]}}", code=SIGPIPE, said=("ok       packages",)
    ),
    "doctor, 40 columns, C": Circumstance(
        line=f"{COMMAND} doctor", said=("systems of your own.",), variables={"COLUMNS": "40", "LC_ALL": "C"}
    ),
    "doctor, ulimit -n 50": Circumstance(line=f"ulimit -n 50; {COMMAND} doctor", code=1, said=("because of: open files.",)),
    "doctor, a read-only home": Circumstance(
        line=f"XDG_STATE_HOME=locked {ROOT_OBEYS} {COMMAND} doctor", code=1, said=("because of: journal.",), prepare=read_only
    ),
    "doctor, no loopback": Circumstance(line=f"unshare -rn {COMMAND} doctor", code=1, said=("because of: loopback.",)),
    "demo, output full": Circumstance(
        line=f"{DEMO} > /dev/full", code=1, complained="livekitex: standard output cannot be written: No space left on device", complaints=1
    ),
    "demo, a read-only home": Circumstance(
        line=f"XDG_STATE_HOME=locked {ROOT_OBEYS} {DEMO}",
        code=2,
        complained="Permission denied: set XDG_STATE_HOME",
        complaints=1,
        prepare=read_only,
    ),
    "--help | true": Circumstance(line=f"{COMMAND} --help | true; exit ${{PIPESTATUS[0]}}", code=SIGPIPE),
}
DEMOS: Mapping[str, Circumstance] = {
    "demo": Circumstance(line=DEMO, said=PASSED),
    "demo, another at the same time": Circumstance(line=DEMO, said=PASSED),
    "demo >&-": Circumstance(line=f"{DEMO} >&-"),
    "demo 2>&-": Circumstance(line=f"{DEMO} 2>&-", said=PASSED),
    "demo <&-": Circumstance(line=f"{DEMO} <&-", said=PASSED),
    "demo, TERM=dumb": Circumstance(line=DEMO, said=PASSED, variables={"TERM": "dumb"}),
    "demo, NO_COLOR=1": Circumstance(line=DEMO, said=PASSED, variables={"NO_COLOR": "1"}),
    "demo, LC_ALL=C": Circumstance(line=DEMO, said=PASSED, variables={"LC_ALL": "C"}),
    "demo, PYTHONIOENCODING=ascii": Circumstance(line=DEMO, said=PASSED, variables={"PYTHONIOENCODING": "ascii"}),
    "demo, COLUMNS=40": Circumstance(line=DEMO, said=PASSED, variables={"COLUMNS": "40"}),
    "demo, one processor": Circumstance(line=f"taskset -c 0 {DEMO}", said=PASSED),
    "demo, ulimit -n 256": Circumstance(line=f"ulimit -n 256; {DEMO}", said=PASSED),
    "demo, a recording that cannot be written": Circumstance(
        line=f"{DEMO} --out /dev/full", code=1, said=("FAILED     cannot write /dev/full: No space left",)
    ),
    "demo on a terminal of 40 columns": Circumstance(line=terminal(40, 24), said=PASSED),
    "demo on a terminal of 100 columns": Circumstance(line=terminal(100, 24), said=PASSED),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """What came of one circumstance."""

    name: str
    code: int
    took_s: float
    said: str
    left: int
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name:<46} {self.code:>4} {self.took_s:>6.1f}  {self.left:>4}  {self.said.removeprefix(OURS)[:WIDTH]}"


def main(words: list[str]) -> int:
    """Run them and print."""
    everything = {**FIRST, **SCRIPTS, **(AS_ANOTHER_USER if ROOT else {}), **COMMANDS, **DEMOS}
    chosen = {name: each for name, each in everything.items() if not words or any(word in name for word in words)}
    if not ROOT:
        print(f"not tried, they need root: {', '.join(AS_ANOTHER_USER)}")
    print(f"{'circumstance':<46} {'exit':>4} {'s':>6}  {'left':>4}  printed last")
    wrong = 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_THE_SAME_TIME) as pool:
        os.chmod(folder, 0o755)  # noqa: S103, PTH101 - for the other users among them
        rows = [pool.submit(run, Path(folder) / str(number), name, each) for number, (name, each) in enumerate(chosen.items())]
        for row in (future.result() for future in rows):
            print(row, flush=True)
            for problem in row.wrong:
                wrong += 1
                print(f"    NOT AS IT SHOULD BE: {problem}", flush=True)
    print(f"{len(chosen)} circumstances, {wrong} problems")
    return int(wrong > 0)


def run(folder: Path, name: str, circumstance: Circumstance) -> Row:
    """Run one to its end, and look at what it leaves."""
    began = time.monotonic()
    state = folder / "state-of-all"
    with begun(folder, circumstance, state) as program:
        program.process.wait(LIMIT_S)
        took_s = time.monotonic() - began
        found = ended(circumstance, program)
    journals = [path.name for path in state.rglob("*") if path.is_file()]
    count = len(found.left.processes) + len(found.left.ports) + len(found.left.files) + len(journals)
    wrong = (*found.problems, *(f"a journal stays: {journal}" for journal in journals))
    return Row(name=name, code=found.code, took_s=took_s, said=found.last, left=count, wrong=wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

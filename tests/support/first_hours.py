"""The circumstances in which somebody's first hour may take place, and what is to be seen in each. For a test and for a benchmark."""

import os
import shutil
import sys
import zipapp
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from support import first_script
from support.leftovers import Leftovers
from support.program import Program

SCRIPT = Path(first_script.__file__)
PYTHON = f'"{sys.executable}"'
COMMAND = f"{PYTHON} -m livekitex_agent"
ANSWER = "Nine dollars, please."
BARE_ANSWER = "Nine dollars without asserts, please."
NO_AUDIO_IN = "this call takes no audio: give its agent a vad and an stt, or use send_text"
SPOKE = (ANSWER, NO_AUDIO_IN)
SIGPIPE = 141
ROOT_OBEYS = "setpriv --bounding-set=-dac_override" if os.getuid() == 0 else ""
"""Without this, root may write where nobody may."""
ANOTHER_USER = "setpriv --reuid={uid} --inh-caps=+dac_override --ambient-caps=+dac_override"
"""Root has no limit of processes; any other user that may read everything has."""


@dataclass(frozen=True, kw_only=True)
class Circumstance:
    """A line for ``bash``, run in a folder that ``prepare`` has filled; how it ends, and what it prints.

    ``said`` are the last lines of standard output, ``complained`` is in the last line of standard error, which has at most ``complaints``
    lines (a script's own traceback has more). ``crashes`` allows an actor to crash, which is told only where the machine refused something.
    """

    line: str
    code: int = 0
    said: tuple[str, ...] = ()
    complained: str = ""
    complaints: int = 0
    crashes: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Path], object] = lambda _folder: None


def written(name: str) -> Callable[[Path], object]:
    """The first script under another name."""

    def prepare(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SCRIPT, path)

    return prepare


def odd_file(folder: Path) -> None:
    """Written on Windows, in a folder of German words, and known by another name."""
    path = folder / "Zwei Wörter" / "echt.py"
    path.parent.mkdir()
    path.write_bytes(SCRIPT.read_bytes().replace(b"\n", b"\r\n"))
    (folder / "ein Verweis.py").symlink_to(path)


def archive(folder: Path) -> None:
    """An application in a file, with its functions in a module of it."""
    source = folder / "application"
    source.mkdir()
    shutil.copy(SCRIPT, source / "shop.py")
    (source / "__main__.py").write_text("import asyncio\nimport shop\nasyncio.run(shop.main())\n", "utf-8")
    zipapp.create_archive(source, folder / "application.pyz")


def read_only(folder: Path) -> None:
    """A folder that nobody may write to."""
    (folder / "locked").mkdir(mode=0o500)


def without_fuzz(folder: Path) -> None:
    """A library of the extra ``offline`` is not there."""
    (folder / "hidden").mkdir()
    (folder / "hidden" / "rapidfuzz.py").write_text("raise ImportError('not installed')\n", "utf-8")


LIBRARY_AGENT = """
from livekitex_agent import Agent, AgentMessage, WorkerOptions, phone_order_agent, sync

with sync.AgentSystem.start(WorkerOptions(preload=False, partitions=1)) as system:
    session = system.start_session(Agent.text(instructions="Take orders.", tools=phone_order_agent().tools))
    session.send_text("hello")
    print(session.wait_for(AgentMessage).text)
"""

RUN = f'{PYTHON} "{SCRIPT}"'
FIRST: Mapping[str, Circumstance] = {
    "all streams closed": Circumstance(line=f"{RUN} <&- >&- 2>&-"),
    "an archive, one processor, 256 files, C": Circumstance(
        line=f"ulimit -n 256; taskset -c 0 {PYTHON} application.pyz", said=SPOKE, variables={"LC_ALL": "C"}, prepare=archive
    ),
    "Windows lines, umlauts, a link, a busy starter": Circumstance(line=f'{PYTHON} "ein Verweis.py" busy', said=SPOKE, prepare=odd_file),
    "the twin in a running loop, -OO -B": Circumstance(line=f'{PYTHON} -OO -B "{SCRIPT}" sync', said=(BARE_ANSWER,)),
    "standard input": Circumstance(
        line=f'{PYTHON} - < "{SCRIPT}"', code=1, complained="InvalidAgentError: provider: Brain was typed at a prompt", complaints=99
    ),
    "a missing extra": Circumstance(
        line=f"{PYTHON} -c '{LIBRARY_AGENT}'",
        code=1,
        complained="MissingExtraError: the library rapidfuzz needs the extra 'offline': pip install 'livekitex-agent[offline]'",
        complaints=99,
        variables={"PYTHONPATH": "hidden"},
        prepare=without_fuzz,
    ),
    "a home that is read only": Circumstance(
        line=f"env -u XDG_STATE_HOME HOME=locked {ROOT_OBEYS} {RUN}",
        code=1,
        complained="Permission denied: set XDG_STATE_HOME or journal_dir to a folder that you may write to",
        complaints=99,
        prepare=read_only,
    ),
    "a folder that is read only": Circumstance(
        line=f"cd locked; {ROOT_OBEYS} {COMMAND} demo --text",
        code=2,
        complained="--out livekitex-demo.wav: Permission denied: name a file in a folder that you may write to",
        complaints=1,
        prepare=read_only,
    ),
    "demo | head -3, C": Circumstance(
        line=f"{COMMAND} demo --text | head -3; exit ${{PIPESTATUS[0]}}",
        code=SIGPIPE,
        said=("tree    |   |-- registry",),
        variables={"LC_ALL": "C"},
    ),
}
"""Those of the test, quick ones all of them."""


@contextmanager
def begun(folder: Path, circumstance: Circumstance, state: Path) -> Iterator[Program]:
    """The program, running; the journals of its calls lie below ``state``."""
    folder.mkdir(parents=True, exist_ok=True)
    circumstance.prepare(folder)
    variables = dict(circumstance.variables)
    if "PYTHONPATH" in variables:
        variables["PYTHONPATH"] = os.pathsep.join([str(folder / variables["PYTHONPATH"]), *filter(None, sys.path)])
    line = f'export XDG_STATE_HOME="{state}"; {circumstance.line}'
    with Program(folder, ["bash", "-c", line], environment=variables) as program, ExitStack() as stack:
        for path in folder.glob("locked"):
            stack.callback(path.chmod, 0o700)
        yield program


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What came of one: its exit code, the last thing that it printed anywhere, what is left of it, and what is not as it should be."""

    code: int
    last: str
    left: Leftovers
    problems: tuple[str, ...]


def ended(circumstance: Circumstance, program: Program) -> Ended:
    """Wait until the program has ended by itself, and look."""
    said, code, left = program.rest(), program.wait(), program.left()
    last = program.exit_message() if code else ""
    found = Ended(code=code, last=(last or (said or [""])[-1]).strip(), left=left, problems=())
    return replace(found, problems=tuple(_problems(circumstance, found, said, program)))


def _problems(circumstance: Circumstance, found: Ended, said: list[str], program: Program) -> Iterator[str]:
    if found.code != circumstance.code:
        yield f"exit code {found.code}"
    last = said[len(said) - len(circumstance.said) :]
    if len(last) != len(circumstance.said) or not all(wanted in line for line, wanted in zip(last, circumstance.said, strict=True)):
        yield f"it said {said[-2:]}"
    complaints = program.complaints().splitlines()
    if circumstance.complained not in program.exit_message() or len(complaints) > circumstance.complaints:
        yield f"it complained: {complaints[-3:]}"
    if "actor crashed" in program.complaints() and not circumstance.crashes:
        yield "a crash is told of"
    if found.left:
        yield str(found.left)

"""Examine a program: read its files, and have it loaded in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from livekitex_agent.check.agents import agents_lost
from livekitex_agent.check.effects import effects_repeated
from livekitex_agent.check.findings import Finding, Kind
from livekitex_agent.check.loops import blocks, on_the_programs_loop
from livekitex_agent.check.source import Source, read_program
from livekitex_agent.console.program_file import ProgramFile

LIMIT_S: Final = 120.0
"""A program that is not imported and set up by then is told to hang."""
STDERR: Final = 2
"""Where what the program prints goes, so that it is no part of the report."""
MOST_BYTES: Final = 1 << 16
"""Of what the process tells: what a pipe holds."""


def examine(file: ProgramFile) -> list[Finding]:
    """What of the program will not survive the death of its call's process, and what waits with a block; in the order of its lines.

    Blocks as long as its import and its setup do, at most `LIMIT_S`. Its code runs in a process of its own, which is ended afterwards.
    """
    sources = read_program(Path(file.path))
    read = [finding for source in sources for judge in JUDGES for finding in judge(source)]
    return sorted({*read, *_loaded(file, sources)})


JUDGES: Final = (agents_lost, effects_repeated, on_the_programs_loop, blocks)


def _loaded(file: ProgramFile, sources: Sequence[Source]) -> Iterator[Finding]:
    data = {cls: (source.path, line) for source in sources for line, cls in source.user_data()}
    told = prepare(file, [cls for cls, (path, _) in data.items() if path == file.path])
    if told["failure"]:
        yield Finding(
            path=file.path,
            line=0,
            kind=Kind.PROGRAM,
            found=f"it cannot be loaded: {told['failure']}",
            cure="mend it: each call imports it, and so does each rerun",
        )
    for left in told["left"]:
        yield Finding(
            path=file.path,
            line=_setup_line(sources),
            kind=Kind.SETUP,
            found=f"its setup leaves a {left}, which no fork may share: setup is done again in each call's process",
            cure="make it in the entrypoint, and only load what is read in setup_fnc",
        )
    for cls, fields in told["fields"].items():
        for field, type_name in fields:
            yield Finding(
                path=data[cls][0],
                line=data[cls][1],
                kind=Kind.USER_DATA,
                found=f"{field} is {type_name}, which cannot be written: after a death it is what the rerun makes",
                cure="let the entrypoint make it, and keep in user data only what it is made of",
            )


def prepare(file: ProgramFile, classes: Sequence[str] = ()) -> dict[str, Any]:
    """Import the program and set it up, in a process of its own: its ``failure`` (empty: none), what is ``left`` and ``fields``.

    ``classes`` of its user data are looked at: of each, the fields that cannot be written, by the class. Blocks at most `LIMIT_S`.
    """
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe:
        try:
            command = [sys.executable, "-m", "livekitex_agent.check.loaded", file.path, file.holds, file.name, str(writing), *classes]
            done = subprocess.run(command, pass_fds=(writing,), stdin=subprocess.DEVNULL, stdout=STDERR, timeout=LIMIT_S, check=False)
            problem = f"its process has ended with {done.returncode}"
        except subprocess.TimeoutExpired:
            problem = f"its import and setup take longer than {LIMIT_S:.0f} s"
        finally:
            os.close(writing)
        data = pipe.read(MOST_BYTES)
    told: dict[str, Any] = json.loads(data) if data else {"failure": problem, "left": [], "fields": {}}
    return told


def _setup_line(sources: Sequence[Source]) -> int:
    """Where the setup function is defined, as far as its usual names tell."""
    names = ("setup", "prewarm", "setup_fnc", "prewarm_fnc")
    return next((source.functions[name].lineno for source in sources for name in names if name in source.functions), 0)

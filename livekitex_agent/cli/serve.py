"""``livekitex dev`` and ``livekitex start``: prepare a program as for serving, and say that jobs from a LiveKit server do not come yet."""

from pathlib import Path
from typing import Annotated, Final

import typer

from livekitex_agent.cli.streams import tell_failure
from protocols import ConfigurationError, UsageError

OPEN_ENDED: Final = {"allow_extra_args": True, "ignore_unknown_options": True}
"""LiveKit's options of these commands (url, keys, levels) are about what is not there yet: they are taken, and change nothing."""

NO_ROOMS: Final = "this version takes no jobs from a LiveKit server, the next one does. Until then talk to the program: livekitex console"

File = Annotated[Path | None, typer.Argument(metavar="FILE", help="The program; agent.py if none is named.")]


def dev(file: File = None) -> None:
    """Import the program and set it up, then say that this version serves no rooms yet, and exit with 1."""
    _serve("dev", file)


def start(file: File = None) -> None:
    """Import the program and set it up, then say that this version serves no rooms yet, and exit with 1."""
    _serve("start", file)


def _serve(command: str, file: Path | None) -> None:
    from livekitex_agent.check import prepare
    from livekitex_agent.console.program_file import find_program

    try:
        program = find_program(file)
    except ConfigurationError as failure:
        tell_failure(command, failure)
        raise typer.Exit(2) from failure
    told = prepare(program)
    if told["failure"]:
        tell_failure(command, UsageError(f"the program cannot be loaded: {told['failure']}"))
        raise typer.Exit(1)
    typer.echo(f"{program.path} is imported and set up{f', it is {program.name!r}' if program.name else ''}.")
    tell_failure(command, UsageError(f"{NO_ROOMS} {program.path}"))
    raise typer.Exit(1)

"""``livekitex init``: a small project that runs at once, offline."""

from pathlib import Path
from typing import Annotated

import typer

from livekitex_agent.cli.streams import tell_failure
from protocols import ConfigurationError, printable


def init(name: Annotated[str, typer.Argument(metavar="NAME", help="Of the project, and of the folder that is made for it here.")]) -> None:
    """Write a small project, which runs at once and offline: an agent, its test, what to read. Nothing is ever overwritten."""
    from livekitex_agent.cli.new_project import write_project

    try:
        folder = write_project(name, Path.cwd())
    except ConfigurationError as failure:
        tell_failure("init", failure)
        raise typer.Exit(2) from failure
    typer.echo(f"{printable(str(folder))} is there. Talk to it:\n\n    cd {name} && livekitex console --text\n")

"""The command line, for a terminal as wide as it is."""

import shutil
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from livekitex_agent.cli.calls import app as calls
from livekitex_agent.cli.check import check
from livekitex_agent.cli.console import console
from livekitex_agent.cli.demo import demo
from livekitex_agent.cli.doctor import doctor
from livekitex_agent.cli.download_files import download_files
from livekitex_agent.cli.init import init
from livekitex_agent.cli.serve import OPEN_ENDED, dev, start
from livekitex_agent.cli.streams import prepare_streams, run_to_its_end
from livekitex_agent.import_guard import DISTRIBUTION
from protocols import environment

TABLES_FROM: Final = 80
"""Help is laid out in tables from this width on; below, they would cut off the options' names."""
WIDEST: Final = 120
NARROWEST: Final = 20
OF_SCRIPTS: Final = ("console", "dev", "start", "check")
"""The commands of a program's own script: the file that each takes is that script."""


def run_command(*, of_script: Path | None = None) -> None:
    """Run the command line, or, ``of_script``, that of a program's own script, which takes no FILE.

    Raises:
        SystemExit: always, see `livekitex_agent.cli.main`.
    """
    output = prepare_streams(environment())
    columns = shutil.get_terminal_size().columns
    if of_script is None:
        run_to_its_end(make_app(columns), output)
        return
    arguments = sys.argv[1:]
    if arguments and arguments[0] in OF_SCRIPTS:
        arguments[1:1] = [str(of_script)]
    app = make_app(columns, of_script=True)
    run_to_its_end(lambda: app(args=arguments, prog_name=of_script.name), output)


def make_app(columns: int, *, of_script: bool = False) -> typer.Typer:
    """The command line, for a terminal that is so wide; ``of_script`` it has only what a program's own script does."""
    app = typer.Typer(
        name="livekitex",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich" if columns >= TABLES_FROM else None,
        context_settings={"terminal_width": max(NARROWEST, min(columns, WIDEST))},
    )
    app.callback()(livekitex)
    app.command(short_help="Talk to the agent in the terminal.")(console)
    app.command(short_help="Serve LiveKit's rooms: not in this version.", context_settings=OPEN_ENDED)(dev)
    app.command(short_help="Serve LiveKit's rooms: not in this version.", context_settings=OPEN_ENDED)(start)
    app.command(short_help="Say what of a program a death would cost.")(check)
    if of_script:
        app.command(short_help="Have plugins load their files.")(download_files)
        return app
    app.command(short_help="Write a small project.")(init)
    app.command(short_help="Show a call that survives its process.")(demo)
    app.command(short_help="Say what this machine can do.")(doctor)
    app.add_typer(calls, name="calls")
    return app


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer's callback
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(version(DISTRIBUTION))
        except PackageNotFoundError:
            typer.echo("unknown: run from a checkout that is not installed")
        raise typer.Exit


def livekitex(
    *,
    show_version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """Voice agents in which every call is a supervised process that comes back with its conversation."""
    del show_version

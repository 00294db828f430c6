"""The command ``livekitex``."""

import shutil
from typing import Annotated, Final

import typer

from livekitex_agent.cli.calls import app as calls
from livekitex_agent.cli.check import check
from livekitex_agent.cli.console import console
from livekitex_agent.cli.demo import demo
from livekitex_agent.cli.doctor import doctor
from livekitex_agent.cli.init import init
from livekitex_agent.cli.streams import prepare_streams, run_to_its_end
from livekitex_agent.import_guard import DISTRIBUTION
from protocols import environment

TABLES_FROM: Final = 80
"""Help is laid out in tables from this width on; below, they would cut off the options' names."""
WIDEST: Final = 120
NARROWEST: Final = 20


def main() -> None:
    """Run the command line.

    Raises:
        SystemExit: always, with the exit code: 0, 1 when it could not be done, 2 for a mistake on the command line, 141 when whoever
            read the output has gone.
    """
    output = prepare_streams(environment())
    run_to_its_end(make_app(shutil.get_terminal_size().columns), output)


def make_app(columns: int) -> typer.Typer:
    """The command line, for a terminal that is so wide."""
    app = typer.Typer(
        name="livekitex",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich" if columns >= TABLES_FROM else None,
        context_settings={"terminal_width": max(NARROWEST, min(columns, WIDEST))},
    )
    app.callback()(livekitex)
    app.command(short_help="Talk to an agent in the terminal.")(console)
    app.command(short_help="Write a small project.")(init)
    app.command(short_help="Say what of a program a death would cost.")(check)
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

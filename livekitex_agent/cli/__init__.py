"""The command ``livekitex``."""

from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from livekitex_agent.cli.demo import demo
from livekitex_agent.import_guard import DISTRIBUTION

app = typer.Typer(name="livekitex", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command()(demo)


def main() -> None:
    """Run the command line."""
    app()


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer's callback
    if wanted:
        try:
            typer.echo(version(DISTRIBUTION))
        except PackageNotFoundError:
            typer.echo("unknown: run from a checkout that is not installed")
        raise typer.Exit


@app.callback()
def livekitex(
    *,
    show_version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """Voice agents in which every call is a supervised process that comes back with its conversation."""
    del show_version

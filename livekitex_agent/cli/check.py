"""``livekitex check``: what of a program will not survive the death of its call's process."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from livekitex_agent.cli.streams import tell_failure
from protocols import ConfigurationError


def check(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="The program; agent.py if none is named.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Say what of FILE will not survive a death: agents, fields of user data, effects, setup. Exit with 1 if something will not."""
    from livekitex_agent.check import STYLES, examine, lines, to_json
    from livekitex_agent.console.program_file import find_program

    try:
        findings = examine(find_program(file))
    except ConfigurationError as failure:
        tell_failure("check", failure)
        raise typer.Exit(2) from failure
    lost = sum(finding.is_lost for finding in findings)
    console = Console(highlight=False)
    if as_json:
        console.out(to_json(findings), highlight=False)
    else:
        for finding in findings:
            for begin, rest in lines(finding):
                console.print(Text.assemble((begin, STYLES[finding.is_lost]), rest), soft_wrap=True)
        console.print(Text(f"{lost} of it will not survive a death." if lost else "All that is known of it survives a death."))
    raise typer.Exit(1 if lost else 0)

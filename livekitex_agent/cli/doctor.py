"""``livekitex doctor``: what this machine can do, and how to get what it cannot."""

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from livekitex_agent.cli.streams import tell_failure
from livekitex_agent.options import SystemOptions
from protocols import SystemClock, UsageError, environment

DEFAULTS: Final = SystemOptions()


def doctor(
    *,
    max_jobs: Annotated[int, typer.Option(metavar="N", help="The calls at a time that are wanted.")] = DEFAULTS.max_jobs,
    health_port: Annotated[int, typer.Option(metavar="PORT", help="The port that is wanted, 0 for any.")] = DEFAULTS.health_port,
    journal_dir: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Where journals shall lie, if not in the usual place.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Try what systems and the demo need of this machine; exit with 1 if one of them cannot run."""
    from livekitex_agent.doctor import DEMO, START, STYLES, Terminal, can_run, conclusion, examine, lines, to_json

    console = Console(highlight=False)
    colours = console.color_system is not None and not console.no_color
    terminal = Terminal(is_terminal=console.is_terminal, width=console.width, colours=colours, encoding=console.encoding)
    width = console.width if console.is_terminal or environment().get("COLUMNS") else None
    findings = []
    try:
        for finding in examine(SystemOptions(max_jobs=max_jobs, health_port=health_port, journal_dir=journal_dir), terminal, SystemClock()):
            findings.append(finding)
            if not as_json:
                for verdict, rest in lines(finding, width):
                    console.print(Text.assemble((verdict, STYLES[finding.verdict]), rest), soft_wrap=True)
    except UsageError as failure:
        tell_failure("doctor", failure)
        raise typer.Exit(2) from failure
    if as_json:
        console.out(to_json(findings), highlight=False)
    else:
        console.print(Text(f"\n{conclusion(findings)}"), soft_wrap=width is None)
    raise typer.Exit(0 if can_run(findings, START) and can_run(findings, DEMO) else 1)

"""``livekitex demo``: a spoken phone order, offline, whose process is killed in the middle of it."""

import asyncio
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from livekitex_agent.cli.streams import require_writable, tell_failure
from livekitex_agent.console.killer import KillAt
from protocols import ConfigurationError, LivekitexError, UsageError

if TYPE_CHECKING:
    from livekitex_agent.demo.outcome import Outcome

FIRST_KILL_LINE = 4
"""By then the first product has been ordered, and the process that heard it is the one that dies."""


def demo(
    *,
    wav: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="What the caller says: a recording a line.")] = None,
    text: Annotated[bool, typer.Option("--text", help="The caller writes his lines.")] = False,
    kill_at: Annotated[KillAt, typer.Option(metavar="STATE", help=f"When to kill: {', '.join(KillAt)}.")] = KillAt.SPEAKING,
    kills: Annotated[int, typer.Option(metavar="N", min=0, max=5, help="How often, 0 to 5.")] = 1,
    journal: Annotated[bool, typer.Option(help="Without a journal nothing comes back, and the demo fails.")] = True,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The recording: caller left, agent right.")] = Path("livekitex-demo.wav"),
) -> None:
    """Run a spoken phone order, kill its process in the middle, and see the caller get his order all the same."""
    console = Console()
    try:
        require_writable(out)
        outcome = asyncio.run(_run(console, wav or [], text=text, kill_at=kill_at, kills=kills, journal=journal, out=out))
    except LivekitexError as failure:
        tell_failure("demo", failure)
        raise typer.Exit(2 if isinstance(failure, UsageError) else 1) from failure
    from livekitex_agent.demo.outcome import problems
    from livekitex_agent.demo.phone_order import EXPECTED_ORDER

    wrong = problems(outcome, None if wav else EXPECTED_ORDER, kills)
    _report(console, outcome, wrong)
    raise typer.Exit(1 if wrong else 0)


async def _run(console: Console, wav: list[Path], *, text: bool, kill_at: KillAt, kills: int, journal: bool, out: Path) -> "Outcome":
    if text and wav:
        raise ConfigurationError("--text and --wav exclude each other: drop one")
    if text and kills and kill_at is KillAt.LISTENING:
        raise ConfigurationError("--kill-at listening needs a caller who speaks: drop --text")
    from livekitex_agent.console.utterances import read_files
    from livekitex_agent.demo.phone_order import CALLER_LINES
    from livekitex_agent.demo.run import Script, run_call
    from livekitex_agent.demo.screen import open_screen
    from livekitex_agent.demo.voice import speak_lines
    from livekitex_agent.options import SystemOptions

    spoken = read_files(wav) if wav else [] if text else await speak_lines(CALLER_LINES)
    lines = [utterance.label for utterance in spoken] if wav else list(CALLER_LINES)
    script = Script(lines=lines, spoken=spoken, kill_at=kill_at, kills=kills, first_kill_line=min(FIRST_KILL_LINE, max(2, len(lines) - 2)))
    with open_screen(console) as screen:
        return await run_call(script, SystemOptions(partitions=1, journal=journal, log_level="error"), screen, out)


def _report(console: Console, outcome: "Outcome", wrong: list[str]) -> None:
    order = outcome.order
    where = f"to {order.address or 'nowhere'}, phone {order.phone or 'none'}"
    console.out(f"order      {order}, {order.total:.2f} dollars, {where}", highlight=False)
    for kill in outcome.kills:
        back = "never came back" if kill.back_s is None else f"conversation restored after {kill.back_s * 1000:.0f} ms"
        heard = "" if kill.heard_s is None else f", agent heard again after {kill.heard_s * 1000:.0f} ms"
        console.out(f"recovery   process {kill.os_pid} killed at {kill.at_s:.2f} s: {back}{heard}", highlight=False)
    if outcome.latencies_ms:
        median, worst = statistics.median(outcome.latencies_ms), max(outcome.latencies_ms)
        console.out(f"latency    {len(outcome.latencies_ms)} replies, median {median:.0f} ms, worst {worst:.0f} ms", highlight=False)
    for problem in wrong:
        console.out(f"FAILED     {problem}", highlight=False)
    if not wrong:
        console.out("PASSED     the order is complete, and what was said before the kill is in it", highlight=False)

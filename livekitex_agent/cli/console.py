"""``livekitex console``: talk to an agent in the terminal, and kill its process meanwhile."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console

from livekitex_agent.cli.streams import require_writable, tell_failure
from livekitex_agent.console.killer import KillAt
from protocols import ConfigurationError, LivekitexError, SystemClock, UsageError

if TYPE_CHECKING:
    from livekitex_agent.console.program_file import ProgramFile
    from livekitex_agent.console.run import Talk
    from livekitex_agent.console.start_call import CallChoices
    from livekitex_agent.options import SystemOptions

OUT: Final = Path("livekitex-console.wav")


def console(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="The program; agent.py if none is named.")] = None,
    *,
    text: Annotated[bool, typer.Option("--text", help="Write to it; by a pipe each line is said when it is quiet.")] = False,
    wav: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="Play it recordings, one after the other, and hang up.")] = None,
    kill_at: Annotated[KillAt | None, typer.Option(metavar="STATE", help=f"Kill the process while {', '.join(KillAt)}.")] = None,
    kills: Annotated[int, typer.Option(metavar="N", min=1, max=5, help="How often, 1 to 5.")] = 1,
    record: Annotated[bool, typer.Option("--record", help="Record both voices.")] = False,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The recording: caller left, agent right.")] = OUT,
    llm: Annotated[str | None, typer.Option(metavar="NAME", help="Another model than the program's: openai:MODEL.")] = None,
    stt: Annotated[str | None, typer.Option(metavar="NAME", help="Another recogniser.")] = None,
    tts: Annotated[str | None, typer.Option(metavar="NAME", help="Another voice.")] = None,
    base_url: Annotated[str, typer.Option(metavar="URL", help="Where those are, if not at OpenAI.")] = "",
    input_device: Annotated[str | None, typer.Option(metavar="DEVICE", help="The microphone, by number or name.")] = None,
    output_device: Annotated[str | None, typer.Option(metavar="DEVICE", help="The loudspeaker, by number or name.")] = None,
    list_devices: Annotated[bool, typer.Option("--list-devices", help="List microphones and loudspeakers.")] = False,
) -> None:
    """Talk to the agent of FILE, by microphone and loudspeaker or by text. A key kills its process, and it comes back."""
    from livekitex_agent.console.program_file import find_program
    from livekitex_agent.console.run import Talk
    from livekitex_agent.console.sound_devices import SoundDevices
    from livekitex_agent.console.sound_devices import list_devices as devices_here
    from livekitex_agent.console.start_call import CallChoices
    from livekitex_agent.console.utterances import read_files
    from livekitex_agent.options import SystemOptions

    try:
        if list_devices:
            typer.echo(devices_here())
            raise typer.Exit
        _require_sense(text=text, wav=wav, kill_at=kill_at, record=record)
        program = find_program(file)
        named = {"llm": llm, "stt": stt, "tts": tts}
        choices = CallChoices(by_text=text, providers={kind: name for kind, name in named.items() if name}, base_url=base_url)
        if record:
            require_writable(out)
        talk = Talk(
            by_text=text,
            spoken=read_files(wav or []),
            devices=None if text or wav else SoundDevices(_device(input_device), _device(output_device)),
            interactive=sys.stdin.isatty() and not wav,
            kill_at=kill_at,
            kills=kills,
            record=out if record else None,
        )
        options = SystemOptions(partitions=1, preload=not text, log_level="error")
        problems = asyncio.run(_run(Console(), program, choices, talk, options))
    except LivekitexError as failure:
        tell_failure("console", failure)
        raise typer.Exit(2 if isinstance(failure, UsageError) else 1) from failure
    for problem in problems:
        tell_failure("console", UsageError(problem))
    raise typer.Exit(1 if problems else 0)


async def _run(terminal: Console, program: "ProgramFile", choices: "CallChoices", talk: "Talk", options: "SystemOptions") -> list[str]:
    from livekitex_agent.console.run import ConsoleCall
    from livekitex_agent.console.screen import open_screen
    from livekitex_agent.console.start_call import start_call
    from livekitex_agent.system import AgentSystem

    with terminal.status("starting the system") if talk.interactive else open_screen(terminal, interactive=False):
        system = await AgentSystem.start(options)
    try:
        with open_screen(terminal, interactive=talk.interactive) as screen:
            return await ConsoleCall(await start_call(system, program, choices), talk, screen, SystemClock()).run()
    finally:
        await system.stop()


def _require_sense(*, text: bool, wav: list[Path] | None, kill_at: KillAt | None, record: bool) -> None:
    if text and wav:
        raise ConfigurationError("--text and --wav exclude each other: drop one")
    if text and kill_at is KillAt.LISTENING:
        raise ConfigurationError("--kill-at listening needs a caller who speaks: drop --text")
    if text and record:
        raise ConfigurationError("--record records voices: drop --text")


def _device(name: str | None) -> int | str | None:
    return int(name) if name is not None and name.isdecimal() else name

"""An agent for `command_fire` that brings its own deaths: some texts abort a tool, leave a program behind, or kill the model once."""

import os
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from livekitex_agent import Agent, RunContext
from protocols import LLM, ChatContext, ChatOptions, LLMEvent, ProviderRef, Role, ToolSchema
from support.command_fire import Echo, append, note

TEXTS: Final = 20
"""After so many the words begin anew."""
WORDS: Final = {0: "note", 5: "note", 7: "abort", 10: "note", 13: "fall", 15: "note", 17: "start"}
LONG_S: Final = 3_600


async def abort(number: int, path: str) -> str:
    """Write a line into a file, and abort the process."""
    append(path, number)
    os.abort()


async def start(number: int, path: str, context: RunContext) -> str:
    """As `note`, and leave a program behind."""
    subprocess.Popen(["sleep", str(LONG_S)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)  # noqa: ASYNC220 - as users do
    return await note(number, path, context)


class MortalEcho(Echo):
    """As `Echo`; asked ``fall 13`` for the first time it dies."""

    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        what, number = next(message.text for message in reversed(context.messages) if message.role is Role.USER).split()
        if what == "fall":
            _fall_once(Path(f"{self.path}.{number}"))
        async for delta in super().chat(context, tools, options):
            yield delta


def _fall_once(fallen: Path) -> None:
    if not fallen.exists():
        fallen.touch()
        os.kill(os.getpid(), signal.SIGSEGV)


def mortal_echo(options: Mapping[str, Any]) -> LLM:
    """The factory."""
    return MortalEcho(options["path"])


def mortal_agent(notes: Path) -> Agent:
    """The agent whose tools write into ``notes``."""
    llm = ProviderRef(factory="support.mortal_echo:mortal_echo", options={"path": str(notes)})
    return Agent.text(instructions="Answer.", tools=[note, abort, start], llm=llm)


def mortal_word(number: int) -> str:
    """Before the text of this number: what it does."""
    return WORDS.get(number % TEXTS, "text")

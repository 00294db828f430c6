"""An AgentSession that writes down when it reaches each stage of its start, and when its process was forked.

The clock is the machine's own (CLOCK_MONOTONIC), which all of its processes share. Stamps go to the file that `STAMPS` names, a line each.
"""

import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from actors.agent_session import AgentSession
from actors.agent_session.conversation import Conversation
from actors.agent_session.core import Effect, Think
from actors.agent_session.journal_writer import Opening
from livekitex_agent import WorkerOptions
from protocols import Message, Ref, SendText
from support.echo_tree import children, echo_root

TIMED_SESSION: Final = "support.timed_session:TimedSession"
STAMPS: Final = "LIVEKITEX_STAMPS"
STAGES: Final = (
    ("forking", "the supervisor has noticed, cleaned up, and forks"),
    ("forked", "the fork"),
    ("starting", "the process sets itself up: descriptors, links, actor"),
    ("opened", "the journal is claimed and read"),
    ("live", "the conversation is restored, the engine runs"),
    ("asked", "the command arrives again"),
    ("thinking", "it is in the journal, and the model is asked"),
)
"""What a line may say, and what was done in the time before it."""


def timed_root(options: WorkerOptions) -> dict[str, Any]:
    """The whole tree with such sessions."""
    root = echo_root(options, TIMED_SESSION)
    _, jobs = children(root)
    jobs["args"]["preload"] += ["support.timed_session:preload"]
    return root


def preload() -> None:
    """Nothing but to import this module before the first fork."""


def stamp(stage: str) -> None:
    """Note that a stage is reached now."""
    if path := os.environ.get(STAMPS):
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, f"{stage} {time.monotonic()}\n".encode("ascii"))
        os.close(descriptor)


os.register_at_fork(before=lambda: stamp("forking"), after_in_child=lambda: stamp("forked"))


class _TimedConversation(Conversation):
    """See the module."""

    def serve(self, message: Message, sender: Ref | None, reply: Callable[[Message], None]) -> bool:
        if isinstance(message, SendText):
            stamp("asked")
        return super().serve(message, sender, reply)

    def _perform(self, effects: tuple[Effect, ...]) -> None:
        if any(isinstance(effect, Think) for effect in effects):
            stamp("thinking")
        super()._perform(effects)


class TimedSession(AgentSession):
    """See the module."""

    conversation_class = _TimedConversation

    def on_start(self, args: Mapping[str, Any]) -> None:
        stamp("starting")
        super().on_start(args)

    def _opened(self, opening: Opening) -> None:
        stamp("opened")
        super()._opened(opening)

    def _go_live(self) -> None:
        super()._go_live()
        if self._early is None:
            stamp("live")

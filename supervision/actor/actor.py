"""The base of every actor. It knows no runtime: the same class runs in a simulation and in a process of its own."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from protocols import ExitReason, Message
from supervision.actor.children import ChildEvent
from supervision.actor.context import Context


class Ignore(Exception):  # noqa: N818 - OTP's word, an outcome and no error
    """Raised by `Actor.on_start`: this actor is not wanted now (OTP's ``:ignore``)."""


class StopStart(Exception):  # noqa: N818 - OTP's word
    """Raised by `Actor.on_start`: the start failed for ``reason`` (OTP's ``{stop, Reason}``)."""

    def __init__(self, reason: ExitReason) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Actor:
    """One actor. Its callbacks run one at a time, in the order of its mailbox, and never block for long.

    An exception that leaves a callback ends the actor with that reason: nothing is run again, its supervisor decides.
    Subclasses are given their `Context` before `on_start`; a restart makes a new object, so no state survives by accident.
    """

    trap_exit: ClassVar[bool] = False
    """Whether the actor is told of exit signals (`on_shutdown`, `on_exit_signal`, `terminate`) instead of dying of them at once."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def on_start(self, args: Mapping[str, Any]) -> None:
        """Take up the work; the supervisor waits until this returns (or for longer, see `Context.defer_start`).

        Raises:
            Ignore: the actor is not wanted now.
            StopStart: the start failed for a known reason. Any other exception fails it too.
        """

    def on_message(self, message: Message) -> None:
        """Handle the next message of the mailbox; ``self.context.sender`` is who sent it. The default drops it."""

    def on_shutdown(self, reason: ExitReason) -> None:
        """The parent asks to end (only with `trap_exit`). Call `Context.exit` now or later; after its shutdown time the parent kills."""
        self.context.exit(reason)

    def on_exit_signal(self, reason: ExitReason) -> None:
        """An exit signal from somebody else than the parent (only with `trap_exit`). The default ignores it."""

    def on_child(self, event: ChildEvent) -> None:
        """A process that this actor spawned has started, failed to, or ended. Only supervisors spawn."""

    def on_registry_changed(self) -> None:
        """`Context.registry` is another one now."""

    def on_ping(self, answer: Callable[[], None]) -> None:
        """A heartbeat probe. The default answers at once; an actor with an event loop sends ``answer`` through there to `Context.post`."""
        answer()

    def terminate(self, reason: ExitReason) -> None:
        """The last callback: release what outlives the process. Runs after an orderly end and after an exception, never after a kill.

        As in OTP, an exit signal skips it without `trap_exit`, so does a start that failed, and an exception here is the reason of the end.
        """

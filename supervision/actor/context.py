"""What an actor can do: its whole view of the world."""

from collections.abc import Callable
from typing import Final, Protocol

from protocols import Clock, Entropy, ExitReason, Message, Ref
from supervision.actor.children import ActorStart

Cancel = Callable[[], None]
"""Cancels a timer; calling it again, or after the timer fired, does nothing."""


class Context(Protocol):
    """The capabilities of one actor. Everything is called from its callbacks, except `post`. Nothing here blocks."""

    @property
    def self_ref(self) -> Ref:
        """This incarnation of this actor."""
        ...

    @property
    def parent(self) -> Ref | None:
        """Who started it."""
        ...

    @property
    def registry(self) -> Ref | None:
        """The registry as last heard of; None before the first is up."""
        ...

    @property
    def sender(self) -> Ref | None:
        """Who sent the message that is handled now."""
        ...

    @property
    def clock(self) -> Clock:
        """The time of this runtime (virtual in a simulation)."""
        ...

    @property
    def entropy(self) -> Entropy:
        """The randomness of this runtime (seeded in a simulation)."""
        ...

    @property
    def memory(self) -> memoryview | None:
        """The shared memory that the supervisor keeps for this child through its incarnations."""
        ...

    @property
    def last_exit(self) -> str:
        """Why the incarnation before this one ended, as its supervisor saw it: an `ExitReason` as text; empty for the first."""
        ...

    def defer_start(self) -> Callable[[], None]:
        """In `Actor.on_start`: the start is not over when that returns, but when the function given here is called in a later turn.

        Until then whoever started it waits, while messages, child events and timers come already. Whatever ends the actor meanwhile
        (`Ignore`, `StopStart`, any exception, `exit`) is the outcome of its start, and `Actor.terminate` does not run.

        Raises:
            UsageError: the start is over.
        """
        ...

    def acknowledge_start(self) -> None:
        """Have the supervisor go on while a deferred start does (OTP's ``init_ack``): what takes long must not hold up siblings.

        Told after the present callback, once; nothing happens when the start is over. How the start ends is told as without it, except that
        `Ignore` comes too late and is a failure.
        """
        ...

    def send(self, to: Ref, message: Message, *, deadline_s: float | None = None) -> None:
        """Send, without an answer. Lost silently if ``to`` is dead. ``deadline_s``: dropped if it is handled later than that.

        Raises (as everything that sends):
            MessageTooLargeError: send it in parts.
            UsageError: a free-form field holds what msgpack cannot carry.
        """
        ...

    def reply(self, message: Message) -> None:
        """Answer the message that is handled now; nothing happens if it has no sender."""
        ...

    def replier(self) -> Callable[[Message], None]:
        """A function that answers the message that is handled now, to be called later (once)."""
        ...

    def ask(self, to: Ref, message: Message, *, timeout_s: float, then: Callable[[Message | None], None]) -> None:
        """Send a request; ``then`` is called once, in a turn of its own, with the answer, or with None after ``timeout_s``.

        The recipient drops a request that it would handle later than that; an answer that comes later is dropped here. At most
        `MAX_OPEN_REQUESTS` wait: beyond it the oldest is answered with None.
        """
        ...

    def ask_repeatedly(self, to: Ref, message: Message, *, timeout_s: float, then: Callable[[Message | None], None]) -> Cancel:
        """As `ask`, sent again with growing pauses until it is answered; the function given here gives it up, and ``then`` is not called.

        However many copies come, the recipient handles one, and its answer is this one's (see `supervision.actor.requests`).
        """
        ...

    def ask_name(self, name: str, message: Message, *, timeout_s: float, then: Callable[[Message | None], None]) -> None:
        """`ask` whoever has ``name`` in the registry; ``then(None)`` also when nobody has it."""
        ...

    def send_name(self, name: str, message: Message) -> None:
        """`send` to whoever has ``name`` in the registry; lost silently when nobody has it."""
        ...

    def after(self, delay_s: float, callback: Callable[[], None]) -> Cancel:
        """Call back after ``delay_s`` seconds, as a turn of the mailbox."""
        ...

    def post(self, callback: Callable[[], None]) -> None:
        """From any thread of the actor's process: have ``callback`` run as a turn of the mailbox.

        At most `POST_LIMIT` wait; beyond that the calling thread blocks until there is room.
        """
        ...

    def exit(self, reason: ExitReason) -> None:
        """End after this callback returns; `Actor.terminate` runs first. The first reason counts, also against an exception.

        In `Actor.on_start`, and while the start is deferred, it is the reason why the start failed.
        """
        ...

    def spawn(self, start: ActorStart) -> Ref:
        """Start a child process; its fate comes as `Actor.on_child`. ``start.parent`` and ``start.registry`` are filled in.

        What is sent to the reference waits until the child's mailbox runs, and is lost if it never does.

        Raises:
            UsageError: this actor is confined (see `ActorStart`).
        """
        ...

    def signal_child(self, uid: str, reason: ExitReason) -> None:
        """Send an exit signal to a child, as its parent; nothing happens if it has ended."""
        ...

    def kill_child(self, uid: str, *, trace: bool = False) -> None:
        """Kill a child (untrappable): at once, or when it had a moment to leave a ``trace``; nothing happens if it has ended.

        A trace is where each of its threads was, on its standard error; a process that is stopped leaves none.
        """
        ...

    def child_progress(self, uid: str) -> int:
        """A number that has grown whenever the child's process ran, or waited for a processor, since it was last asked for.

        So one that only loads for long, or is kept waiting by a loaded machine, is told from one that hangs. 0 where it is not known.
        """
        ...

    def release_memory(self, memory_key: str) -> None:
        """Give up the shared memory kept under this key."""
        ...


POST_LIMIT: Final = 1024
"""Callbacks of one actor that wait after `Context.post`."""

MAX_OPEN_REQUESTS: Final = 1024
"""Requests of one actor that wait for an answer."""

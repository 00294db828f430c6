"""What a job's context asks of the call that it belongs to. The program's runner implements it; tests give another."""

from collections.abc import Callable
from typing import Any, Protocol


class JobPort(Protocol):
    """The call, from its program's loop. Nothing here blocks."""

    @property
    def incarnation(self) -> int:
        """Which run of the call's process this is; the first is 1."""
        ...

    def end_call(self, reason: str) -> None:
        """End the call: the shutdown callbacks run with ``reason``, then the process ends for good. Again it does nothing."""
        ...

    def connected(self, options: dict[str, Any]) -> None:
        """The program has asked for its room, with these options."""
        ...

    async def once(self, key: str, function: Callable[..., Any], args: tuple[Any, ...], *, idempotent: bool) -> Any:  # noqa: ANN401 - of the user's function
        """`JobContext.once`."""
        ...

    def primary_session(self) -> Any | None:  # noqa: ANN401 - an `AgentSession`
        """The first session that the program started; None before."""
        ...

"""What a tool knows of the call that it works for."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Generic

import structlog
from typing_extensions import TypeVar

from actors.tools.hand_off import SupportsHandOff, is_agent
from protocols import FunctionCall, InvalidToolError

CONTEXT_MARK: Final = "__livekitex_run_context__"
"""The attribute, true, of the classes whose annotation says that a parameter takes the call's context."""

_Data = TypeVar("_Data", default=Any)


@dataclass(kw_only=True)
class RunContext(Generic[_Data]):
    """The call, as one run of a tool sees it; a parameter annotated with this class is filled in and not shown to the model.

    ``user_data`` is the call's own data, changed in place; it holds what JSON holds, since it is written to the journal together with the
    tool's result and comes back after a restart. ``incarnation`` counts the incarnations of the call's session from 1. ``call`` is the
    model's call that it runs for, and ``speech_id`` names the reply that asked for it.

    What runs tools for a program may say more of the run: the model need not be asked for the result (``reply``), which is then not even
    told where it is to have no ``output``; it is that of a failure (``failed``); and the call's data is not that map, but what it has
    encoded itself (``user_data_json``).
    """

    __livekitex_run_context__: ClassVar[bool] = True

    user_data: dict[str, Any]
    call_id: str
    incarnation: int = 1
    call: FunctionCall | None = None
    speech_id: str = ""
    reply: bool = field(default=True, init=False)
    output: bool = field(default=True, init=False)
    failed: bool = field(default=False, init=False)
    user_data_json: str = field(default="", init=False)
    end_requested: str | None = field(default=None, init=False)
    next_agent: SupportsHandOff | None = field(default=None, init=False)

    def end_call(self, reason: str = "normal") -> None:
        """Ask that the call ends once the reply to this tool's result has been spoken; the first reason counts."""
        if self.end_requested is None:
            self.end_requested = reason

    def hand_off(self, agent: SupportsHandOff) -> None:
        """Hand the call to ``agent`` once the tools of this step have returned; the last one counts. A tool may return it instead.

        It goes on with the same conversation and user data, in the call's own voice: with its greeting, or else with its model.

        Raises:
            InvalidToolError: it is no agent.
        """
        if not is_agent(agent):
            raise InvalidToolError(f"hand_off({agent!r:.80}): give an Agent")
        self.next_agent = agent

    @property
    def log(self) -> structlog.typing.FilteringBoundLogger:
        """A structured logger that carries the call's id."""
        logger: structlog.typing.FilteringBoundLogger = structlog.get_logger("livekitex.tool").bind(call_id=self.call_id)
        return logger

"""What tools of all kinds have in common, and what a tool may say to who runs it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import Any, Final, Literal, TypeAlias

CONFIRM_DUPLICATE_PARAM: Final = "lk_agents_confirm_duplicate"
"""The parameter by which a model confirms that a call, as one that runs, shall be made again (``on_duplicate="confirm"``)."""

DuplicateMode: TypeAlias = Literal["allow", "reject", "replace", "confirm"]
"""What becomes of a call while another one of the same tool runs."""
DuplicateScope: TypeAlias = Literal["name", "name_and_args"]
"""What the same call is: of the same tool, or also with the same arguments."""


class Tool(ABC):
    """Anything that a model may be told to be able to use."""

    @property
    @abstractmethod
    def id(self) -> str:
        """The name by which it is known."""


class ProviderTool(Tool):
    """A tool that the model's provider has and runs (a web search, for example); a provider that does not know it passes it over."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - LiveKit's name
        self._id = id

    @property
    def id(self) -> str:
        """The name that the provider gives it."""
        return self._id


class ToolFlag(Flag):
    """How a tool may be used."""

    NONE = 0
    IGNORE_ON_ENTER = auto()
    """Not in the replies that an agent makes as it enters."""
    CANCELLABLE = auto()
    """Its run may be cancelled by the model."""


class ToolError(Exception):
    """Raised by a tool: the model is told ``message``, and may do something about it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class StopResponse(Exception):  # noqa: N818 - LiveKit's name
    """Raised by a tool or a hook: nobody shall answer this."""


@dataclass
class ToolResult:
    """A tool's ``output``; without ``reply_required`` it stands in the history, and the model is not asked for a reply to it."""

    output: Any
    reply_required: bool = field(default=True, kw_only=True)

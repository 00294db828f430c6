"""The items of a chat context. `ChatItem` is their closed union.

Each has an ``id`` that no other item of the conversation has, and the time of its making, ``created_at`` (seconds since the epoch). An item
without (`""`, `0.0`) is given both when it enters a `ChatContext`.
"""

import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Final, Self

from protocols.chat_context.content import ChatContent, ImageContent, TextContent, content_of
from protocols.errors import UsageError

__all__ = ["CHAT_ITEMS", "AgentConfigUpdate", "AgentHandoff", "ChatItem", "ChatMessage", "FailedTurn", "FunctionCall"]
__all__ += ["MESSAGE_METRICS", "FunctionCallOutput", "Role", "Summary"]

MESSAGE_METRICS: Final = "livekitex.metrics"
"""Where the ``extra`` of a message has how long what took in it, and when somebody spoke, in LiveKit's names for it."""


class Role(StrEnum):
    """Who speaks in a message."""

    SYSTEM = "system"
    DEVELOPER = "developer"
    """Instructions as `SYSTEM`, under the name that OpenAI's reasoning models give them."""
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """What somebody said, or what the model is instructed.

    ``interrupted`` tells that the agent was stopped here: the content is what was heard of it. ``extra`` is plain data that providers
    and programs attach.

    Raises:
        UsageError: ``content`` is no tuple of content (text goes through `of`), or an image is not the user's.
    """

    TAG: ClassVar[str] = "chat.message"
    id: str = ""
    created_at: float = 0.0
    role: Role
    content: tuple[ChatContent, ...] = ()
    interrupted: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        content: object = self.content
        if not isinstance(content, tuple) or not all(isinstance(part, ChatContent) for part in content):
            raise UsageError(f"the content {self.content!r:.60} is no tuple of content: write ChatMessage.of(role, 'text')")
        if self.role is not Role.USER and any(isinstance(part, ImageContent) for part in self.content):
            raise UsageError(f"an image in a message of the role {self.role}: models take images in messages of the user only")

    @classmethod
    def of(cls, role: Role, *content: str | ChatContent, id: str = "", created_at: float = 0.0) -> Self:  # noqa: A002 - the field's name
        """A message of these parts, each text or other content."""
        return cls(id=id, created_at=created_at, role=role, content=tuple(map(content_of, content)))

    @property
    def text(self) -> str:
        """Its texts and transcripts, a line each; empty if it has none."""
        said = (part for part in self.content if not isinstance(part, ImageContent))
        return "\n".join(filter(None, (part.text if isinstance(part, TextContent) else part.transcript for part in said)))

    @property
    def images(self) -> tuple[ImageContent, ...]:
        """Its images."""
        return tuple(part for part in self.content if isinstance(part, ImageContent))

    @property
    def instructs(self) -> bool:
        """Whether it instructs the model, rather than being said by somebody."""
        return self.role in (Role.SYSTEM, Role.DEVELOPER)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCall:
    """A model's wish to call a tool. ``arguments`` is JSON text, exactly as the model wrote it; ``call_id`` pairs it with its output."""

    TAG: ClassVar[str] = "chat.function_call"
    id: str = ""
    created_at: float = 0.0
    call_id: str
    name: str
    arguments: str
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCallOutput:
    """What came of the call ``call_id`` of the tool ``name``: ``output`` is what the model is told, ``is_error`` whether it failed."""

    TAG: ClassVar[str] = "chat.function_call_output"
    id: str = ""
    created_at: float = 0.0
    call_id: str
    name: str = ""
    output: str
    is_error: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentHandoff:
    """From here on the agent ``new_agent`` speaks, instead of ``old_agent`` (empty: nobody did). No model is told it."""

    TAG: ClassVar[str] = "chat.agent_handoff"
    id: str = ""
    created_at: float = 0.0
    old_agent: str = ""
    new_agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfigUpdate:
    """From here on the agent has other ``instructions`` (None: the same), and tools more and less. Models are told what holds, not this."""

    TAG: ClassVar[str] = "chat.agent_config_update"
    id: str = ""
    created_at: float = 0.0
    instructions: str | None = None
    tools_added: tuple[str, ...] = ()
    tools_removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What was said and done before, in few words: it stands for ``items`` items that are forgotten."""

    TAG: ClassVar[str] = "chat.summary"
    id: str = ""
    created_at: float = 0.0
    text: str
    items: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedTurn:
    """A turn that was given up: the caller's ``text``, and the ``tools`` that may have run in it. No model is told the text again."""

    TAG: ClassVar[str] = "chat.failed_turn"
    id: str = ""
    created_at: float = 0.0
    text: str
    tools: tuple[str, ...] = ()


ChatItem = ChatMessage | FunctionCall | FunctionCallOutput | AgentHandoff | AgentConfigUpdate | Summary | FailedTurn

CHAT_ITEMS: Final[tuple[type[ChatItem], ...]] = typing.get_args(ChatItem)
"""The classes of `ChatItem`."""

"""LiveKit's chat context: items in order, which programs read and change in place.

It is a list with an order of its own: what is added, inserted or merged with a time goes behind the last item that is not younger, so two
contexts of one conversation can be merged in any order. Items are told apart by their ids, and copies share them. The
conversation itself is not here but in the session, as frozen items (``protocols``); ``llm/conversion.py`` is the way from one to the other.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NoReturn, Self, SupportsIndex

from pydantic import TypeAdapter

import protocols
from livekitex_agent.llm.chat_items import (
    AudioContent,
    CacheBreakpoint,
    ChatContent,
    ChatItem,
    ChatMessage,
    ChatRole,
    FunctionCall,
    FunctionCallOutput,
    ImageContent,
    MetricsReport,
)
from livekitex_agent.llm.conversion import context_of, item_from_protocol
from livekitex_agent.llm.instructions import Instructions
from livekitex_agent.llm.tool_context import tool_names
from livekitex_agent.types import NOT_GIVEN, NotGivenOr
from livekitex_agent.utils.misc import is_given

__all__ = ["ChatContext", "ReadOnlyChatContext"]

_INSTRUCTING: Final = ("system", "developer")
_CALLS: Final = ("function_call", "function_call_output")
_items: Final[TypeAdapter[list[ChatItem]]] = TypeAdapter(list[ChatItem])


class ChatContext:
    """``items`` in their order, oldest first; the list that is given is the context's own."""

    def __init__(self, items: NotGivenOr[list[ChatItem]] = NOT_GIVEN) -> None:
        self._items: list[ChatItem] = items if is_given(items) else []

    @classmethod
    def empty(cls) -> Self:
        """A context without items."""
        return cls([])

    @property
    def items(self) -> list[ChatItem]:
        """The items themselves: who changes the list changes the context."""
        return self._items

    @items.setter
    def items(self, items: list[ChatItem]) -> None:
        self._items = items

    @property
    def readonly(self) -> bool:
        """Whether it cannot be changed."""
        return False

    def messages(self) -> list[ChatMessage]:
        """Its messages, without anything else."""
        return [item for item in self._items if isinstance(item, ChatMessage)]

    def add_message(
        self,
        *,
        role: ChatRole,
        content: list[ChatContent] | str | Instructions,
        id: NotGivenOr[str] = NOT_GIVEN,  # noqa: A002 - LiveKit's name
        interrupted: NotGivenOr[bool] = NOT_GIVEN,
        created_at: NotGivenOr[float] = NOT_GIVEN,
        metrics: NotGivenOr[MetricsReport] = NOT_GIVEN,
        extra: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> ChatMessage:
        """Add a message: at the end, or where ``created_at`` puts it."""
        fields: dict[str, Any] = {"id": id, "interrupted": interrupted, "created_at": created_at, "metrics": metrics, "extra": extra}
        given = {name: value for name, value in fields.items() if is_given(value)}
        text = content.render() if isinstance(content, Instructions) else content
        message = ChatMessage(role=role, content=[text] if isinstance(text, str) else text, **given)
        at = self.find_insertion_index(created_at=created_at) if is_given(created_at) else len(self._items)
        self._items.insert(at, message)
        return message

    def insert(self, item: ChatItem | Sequence[ChatItem]) -> None:
        """Put items where their times put them."""
        for each in item if isinstance(item, Sequence) else (item,):
            self._items.insert(self.find_insertion_index(created_at=each.created_at), each)

    def remove(self, item: ChatItem | str) -> None:
        """Take the first item with this id out.

        Raises:
            ValueError: there is none.
        """
        at = self.index_by_id(item if isinstance(item, str) else item.id)
        if at is None:
            raise ValueError(f"Item not found: {item!r}")
        self._items.pop(at)

    def get_by_id(self, item_id: str) -> ChatItem | None:
        """The item with this id, or None."""
        return next((item for item in self._items if item.id == item_id), None)

    def index_by_id(self, item_id: str) -> int | None:
        """Where the item with this id stands, or None."""
        return next((at for at, item in enumerate(self._items) if item.id == item_id), None)

    def find_insertion_index(self, *, created_at: float) -> int:
        """Where an item of this time belongs: behind the last one that is not younger."""
        return next((at for at in range(len(self._items), 0, -1) if self._items[at - 1].created_at <= created_at), 0)

    def copy(
        self,
        *,
        exclude_function_call: bool = False,
        exclude_instructions: bool = False,
        exclude_empty_message: bool = False,
        exclude_handoff: bool = False,
        exclude_config_update: bool = False,
        tools: NotGivenOr[Sequence[Any]] = NOT_GIVEN,
    ) -> "ChatContext":
        """Another context of the same items without what is excluded; with ``tools``, without the calls of all others."""
        names = set(tool_names(tools)) if is_given(tools) else None
        calls = {item.call_id for item in self._items if isinstance(item, FunctionCall) and item.name in (names or ())}
        excluded = {
            *(_CALLS if exclude_function_call else ()),
            *(("agent_handoff",) if exclude_handoff else ()),
            *(("agent_config_update",) if exclude_config_update else ()),
        }

        def keeps(item: ChatItem) -> bool:
            match item:
                case ChatMessage():
                    return not (exclude_instructions and item.role in _INSTRUCTING) and not (exclude_empty_message and not item.content)
                case FunctionCall() if names is not None:
                    return item.name in names
                case FunctionCallOutput() if names is not None:
                    return item.name in names if item.name else item.call_id in calls
                case _:
                    return True

        return ChatContext([item for item in self._items if item.type not in excluded and keeps(item)])

    def truncate(self, *, max_items: int) -> Self:
        """Keep the newest ``max_items`` items, and the first instructions before them; none of them begins with half a call.

        Raises:
            ValueError: ``max_items`` is negative.
        """
        if max_items < 0:
            raise ValueError("max_items must be non-negative")
        if len(self._items) <= max_items:
            return self
        instructions = next((message for message in self.messages() if message.role in _INSTRUCTING), None)
        kept = self._items[len(self._items) - max_items :]
        while kept and kept[0].type in _CALLS:
            kept.pop(0)
        if instructions is not None and all(item.id != instructions.id for item in kept):
            kept.insert(0, instructions)
        self._items[:] = kept
        return self

    def merge(
        self,
        other_chat_ctx: "ChatContext",
        *,
        exclude_function_call: bool = False,
        exclude_instructions: bool = False,
        exclude_config_update: bool = False,
    ) -> Self:
        """Put those items of ``other_chat_ctx`` in that are not here (by their ids), where their times put them."""
        known = {item.id for item in self._items}
        for item in other_chat_ctx.copy(
            exclude_function_call=exclude_function_call,
            exclude_instructions=exclude_instructions,
            exclude_config_update=exclude_config_update,
        ).items:
            if item.id not in known:
                known.add(item.id)
                self.insert(item)
        return self

    def is_equivalent(self, other: "ChatContext") -> bool:
        """Whether both have the same items with the same content, whatever their times, measures and extras."""
        return [_essence(item) for item in self._items] == [_essence(item) for item in other.items]

    def to_dict(
        self,
        *,
        exclude_image: bool = True,
        exclude_audio: bool = True,
        exclude_timestamp: bool = True,
        exclude_function_call: bool = False,
        exclude_metrics: bool = False,
        exclude_config_update: bool = False,
        strip_markup: bool = False,  # noqa: ARG002 - LiveKit's; there is no markup here
    ) -> dict[str, Any]:
        """The context as plain data that JSON holds."""
        dropped = (*((ImageContent,) if exclude_image else ()), *((AudioContent,) if exclude_audio else ()))
        fields = {*(("created_at",) if exclude_timestamp else ()), *(("metrics",) if exclude_metrics else ())}
        kept = self.copy(exclude_function_call=exclude_function_call, exclude_config_update=exclude_config_update).items
        return {"items": [_without(item, dropped).model_dump(mode="json", exclude_none=True, exclude=fields) for item in kept]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The context that `to_dict` wrote.

        Raises:
            pydantic.ValidationError: it is malformed.
        """
        return cls(_items.validate_python(data["items"]))

    def to_provider_format(
        self,
        format: str,  # noqa: A002 - LiveKit's name
        *,
        inject_dummy_user_message: bool = True,  # noqa: ARG002 - what a provider demands is always there
        **_: object,
    ) -> tuple[list[dict[str, Any]], Any]:
        """The messages of a request to the provider ``format``, and its system text where that stands apart (else None).

        Raises:
            UsageError: no such provider, or one that does not take what the context holds.
        """
        form = to_protocol(self).to_provider_format(format)
        return form.messages, form.system or None

    def __repr__(self) -> str:
        return f"ChatContext(items={self._items!r:.200})"


class ReadOnlyChatContext(ChatContext):
    """A context that is somebody else's, an agent's for example: reading it is all that can be done. `copy` gives one to change."""

    def __init__(self, items: Iterable[ChatItem]) -> None:
        super().__init__(_ReadOnlyList(items))

    @property
    def readonly(self) -> bool:
        """Yes."""
        return True


class _ReadOnlyList(list[ChatItem]):
    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise RuntimeError("this chat context is read-only: change a .copy() of it, and give that to agent.update_chat_ctx()")

    append = extend = insert = remove = pop = clear = sort = reverse = _refuse
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse

    def copy(self) -> list[ChatItem]:
        return list(self)

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[Any, ...]:
        return list, (list(self),)

    def __copy__(self) -> list[ChatItem]:
        return list(self)


def to_protocol(context: ChatContext) -> protocols.ChatContext:
    """``context`` as the frozen one that sessions keep; see `conversion.context_of` for what becomes of what it cannot hold."""
    return context_of(context.items)


def from_protocol(context: Iterable[protocols.ChatItem]) -> ChatContext:
    """The context of LiveKit's classes with the items of ``context``, which a frozen one gives."""
    return ChatContext([item_from_protocol(item) for item in context])


def _essence(item: ChatItem) -> tuple[Any, ...]:
    match item:
        case ChatMessage():
            return item.id, item.type, item.role, item.interrupted, item.content
        case FunctionCall():
            return item.id, item.type, item.name, item.call_id, item.arguments
        case FunctionCallOutput():
            return item.id, item.type, item.name, item.call_id, item.output, item.is_error
        case _:
            return item.id, item.type


def _without(item: ChatItem, dropped: tuple[type[ImageContent | AudioContent | CacheBreakpoint], ...]) -> ChatItem:
    if not isinstance(item, ChatMessage) or not dropped:
        return item
    return item.model_copy(update={"content": [part for part in item.content if not isinstance(part, dropped)]})

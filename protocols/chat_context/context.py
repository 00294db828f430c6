"""The chat context: an ordered collection of items that never changes; each operation gives another one.

A call of a tool and its output are a pair: the output is the first one after the call with its ``call_id``. Where one of a pair goes, the
other goes too, for every provider refuses half a pair.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from protocols.chat_context.content import ChatContent, content_of
from protocols.chat_context.dictionary import from_dict, to_dict
from protocols.chat_context.items import AgentConfigUpdate, AgentHandoff, ChatItem, ChatMessage, FunctionCall, FunctionCallOutput, Role
from protocols.chat_context.pairs import whole_pairs
from protocols.chat_context.provider_formats.format import ProviderFormat
from protocols.chat_context.provider_formats.providers import to_provider_format
from protocols.clock import SystemClock
from protocols.entropy import SystemEntropy
from protocols.errors import UsageError

__all__ = ["MAX_CONTEXT_ITEMS", "ChatContext"]

MAX_CONTEXT_ITEMS: Final = 10_000
"""Beyond it a context is refused: sessions summarise and forget long before."""

_clock: Final = SystemClock()
_entropy: Final = SystemEntropy()


@dataclass(frozen=True, slots=True)
class ChatContext:
    """``items`` in their order, oldest first. Items without an id or a time get a fresh one, and the time of now.

    Raises:
        UsageError: two items have one id, or there are more than 10,000.
    """

    items: tuple[ChatItem, ...] = ()

    def __post_init__(self) -> None:
        items = tuple(map(_placed, self.items))
        if len(items) > MAX_CONTEXT_ITEMS:
            raise UsageError(f"the context has {len(items)} items, the limit is {MAX_CONTEXT_ITEMS}: truncate it")
        if len({item.id for item in items}) < len(items):
            ids = [item.id for item in items]
            twice = next(item_id for item_id in ids if ids.count(item_id) > 1)
            raise UsageError(f"two items have the id {twice!r}: give each its own, or none")
        object.__setattr__(self, "items", items)

    def __iter__(self) -> Iterator[ChatItem]:
        """Its items, oldest first."""
        return iter(self.items)

    def __len__(self) -> int:
        """How many items it has."""
        return len(self.items)

    @property
    def messages(self) -> tuple[ChatMessage, ...]:
        """Its messages, without anything else."""
        return tuple(item for item in self.items if isinstance(item, ChatMessage))

    @property
    def instructions(self) -> ChatMessage | None:
        """The first message that instructs the model, if there is one."""
        return next((message for message in self.messages if message.instructs), None)

    def get_by_id(self, item_id: str) -> ChatItem | None:
        """The item ``item_id``, or None."""
        return next((item for item in self.items if item.id == item_id), None)

    def add_message(
        self,
        role: Role | str,
        content: str | Sequence[str | ChatContent],
        *,
        id: str = "",  # noqa: A002 - the item's field
        created_at: float | None = None,
        interrupted: bool = False,
        extra: Mapping[str, Any] | None = None,
    ) -> Self:
        """The context with a message more: at the end, or where ``created_at`` puts it.

        Raises:
            UsageError: a role that there is not, content that is none, or an id that another item has.
        """
        try:
            speaker = Role(role)
        except ValueError:
            raise UsageError(f"role={role!r:.40}: give one of {', '.join(Role)}") from None
        message = ChatMessage(
            id=id,
            created_at=created_at or 0.0,
            role=speaker,
            content=tuple(map(content_of, (content,) if isinstance(content, str) else content)),
            interrupted=interrupted,
            extra=extra or {},
        )
        return self.append(message) if created_at is None else self.insert(message)

    def append(self, *items: ChatItem) -> Self:
        """The context with ``items`` at its end, whatever their times."""
        return replace(self, items=(*self.items, *items))

    def insert(self, *items: ChatItem) -> Self:
        """The context with ``items`` where their times put them: each behind the last one that is not younger."""
        ordered = list(self.items)
        for item in map(_placed, items):
            at = next((at for at in range(len(ordered), 0, -1) if ordered[at - 1].created_at <= item.created_at), 0)
            ordered.insert(at, item)
        return replace(self, items=tuple(ordered))

    def remove(self, item: ChatItem | str) -> Self:
        """The context without the item, which may be given by its id, and without the other one of its pair.

        Raises:
            UsageError: there is no such item.
        """
        item_id = item if isinstance(item, str) else item.id
        if self.get_by_id(item_id) is None:
            raise UsageError(f"no item has the id {item_id!r:.60}")
        return replace(self, items=whole_pairs(self.items, lambda other: other.id != item_id))

    def copy(
        self,
        *,
        exclude_function_call: bool = False,
        exclude_instructions: bool = False,
        exclude_empty: bool = False,
        exclude_handoff: bool = False,
        exclude_config_update: bool = False,
        tools: Iterable[str] | None = None,
    ) -> Self:
        """The context without what is excluded, and without halves of pairs.

        Excluded may be calls and their outputs (all, or those of tools that are not among ``tools``), messages that instruct, messages
        without content, hand-offs, and updates of the agent.
        """
        names = None if tools is None else frozenset(tools)

        def keeps(item: ChatItem) -> bool:
            match item:
                case ChatMessage():
                    return not (exclude_instructions and item.instructs) and not (exclude_empty and not (item.text.strip() or item.images))
                case FunctionCall():
                    return not exclude_function_call and (names is None or item.name in names)
                case FunctionCallOutput():
                    return not exclude_function_call
                case AgentHandoff():
                    return not exclude_handoff
                case AgentConfigUpdate():
                    return not exclude_config_update
                case _:
                    return True

        return replace(self, items=whole_pairs(self.items, keeps))

    def truncate(self, max_items: int) -> Self:
        """The newest ``max_items`` items, whole pairs only, behind the instructions (the first message that instructs), which stay.

        Raises:
            UsageError: ``max_items`` is negative.
        """
        if max_items < 0:
            raise UsageError(f"max_items={max_items}: give 0 or more")
        instructions = self.instructions
        first = len(self.items) - max_items
        kept = {item.id for item in self.items[max(0, first) :]} | ({instructions.id} if instructions else set())
        return replace(self, items=whole_pairs(self.items, lambda item: item.id in kept))

    def merge(self, other: "ChatContext", *, exclude_function_call: bool = False, exclude_instructions: bool = False) -> Self:
        """The context with those items of ``other`` that it has not (by their ids), where their times put them."""
        known = {item.id for item in self.items}
        taken = other.copy(exclude_function_call=exclude_function_call, exclude_instructions=exclude_instructions)
        return self.insert(*(item for item in taken.items if item.id not in known))

    def is_equivalent(self, other: "ChatContext") -> bool:
        """Whether both have the same items with the same content, whatever their times and extras."""
        return [_essence(item) for item in self.items] == [_essence(item) for item in other.items]

    def to_dict(self, *, exclude_image: bool = False, exclude_audio: bool = False, exclude_function_call: bool = False) -> dict[str, Any]:
        """The context as plain data that JSON holds (`from_dict` reads it), without what is excluded."""
        kept = self.copy(exclude_function_call=True) if exclude_function_call else self
        return to_dict(kept.items, exclude_image=exclude_image, exclude_audio=exclude_audio)

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """The context that `to_dict` of this or another version wrote: unknown kinds of items and fields are passed over.

        Raises:
            UsageError: it is malformed; the text names the place.
        """
        return cls(from_dict(data))

    def to_provider_format(self, provider: str) -> ProviderFormat:
        """The context as a request to ``provider`` takes it (see `ProviderFormat`).

        Raises:
            UsageError: no such provider, or one that does not take what the context holds; the text names it.
        """
        return to_provider_format(provider, self.items)


def _placed(item: ChatItem) -> ChatItem:
    if item.id and item.created_at:
        return item
    return replace(item, id=item.id or f"item_{_entropy.hex_id(6)}", created_at=item.created_at or _clock.wall())


def _essence(item: ChatItem) -> ChatItem:
    """``item`` without what does not count for `is_equivalent`."""
    timeless = replace(item, created_at=0.0)
    return replace(timeless, extra={}) if isinstance(timeless, ChatMessage | FunctionCall) else timeless

"""Calls of tools and their outputs, paired."""

from collections.abc import Callable, Sequence

from protocols.chat_context.items import ChatItem, FunctionCall, FunctionCallOutput

__all__ = ["pairs_of", "whole_pairs"]


def pairs_of(items: Sequence[ChatItem]) -> dict[int, int]:
    """The place of each call that has an output, and the place of that: the first output behind it with its ``call_id``.

    A model may give an id again once it is answered. Of two calls with one id that wait for it, the newer one is answered.
    """
    waiting: dict[str, int] = {}
    pairs: dict[int, int] = {}
    for at, item in enumerate(items):
        if isinstance(item, FunctionCall):
            waiting[item.call_id] = at
        elif isinstance(item, FunctionCallOutput) and item.call_id in waiting:
            pairs[waiting.pop(item.call_id)] = at
    return pairs


def whole_pairs(items: Sequence[ChatItem], keeps: Callable[[ChatItem], bool]) -> tuple[ChatItem, ...]:
    """Those ``items`` that ``keeps`` keeps; of calls and outputs, only whole pairs of which it keeps both."""
    paired = {place for call, output in pairs_of(items).items() if keeps(items[call]) and keeps(items[output]) for place in (call, output)}
    return tuple(
        item for at, item in enumerate(items) if (at in paired if isinstance(item, FunctionCall | FunctionCallOutput) else keeps(item))
    )

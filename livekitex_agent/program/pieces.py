"""What a node of the user's gives, whatever its kind."""

import inspect
from collections.abc import AsyncIterator
from typing import Any

__all__ = ["pieces"]


async def pieces(given: Any) -> AsyncIterator[Any]:  # noqa: ANN401 - whatever a node gives
    """What a node gives, piece by piece: a stream, one piece, nothing, or what is to be awaited for any of these."""
    if inspect.isawaitable(given):
        given = await given
    if given is None:
        return
    if not hasattr(given, "__aiter__"):
        yield given
        return
    async for piece in given:
        yield piece

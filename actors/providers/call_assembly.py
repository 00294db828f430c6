"""Puts the calls of a model's answer together from their pieces.

OpenAI's stream numbers calls, and gives id and name with the first piece of each. Servers that imitate it do less: they give no index, the
same for every call, or another for every piece; no id, one to each piece, or the same for every call; the name again with every piece;
whole calls at once; ``{}`` before the arguments; all arguments once more at the end.

So a piece is first brought to the call that it may belong to: that of its id, else that of its index, else the last. Then what it says of
itself decides whether it goes on with that call or begins another (`_goes_on`). Where a call is *whole* (it has a name, and its arguments
are a JSON object) an opening brace begins new arguments: those of another call if the piece names a function, else the same once more.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from protocols import CallDelta, FunctionCall


@dataclass(eq=False)
class _Call:
    index: int | None
    call_id: str
    name: str
    arguments: str = ""

    @property
    def whole(self) -> bool:
        return bool(self.name) and _is_object(self.arguments)

    def add(self, delta: CallDelta) -> None:
        self.call_id = self.call_id or delta.call_id
        self.name = self.name or delta.name
        once_more = _opens(delta.arguments) and _is_object(self.arguments)
        self.arguments = delta.arguments if once_more else self.arguments + delta.arguments


class CallAssembler:
    """Takes the pieces of one answer, in order. ``make_id`` gives an id to a call that has none, or that of another call."""

    def __init__(self, make_id: Callable[[], str]) -> None:
        self._make_id = make_id
        self._calls: list[_Call] = []

    def __len__(self) -> int:
        """How many calls have begun."""
        return len(self._calls)

    @property
    def size(self) -> int:
        """The characters of all arguments so far."""
        return sum(len(call.arguments) for call in self._calls)

    @property
    def nameless(self) -> bool:
        """Whether a call has no name so far."""
        return any(not call.name for call in self._calls)

    @property
    def cut(self) -> bool:
        """Whether the arguments of a call are no JSON object so far. Without any they are whole: not each tool has some."""
        return any(call.arguments.strip() and not _is_object(call.arguments) for call in self._calls)

    def add(self, delta: CallDelta) -> None:
        """Take the next piece."""
        call = self._seek(delta)
        if call is None or not _goes_on(call, delta):
            call = _Call(delta.index, delta.call_id, delta.name)
            self._calls.append(call)
        call.add(delta)

    def finish(self) -> tuple[FunctionCall, ...]:
        """The calls in the order in which they began, each with an id of its own; no arguments are ``{}``."""
        ids: set[str] = set()
        calls: list[FunctionCall] = []
        for call in self._calls:
            call_id = call.call_id if call.call_id and call.call_id not in ids else self._make_id()
            ids.add(call_id)
            calls.append(FunctionCall(call_id=call_id, name=call.name, arguments=call.arguments if call.arguments.strip() else "{}"))
        return tuple(calls)

    def _seek(self, delta: CallDelta) -> _Call | None:
        """The call that ``delta`` may belong to: the newest of its id, else of its index, else the last."""
        newest = list(reversed(self._calls))
        same_id = next((call for call in newest if delta.call_id and call.call_id == delta.call_id), None)
        same_index = next((call for call in newest if delta.index is not None and call.index == delta.index), None)
        return same_id or same_index or (newest[0] if newest else None)


def _goes_on(call: _Call, delta: CallDelta) -> bool:
    """Whether ``delta`` goes on with ``call``, which is the one that it may belong to."""
    other_index = None not in (delta.index, call.index) and delta.index != call.index
    if delta.name and call.name and delta.name != call.name:
        return False
    if delta.call_id and call.call_id == delta.call_id:
        return not (delta.name and other_index)  # the same id for every call
    if delta.name and other_index:
        return False
    if delta.call_id and call.call_id:  # an id to each piece, or another call
        same_index = delta.index is not None and delta.index == call.index
        if delta.name:
            return same_index and bool(call.arguments.strip()) and not call.whole
        return same_index or not call.whole
    if delta.name and call.whole and call.arguments.strip() != "{}":
        return not (_opens(delta.arguments) and delta.arguments.strip() != call.arguments.strip())
    return True


def _opens(arguments: str) -> bool:
    return arguments.lstrip().startswith("{")


def _is_object(arguments: str) -> bool:
    if not arguments.rstrip().endswith("}"):
        return False
    try:
        return isinstance(json.loads(arguments), dict)
    except (ValueError, RecursionError):
        return False

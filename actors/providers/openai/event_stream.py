"""Server-sent events from bytes that are cut anywhere: https://html.spec.whatwg.org/multipage/server-sent-events.html. Pure.

Of that page's rules one is not kept: the last event counts without the empty line behind it, which servers that imitate others leave away.
"""

import re
from dataclasses import dataclass
from typing import Final

MAX_EVENT_BYTES: Final = 4 << 20
"""Of one event, its names and ends of lines included: as much as a whole answer that comes as one."""
_LINE_END: Final = re.compile(rb"\r\n|\n|\r")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event: its ``name`` (empty if it has none) and its ``data``, the lines of which end with a line feed."""

    name: str
    data: str


class EventStream:
    """Takes the bytes in order, and gives the events that are whole."""

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_event_bytes = max_event_bytes
        self._line: list[bytes] = []  # what has come of the line that has not ended
        self._size = 0  # of all that has come of the event
        self._begun = False
        self._after_return = False  # the last byte was a carriage return, with which a line feed would be one end
        self._name = b""
        self._data: list[bytes] = []

    def feed(self, data: bytes) -> list[ServerEvent]:
        """The events that end in ``data``.

        Raises:
            ValueError: an event is larger than the bound.
        """
        if self._after_return and data.startswith(b"\n"):
            data = data[1:]
            self._after_return = False
        if not data:
            return []
        self._after_return = data.endswith(b"\r")
        events: list[ServerEvent] = []
        *ended, rest = _LINE_END.split(data)
        for line in ended:
            self._size += len(line)
            self._require_room()
            events += self._take_line(b"".join([*self._line, line]))
            self._line.clear()
        if rest:
            self._size += len(rest)
            self._require_room()
            self._line.append(rest)
        return events

    def finish(self) -> list[ServerEvent]:
        """The bytes are over: the event that has not ended, if it has data."""
        line = b"".join(self._line)
        self._line.clear()
        return [*self._take_line(line), *self._end_event()]

    def _take_line(self, line: bytes) -> list[ServerEvent]:
        if not self._begun:
            self._begun = True
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if not line:
            return self._end_event()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._name = value
        elif not name and not self._data:
            self._size = 0  # a comment: as many as a server likes
        return []

    def _end_event(self) -> list[ServerEvent]:
        name, data = self._name, self._data
        self._name, self._data, self._size = b"", [], 0
        return [ServerEvent(_decoded(name), _decoded(b"\n".join(data)))] if data else []

    def _require_room(self) -> None:
        if self._size > self._max_event_bytes:
            raise ValueError(f"an event of more than {self._max_event_bytes >> 10} KiB")


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")

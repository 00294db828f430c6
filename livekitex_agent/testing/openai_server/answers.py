"""What a loopback server sends: pieces of a body with pauses between them, and ways to end that are none.

An `Answer` is plain data, so any can be written out. Its methods make one misbehave that would not: slow, silent, cut.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is sent for ``seconds``."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing is sent until the client has left, or `OpenAIServer.release` is called."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection is reset, without an end of the answer."""


Move = bytes | Pause | Hold | Cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one request: after ``before`` its head, and then the ``body``, move by move.

    With ``raw`` the body goes to the connection as it is, without a head, and the connection is closed behind it.
    """

    body: tuple[Move, ...] = ()
    status: int = 200
    content_type: str = "text/event-stream"
    headers: Mapping[str, str] = field(default_factory=dict)
    before: tuple[Move, ...] = ()
    raw: bool = False

    def slow(self, seconds: float) -> "Answer":
        """With a pause before each piece."""
        return replace(self, body=tuple(move for piece in self.body for move in (Pause(seconds), piece)))

    def cut(self, after: int = 0) -> "Answer":
        """Cut behind so many pieces."""
        return replace(self, body=(*self.body[:after], Cut()))

    def held(self, after: int = 0) -> "Answer":
        """Silent behind so many pieces; once it is released it goes on."""
        return replace(self, body=(*self.body[:after], Hold(), *self.body[after:]))

    def late(self, *moves: Move) -> "Answer":
        """With ``moves`` before its head: `Hold` for an answer that never comes."""
        return replace(self, before=moves)

    def ending(self, after: int) -> "Answer":
        """With the end of the body, as it should be sent, behind so many pieces."""
        return replace(self, body=self.body[:after])

    def bytewise(self) -> "Answer":
        """With each byte sent by itself."""
        return replace(self, body=tuple(piece for move in self.body for piece in ([move] if not isinstance(move, bytes) else _bytes(move))))


def error(status: int, message: str = "", *, code: str = "", kind: str = "", retry_after: str = "", **headers: str) -> Answer:
    """A refusal, as the service words it."""
    told = {"message": message or f"refused with {status}", "type": kind or None, "code": code or None, "param": None}
    extra = {"Retry-After": retry_after} if retry_after else {}
    return json_answer({"error": told}, status=status, headers={**headers, **extra})


def json_answer(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:  # noqa: ANN401 - JSON
    """An answer that is JSON."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return Answer(status=status, content_type="application/json", body=(body,), headers=headers or {})


def page(html: str = "<html><head><title>Bad gateway</title></head></html>", *, status: int = 200) -> Answer:
    """A page, as proxies give it."""
    return Answer(status=status, content_type="text/html", body=(html.encode(),))


def events(values: Sequence[Any], *, done: bool = True, named: bool = False) -> Answer:
    """A stream of server-sent events of JSON values; ``named`` by their ``type``, and with ``[DONE]`` at its end where it is ``done``."""
    pieces = [
        (f"event: {value['type']}\n" if named else "").encode() + b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"
        for value in values
    ]
    return Answer(body=(*pieces, *([b"data: [DONE]\n\n"] if done else [])))


def audio(pcm: bytes, *, pieces: int = 1, content_type: str = "audio/pcm") -> Answer:
    """Audio in so many pieces."""
    size = max(1, -(-len(pcm) // max(1, pieces)))
    return Answer(content_type=content_type, body=tuple(pcm[at : at + size] for at in range(0, len(pcm), size)))


def _bytes(piece: bytes) -> list[bytes]:
    return [piece[at : at + 1] for at in range(len(piece))]

"""The server itself: OpenAI's endpoints on a port of 127.0.0.1, on a thread of its own, so that any test and any process may ask it.

How it works. Entering it starts the thread, its event loop and a web server on a free port; leaving it ends them, and gives up what is
being answered. A request is first noted (`Request`), with its connection, so that a test sees what a client asked and which connections it
used again. Then it is answered by the first of these that there is: a refusal of the key, the next answer of the route's script, the answer
that `always` set, a refusal of what OpenAI would not take (`refusals`), the default: speech is written sound, a transcription reads it
back, a chat says what `default_reply` does.

An answer is a list of moves (`answers`): bytes to be sent, a pause, a wait until the test releases it, a cut of the connection. So every
way in which a server can misbehave is written down by its moves, and happens at the same byte each time. A raw answer is written to the
socket as it is, without HTTP. What became of a request stands in its ``outcome`` and ``sent``, for which `wait_for` waits.

Methods may be called from any thread. A body is bounded by `MAX_BODY_BYTES`, a wait for a request or for the end by `PATIENCE_S`; requests
are kept as long as the server is, which is for a test.
"""

import asyncio
import hmac
import io
import threading
import wave
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Self

from aiohttp import web

from livekitex_agent.testing.fakes.written_voice import read_aloud, spoken
from livekitex_agent.testing.openai_server.answers import Answer, Cut, Hold, Move, Pause, audio, error, json_answer
from livekitex_agent.testing.openai_server.refusals import refusal_of
from livekitex_agent.testing.openai_server.replies import Reply, chat_answer, default_reply, responses_answer
from protocols import UsageError

SPEECH_HZ: Final = 24_000
MAX_BODY_BYTES: Final = 64 << 20
PATIENCE_S: Final = 30.0
"""How long `OpenAIServer.wait_for` waits."""
ROUTES: Final = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "transcriptions": "/v1/audio/transcriptions",
    "speech": "/v1/audio/speech",
}


@dataclass(eq=False)
class Request:
    """A request as it came, and what became of it.

    ``connection`` numbers the connections in the order of their first request. ``outcome`` is empty while it is answered, then "answered",
    "cut" (by the server), or "left": the client closed the connection before the end.
    """

    route: str
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(repr=False)
    connection: int
    outcome: str = ""
    sent: int = 0
    """Pieces of the body that were sent."""


Script = Answer | Reply | Callable[[Request], Answer | Reply]


class OpenAIServer:
    """Use it as a context manager; ``base_url`` is its address. With an ``api_key`` it refuses every other (401).

    What it answers is what `script` says, request by request, and else what `default_reply` does.
    """

    def __init__(self, *, api_key: str = "") -> None:
        self._api_key = api_key
        self._scripts: dict[str, deque[Script]] = {route: deque() for route in ROUTES}
        self._always: dict[str, Script | None] = {}
        self._requests: list[Request] = []
        self._connections: dict[object, int] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._released = asyncio.Event()
        self.base_url = ""

    def __enter__(self) -> Self:
        ready: Future[int] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), name="loopback OpenAI", daemon=True)
        self._thread.start()
        self.base_url = f"http://127.0.0.1:{ready.result(PATIENCE_S)}/v1"
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop is not None and self._thread is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(PATIENCE_S)

    def script(self, route: str, *answers: Script) -> None:
        """Answer the next requests to ``route`` ("chat", "responses", "transcriptions", "speech") so, one each.

        A function gives the answer to the request that it is called with, on the server's thread.

        Raises:
            UsageError: there is no such route.
        """
        with self._changed:
            self._scripts[_known(route)].extend(answers)

    def always(self, route: str, answer: Script | None) -> None:
        """Answer every request to ``route`` so for which nothing is scripted; None: as at first.

        Raises:
            UsageError: there is no such route.
        """
        with self._changed:
            self._always[_known(route)] = answer

    def release(self) -> None:
        """Let every answer go on that is held (`Hold`), and those to come."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._released.set)

    @property
    def requests(self) -> tuple[Request, ...]:
        """All requests so far, in order."""
        with self._changed:
            return tuple(self._requests)

    def wait_for(self, condition: Callable[[tuple[Request, ...]], object], timeout_s: float = PATIENCE_S) -> tuple[Request, ...]:
        """The requests, once ``condition`` is true of them. Blocks.

        Raises:
            TimeoutError: it is not, after ``timeout_s``.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: condition(tuple(self._requests)), timeout_s):
                raise TimeoutError(f"after {timeout_s:g} s the requests are {self._requests}")
            return tuple(self._requests)

    async def _serve(self, ready: "Future[int]") -> None:
        self._loop = asyncio.get_running_loop()
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        for route, path in ROUTES.items():
            app.router.add_post(path, self._handler(route))
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            ready.set_result(runner.addresses[0][1])
            await self._stop.wait()
            await _settled()
        finally:
            await runner.cleanup()
            await _settled()

    def _handler(self, route: str) -> Callable[[web.Request], Any]:
        async def handle(http: web.Request) -> web.StreamResponse:
            request = self._note(route, http, await _body(http))
            response = web.StreamResponse()
            try:
                response = await self._send(http, request, self._answer(request))
            except asyncio.CancelledError:
                self._settle(request, "left")
                raise
            except ConnectionError:
                self._settle(request, "left")
            return response

        return handle

    def _note(self, route: str, http: web.Request, body: Mapping[str, Any]) -> Request:
        peer = http.transport.get_extra_info("peername") if http.transport else None
        with self._changed:
            number = self._connections.setdefault(peer, len(self._connections))
            request = Request(route=route, body=body, headers=dict(http.headers), connection=number)
            self._requests.append(request)
            self._changed.notify_all()
        return request

    def _settle(self, request: Request, outcome: str) -> None:
        with self._changed:
            request.outcome = request.outcome or outcome
            self._changed.notify_all()

    def _answer(self, request: Request) -> Answer:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._api_key and not hmac.compare_digest(given.encode(), self._api_key.encode()):
            return error(401, f"Incorrect API key provided: {given[:4]}***", code="invalid_api_key", kind="invalid_request_error")
        with self._changed:
            scripted = self._scripts[request.route]
            script = scripted.popleft() if scripted else self._always.get(request.route)
        if script is None and (refused := refusal_of(request.route, request.body)):
            return error(400, refused, kind="invalid_request_error")
        made = _default(request) if script is None else script(request) if callable(script) else script
        return _written(request, made) if isinstance(made, Reply) else made

    async def _send(self, http: web.Request, request: Request, answer: Answer) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type, **answer.headers})
        for move in answer.before:
            await self._make(move, http, request, None)
        if not answer.raw:
            await response.prepare(http)
        for move in answer.body:
            await self._make(move, http, request, None if answer.raw else response)
        if answer.raw and http.transport is not None:
            http.transport.close()
        if request.outcome != "cut":
            if not answer.raw:
                await response.write_eof()
            self._settle(request, "answered")
        return response

    async def _make(self, move: Move, http: web.Request, request: Request, response: web.StreamResponse | None) -> None:
        match move:
            case Pause(seconds=seconds):
                await asyncio.sleep(seconds)
            case Hold():
                await self._released.wait()
            case Cut():
                self._settle(request, "cut")
                if http.transport is not None:
                    http.transport.abort()
            case bytes() if response is not None:
                await response.write(move)
                with self._changed:
                    request.sent += 1
                    self._changed.notify_all()
            case bytes():
                if isinstance(http.transport, asyncio.WriteTransport):
                    http.transport.write(move)


def _known(route: str) -> str:
    if route not in ROUTES:
        raise UsageError(f"there is no route {route!r:.40}: use one of {', '.join(ROUTES)}")
    return route


async def _settled() -> None:
    """Let the event loop come to what it has begun: to take a connection, or to close one, are several turns."""
    for _ in range(5):
        await asyncio.sleep(0)


async def _body(http: web.Request) -> dict[str, Any]:
    if http.content_type != "multipart/form-data":
        body = await http.json()
        return dict(body) if isinstance(body, Mapping) else {}
    fields: dict[str, Any] = {}
    for name, value in (await http.post()).items():
        if isinstance(value, web.FileField):
            with value.file:
                fields[name] = value.file.read()
        else:
            fields[name] = value
    return fields


def _default(request: Request) -> Answer | Reply:
    match request.route:
        case "speech":
            return audio(spoken(_ascii(str(request.body.get("input", ""))), SPEECH_HZ), pieces=4)
        case "transcriptions":
            return json_answer({"text": _understood(request.body.get("file", b""))})
        case _:
            return default_reply(request.body)


def _written(request: Request, reply: Reply) -> Answer:
    write = responses_answer if request.route == "responses" else chat_answer
    return write(reply, stream=bool(request.body.get("stream")))


def _ascii(text: str) -> str:
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)


def _understood(file: bytes) -> str:
    try:
        with wave.open(io.BytesIO(file)) as wav:
            return read_aloud(wav.readframes(wav.getnframes()), wav.getframerate())
    except (wave.Error, EOFError):
        return ""

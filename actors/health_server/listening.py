"""The listening socket, and the thread that serves it."""

import asyncio
import errno
import logging
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler, Middleware
from aiohttp.web_protocol import RequestHandler

from protocols import ConfigurationError, InternalError, is_loopback

MAX_CONNECTIONS: Final = 64
"""Open connections; a further one is served, and the oldest is closed."""

BACKLOG: Final = 4 * MAX_CONNECTIONS
"""Connections that wait to be accepted. The kernel drops what is beyond, and it comes again a second later, out of its order."""
START_S: Final = 10.0
STOP_S: Final = 2.0
IDLE_S: Final = 15.0
"""How long a connection is kept after an answer."""
LIFE_S: Final = 30.0
"""A connection on which nothing is being answered is closed between one and two of these after it was made: half a request never is."""

log = logging.getLogger("livekitex.health_server")


def listen(host: str, port: int, *, allow_remote: bool) -> socket.socket:
    """A socket that listens on ``host`` and ``port``; a port whose last owner has just died is free at once.

    Raises:
        ConfigurationError: the port is in use, the host is none of this machine's, or is not loopback without ``allow_remote``.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as failure:
        raise ConfigurationError(f"health host {host!r} is unknown ({failure.strerror}): use an address of this machine") from failure
    if not allow_remote and not is_loopback(str(address[0])):
        raise ConfigurationError(f"health host {host} can be reached by other machines: use 127.0.0.1, or allow it with allow_remote")
    sock = None
    try:
        sock = socket.socket(family, kind, protocol)  # fails where the machine has no IPv6
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError as failure:
        if sock is not None:
            sock.close()
        what = "is in use" if failure.errno == errno.EADDRINUSE else f"cannot be had ({failure.strerror})"
        raise ConfigurationError(f"health port {port} on {host} {what}: choose another, or 0 for any free one") from failure
    return sock


class HttpThread:
    """Serves an application from an event loop in a thread of its own.

    ``crashed`` is called from that thread if serving ends by itself; then the actor must end too.
    """

    def __init__(self, sock: socket.socket, application: Callable[[], web.Application], crashed: Callable[[Exception], None]) -> None:
        self._sock = sock
        self._application = application
        self._crashed = crashed
        self._stop = asyncio.Event()
        self._up = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="health-http", daemon=True)
        self.loop: asyncio.AbstractEventLoop

    def start(self) -> None:
        """Serve from now on; returns when requests are answered.

        Raises:
            InternalError: that failed, or took longer than `START_S`; the port is closed.
        """
        self._thread.start()
        if not self._up.wait(START_S) or self._failure is not None:
            self.stop()
            raise InternalError(f"HTTP is not served after {START_S:g} s: {self._failure!r}") from self._failure

    def stop(self) -> None:
        """Close the port and all connections; blocks for at most `STOP_S`."""
        if self._thread.is_alive():
            with suppress(RuntimeError, AttributeError):  # the loop has just ended, or not begun yet
                self.loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(STOP_S)
        self._sock.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as failure:  # noqa: BLE001 - the seam between this thread and the actor, which dies of it
            self._failure = failure
            if self._up.is_set():
                self._crashed(failure)
            self._up.set()

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        application, busy = self._application(), set[RequestHandler]()
        application.middlewares.append(_note_in(busy))
        runner = web.AppRunner(
            application,
            access_log=None,
            logger=_http_log(),
            handle_signals=False,
            keepalive_timeout=IDLE_S,
            shutdown_timeout=STOP_S / 4,
            lingering_time=0.0,
            max_line_size=2_048,
            max_field_size=4_096,
        )
        await runner.setup()
        try:
            handlers = cast("web.Server", runner.server)  # is made by setup
            server = await self.loop.create_server(lambda: _admit(handlers), sock=self._sock)
            closing = asyncio.create_task(_close_old(handlers, busy))
            self._up.set()
            await self._stop.wait()
            closing.cancel()
            server.close()
        finally:
            await runner.cleanup()


def _admit(handlers: web.Server) -> RequestHandler:
    """A handler for a new connection, at the cost of the oldest one if there are too many: so slow clients never keep probes out."""
    open_ones = [handler for handler in handlers.connections if handler.transport is not None]
    for oldest in open_ones[: len(open_ones) + 1 - MAX_CONNECTIONS]:
        oldest.force_close()
    return handlers()


def _note_in(busy: set[RequestHandler]) -> Middleware:
    @web.middleware
    async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
        busy.add(request.protocol)
        try:
            return await handler(request)
        finally:
            busy.discard(request.protocol)

    return note


async def _close_old(handlers: web.Server, busy: set[RequestHandler]) -> None:
    older: set[RequestHandler] = set()
    while True:
        await asyncio.sleep(LIFE_S)
        now = set(handlers.connections)
        for handler in (older & now) - busy:
            handler.force_close()
        older = now


def _http_log() -> logging.Logger:
    """A log without what clients do wrong: they are told, and whoever sends junk must not fill it."""
    http = log.getChild("http")
    http.addFilter(_is_ours)
    return http


def _is_ours(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))

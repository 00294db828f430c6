"""The five endpoints as a web application. It knows no actor: it asks through a function, and judges what comes by the snapshot's rules."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from aiohttp import web

from actors.health_server.metrics import CONTENT_TYPE, exposition
from actors.health_server.snapshot import Snapshot, obstacles, problems, status_document

MAX_REQUESTS: Final = 16
"""Requests answered at a time; a further one is told to come back in a second."""

ANSWER_S: Final = 5.0
"""How long an answer may take in seconds, twice the longest collection and some; then the node is reported as not answering."""

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "livekitex",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Silence(Exception):  # noqa: N818 - no error of ours: the actor did not answer in time
    """The actor behind the endpoints did not answer within `ANSWER_S`."""


class Endpoints:
    """``ask(full)`` gives a fresh snapshot, ``turn()`` returns once the actor's mailbox has turned; both may wait for ever.

    ``hosts`` are the values of the Host header that are served, None for all: a page of the web that has its own name resolve to this
    machine (DNS rebinding) must not read what only this machine's users may.
    """

    def __init__(
        self, ask: Callable[[bool], Awaitable[Snapshot]], turn: Callable[[], Awaitable[None]], hosts: frozenset[str] | None
    ) -> None:
        self._ask = ask
        self._turn = turn
        self._hosts = hosts
        self._active = 0
        self.requests = 0
        self.refused = 0

    def application(self) -> web.Application:
        """A new application that serves them."""
        application = web.Application(middlewares=[self._guard], client_max_size=1)
        application.router.add_get("/health", self._health)
        application.router.add_get("/health/ready", self._ready)
        application.router.add_get("/health/live", self._live)
        application.router.add_get("/metrics", self._metrics)
        application.router.add_get("/status", self._status)
        application.on_response_prepare.append(_secure)
        return application

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Bound what is under way, and answer every refusal as JSON."""
        self.requests += 1
        if self._hosts is not None and _host(request) not in self._hosts:
            return self._refuse(421, "ask by the address that this server listens on")
        if self._active >= MAX_REQUESTS:
            return self._refuse(503, f"{MAX_REQUESTS} requests are under way: try again in a second", {"Retry-After": "1"})
        self._active += 1
        try:
            return await handler(request)
        except web.HTTPException as refusal:
            allowed = {"Allow": refusal.headers["Allow"]} if "Allow" in refusal.headers else {}
            return self._refuse(refusal.status, refusal.reason, allowed)
        except Silence:
            return self._refuse(503, "health_server does not answer")
        finally:
            self._active -= 1

    def _refuse(self, status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
        self.refused += 1
        return web.json_response({"error": text}, status=status, headers=headers)

    async def _health(self, _request: web.Request) -> web.Response:
        found = problems(await self._snapshot(full=False))
        return _verdict("healthy", "unhealthy", found)

    async def _ready(self, _request: web.Request) -> web.Response:
        found = obstacles(await self._snapshot(full=False))
        return _verdict("ready", "not ready", found)

    async def _live(self, _request: web.Request) -> web.Response:
        """Whether this process does its work, whatever becomes of the others: who gets no for an answer kills the whole node."""
        await _within(self._turn())
        return _verdict("alive", "dead", ())

    async def _metrics(self, _request: web.Request) -> web.Response:
        text = exposition(await self._snapshot(full=True))
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE})

    async def _status(self, _request: web.Request) -> web.Response:
        return web.json_response(status_document(await self._snapshot(full=True)))

    async def _snapshot(self, *, full: bool) -> Snapshot:
        return await _within(self._ask(full))


async def _within(answer: Awaitable[T]) -> T:
    try:
        return await asyncio.wait_for(answer, ANSWER_S)
    except TimeoutError as late:
        raise Silence from late


def _verdict(good: str, bad: str, found: tuple[str, ...]) -> web.Response:
    return web.json_response({"status": bad if found else good, "problems": list(found)}, status=503 if found else 200)


def _host(request: web.Request) -> str:
    """The Host header without its port; that of HTTP/1.0, which may have none, counts as this machine's."""
    host = request.headers.get("Host", "localhost").lower()
    return host if host.endswith("]") else host.rpartition(":")[0] or host


async def _secure(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)

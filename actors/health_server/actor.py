"""The HealthServer actor: it collects what the HTTP thread asks for. The thread owns the socket and no actor's state."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar

from actors.health_server.collection import Collector
from actors.health_server.listening import HttpThread, listen
from actors.health_server.options import HealthOptions
from actors.health_server.snapshot import Snapshot
from actors.health_server.web import Endpoints
from protocols import (
    ConfigurationError,
    ExitReason,
    Figures,
    GetFigures,
    GetHealthAddress,
    HealthAddress,
    Message,
    abnormal,
    is_loopback,
    url_host,
)
from supervision import Actor, StopStart

T = TypeVar("T")

LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


class HealthServer(Actor):
    """Serves /health, /health/ready, /health/live, /metrics and /status over HTTP. Arguments are the fields of `HealthOptions`.

    Given two bytes of memory that outlive it, its next incarnation listens on the same port even if any free one was asked for.
    """

    trap_exit = True

    def on_start(self, args: Mapping[str, Any]) -> None:
        """Listen, and answer from then on.

        Raises:
            StopStart: wrong options, or a host or port that cannot be had; the reason names the cure.
        """
        try:
            options = HealthOptions.from_args(args)
            sock = self._listen(options)
        except ConfigurationError as refusal:
            raise StopStart(abnormal(f"{type(refusal).__name__}: {refusal}")) from refusal
        self._host, self._port = sock.getsockname()[:2]
        self._remember(self._port)
        self._collector = Collector(self.context)
        self._endpoints = Endpoints(self._snapshot, self._turn, self._served_hosts(options))
        self._http = HttpThread(sock, self._endpoints.application, self._crashed)
        self._http.start()

    def on_message(self, message: Message) -> None:
        """Tell the address and the figures; other messages are dropped."""
        match message:
            case GetHealthAddress():
                self.context.reply(HealthAddress(host=self._host, port=self._port))
            case GetFigures():
                figures = {
                    "requests": self._endpoints.requests,
                    "refused": self._endpoints.refused,
                    "collections": self._collector.collections,
                }
                self.context.reply(Figures(role="health_server", figures=figures))
            case _:
                super().on_message(message)

    def on_ping(self, answer: Callable[[], None]) -> None:
        """Answer through the event loop: whoever hangs, mailbox or loop, is missed."""
        self._http.loop.call_soon_threadsafe(self.context.post, answer)

    def terminate(self, reason: ExitReason) -> None:
        """Close the port."""
        del reason
        self._http.stop()

    # Called by the HTTP thread.

    async def _snapshot(self, full: bool) -> Snapshot:  # noqa: FBT001 - the shape that `Endpoints` asks for
        return await self._in_a_turn(lambda deliver: self._collector.want(full=full, deliver=deliver))

    async def _turn(self) -> None:
        def answer(deliver: Callable[[None], None]) -> None:
            deliver(None)

        await self._in_a_turn(answer)

    def _in_a_turn(self, begin: Callable[[Callable[[T], None]], None]) -> Awaitable[T]:
        """Have ``begin`` run as a turn of the mailbox; what it delivers, then or later, is the result here."""
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()

        def arrive(value: T) -> None:
            if not result.done():
                result.set_result(value)

        def deliver(value: T) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(arrive, value)

        self.context.post(lambda: begin(deliver))
        return result

    def _crashed(self, failure: Exception) -> None:
        def die() -> None:
            raise failure

        self.context.post(die)

    # Inside.

    def _listen(self, options: HealthOptions) -> socket.socket:
        remembered = 0 if options.port else self._remembered()
        if remembered:
            with suppress(ConfigurationError):  # somebody else took it meanwhile
                return listen(options.host, remembered, allow_remote=options.allow_remote)
        return listen(options.host, options.port, allow_remote=options.allow_remote)

    def _served_hosts(self, options: HealthOptions) -> frozenset[str] | None:
        return LOOPBACK_HOSTS | {url_host(options.host.lower())} if is_loopback(self._host) else None

    def _remembered(self) -> int:
        memory = self.context.memory
        return int.from_bytes(memory[:2], "big") if memory is not None and len(memory) >= 2 else 0  # noqa: PLR2004 - bytes of a port

    def _remember(self, port: int) -> None:
        memory = self.context.memory
        if memory is not None and len(memory) >= 2:  # noqa: PLR2004 - bytes of a port
            memory[:2] = port.to_bytes(2, "big")

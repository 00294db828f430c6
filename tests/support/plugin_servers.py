"""Loopback servers that speak as much of two vendors' protocols as their published plugins need: Deepgram's hearing, Cartesia's voice."""

import asyncio
import base64
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Self

from aiohttp import WSMsgType, web

from support.livekit_providers import loud, tone

MS_PER_CHAR = 20


class VendorServer:
    """A server on a thread of its own; ``requests`` are the paths that were asked for, ``status`` what it answers instead, if it is set."""

    def __init__(self, routes: dict[tuple[str, str], Callable[[web.Request], Awaitable[web.StreamResponse]]]) -> None:
        self.requests: list[str] = []
        self.status = 0
        self._routes = routes
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._up.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        runner = self._loop.run_until_complete(self._start())
        self._up.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _start(self) -> web.AppRunner:
        app = web.Application()
        for (method, path), handler in self._routes.items():
            app.router.add_route(method, path, self._answering(handler))
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self._port = runner.addresses[0][1]
        return runner

    def _answering(self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:
        async def answer(request: web.Request) -> web.StreamResponse:
            self.requests.append(request.path)
            if self.status:
                return web.Response(status=self.status)
            return await handler(request)

        return answer


def deepgram(text: str) -> VendorServer:
    """Hears ``text`` in what is loud, in a stream by WebSocket and in a file."""

    def words() -> list[dict[str, Any]]:
        return [
            {"word": word, "punctuated_word": word, "start": 0.1 * at, "end": 0.1 * at + 0.1, "confidence": 0.9}
            for at, word in enumerate(text.split())
        ]

    def results(heard: str, *, final: bool) -> str:
        alternative = {"transcript": heard, "confidence": 0.9, "words": words() if heard else [], "languages": ["en"]}
        return json.dumps(
            {
                "type": "Results",
                "channel": {"alternatives": [alternative]},
                "is_final": final,
                "speech_final": final,
                "metadata": {"request_id": "r1"},
                "start": 0.0,
                "duration": 1.0,
            }
        )

    async def stream(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        speaking = False
        async for message in socket:
            if message.type is WSMsgType.BINARY and not speaking and loud(message.data):
                speaking = True
                await socket.send_str(json.dumps({"type": "SpeechStarted"}))
                await socket.send_str(results(text.split(maxsplit=1)[0], final=False))
            elif message.type is WSMsgType.TEXT:
                told = json.loads(message.data)["type"]
                if told in ("Finalize", "CloseStream") and speaking:
                    speaking = False
                    await socket.send_str(results(text, final=True))
                if told == "CloseStream":
                    break
        await socket.close()
        return socket

    async def file(request: web.Request) -> web.StreamResponse:
        heard = text if loud((await request.read())[44:]) else ""
        alternative = {"transcript": heard, "confidence": 0.9, "words": words() if heard else []}
        channel = {"alternatives": [alternative], "detected_language": "en"}
        return web.json_response({"metadata": {"request_id": "r1"}, "results": {"channels": [channel]}})

    return VendorServer({("GET", "/v1/listen"): stream, ("POST", "/v1/listen"): file})


def cartesia(rate_hz: int) -> VendorServer:
    """Says a tone of 20 ms for each character, by WebSocket with the words' times, and as bytes."""

    def said(text: str) -> bytes:
        return tone(rate_hz, MS_PER_CHAR * sum(map(str.isalnum, text)))

    async def stream(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        at = 0.0
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            asked = json.loads(message.data)
            context = {"context_id": asked["context_id"], "status_code": 206, "done": False}
            for word in asked.get("transcript", "").split():
                end = at + MS_PER_CHAR / 1000 * sum(map(str.isalnum, word))
                times = {"words": [word], "start": [at], "end": [end]}
                await socket.send_str(json.dumps({**context, "type": "timestamps", "word_timestamps": times}))
                at = end
            if pcm := said(asked.get("transcript", "")):
                await socket.send_str(json.dumps({**context, "type": "chunk", "data": base64.b64encode(pcm).decode()}))
            if not asked.get("continue"):
                await socket.send_str(json.dumps({**context, "type": "done", "done": True}))
                at = 0.0
        return socket

    async def whole(request: web.Request) -> web.StreamResponse:
        return web.Response(body=said((await request.json())["transcript"]))

    return VendorServer({("GET", "/tts/websocket"): stream, ("POST", "/tts/bytes"): whole})

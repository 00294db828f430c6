"""Actors for tests of the process runtime: a gateway that does what a test tells it, and nodes that evaluate what they are sent."""

import ctypes
import gc
import glob
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

from protocols import ExitReason, Message, Ref, SendText
from supervision import Actor, Ignore, StopStart
from supervision.actor import ActorStart, ChildAcknowledged, ChildEvent, ChildStarted

NAMES = {
    "ctypes": ctypes,
    "gc": gc,
    "glob": glob,
    "json": json,
    "os": os,
    "signal": signal,
    "socket": socket,
    "sys": sys,
    "threading": threading,
    "time": time,
}


class Gateway(Actor):
    """Reads lines of JSON from ``fd``: ``{"do": ..., ...}``; writes what happens to it as lines of JSON."""

    trap_exit: ClassVar[bool] = True

    def on_start(self, args: Mapping[str, Any]) -> None:
        self._socket = socket.socket(fileno=args["fd"])
        self._buffer = b""
        self._unwatch = args["watch"](self._socket.fileno(), self._readable)
        self._tell("up", ref=asdict(self.context.self_ref), pid=os.getpid())

    def _readable(self) -> None:
        data = self._socket.recv(1 << 20)
        if not data:
            self._unwatch()
            self.context.exit(ExitReason.parse("shutdown:lifeline"))
            return
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            command = json.loads(line)
            getattr(self, "_do_" + command.pop("do"))(**command)

    def _do_spawn(self, **start: Any) -> None:
        self.context.spawn(ActorStart(**start))

    def _do_signal(self, uid: str, reason: str) -> None:
        self.context.signal_child(uid, ExitReason.parse(reason))

    def _do_kill(self, uid: str) -> None:
        self.context.kill_child(uid)

    def _do_ask(self, to: dict[str, str], text: str, timeout_s: float, number: int) -> None:
        def answered(message: Message | None) -> None:
            self._tell("answer", number=number, message=None if message is None else asdict(message))

        self.context.ask(Ref(**to), SendText(command_id="", text=text), timeout_s=timeout_s, then=answered)

    def _do_exit(self, reason: str) -> None:
        self.context.exit(ExitReason.parse(reason))

    def _do_run(self, code: str) -> None:
        exec(code, {"self": self, **NAMES})

    def on_child(self, event: ChildEvent) -> None:
        self._tell(type(event).__name__, **_fields(event))

    def on_message(self, message: Message) -> None:
        self._tell("message", message=asdict(message))

    def on_shutdown(self, reason: ExitReason) -> None:
        self._tell("shutdown", reason=str(reason))
        self.context.exit(reason)

    def _tell(self, what: str, **fields: Any) -> None:
        self._socket.sendall(json.dumps({"what": what, "at": time.monotonic(), **fields}).encode() + b"\n")


def _fields(event: ChildEvent) -> dict[str, Any]:
    fields: dict[str, Any] = {name: getattr(event, name) for name in event.__slots__}
    if isinstance(event, ChildAcknowledged | ChildStarted):
        fields |= {"ref": asdict(event.ref), "uid": event.ref.uid}
    return {name: str(value) if isinstance(value, ExitReason) else value for name, value in fields.items()}


class Node(Actor):
    """Runs the Python that it is sent, with ``self`` and a few modules; replies with ``repr`` of the last expression's JSON.

    ``args``: ``on_start`` (code to run), ``observer`` (who is told of children, as a `Ref`'s fields). ``heard`` is what children told
    it, and what became of them, in that order.
    """

    trap_exit: ClassVar[bool] = True

    def on_start(self, args: Mapping[str, Any]) -> None:
        self.args = args
        observer = Ref(**args["observer"]) if "observer" in args else self.context.parent
        assert observer is not None
        self.observer = observer
        self.names = {"self": self, "ActorStart": ActorStart, "ExitReason": ExitReason, "Ref": Ref, "SendText": SendText, **NAMES}
        self.names |= {"Ignore": Ignore, "StopStart": StopStart}
        self.heard: list[dict[str, Any]] = []
        exec(args.get("on_start", ""), self.names)

    def on_message(self, message: Message) -> None:
        assert isinstance(message, SendText)
        if message.command_id:
            self.heard.append(json.loads(message.text))
            return
        self.reply = self.context.replier()
        self.names["reply"] = lambda value: self.reply(SendText(command_id="", text=json.dumps(value)))
        try:
            code = compile(message.text, "sent", "eval")
        except SyntaxError:
            exec(message.text, self.names)
        else:
            self.names["reply"](eval(code, self.names))

    def spawn(
        self, actor_id: str, uid: str, code: str = "", actor: str = "support.seam_actors:Node", observer: Ref | None = None, **more: Any
    ) -> None:
        """Start a node that tells ``observer`` (this node's own by default) what it has to tell."""
        args = {"on_start": code, "observer": asdict(observer or self.observer)}
        self.context.spawn(ActorStart(actor_id=actor_id, uid=uid, actor=actor, args=args, **more))

    def tell(self, **fields: Any) -> None:
        text = json.dumps({"at": time.monotonic(), **fields})
        self.context.send(self.observer, SendText(command_id=self.context.self_ref.id, text=text))

    def on_child(self, event: ChildEvent) -> None:
        self.heard.append({"event": type(event).__name__, **_fields(event)})
        self.tell(**self.heard[-1])

    def terminate(self, reason: ExitReason) -> None:
        exec(self.args.get("terminate", ""), {**self.names, "reason": reason})


class Mortal(Node):
    """A node that does not trap exits."""

    trap_exit: ClassVar[bool] = False

"""``python -m otp.door FD``: a system of processes in which scenarios are played one after the other, told what to do on descriptor FD.

Commands and news are lines of JSON. The actor behind them, the door, is the parent of every scenario's root.
"""

import json
import socket
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import otp.script  # noqa: F401 - every process is forked from this one, with its modules
from protocols import SHUTDOWN, ExitReason, Message, Ref, pack, unpack
from supervision.actor import Actor, ActorStart, ChildEvent, ChildExited, ChildIgnored, ChildStarted, ChildStartFailed

MAX_LINE = 1 << 20


class Door(Actor):
    """Does what it is told, and tells what comes of it."""

    trap_exit: ClassVar[bool] = True

    def on_start(self, args: Mapping[str, Any]) -> None:
        """Open."""
        self._socket = socket.socket(fileno=args["fd"])
        self._buffer = b""
        args["watch"](self._socket.fileno(), self._readable)

    def on_child(self, event: ChildEvent) -> None:
        """A root has started, failed to, or ended."""
        match event:
            case ChildStarted(ref=ref):
                self._tell("started", uid=ref.uid)
            case ChildIgnored(uid=uid):
                self._tell("ignored", uid=uid)
            case ChildStartFailed(uid=uid, reason=reason):
                self._tell("start_failed", uid=uid, reason=str(reason))
            case ChildExited(uid=uid, reason=reason):
                self._tell("exit", uid=uid, reason=str(reason))

    def _readable(self) -> None:
        data = self._socket.recv(MAX_LINE)
        if not data:
            self.context.exit(SHUTDOWN)
            return
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            self._obey(**json.loads(line))

    def _obey(self, do: str, **given: Any) -> None:
        match do:
            case "spawn":
                self.context.spawn(ActorStart(**given))
            case "signal":
                self.context.signal_child(given["uid"], ExitReason.parse(given["reason"]))
            case "kill":
                self.context.kill_child(given["uid"])
            case "send":
                self.context.send(Ref(**given["to"]), unpack(Message, bytes.fromhex(given["message"])))
            case "ask":
                message = unpack(Message, bytes.fromhex(given["message"]))
                then = partial(self._answered, given["number"])
                self.context.ask(Ref(**given["to"]), message, timeout_s=given["timeout_s"], then=then)
            case _:
                raise ValueError(f"unknown command {do}")

    def _answered(self, number: int, answer: Message | None) -> None:
        self._tell("answer", number=number, message=None if answer is None else pack(Message, answer).hex())

    def _tell(self, what: str, **fields: Any) -> None:
        now_ms = self.context.clock.monotonic() * 1000
        self._socket.sendall(json.dumps({"what": what, "at_ms": now_ms} | fields).encode() + b"\n")


if __name__ == "__main__":
    from supervision.thespian_seam import SystemOptions, run_launcher

    run_launcher(ActorStart(actor_id="door", uid="door", actor="otp.door:Door", args={"fd": int(sys.argv[1])}), SystemOptions())

"""Cells on a runtime on a transport, in the process of the test, which turns their mailboxes."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

import pytest

from protocols import ExitReason, Message
from supervision.actor import Actor, ActorCell, ActorStart, ChildEvent
from supervision.thespian_seam.acceptor import listen
from supervision.thespian_seam.endpoint_runtime import EndpointRuntime
from supervision.thespian_seam.options import SystemOptions
from supervision.thespian_seam.transport import AuthenticatedTransport
from support.seam_endpoints import CLOCK, ENTROPY, KEY


class Recorder(Actor):
    """Writes down what happens to it."""

    trap_exit: ClassVar[bool] = True

    def on_start(self, args: Mapping[str, Any]) -> None:
        self.happened: list[Any] = args["happened"]

    def on_message(self, message: Message) -> None:
        self.happened.append(message)

    def on_shutdown(self, reason: ExitReason) -> None:
        self.happened.append(reason)

    def on_child(self, event: ChildEvent) -> None:
        self.happened.append(event)


class Hosted:
    """One cell, whose actor writes into ``happened``, on the runtime that `make_runtime` makes."""

    def __init__(self, name: str) -> None:
        options = SystemOptions(key=KEY)
        listener, address = listen("127.0.0.1", name, name + "1")
        self.happened: list[Any] = []
        self.transport = AuthenticatedTransport(listener, address, options, CLOCK, ENTROPY)
        runtime = self.make_runtime(options)
        start = ActorStart(actor_id=name, uid=name + "1", actor=f"{__name__}:Recorder", args={"happened": self.happened})
        self.cell = ActorCell(start, runtime)
        runtime.host(self.cell)

    def make_runtime(self, options: SystemOptions) -> EndpointRuntime:
        """On the endpoint of ``transport``, with eight bytes of memory."""
        raise NotImplementedError

    def turn(self) -> None:
        """Run the turns that wait."""
        self.transport.run(lambda envelope: envelope.message.run() or True, timedelta(milliseconds=1))


H = TypeVar("H", bound=Hosted)


@contextmanager
def hosting(monkeypatch: pytest.MonkeyPatch, kind: type[H]) -> Iterator[Callable[[str], H]]:
    """What makes and boots them, for the length of a test."""
    made: list[H] = []
    monkeypatch.setattr("supervision.actor.cell.load_actor", lambda _path: Recorder)

    def host(name: str) -> H:
        made.append(kind(name))
        assert made[-1].cell.boot() is None
        return made[-1]

    yield host
    for each in made:
        each.transport.close()


def until(condition: Callable[[], object], *hosted: Hosted) -> None:
    """Turn their mailboxes until the condition holds."""
    deadline = CLOCK.monotonic() + 10
    while not condition():
        assert CLOCK.monotonic() < deadline
        for each in hosted:
            each.turn()

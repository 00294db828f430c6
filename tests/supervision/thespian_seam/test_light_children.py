"""A light child behaves as one with a process: the same starts, ends and reasons; and what is its own: it shares a process."""

import errno
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from protocols import KILLED, SHUTDOWN, Envelope, ExitReason, ExitSignal, Message, Ref, SendText, decode_envelope, encode_envelope
from supervision.actor import (
    Actor,
    ActorStart,
    ChildAcknowledged,
    ChildEvent,
    ChildExited,
    ChildIgnored,
    ChildStarted,
    ChildStartFailed,
    Ignore,
    StopStart,
)
from supervision.thespian_seam import light_children as light_children_module
from supervision.thespian_seam.acceptor import listen
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.endpoint import Endpoint
from supervision.thespian_seam.light_children import LightChildren
from supervision.thespian_seam.options import SystemOptions
from supervision.thespian_seam.reactor import Reactor
from support.seam_endpoints import CLOCK, ENTROPY, KEY
from support.seam_system import System, system

ID, UID = "parent", "p"


class Light(Actor):
    """Does what its arguments say, and what it is sent: ``exit REASON``, ``raise``, ``interrupt`` or anything else, which it repeats."""

    trap_exit: ClassVar[bool] = True

    def on_start(self, args: Mapping[str, Any]) -> None:
        match args.get("start"):
            case "ignore":
                raise Ignore
            case "stop":
                raise StopStart(SHUTDOWN)
            case "raise":
                raise ValueError("no start")
            case "interrupt":
                raise KeyboardInterrupt
            case "defer":
                self.finish = self.context.defer_start()
            case "acknowledge":
                self.finish = self.context.defer_start()
                self.context.acknowledge_start()
                self.context.after(0, self.finish)

    def on_message(self, message: Message) -> None:
        assert isinstance(message, SendText)
        match message.text.split():
            case ["exit", reason]:
                self.say("last")
                self.context.exit(ExitReason.parse(reason))
            case ["raise"]:
                raise ValueError("in a turn")
            case ["interrupt"]:
                raise KeyboardInterrupt
            case ["spawn"]:
                self.context.spawn(ActorStart(actor_id="n", uid="n", actor="m:C"))
            case ["later"]:
                self.context.after(0.01, lambda: self.say("too late"))
                self.say("later")
            case _:
                self.say(message.text)

    def say(self, text: str) -> None:
        assert self.context.parent is not None
        self.context.send(self.context.parent, SendText(command_id="", text=text))

    def terminate(self, reason: ExitReason) -> None:
        self.say(f"terminated {reason}")


@dataclass
class Parent:
    """The process: its own actor's endpoint, its mailbox, and what is heard of its light children, in order."""

    endpoint: Endpoint
    reactor: Reactor
    mailbox: deque[Callable[[], object]]
    heard: list[Any]
    titles: list[list[str]]
    children: LightChildren

    @property
    def ref(self) -> Ref:
        return Ref(id=ID, uid=UID, address=str(self.endpoint.address))

    def turn(self) -> None:
        self.reactor.poll(0.001)
        while self.mailbox:
            self.mailbox.popleft()()

    def until(self, condition: Callable[[], object]) -> None:
        deadline = CLOCK.monotonic() + 10
        while not condition():
            assert CLOCK.monotonic() < deadline, self.heard
            self.turn()

    def start(self, uid: str = "u", **args: Any) -> Ref:
        start = ActorStart(actor_id="light", uid=uid, actor="m:Light", args=args, parent=self.ref, light=True, title=f"light {uid}")
        return Ref(id="light", uid=uid, address=self.children.spawn(start))

    def up(self, uid: str = "u") -> Ref:
        ref = self.start(uid)
        self.until(lambda: ChildStarted(ref=ref, os_pid=os.getpid()) in self.heard)
        self.heard.clear()
        return ref

    def send(self, to: Ref, message: Message | str) -> None:
        if isinstance(message, str):
            message = SendText(command_id="", text=message)
        envelope = Envelope(message=message, message_id="m", to_id=to.id, to_uid=to.uid, sender=self.ref)
        self.endpoint.send_envelope(EndpointAddress.parse(to.address), encode_envelope(envelope))

    def ends(self, uid: str = "u") -> list[Any]:
        self.until(lambda: self.children.ref(uid) is None and not self.mailbox)
        return self.heard


@pytest.fixture
def parent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Parent]:
    monkeypatch.setattr("supervision.actor.cell.load_actor", lambda _path: Light)
    reactor, mailbox, heard, titles = Reactor(CLOCK, 64), deque[Callable[[], object]](), list[Any](), list[list[str]]()
    listener, address = listen("127.0.0.1", ID, UID)
    options = SystemOptions(key=KEY)
    endpoint = Endpoint(listener, address, options, CLOCK, ENTROPY, reactor=reactor, enqueue=mailbox.append)

    def said(data: bytes, _now: float, origin: EndpointAddress) -> None:

        envelope = decode_envelope(data)
        assert envelope.sender is not None
        assert origin.proves(envelope.sender)
        assert isinstance(envelope.message, SendText)
        heard.append(envelope.message.text)

    endpoint.on_envelope = said

    def tell(event: ChildEvent) -> None:
        mailbox.append(lambda: heard.append(event))

    children = LightChildren(endpoint, options, ENTROPY, tell, lambda shown: titles.append(list(shown)))
    made = Parent(endpoint, reactor, mailbox, heard, titles, children)
    yield made
    for uid in ("u", "v"):
        children.kill(uid)
    made.until(lambda: not children.ref("u") and not children.ref("v"))
    endpoint.close()
    reactor.close()


def test_it_lives_here_with_an_address_of_its_own(parent: Parent) -> None:
    ref = parent.up()
    assert ref.address != str(parent.endpoint.address)
    assert parent.children.ref("u") == ref
    parent.send(ref, "hello")
    parent.until(lambda: parent.heard == ["hello"])


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("ignore", ChildIgnored(uid="u")),
        ("stop", ChildStartFailed(uid="u", reason=SHUTDOWN)),
        ("raise", ChildStartFailed(uid="u", reason=ExitReason.parse("error:ValueError: no start"))),
        ("interrupt", ChildStartFailed(uid="u", reason=ExitReason.parse("error:KeyboardInterrupt"))),
    ],
)
def test_one_that_does_not_come_up_says_why(parent: Parent, start: str, end: ChildEvent) -> None:
    parent.start(start=start)
    assert parent.children.ref("u") is not None, "it begins with a later turn"
    assert parent.ends() == [end]
    parent.start(start=start)
    assert parent.ends() == [end, end]


def test_an_acknowledged_start_is_told_of_twice(parent: Parent) -> None:
    ref = parent.start(start="acknowledge")
    parent.until(lambda: len(parent.heard) == 2)
    assert parent.heard == [ChildAcknowledged(ref=ref, os_pid=os.getpid()), ChildStarted(ref=ref, os_pid=os.getpid())]


def test_one_that_is_killed_while_it_starts_has_failed_to(parent: Parent) -> None:
    parent.start(start="defer")
    parent.turn()
    parent.children.kill("u")
    assert parent.ends() == [ChildStartFailed(uid="u", reason=KILLED)]


@pytest.mark.parametrize(
    ("sent", "said", "reason"),
    [
        ("exit normal", ["last", "terminated normal"], "normal"),
        ("exit shutdown:term", ["last", "terminated shutdown:term"], "shutdown:term"),
        ("raise", ["terminated error:ValueError: in a turn"], "error:ValueError: in a turn"),
        ("interrupt", [], "error:KeyboardInterrupt"),
        ("spawn", ["terminated error:UsageError"], "error:UsageError"),
    ],
)
def test_its_end_is_told_once_with_its_reason_and_after_what_it_said(parent: Parent, sent: str, said: list[str], reason: str) -> None:
    ref = parent.up()
    parent.send(ref, sent)
    *before, end = parent.ends()
    assert [text[: len(start)] for text, start in zip(before, said, strict=True)] == said
    assert isinstance(end, ChildExited)
    assert str(end.reason).startswith(reason)


def test_an_exit_signal_of_its_parent_is_obeyed(parent: Parent) -> None:
    ref = parent.up()
    parent.send(ref, ExitSignal(reason="shutdown", from_parent=True))
    assert parent.ends() == ["terminated shutdown", ChildExited(uid="u", reason=SHUTDOWN)]


def test_a_kill_drops_it_with_its_timers_and_nothing_is_terminated(parent: Parent) -> None:
    ref = parent.up()
    parent.send(ref, "later")
    parent.until(lambda: parent.heard == ["later"])
    parent.send(ref, "in its mailbox when it is dropped")
    parent.children.kill("u")
    parent.children.kill("u")
    assert parent.ends() == ["later", ChildExited(uid="u", reason=KILLED)]
    done: list[bool] = []
    parent.reactor.call_later(0.05, lambda: done.append(True))
    parent.until(lambda: done)
    assert parent.heard[2:] == [], "no turn of the dropped"
    parent.children.kill("u")


def test_what_is_sent_to_one_that_has_ended_is_lost(parent: Parent) -> None:
    ref = parent.up()
    parent.children.kill("u")
    parent.ends()
    parent.send(ref, "hello")
    parent.until(lambda: not parent.endpoint.links.pending)
    assert parent.heard == [ChildExited(uid="u", reason=KILLED)]


def test_the_next_incarnation_is_another(parent: Parent) -> None:
    first = parent.up()
    parent.children.kill("u")
    parent.ends()
    second = parent.up("v")
    assert second.address != first.address
    parent.send(Ref(id="light", uid="u", address=second.address), "for the first")
    parent.send(second, "for the second")
    parent.until(lambda: "for the second" in parent.heard)
    assert "for the first" not in parent.heard


def test_the_titles_of_those_that_live_are_shown(parent: Parent) -> None:
    parent.up("u")
    parent.up("v")
    parent.children.kill("u")
    parent.ends("u")
    assert parent.titles == [["light u"], ["light u", "light v"], ["light v"]]


def test_one_that_cannot_listen_has_failed_to_start(parent: Parent, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.EMFILE, "no descriptor is left")

    monkeypatch.setattr(light_children_module, "listen", full)
    assert parent.start().address == ""
    (failed,) = parent.ends()
    assert isinstance(failed, ChildStartFailed)
    assert "no descriptor is left" in str(failed.reason)


@pytest.fixture(scope="module")
def running() -> Iterator[System]:
    with system() as running:
        yield running


@pytest.fixture(scope="module")
def host(running: System) -> dict[str, Any]:
    return running.start()


@pytest.mark.processes
def test_in_a_real_process_it_shares_that_of_its_parent(running: System, host: dict[str, Any]) -> None:
    before = len(running.pids())
    light = running.child(host["ref"], "light", light=True, title="job_context 7f3a")
    assert light["os_pid"] == host["os_pid"] == running.ask(light["ref"], "os.getpid()")
    assert len(running.pids()) == before
    assert running.pids()[host["os_pid"]] == "livekitex: root, job_context 7f3a"
    assert running.ask(host["ref"], "self.context.child_progress('light')") > 0
    running.send(host["ref"], "self.context.signal_child('light', ExitReason.parse('shutdown'))")
    assert running.wait("message", uid="light")["reason"] == "shutdown"
    assert running.pids()[host["os_pid"]] == "livekitex: root"


@pytest.mark.processes
@pytest.mark.parametrize("way", ["self.context.kill_child('killed')", "self.context.kill_child('killed', trace=True)"])
def test_in_a_real_process_a_kill_drops_it_alone(running: System, host: dict[str, Any], way: str) -> None:
    running.child(host["ref"], "killed", light=True)
    running.send(host["ref"], way)
    assert running.wait("message", uid="killed")["reason"] == "killed"
    assert running.ask(host["ref"], "os.getpid()") == host["os_pid"]


@pytest.mark.processes
def test_a_process_forked_beside_it_has_none_of_its_descriptors(running: System, host: dict[str, Any]) -> None:
    light = running.child(host["ref"], "beside", light=True)
    forked = running.child(host["ref"], "forked")
    port = int(light["ref"]["address"].partition("#")[0].rpartition(":")[2])
    listening = f"[line for line in open('/proc/self/net/tcp') if line.split()[1].endswith(':{port:04X}') and line.split()[3] == '0A']"
    (line,) = running.ask(host["ref"], listening)
    inode = line.split()[9]
    mine = "[os.readlink(f) for f in glob.glob('/proc/self/fd/*') if os.path.lexists(f)]"
    assert f"socket:[{inode}]" in running.ask(host["ref"], mine)
    assert f"socket:[{inode}]" not in running.ask(forked["ref"], mine)

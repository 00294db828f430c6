"""A local attacker without the key, against every port of a running system, and as a listener: nothing runs, nothing dies."""

import os
import pickle
import select
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.handshake import make_hello
from supervision.thespian_seam.keys import Key
from support import procfs
from support.seam_system import System, system

pytestmark = pytest.mark.processes

HANDSHAKE_S = 1.0
ANYBODY = EndpointAddress("127.0.0.1", 1, "aa" * 16)


class RunsCode:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (str(self.path),))


@pytest.fixture(scope="module")
def running() -> Iterator[System]:
    with system(handshake_timeout_s=HANDSHAKE_S) as running:
        running.root = running.start()  # type: ignore[attr-defined]
        running.leaf = running.child(running.root["ref"], "leaf")  # type: ignore[attr-defined]
        yield running


def ports(running: System) -> dict[str, int]:
    """Each process of the system by its title, and the port that it listens on."""
    listeners = procfs.listeners()
    found = {title: procfs.listening_ports(pid, listeners) for pid, title in running.pids().items()}
    assert all(len(each) == 1 for each in found.values()), f"a4: one listening socket each: {found}"
    return {title: each.pop() for title, each in found.items()}


def alive(running: System) -> None:
    """The system answers, from the same processes."""
    assert running.ask(running.leaf["ref"], "os.getpid()") == running.leaf["os_pid"]  # type: ignore[attr-defined]
    assert running.ask(running.root["ref"], "os.getpid()") == running.root["os_pid"]  # type: ignore[attr-defined]
    assert running.process.poll() is None


def hung_up(sock: socket.socket, within_s: float = 10.0) -> bool:
    """Whether the other end closes; what it says is thrown away."""
    sock.settimeout(within_s)
    try:
        while sock.recv(4096):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def test_s2_every_socket_listens_on_loopback_only(running: System) -> None:
    listening = set(ports(running).values())
    assert len(listening) == 4
    sockets = [line.split()[1].split(":") for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    assert {host for host, port in sockets if int(port, 16) in listening} == {"0100007F"}


def thespian_frame(message: object) -> bytes:
    data = pickle.dumps(message)
    return b"%d>" % len(data) + data


ATTACKS: dict[str, Callable[[Path], bytes]] = {
    "s1_a_pickle_that_runs_code": lambda ran: thespian_frame(RunsCode(ran)),
    "s3_a_negative_size": lambda _: b"-5>" + bytes(200),
    "junk": lambda _: os.urandom(4096),
    "an_oversized_frame": lambda _: b"9" * 18 + b">" + bytes(3_000_000),
    "s4_a_forged_shutdown": lambda _: thespian_frame(("admin", "thespian.system.messages.admin.SystemShutdown")) + bytes(100),
    "a_hello_of_another_run": lambda _: make_hello(Key(bytes(32)), bytes(16), ANYBODY, ANYBODY).data,
}


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_what_a_stranger_sends_is_refused_on_every_port(running: System, attack: str, tmp_path: Path) -> None:
    for port in ports(running).values():
        with socket.create_connection(("127.0.0.1", port)) as sock:
            try:
                sock.sendall(ATTACKS[attack](tmp_path / "ran"))
            except ConnectionError:
                continue
            assert hung_up(sock)
    assert not (tmp_path / "ran").exists()
    alive(running)


def test_half_frames_held_open_on_every_port_are_bounded_in_number_and_time(running: System) -> None:
    half = make_hello(Key(bytes(32)), bytes(16), ANYBODY, ANYBODY).data[:-1]
    held = []
    for port in ports(running).values():
        for _ in range(100):
            held.append(socket.create_connection(("127.0.0.1", port)))
            held[-1].sendall(half)
    alive(running)
    for sock in held:
        assert hung_up(sock, within_s=HANDSHAKE_S + 5)
        sock.close()
    alive(running)


def test_a_replayed_genuine_connection_is_refused(running: System) -> None:
    """The bytes are recorded in the sender; the payload changes the recipient's state, so a replay would show."""
    tap = (
        "import types, supervision.thespian_seam.links as links\n"
        "sent = self.sent = {}\n"
        "class Tap(socket.socket):\n"
        "    def send(self, data, *flags):\n"
        "        count = super().send(data, *flags)\n"
        "        sent.setdefault(self.getpeername()[1], []).append(bytes(data[:count]).hex())\n"
        "        return count\n"
        "links.socket = types.SimpleNamespace(**{**vars(socket), 'socket': Tap})\n"
    )
    root = running.root["ref"]  # type: ignore[attr-defined]
    victim = running.child(root, "victim", "self.count = 0")
    tapped = running.child(root, "tapped", tap)
    code = "self.count += 1"
    running.ask(tapped["ref"], f"self.context.send(Ref(**{victim['ref']!r}), SendText(command_id='', text={code!r}))")
    port = int(victim["ref"]["address"].partition("#")[0].rpartition(":")[2])
    while running.ask(victim["ref"], "self.count") != 1:
        pass
    recorded = [bytes.fromhex(each) for each in running.ask(tapped["ref"], f"self.sent[{port}]")]
    assert len(recorded) >= 2
    assert recorded[0].startswith(b"LKX")
    for replay in (b"".join(recorded), recorded[0] + b"".join(recorded[2:]), b"".join(recorded[1:])):
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.sendall(replay)
            assert hung_up(sock)
    running.ask(tapped["ref"], f"self.context.send(Ref(**{victim['ref']!r}), SendText(command_id='', text={code!r}))")
    while running.ask(victim["ref"], "self.count") < 2:
        pass
    assert running.ask(victim["ref"], "self.count") == 2
    alive(running)


@pytest.mark.parametrize(
    "answer",
    [b"", b"ACK", b"7>\x80\x04N.", thespian_frame("ACK"), b"-5>", os.urandom(4096)],
    ids=["silence", "ack", "pickle", "ack_pickle", "size", "junk"],
)
def test_whoever_listens_in_a_dead_actors_place_learns_nothing(running: System, answer: bytes, tmp_path: Path) -> None:
    """The acknowledgement path: Thespian unpickles whatever whom it connects to says."""
    answer = answer.replace(b"\x80\x04N.", pickle.dumps(RunsCode(tmp_path / "ran")))
    root = running.root["ref"]  # type: ignore[attr-defined]
    dead = running.child(root, f"dead-{len(answer)}-{answer[:3].hex()}")
    port = int(dead["ref"]["address"].partition("#")[0].rpartition(":")[2])
    os.kill(dead["os_pid"], 9)
    running.wait("message", event="ChildExited", uid=dead["ref"]["uid"])
    got = bytearray()
    with socket.create_server(("127.0.0.1", port)) as impostor:
        impostor.settimeout(10)
        sender = running.child(root, f"sender-{len(answer)}-{answer[:3].hex()}")
        running.ask(sender["ref"], f"self.context.send(Ref(**{dead['ref']!r}), SendText(command_id='', text='the secret'))")
        connection, _ = impostor.accept()
        with connection:
            connection.settimeout(10)
            got += connection.recv(4096)
            connection.sendall(answer)
            while select.select([connection], [], [], 0.3)[0] and (data := connection.recv(4096)):
                got += data
            assert running.ask(sender["ref"], "os.getpid()") == sender["os_pid"]
    assert b"secret" not in got
    assert not (tmp_path / "ran").exists()
    alive(running)


def test_the_system_works_under_fire(running: System, tmp_path: Path) -> None:
    targets = list(ports(running).values())
    stop = threading.Event()
    fired = [0]

    def fire() -> None:
        while not stop.is_set():
            for port in targets:
                for attack in ATTACKS.values():
                    try:
                        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
                            sock.sendall(attack(tmp_path / "ran"))
                            fired[0] += 1
                    except OSError:
                        continue

    attacker = threading.Thread(target=fire)
    attacker.start()
    try:
        for number in range(5):
            child = running.child(running.root["ref"], f"under fire {number}")  # type: ignore[attr-defined]
            for _ in range(10):
                assert running.ask(child["ref"], "os.getpid()") == child["os_pid"]
            running.send(child["ref"], "exit(0)")
            running.wait("message", event="ChildExited", uid=f"under fire {number}")
    finally:
        stop.set()
        attacker.join()
    assert fired[0] > 20
    assert not (tmp_path / "ran").exists()
    alive(running)

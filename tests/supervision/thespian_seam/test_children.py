import os
import signal
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from support import fresh
from support.seam_system import System, system

pytestmark = [pytest.mark.processes, pytest.mark.each_python]

HERE = """
        import os, signal, socket, time
        from protocols import SystemClock, SystemEntropy
        from supervision.actor import ActorStart, ChildStartFailed
        from supervision.thespian_seam import orphans
        from supervision.thespian_seam.acceptor import listen
        from supervision.thespian_seam.children import ChildProcesses
        from supervision.thespian_seam.handshake import make_hello
        from supervision.thespian_seam.options import SystemOptions
        from supervision.thespian_seam.transport import AuthenticatedTransport
        from support.fake_context import FakeClock

        told, options, actor = [], SystemOptions(), ActorStart(actor_id="n", uid="u", actor="m:C")
        listener, address = listen("127.0.0.1", "peer", SystemEntropy().hex_id())

        def begin(clock):
            transport = AuthenticatedTransport(listener, address, options, clock, SystemEntropy())
            return transport, ChildProcesses(transport.endpoint, options, told.append)

        def await_word(transport):
            while not told:
                transport.reactor.poll(1)
            return told[0]
"""


@pytest.fixture(scope="module")
def running() -> Iterator[System]:
    with system() as running:
        yield running


@pytest.fixture(scope="module")
def parent(running: System) -> dict[str, str]:
    ref: dict[str, str] = running.start()["ref"]
    return ref


def spawn(running: System, parent: dict[str, str], uid: str, code: str, **more: Any) -> None:
    arguments = "".join(f", {name}={value!r}" for name, value in more.items())
    running.send(parent, f"self.spawn('n', {uid!r}, {code!r}{arguments})\nreply(0)")


def test_a_child_that_is_up_is_told_with_its_place_and_its_process(running: System, parent: dict[str, str]) -> None:
    child = running.child(parent, "up")
    assert (child["ref"]["id"], child["ref"]["uid"]) == ("n-up", "up")
    assert running.ask(child["ref"], "os.getpid()") == child["os_pid"]
    assert running.ask(child["ref"], "os.getppid()") == running.ask(parent, "os.getpid()")
    assert running.ask(child["ref"], "self.context.self_ref.address") == child["ref"]["address"]


@pytest.mark.parametrize(
    ("code", "event", "reason"),
    [
        ("raise Ignore", "ChildIgnored", None),
        ("raise StopStart(ExitReason.parse('shutdown:no room'))", "ChildStartFailed", "shutdown:no room"),
        ("1 / 0", "ChildStartFailed", "error:ZeroDivisionError: division by zero"),
        ("exit(3)", "ChildStartFailed", "error:SystemExit: 3"),
        ("os._exit(3)", "ChildStartFailed", "error:exit code 3"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "ChildStartFailed", "killed"),
        ("ctypes.string_at(0)", "ChildStartFailed", "error:SIGSEGV"),
        ("raise KeyboardInterrupt", "ChildStartFailed", "error:KeyboardInterrupt"),
    ],
)
def test_c8_a_child_that_does_not_come_up_says_why(
    running: System, parent: dict[str, str], code: str, event: str, reason: str | None
) -> None:
    uid = f"fails {code}"
    spawn(running, parent, uid, code)
    assert running.wait("message", uid=uid).get("reason") == reason
    spawn(running, parent, uid + " again", code)
    assert running.wait("message", uid=uid + " again")["event"] == event


def test_a_child_without_code_says_so(running: System, parent: dict[str, str]) -> None:
    spawn(running, parent, "missing", "", actor="support.seam_actors:Missing")
    assert "AttributeError" in running.wait("message", uid="missing")["reason"]


def test_an_acknowledged_start_is_told_of_twice(running: System, parent: dict[str, str]) -> None:
    code = "done = self.context.defer_start(); self.context.acknowledge_start(); self.context.after(0.05, done)"
    spawn(running, parent, "acknowledged", code)
    assert running.wait("message", uid="acknowledged", event="ChildAcknowledged")["event"] == "ChildAcknowledged"
    assert running.wait("message", uid="acknowledged", event="ChildStarted")["event"] == "ChildStarted"


def test_the_progress_of_a_child_is_that_of_its_process(running: System, parent: dict[str, str]) -> None:
    running.child(parent, "runs", "")
    assert running.ask(parent, "self.context.child_progress('runs')") > 0
    assert running.ask(parent, "self.context.child_progress('nobody')") == 0


def test_a_deferred_start_is_told_when_it_is_over(running: System, parent: dict[str, str]) -> None:
    running.child(parent, "deferred", "done = self.context.defer_start(); self.context.after(0.05, done)")
    spawn(running, parent, "deferred and failed", "self.context.defer_start(); self.context.after(0.01, lambda: 1 / 0)")
    assert running.wait("message", uid="deferred and failed")["event"] == "ChildStartFailed"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("self.context.exit(ExitReason.parse('normal'))", "normal"),
        ("self.context.exit(ExitReason.parse('shutdown:term'))", "shutdown:term"),
        ("1 / 0", "error:ZeroDivisionError: division by zero"),
        ("exit(4)", "error:SystemExit: 4"),
        ("os._exit(0)", "error:exit code 0"),
        ("os._exit(5)", "error:exit code 5"),
        ("ctypes.string_at(0)", "error:SIGSEGV"),
        ("os.abort()", "error:SIGABRT"),
        ("os.kill(os.getpid(), signal.SIGALRM)", "error:SIGALRM"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "killed"),
        ("raise KeyboardInterrupt('in a turn')", "error:KeyboardInterrupt: in a turn"),
    ],
)
def test_c3_an_exit_is_told_once_with_its_reason(running: System, parent: dict[str, str], code: str, reason: str) -> None:
    uid = f"exits {code}"
    child = running.child(parent, uid)
    running.send(child["ref"], code)
    exited = running.wait("message", uid=uid)
    assert (exited["event"], exited["reason"]) == ("ChildExited", reason)
    assert running.ask(parent, "1") == 1
    assert not any(heard.get("uid") == uid for heard in running._heard), "c4: no duplicate"


def test_c1_a_native_crash_is_an_exit(running: System, parent: dict[str, str]) -> None:
    child = running.child(parent, "native")
    running.send(child["ref"], "ctypes.string_at(0)")
    assert running.wait("message", uid="native")["reason"] == "error:SIGSEGV"


def test_c6_all_children_that_died_while_the_parent_was_busy_are_told(running: System, parent: dict[str, str]) -> None:
    children = [running.child(parent, f"busy-{number}") for number in range(4)]
    running.send(parent, f"[os.kill(pid, signal.SIGKILL) for pid in {[child['os_pid'] for child in children]}] and time.sleep(0.2)")
    for number in range(4):
        assert running.wait("message", uid=f"busy-{number}")["reason"] == "killed"


@pytest.mark.parametrize("how", ["self.context.exit(ExitReason.parse('normal'))", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_an_exit_comes_after_the_last_message(running: System, parent: dict[str, str], how: str) -> None:
    uid = f"talks {how}"
    talk = f"self.tell(number=0); self.context.after(0.05, lambda: [self.tell(number=at) for at in range(1, 300)] + [{how}])"
    running.ask(parent, f"self.heard.clear() or self.spawn('n', {uid!r}, {talk!r}, observer=self.context.self_ref)")
    assert running.wait("message", event="ChildExited")["uid"] == uid
    heard = running.ask(parent, "self.heard")
    assert heard[-1]["event"] == "ChildExited"
    numbers = [each["number"] for each in heard if "number" in each]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) == 300 or "SIGKILL" in how, "only who is killed may lose the last of what it sent"


def test_a_child_is_signalled_and_killed(running: System, parent: dict[str, str]) -> None:
    running.child(parent, "signalled")
    running.send(parent, "self.context.signal_child('signalled', ExitReason.parse('shutdown:enough'))")
    assert running.wait("message", uid="signalled")["reason"] == "shutdown:enough"
    running.child(parent, "killed")
    running.send(parent, "self.context.kill_child('killed')")
    assert running.wait("message", uid="killed")["reason"] == "killed"


@pytest.mark.parametrize(
    ("hang", "trace"),
    [
        ("threading.Event().wait()", "most recent call first"),
        ("ctypes.PyDLL(None).sleep(60)", "most recent call first"),  # it holds the GIL
        ("os.kill(os.getpid(), signal.SIGSTOP)", ""),
    ],
)
def test_a_child_that_hangs_leaves_a_trace_if_it_can_and_is_killed(running: System, parent: dict[str, str], hang: str, trace: str) -> None:
    child = running.child(parent, hang)
    said = len(running.stderr())
    running.send(child["ref"], hang)
    running.send(parent, f"self.context.kill_child({hang!r}, trace=True)")
    assert running.wait("message", uid=hang)["reason"] == "killed"
    assert trace in running.stderr()[said:]


def test_a_signal_to_a_child_that_is_still_starting_is_seen_when_it_is_up(running: System, parent: dict[str, str]) -> None:
    running.send(
        parent,
        "self.spawn('n', 'starting', 'time.sleep(0.1)'); self.context.signal_child('starting', ExitReason.parse('shutdown'))",
    )
    running.wait("message", event="ChildStarted", uid="starting")
    assert running.wait("message", uid="starting")["reason"] == "shutdown"


def test_nobody_is_signalled_or_killed_who_has_ended(running: System, parent: dict[str, str]) -> None:
    assert running.ask(
        parent, "[self.context.signal_child('nobody', ExitReason.parse('shutdown')), self.context.kill_child('nobody', trace=True)]"
    )


def test_memory_outlives_the_child_and_is_nobody_elses(running: System, parent: dict[str, str]) -> None:
    kept = {"memory_key": "ring", "memory_bytes": 4096}
    first = running.child(parent, "first", **kept)
    assert running.ask(first["ref"], "[len(self.context.memory), bytes(self.context.memory[:3]).hex()]") == [4096, "000000"]
    running.ask(first["ref"], "self.context.memory.__setitem__(slice(0, 3), b'abc')")
    os.kill(first["os_pid"], signal.SIGKILL)
    running.wait("message", uid="first")
    second = running.child(parent, "second", **kept)
    assert running.ask(second["ref"], "bytes(self.context.memory[:3]).decode()") == "abc"
    other = running.child(parent, "other")
    assert running.ask(other["ref"], "self.context.memory") is None
    assert not running.ask(
        other["ref"], "'memfd' in open('/proc/self/maps').read() + str([os.readlink(f'/proc/self/fd/{f}') for f in range(3)])"
    )
    spawn(running, parent, "misfit", "", memory_key="ring", memory_bytes=1)
    assert "InvalidSpecError" in running.wait("message", uid="misfit")["reason"]
    running.ask(parent, "self.context.release_memory('ring')")
    third = running.child(parent, "third", **kept)
    assert running.ask(third["ref"], "bytes(self.context.memory[:3]).hex()") == "000000"


def test_a4_a5_a_child_has_no_descriptor_of_its_parent(running: System, parent: dict[str, str]) -> None:
    running.ask(parent, "setattr(self, 'foreign', socket.create_server(('127.0.0.1', 0))) or self.foreign.getsockname()[1]")
    child = running.child(parent, "owns")
    links = "[os.readlink(link) for link in glob.glob('/proc/self/fd/*') if os.path.lexists(link) and int(link.rsplit('/')[-1]) > 2]"
    names = running.ask(child["ref"], links)
    kinds = Counter(name.split(":")[0] for name in names)
    # The loop and its wake-up, the pipe to the parent, the listener, and the connection from who asks.
    assert kinds == {"anon_inode": 2, "pipe": 1, "socket": 2}, names
    running.ask(parent, "self.foreign.close()")


@pytest.mark.parametrize(
    ("where", "what"),
    [("children.fork", "fork"), ("children.os.pidfd_open", "pidfd"), ("children.os.pipe2", "pipe"), ("children.listen", "listen")],
)
def test_what_cannot_be_started_is_told(running: System, parent: dict[str, str], where: str, what: str) -> None:
    running.ask(parent, "[self.names.__setitem__('children', __import__('supervision.thespian_seam.children', fromlist=['x']))] and 1")
    before = running.ask(parent, "len(os.listdir('/proc/self/fd'))")
    running.send(
        parent,
        f"genuine = {where}\n"
        "def fail(*_, **__): raise BlockingIOError(11, 'none left')\n"
        f"{where} = fail\n"
        f"self.spawn('n', {what!r})\n"
        f"{where} = genuine\n",
    )
    failed = running.wait("message", uid=what)
    assert (failed["event"], failed["reason"]) == ("ChildStartFailed", "error:BlockingIOError: [Errno 11] none left")
    assert running.ask(parent, "len(os.listdir('/proc/self/fd'))") == before
    assert running.ask(running.child(parent, what + " works again")["ref"], "1") == 1


def test_a_stranger_that_replays_a_dead_childs_hello_holds_up_its_exit_for_a_moment_only() -> None:
    fresh.python(
        HERE
        + """
        transport, children = begin(SystemClock())
        start, reader = children.prepare(actor, address)
        children.launch(start, reader, lambda start: time.sleep(0.05))
        assert children.uids == ["u"]
        stranger = socket.create_connection((address.host, address.port))
        stranger.sendall(make_hello(options.secret, os.urandom(16), start.address, address).data)
        while not transport.endpoint.acceptor.hears(start.address):
            transport.reactor.poll(1)
        assert isinstance(await_word(transport), ChildStartFailed) and str(told[0].reason) == "error:exit code 0", told
        assert transport.endpoint.acceptor.hears(start.address)
        stranger.close()
        transport.close()
        """
    )


def test_a_process_that_hosts_no_actor_is_killed_when_it_was_stopped_for_three_seconds_on_end() -> None:
    fresh.python(
        HERE
        + """
        clock = FakeClock()
        transport, children = begin(clock)
        children.spawn(actor, address, lambda start: signal.pause(), via="helper")
        (pid,) = orphans.children()

        def put(number, state, code):
            os.kill(pid, number)
            assert os.waitid(os.P_PID, pid, state | os.WEXITED | os.WNOWAIT).si_code == code
        def let_pass(seconds):
            for _ in range(seconds):
                clock.now += 1
                transport.reactor.poll(0)

        for _ in range(2):
            put(signal.SIGSTOP, os.WSTOPPED, os.CLD_STOPPED)
            let_pass(2)
            put(signal.SIGCONT, os.WCONTINUED, os.CLD_CONTINUED)
            let_pass(1)
        put(signal.SIGSTOP, os.WSTOPPED, os.CLD_STOPPED)
        let_pass(3)
        assert str(await_word(transport).reason) == "killed:helper", told
        transport.close()
        """
    )


def test_a_process_that_hosts_no_actor_is_not_looked_at_when_it_has_ended() -> None:
    fresh.python(
        HERE
        + """
        clock = FakeClock()
        transport, children = begin(clock)
        children.spawn(actor, address, lambda start: None, via="helper")
        assert str(await_word(transport).reason) == "error:helper: exit code 0", told
        clock.now += 1
        transport.reactor.poll(0)
        assert transport.reactor._timers.next_due() is None
        transport.close()
        """
    )

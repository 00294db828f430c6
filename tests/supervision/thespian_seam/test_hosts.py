import os
import signal
from collections.abc import Iterator

import pytest
from thespian.system.messages.admin import QueryAck, QueryExists
from thespian.system.transport import SendStatus

from supervision.thespian_seam.process import ASKED_TO_END
from support.seam_peer import peer
from support.seam_system import KEY, System, system

pytestmark = pytest.mark.processes

ADMIN = "str([each for each in gc.get_objects() if type(each).__name__ == 'HostManager'][0]._adminAddr.addressDetails)"
HELD_KEY = "bytes(self.context._runtime._endpoint.links.key._held).hex()"


@pytest.fixture(scope="module")
def running() -> Iterator[System]:
    with system() as running:
        yield running


@pytest.fixture(scope="module")
def parent(running: System) -> dict[str, str]:
    ref: dict[str, str] = running.start()["ref"]
    return ref


def test_every_process_shows_its_role(running: System, parent: dict[str, str]) -> None:
    titled = running.child(parent, "titled", title="agent_session 7f3a")
    plain = running.child(parent, "plain")
    titles = running.pids()
    assert titles[titled["os_pid"]] == "livekitex: agent_session 7f3a"
    assert titles[plain["os_pid"]] == "livekitex: n-plain"
    assert {"livekitex: launcher", "livekitex: admin", "livekitex: root"} < set(titles.values())


def test_a7_there_is_no_logger_process(running: System, parent: dict[str, str]) -> None:
    processes = len(running.pids())
    running.child(parent, "logs", "import logging; logging.getLogger('livekitex.test').warning('said locally')")
    assert len(running.pids()) == processes + 1


def test_c9_a_message_whose_handling_failed_is_not_handled_again(running: System, parent: dict[str, str]) -> None:
    kept = {"memory_key": "count", "memory_bytes": 1}
    child = running.child(parent, "once", **kept)
    running.send(child["ref"], "self.context.memory[0] += 1; raise ValueError('after the effect')")
    assert running.wait("message", uid="once")["reason"] == "error:ValueError: after the effect"
    after = running.child(parent, "after", **kept)
    assert running.ask(after["ref"], "self.context.memory[0]") == 1


def test_an_exception_that_nobody_handled_in_a_thread_ends_the_actor(running: System, parent: dict[str, str]) -> None:
    child = running.child(parent, "threaded", "import threading; threading.Thread(target=sys.exit).start()")
    assert running.ask(child["ref"], "1") == 1
    running.send(child["ref"], "import threading; threading.Thread(target=lambda: 1 / 0).start()")
    assert running.wait("message", uid="threaded")["reason"] == "error:ZeroDivisionError: division by zero"


def test_so_does_one_in_a_callback_on_a_thread_of_native_code(running: System, parent: dict[str, str]) -> None:
    child = running.child(parent, "called back")
    running.send(
        child["ref"],
        "self.callback = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(lambda _: 1 / 0)\n"
        "ctypes.CDLL(None).pthread_create(ctypes.byref(ctypes.c_ulong()), None, self.callback, None)",
    )
    assert running.wait("message", uid="called back")["reason"] == "error:ZeroDivisionError: division by zero"


def test_c2_an_actor_ignores_what_is_sent_to_a_whole_group(running: System, parent: dict[str, str]) -> None:
    for actor in ("Node", "Mortal"):
        child = running.child(parent, f"grouped-{actor}", actor=f"support.seam_actors:{actor}")
        for number in ASKED_TO_END:
            os.kill(child["os_pid"], number)
        assert running.ask(child["ref"], "os.getpid()") == child["os_pid"]


def test_an_exit_in_the_turn_that_ends_the_start_is_told_after_the_start(running: System, parent: dict[str, str]) -> None:
    code = "done = self.context.defer_start(); self.context.after(0, lambda: [done(), self.context.exit(ExitReason.parse('shutdown'))])"
    running.child(parent, "brief", code)
    assert running.wait("message", uid="brief")["reason"] == "shutdown"


def test_who_runs_user_code_talks_to_the_others_without_the_key_of_the_run(running: System, parent: dict[str, str]) -> None:
    plain = running.child(parent, "trusted")
    confined = running.child(parent, "confined", confined=True)
    assert running.ask(plain["ref"], HELD_KEY) == KEY.hex()
    assert running.ask(confined["ref"], HELD_KEY) not in (None, KEY.hex())
    running.send(confined["ref"], "self.context.exit(ExitReason.parse('shutdown:done'))")
    assert running.wait("message", uid="confined")["reason"] == "shutdown:done"


def test_what_escapes_from_the_loop_itself_is_the_reason_of_the_exit(running: System, parent: dict[str, str]) -> None:
    child = running.child(parent, "loop")
    running.send(child["ref"], "cancel = self.context._runtime._endpoint.reactor.call_later(0, lambda: 1 / 0)")
    assert running.wait("message", uid="loop")["reason"] == "error:ZeroDivisionError: division by zero"


def test_who_ends_waits_a_moment_for_a_recipient_that_does_not_read(running: System, parent: dict[str, str]) -> None:
    stopped = running.child(parent, "stopped")
    child = running.child(parent, "flushes")
    os.kill(stopped["os_pid"], signal.SIGSTOP)
    running.send(child["ref"], f"self.context.send(Ref(**{stopped['ref']!r}), SendText(command_id='', text='1')); exit(2)")
    assert running.wait("message", uid="flushes")["reason"] == "error:SystemExit: 2"
    os.kill(stopped["os_pid"], signal.SIGCONT)
    assert running.ask(stopped["ref"], "1") == 1


def test_the_admin_answers_as_thespians(running: System, parent: dict[str, str]) -> None:
    with peer() as talking:
        assert isinstance(talking.ask(running.ask(parent, ADMIN), QueryExists()), QueryAck)


def test_an_actor_that_is_sent_a_message_of_thespians_goes_on(running: System, parent: dict[str, str]) -> None:
    child = running.child(parent, "asked")
    with peer() as talking:
        assert talking.send(child["ref"]["address"], QueryExists()) == SendStatus.Sent
    assert running.ask(child["ref"], "os.getpid()") == child["os_pid"]
    running.send(child["ref"], "exit(0)")
    assert running.wait("message", uid="asked")["reason"] == "error:SystemExit: 0"


def test_the_admin_ignores_signals(running: System, parent: dict[str, str]) -> None:
    admin = running.ask(parent, "os.getppid()")
    for number in ASKED_TO_END:
        os.kill(admin, number)
    assert running.ask(parent, "os.getppid()") == admin


@pytest.mark.parametrize(
    ("code", "event", "reason"),
    [
        ("raise Ignore", "ChildIgnored", None),
        ("1 / 0", "ChildStartFailed", "error:ZeroDivisionError: division by zero"),
        ("os._exit(7)", "ChildStartFailed", "error:exit code 7"),
    ],
)
def test_a_root_that_does_not_come_up_says_why(running: System, code: str, event: str, reason: str | None) -> None:
    uid = f"root {code}"
    running.tell("spawn", actor_id="root2", uid=uid, actor="support.seam_actors:Node", args={"on_start": code})
    assert running.wait(event, uid=uid).get("reason") == reason


def test_that_a_root_acknowledges_its_start_is_told_once_and_before_the_start_is_over(running: System) -> None:
    code = "done = self.context.defer_start(); self.context.acknowledge_start()"
    running.tell("spawn", actor_id="root4", uid="r4", actor="support.seam_actors:Node", args={"on_start": code})
    acknowledged = running.wait("ChildAcknowledged", uid="r4")
    assert running.ask(acknowledged["ref"], "os.getpid()") == acknowledged["os_pid"]
    running.send(acknowledged["ref"], "done()")
    assert running.wait("ChildStarted", uid="r4")["os_pid"] == acknowledged["os_pid"]
    assert not any(heard["what"] == "ChildAcknowledged" for heard in running._heard)
    running.tell("signal", uid="r4", reason="shutdown:enough")
    assert running.wait("ChildExited", uid="r4")["reason"] == "shutdown:enough"


def test_a_root_has_memory_too(running: System) -> None:
    running.tell("spawn", actor_id="root3", uid="r3", actor="support.seam_actors:Node", memory_key="root", memory_bytes=16)
    root = running.wait("ChildStarted", uid="r3")
    assert running.ask(root["ref"], "len(self.context.memory)") == 16
    running.tell("signal", uid="r3", reason="shutdown:enough")
    assert running.wait("ChildExited", uid="r3")["reason"] == "shutdown:enough"


def test_what_escapes_from_the_admins_loop_ends_the_admin() -> None:
    with system() as running:
        running.tell("run", code="from supervision.thespian_seam import hosts; hosts._report_of = lambda _event: 1 / 0")
        running.tell("spawn", actor_id="root", uid="r1", actor="support.seam_actors:Node")
        assert running.wait("ChildStartFailed")["reason"] == "error:admin: exit code 70"

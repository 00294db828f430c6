"""SIGKILL, and faults of native code, to each kind of process: what remains, and what the system says."""

import os
import signal
import socket

import pytest

from support import procfs
from support.seam_system import System, gone, system, wait_gone

pytestmark = pytest.mark.processes


def grown(running: System) -> dict[str, int]:
    """A tree of two levels below the root; the process of each role."""
    root = running.start()
    middle = running.child(root["ref"], "middle")
    leaf = running.child(middle["ref"], "leaf")
    admin = procfs.stat(root["os_pid"])
    assert admin is not None
    return {
        "launcher": running.process.pid,
        "admin": admin.parent,
        "root": root["os_pid"],
        "middle": middle["os_pid"],
        "leaf": leaf["os_pid"],
    }


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGSEGV])
@pytest.mark.parametrize("victim", ["launcher", "admin", "root", "middle", "leaf"])
def test_c5_who_dies_takes_what_is_below_along_and_nothing_else(victim: str, sign: signal.Signals) -> None:
    with system() as running:
        roles = grown(running)
        os.kill(roles[victim], sign)
        order = list(roles)
        # With the admin or the root the program ends; the launcher is what ends it.
        doomed = order[order.index(victim) :]
        assert wait_gone(roles[role] for role in doomed)
        if victim == "launcher":
            running.join()
            return
        reason = "killed" if sign == signal.SIGKILL else "error:SIGSEGV"
        if victim == "admin":
            reason = "killed:admin" if sign == signal.SIGKILL else "error:admin: SIGSEGV"
        if victim in {"admin", "root"}:
            assert running.wait("ChildExited")["reason"] == reason
            assert set(running.pids()) == {roles["launcher"]}
        else:
            exited = running.wait("message", event="ChildExited")
            assert (exited["uid"], exited["reason"]) == (victim, reason)
            assert all(not gone(roles[role]) for role in order if role not in doomed)


def test_a2_the_port_of_who_was_killed_is_free_at_once() -> None:
    with system() as running:
        root = running.start()
        child = running.child(root["ref"], "child")
        port = int(child["ref"]["address"].partition("#")[0].rpartition(":")[2])
        os.kill(child["os_pid"], signal.SIGKILL)
        running.wait("message", event="ChildExited")
        taken = socket.create_server(("127.0.0.1", port))
        taken.close()


def test_an_admin_that_is_stopped_is_killed_and_one_that_was_stopped_goes_on() -> None:
    with system() as running:
        roles = grown(running)
        os.kill(roles["admin"], signal.SIGSTOP)
        os.kill(roles["admin"], signal.SIGCONT)
        os.kill(roles["middle"], signal.SIGKILL)
        running.wait("message", event="ChildExited")
        assert not gone(roles["admin"])
        os.kill(roles["admin"], signal.SIGSTOP)
        assert running.wait("ChildExited")["reason"] == "killed:admin"
        assert wait_gone([roles["admin"], roles["root"]])
        assert "a process was stopped, and is killed" in running.stderr()
        assert "Traceback" not in running.stderr()


def test_a_stopped_child_holds_up_nobody_and_can_be_killed() -> None:
    with system() as running:
        root = running.start()
        stopped = running.child(root["ref"], "stopped")
        os.kill(stopped["os_pid"], signal.SIGSTOP)
        running.send(root["ref"], f"for at in range(6000): self.context.send(Ref(**{stopped['ref']!r}), SendText(command_id='', text='1'))")
        other = running.child(root["ref"], "other")
        assert running.ask(other["ref"], "1") == 1
        running.send(root["ref"], "self.context.kill_child('stopped')")
        assert running.wait("message", uid="stopped")["reason"] == "killed"


def test_a_message_to_the_dead_is_lost_silently() -> None:
    with system() as running:
        root = running.start()
        child = running.child(root["ref"], "child")
        os.kill(child["os_pid"], signal.SIGKILL)
        running.wait("message", event="ChildExited")
        running.ask(root["ref"], f"self.context.send(Ref(**{child['ref']!r}), SendText(command_id='', text='1'))")
        assert running.ask(root["ref"], "1") == 1

import ast
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from thespian.system.messages.admin import QueryExists
from thespian.system.transport import SendStatus

from supervision.thespian_seam.process import scheduled_ns
from support import fresh, leftovers, procfs
from support.seam_peer import peer
from support.seam_system import KEY, System, gone, system

pytestmark = pytest.mark.processes

BLOCKS = "self.context.after(0, lambda: time.sleep(60))"


def test_it_hosts_the_gateway_and_ends_with_it() -> None:
    with system() as running:
        running.start()
        said = running.end("shutdown:over")
        assert "ended: shutdown:over" in said
        assert running.process.returncode == 0


def test_the_tree_is_the_launcher_the_admin_and_the_root() -> None:
    with system() as running:
        root = running.start()
        admin = running.ask(root["ref"], "os.getppid()")
        parent = procfs.stat(admin)
        assert parent is not None
        assert parent.parent == running.process.pid


def test_a_root_makes_progress_itself_and_leaves_a_trace_when_it_hangs() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as hangs, system(keep_fds=[writer], pass_fds=[writer]) as running:
        os.close(writer)
        root = running.start()
        before = scheduled_ns(root["os_pid"])
        running.tell("run", code="self._tell('progress', ns=self.context.child_progress('r1'))")
        assert before <= running.wait("progress")["ns"] <= scheduled_ns(root["os_pid"])
        running.send(root["ref"], f"os.write({writer}, b'x'); threading.Event().wait()")
        assert hangs.read(1) == b"x"
        running.tell("run", code="self.context.kill_child('r1', trace=True)")
        assert running.wait("ChildExited")["reason"] == "killed:admin"
        assert 'File "<string>", line 1 in <module>' in running.stderr()


def test_g13_nothing_is_left_however_deep_the_tree() -> None:
    with system() as running:
        parent = running.start()["ref"]
        for depth in range(4):
            parent = running.child(parent, f"deep-{depth}")["ref"]
        pids = running.pids()
        assert len(pids) == 7
        running.end()
        assert all(gone(pid) for pid in pids)


LOOKS_FORKED = """
import json
def links():
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[name] = os.readlink("/proc/self/fd/" + name)
        except OSError:  # the descriptor that listed the folder
            pass
    return {link for name, link in found.items() if int(name) > 2}
reader, writer = os.pipe()
own = links()
pid = os.fork()
if not pid:
    os.write(writer, json.dumps(sorted(links())).encode())
    os._exit(0)
os.close(writer)
forked = json.loads(os.read(reader, 1 << 16))
os.waitpid(pid, 0)
pipes = {f"pipe:[{os.fstat(reader).st_ino}]"}
os.close(reader)
reply([sorted(own - pipes), sorted(set(forked) - pipes)])
"""


def test_a_worker_that_a_process_of_ours_forks_has_none_of_its_descriptors() -> None:
    with system() as running:
        root = running.start()["ref"]
        child = running.child(root, "c1")["ref"]
        for actor, kinds in ((root, {"socket", "pipe", "anon_inode"}), (child, {"socket", "pipe", "anon_inode"})):
            own, forked = running.ask(actor, LOOKS_FORKED)
            assert {link.partition(":")[0] for link in own} == kinds
            assert forked == ["/dev/null"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_reaches_the_gateway_as_its_parents(number: signal.Signals) -> None:
    with system() as running:
        running.start()
        pids = running.pids()
        running.process.send_signal(number)
        assert running.wait("shutdown")["reason"] == f"shutdown:{number.name}"
        running.join()
        assert all(gone(pid) for pid in pids)


def test_a_message_of_thespians_does_not_disturb_the_gateway() -> None:
    with system() as running, peer() as talking:
        assert talking.send(running.gateway["address"], QueryExists()) == SendStatus.Sent
        running.start()


def test_a_crash_of_the_gateway_ends_the_tree_in_order(tmp_path: Path) -> None:
    with system() as running:
        root = running.start(args={"terminate": f"open({str(tmp_path / 'said')!r}, 'w').write(str(reason))"})
        running.tell("run", code="raise ZeroDivisionError('the gateway')")
        assert "ended: error:ZeroDivisionError: the gateway" in running.join()
        assert gone(root["os_pid"])
        assert (tmp_path / "said").read_text() == "shutdown"


def test_what_escapes_from_the_gateways_loop_ends_the_tree_too() -> None:
    with system() as running:
        root = running.start()
        running.tell("run", code="self.context._runtime._endpoint.reactor.call_later(0, lambda: 1 / 0)")
        assert "ended: error:ZeroDivisionError: division by zero" in running.join()
        assert gone(root["os_pid"])


def test_a3_a_tree_that_does_not_end_is_killed_in_bounded_time() -> None:
    with system(stop_timeout_s=0.3) as running:
        root = running.start(args={"on_start": BLOCKS})
        said = running.end()
        assert "did not end in time" in said
        assert gone(root["os_pid"])


def test_a_second_signal_has_the_tree_killed_at_once() -> None:
    with system(stop_timeout_s=60) as running:
        root = running.start(args={"on_start": BLOCKS})
        running.process.send_signal(signal.SIGTERM)
        running.wait("shutdown")
        while running.process.poll() is None:
            running.process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                running.process.wait(0.05)
        running.join()
        assert gone(root["os_pid"])


def test_a6_orphans_are_adopted_and_reaped() -> None:
    with system() as running:
        root = running.start()["ref"]
        middle = running.child(root, "middle")
        leaf = running.child(middle["ref"], "leaf")
        os.kill(middle["os_pid"], signal.SIGKILL)
        assert running.wait("message", uid="middle")["reason"] == "killed"
        assert not leftovers.wait_for_end(lambda: procfs.pids() & {leaf["os_pid"]}), "not even a zombie"


def test_g13_a_process_that_detached_itself_is_found_and_killed() -> None:
    with system() as running:
        root = running.start()["ref"]
        pid = running.ask(root, "int(os.popen('setsid sleep 600 > /dev/null & echo $!').read())")
        assert not gone(pid)
        running.end()
        assert gone(pid)


def test_the_root_may_be_spawned_again() -> None:
    with system() as running:
        first = running.start()
        os.kill(first["os_pid"], signal.SIGKILL)
        assert running.wait("ChildExited", uid="r1")["reason"] == "killed"
        second = running.start(uid="r2")
        assert running.ask(second["ref"], "os.getpid()") == second["os_pid"]
        assert sorted(running.pids().values()) == ["livekitex: admin", "livekitex: launcher", "livekitex: root"]


def test_a_root_that_cannot_be_started_is_told() -> None:
    with system() as running:
        code = "from supervision.thespian_seam import launcher\ndef fail(*_): raise OSError(24, 'none left')\nlauncher.listen = fail"
        running.tell("run", code=code)
        running.tell("spawn", actor_id="root", uid="r1", actor="support.seam_actors:Node")
        assert running.wait("ChildStartFailed")["reason"] == "error:OSError: [Errno 24] none left"


def test_the_lifeline_ends_everything() -> None:
    with system() as running:
        running.start()
        pids = running.pids()
        running._mine.close()
        assert "ended: shutdown:lifeline" in running.join()
        assert all(gone(pid) for pid in pids)


def test_two_systems_live_side_by_side() -> None:
    with system() as one, system() as two:
        first, second = one.start(), two.start()
        assert one.ask(first["ref"], "1") == two.ask(second["ref"], "1") == 1
        assert one.ask(second["ref"], "1", timeout_s=10) == 1, "with one key they could talk"
        two.end()
        assert one.ask(first["ref"], "2") == 2


def test_two_systems_of_different_keys_do_not_hear_each_other() -> None:
    with system() as one, system(key="ff" * 32) as two:
        other = two.start()
        assert one.ask(other["ref"], "1", timeout_s=1) is None
        assert two.ask(other["ref"], "1") == 1


def test_no_core_is_written_and_standard_input_is_empty() -> None:
    with system() as running:
        root = running.start()["ref"]
        limits = "__import__('resource').getrlimit(__import__('resource').RLIMIT_CORE)"
        assert running.ask(root, f"[*{limits}, os.readlink('/proc/self/fd/0')]") == [0, 0, "/dev/null"]


def test_an_actor_may_be_found_by_the_mark_of_its_environment() -> None:
    with system() as running:
        running.start()
        mark = os.environ[leftovers.MARK]
        assert all(procfs.environ(pid).get(leftovers.MARK) == mark for pid in running.pids())


def test_a_configured_log_goes_on_in_every_process(tmp_path: Path) -> None:
    log = (tmp_path / "log").open("wb")
    running = System(keep_fds=[log.fileno()], pass_fds=[log.fileno()])
    root = running.start()["ref"]
    assert running.ask(root, f"os.write({log.fileno()}, b'from the root')") == 13
    log.close()
    running.end()
    assert (tmp_path / "log").read_bytes() == b"from the root"


@pytest.mark.parametrize(
    ("host", "key", "cure"),
    [
        ("10.255.255.1", None, "configure a key"),
        ("192.0.2.1", KEY.hex(), "use an address of this machine"),
        ("0.0.0.0", KEY.hex(), "name one"),
    ],
)
def test_s2_a_host_that_cannot_be_is_refused_before_anything_is_started(host: str, key: str | None, cure: str) -> None:
    options = json.dumps({"host": host} | ({"key": key} if key else {}))
    command = [sys.executable, "-m", "support.seam_launcher", "0", options]
    run = subprocess.run(command, env=fresh.environment(), capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert f"ConfigurationError: {'cannot listen on ' if '192' in host else ''}" in run.stderr
    assert cure in run.stderr


def test_another_thespian_is_refused_before_anything_is_started() -> None:
    run = fresh.python(
        """
        import importlib.metadata
        from protocols import ConfigurationError
        from supervision.actor import ActorStart
        from supervision.thespian_seam import SystemOptions, run_launcher
        importlib.metadata.version = lambda _name: "4.0.2"
        try:
            run_launcher(ActorStart(actor_id="g", uid="g", actor="m:C"), SystemOptions())
        except ConfigurationError as failure:
            print(failure)
        """
    )
    assert "pip install thespian==4.0.1" in run.stdout


GATEWAYS = """
        import sys
        from supervision import Actor, Ignore
        from supervision.actor import ActorStart
        from supervision.thespian_seam import SystemOptions, launcher, orphans, run_launcher

        class Ignored(Actor):
            def on_start(self, args):
                raise Ignore

        class Fails(Actor):
            def on_start(self, args):
                1 / 0

        class Raises(Actor):
            def on_start(self, args):
                raise KeyboardInterrupt

        def run(name):
            return str(run_launcher(ActorStart(actor_id="g", uid="g", actor=f"__main__:{name}"), SystemOptions()))
"""


def test_a_gateway_that_does_not_come_up_leaves_nothing() -> None:
    run = fresh.python(
        GATEWAYS
        + """
        print([run("Ignored"), run("Fails"), run("Raises"), run("Missing")])
        """
    )
    normal, fails, raises, missing = ast.literal_eval(run.stdout)
    assert [normal, fails, raises] == ["normal", "error:ZeroDivisionError: division by zero", "error:KeyboardInterrupt"]
    assert missing.startswith("error:AttributeError")


def test_processes_that_the_kernel_does_not_end_are_named_and_left() -> None:
    run = fresh.python(
        GATEWAYS
        + """
        launcher.KILL_TIMEOUT_S = 0.02
        hosting = launcher._Launcher(ActorStart(actor_id="g", uid="g", actor="__main__:Ignored"), SystemOptions())
        hosting._runtime.children.orphans.adopt()
        orphans.children = lambda: [1 << 30]
        orphans._ended = lambda _pid: False
        launcher.os.kill = lambda _pid, _number: None
        hosting.run()
        """
    )
    assert "do not end" in run.stderr


def test_logging_that_is_configured_is_left_alone() -> None:
    run = fresh.python(
        GATEWAYS
        + """
        import logging
        logging.basicConfig(stream=sys.stdout, format="configured %(message)s")
        run("Fails")
        """
    )
    assert run.stdout.startswith("configured actor crashed")

"""What ended children leave behind: reaped while they live, gone when one has ended, however it defends itself."""

import pytest

from support import fresh

pytestmark = pytest.mark.processes

SETUP = """
        import ctypes, os, signal, subprocess, threading, time
        from protocols import SystemClock
        from supervision.thespian_seam import orphans as module
        from supervision.thespian_seam.orphans import Orphans, children
        from supervision.thespian_seam.process import fork
        from supervision.thespian_seam.reactor import Reactor

        own = set()
        reactor = Reactor(SystemClock(), 10)
        orphans = Orphans(reactor, SystemClock(), lambda: own)
        orphans.adopt()
        orphans.adopt()
        ready = os.pipe()

        def child(main):  # one of ours that starts something, and is killed when that is ready
            def run():
                main()
                os.kill(os.getpid(), signal.SIGKILL)
            own.add(pid := fork(run))
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            return pid

        def daemon(main):  # forked twice, in a session of its own
            if not os.fork():
                os.setsid()
                if not os.fork():
                    main()
                os._exit(0)
            os.read(ready[0], 1)

        def tell_and_sleep():
            os.write(ready[1], b"x")
            time.sleep(600)

        def swept(within_s=module.SWEEP_S):
            began, over = time.monotonic(), []
            orphans.end(lambda: over.append(1), within_s)
            while not over:
                reactor.poll(5)
            return time.monotonic() - began
"""


@pytest.mark.parametrize(
    "defence",
    [
        "tell_and_sleep()",
        "[signal.signal(number, signal.SIG_IGN) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)]; tell_and_sleep()",
        "os.write(ready[1], b'x'); os.kill(os.getpid(), signal.SIGSTOP)",
        "subprocess.Popen(['setsid', 'sh', '-c', 'sleep 600 & sleep 600']); tell_and_sleep()",
        "daemon(tell_and_sleep); tell_and_sleep()",
        "ctypes.CDLL(None).prctl(36, 1); daemon(tell_and_sleep); tell_and_sleep()",
    ],
    ids=["daemon", "ignores signals", "is stopped", "has children", "leaves a daemon", "adopts orphans itself"],
)
def test_what_a_dead_child_had_started_is_gone(defence: str) -> None:
    fresh.python(
        SETUP
        + f"""
        def main():
            {defence}
        dead = child(lambda: daemon(main))
        assert len(children()) > 1
        swept(10)
        assert children() == [dead], children()
        os.waitpid(dead, 0)
        """
    )


def test_a_process_whose_main_thread_has_left_is_a_zombie_that_runs_and_is_gone_as_well() -> None:
    fresh.python(
        SETUP
        + """
        def main():
            threading.Thread(target=tell_and_sleep).start()
            ctypes.CDLL(None).pthread_exit(None)
        dead = child(lambda: daemon(main))
        swept(10)
        assert children() == [dead], children()
        """
    )


def test_what_ends_by_itself_between_a_look_and_the_wait_leaves_nothing_either() -> None:
    fresh.python(
        SETUP
        + """
        go = os.pipe()
        def main():
            if not os.fork():
                tell_and_sleep()
            os.read(go[0], 1)
        dead = child(lambda: daemon(main))
        while len(children()) > 2:  # the one that led the daemon's session has ended
            orphans._reap()
        genuine, looks = module.children, []
        def looked():
            looks.append(genuine())
            if len(looks) == 1:
                os.write(go[1], b"x")
                while genuine() == looks[0]:  # what the daemon had started comes to us as it ends
                    pass
            return looks[-1]
        module.children = looked
        swept(10)
        assert genuine() == [dead], genuine()
        """
    )


def test_one_that_forks_and_ends_over_and_over_is_caught() -> None:
    fresh.python(
        SETUP
        + """
        def main():
            os.write(ready[1], b"x")
            while not os.fork():
                pass
            os.kill(os.getpid(), signal.SIGKILL)  # at once, not after its coverage is written down, while the next forks on
        dead = child(lambda: daemon(main))
        swept(10)
        assert children() == [dead], children()
        """
    )


def test_our_own_children_live_on_and_an_orphan_of_the_living_is_only_reaped() -> None:
    fresh.python(
        SETUP
        + """
        def lives():
            daemon(tell_and_sleep)
            time.sleep(600)
        own.add(alive := fork(lives))
        while not (orphaned := set(children()) - own):  # the one that led the daemon's session ends when it likes
            pass
        (orphan,) = orphaned
        reactor.poll(0)
        assert orphan in children()
        os.kill(orphan, signal.SIGKILL)
        while orphan in children():
            reactor.poll(10)
        swept()
        assert children() == [alive]
        os.kill(alive, signal.SIGKILL)
        os.waitpid(alive, 0)
        """
    )


def test_what_the_kernel_does_not_end_is_named_and_left_in_time() -> None:
    run = fresh.python(
        SETUP
        + """
        import logging
        logging.basicConfig(format="%(message)s %(processes)s")
        stuck = subprocess.Popen(["sleep", "600"])
        def kill(pid, number):
            raise PermissionError
        os.kill, genuine = kill, os.kill
        assert swept(0.05) >= 0.05
        genuine(stuck.pid, signal.SIGKILL)
        stuck.wait()
        """
    )
    assert "do not end" in run.stderr
    assert "(sleep) " in run.stderr


def test_what_has_forked_nothing_ends_nothing() -> None:
    fresh.python(
        SETUP
        + """
        orphans = Orphans(reactor, SystemClock(), lambda: own)
        program = subprocess.Popen(["sleep", "600"])
        swept()
        assert program.poll() is None
        program.kill()
        program.wait()
        """
    )


def test_the_children_of_all_threads_are_found_ended_ones_included() -> None:
    fresh.python(
        SETUP
        + """
        over, started = threading.Event(), threading.Event()
        programs = []
        def run():
            programs.append(subprocess.Popen(["sleep", "600"]))
            started.set()
            over.wait()
        thread = threading.Thread(target=run)
        thread.start()
        programs.append(subprocess.Popen(["true"]))
        started.wait()
        pids = sorted(program.pid for program in programs)
        ended = next(program for program in programs if program.args == ["true"])
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        assert sorted(children()) == pids
        over.set()
        thread.join()
        for program in programs:
            program.kill()
            program.wait()
        assert children() == []
        """
    )


def test_one_that_is_listed_still_and_was_waited_for_already_has_ended_and_is_not_named() -> None:
    run = fresh.python(
        SETUP
        + """
        import logging
        logging.basicConfig(format="%(message)s %(processes)s")
        program = subprocess.Popen(["true"])
        program.wait()
        module.children = lambda: [program.pid]
        swept(0)
        """
    )
    assert "do not end" not in run.stderr

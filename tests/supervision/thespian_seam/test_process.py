import errno
import os
import signal
import subprocess

import pytest

from supervision.thespian_seam import process
from supervision.thespian_seam.process import describe, is_stopped, scheduled_ns
from support import fresh

pytestmark = pytest.mark.processes


def test_who_runs_makes_progress_and_the_dead_make_none() -> None:
    before = scheduled_ns(os.getpid())
    until = os.times().user + 0.05
    while os.times().user < until:
        pass
    assert scheduled_ns(os.getpid()) > before
    assert scheduled_ns(2**22) == 0


def test_whether_a_process_was_stopped_is_known() -> None:
    with subprocess.Popen(["sleep", "60"]) as program:
        assert describe(program.pid).startswith(f"{program.pid} (")
        assert not is_stopped(program.pid)
        program.send_signal(signal.SIGSTOP)
        assert os.waitid(os.P_PID, program.pid, os.WSTOPPED | os.WNOWAIT) is not None
        assert is_stopped(program.pid)
        program.kill()
    assert not is_stopped(program.pid)
    assert describe(1 << 30) == str(1 << 30)


def test_a_child_ends_with_what_it_runs() -> None:
    fresh.python(
        """
        import os
        from supervision.thespian_seam.process import EXIT_UNHANDLED, fork
        for main, code in ((lambda: None, 0), (lambda: 1 / 0, EXIT_UNHANDLED), (lambda: exit(3), EXIT_UNHANDLED)):
            pid = fork(main)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == code
        """
    )


def test_what_escapes_is_logged() -> None:
    run = fresh.python(
        """
        import os
        from supervision.thespian_seam.process import fork
        os.waitpid(fork(lambda: 1 / 0), 0)
        """
    )
    assert "ZeroDivisionError" in run.stderr


def test_what_is_buffered_is_written_once() -> None:
    run = fresh.python(
        """
        import os
        from supervision.thespian_seam.process import fork
        os.waitpid(fork(lambda: print("from the child")), 0)
        """
    )
    assert run.stdout == "from the child\n"


def test_only_the_main_thread_forks() -> None:
    fresh.python(
        """
        import threading
        from protocols import InternalError
        from supervision.thespian_seam.process import fork
        caught = []
        def run():
            try:
                fork(lambda: None)
            except InternalError as failure:
                caught.append(failure)
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        assert "main thread" in str(caught[0])
        """
    )


def test_a_process_with_other_threads_is_not_forked_and_they_are_named() -> None:
    fresh.python(
        """
        import ctypes, os, threading
        from protocols import InternalError
        from supervision.thespian_seam.process import fork
        over, named = threading.Event(), threading.Semaphore(0)
        def idle(name):
            ctypes.CDLL(None).prctl(15, name, 0, 0, 0)  # PR_SET_NAME
            named.release()
            over.wait()
        threads = [threading.Thread(target=idle, args=[name]) for name in (b"uploader", b"blas pool")]
        for thread in threads:
            thread.start()
            named.acquire()
        try:
            fork(lambda: None)
            raise AssertionError
        except InternalError as refusal:
            assert "(blas pool, uploader)" in str(refusal), refusal
        over.set()
        for thread in threads:
            thread.join()
        while len(os.listdir("/proc/self/task")) > 1:  # Python's end of a thread comes before the kernel's
            pass
        assert os.waitpid(fork(lambda: None), 0)[1] == 0
        """
    )


OTHER_THREADS = {
    "that the threading module does not know": "_thread.start_new_thread(over.acquire, ())",
    "that waits in a pool for work": "pool = ThreadPoolExecutor(1); pool.submit(int).result()",
    "of native code": "libc.pthread_create(ctypes.byref(ctypes.c_ulong()), None, libc.sleep, ctypes.c_void_p(600))",
    "of an event loop's executor": "loop = asyncio.new_event_loop(); loop.run_until_complete(asyncio.to_thread(int))",
}


@pytest.mark.parametrize("thread", OTHER_THREADS)
def test_whatever_started_a_thread_it_is_counted_by_the_kernel(thread: str) -> None:
    fresh.python(
        f"""
        import asyncio, ctypes, os, _thread
        from concurrent.futures import ThreadPoolExecutor
        from protocols import InternalError
        from supervision.thespian_seam.process import fork
        libc = ctypes.CDLL(None)
        over = _thread.allocate_lock()
        over.acquire()
        {OTHER_THREADS[thread]}
        while len(os.listdir("/proc/self/task")) < 2:
            pass
        try:
            fork(lambda: None)
        except InternalError as refusal:
            assert "has other threads (" in str(refusal), refusal
            os._exit(7)
        """,
        status=7,
    )


def test_c5_a_child_dies_with_its_parent_even_by_sigkill() -> None:
    fresh.python(
        """
        import os, select, signal, time
        from supervision.thespian_seam.process import fork, prctl
        prctl(36, 1)  # PR_SET_CHILD_SUBREAPER
        ends = os.pipe()
        def parent():
            fork(lambda: (os.write(ends[1], str(os.getpid()).encode()), time.sleep(60)))
            time.sleep(60)
        middle = fork(parent)
        grandchild = int(os.read(ends[0], 20))
        os.kill(middle, signal.SIGKILL)
        assert os.waitpid(middle, 0)[1] == signal.SIGKILL
        assert os.waitpid(grandchild, 0)[1] == signal.SIGKILL
        """
    )


def test_c5_a_child_whose_parent_died_before_it_could_say_so_ends() -> None:
    fresh.python(
        """
        import os
        from supervision.thespian_seam.process import EXIT_ORPHANED, die_with
        pid = os.fork()
        if not pid:
            die_with(1 << 30)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == EXIT_ORPHANED
        """
    )


def test_c1_a_fault_of_native_code_ends_the_process_with_its_signal_and_its_stack() -> None:
    run = fresh.python(
        """
        import ctypes, os, signal
        from supervision.thespian_seam.process import fork
        signal.signal(signal.SIGSEGV, lambda *_: None)
        assert os.waitpid(fork(lambda: ctypes.string_at(0)), 0)[1] & 0x7F == signal.SIGSEGV
        """
    )
    assert "Fatal Python error: Segmentation fault" in run.stderr
    assert "string_at" in run.stderr


def test_c2_a_groups_signals_are_ignored_here_and_not_in_what_is_executed_or_forked_from_here() -> None:
    fresh.python(
        """
        import os, signal, subprocess
        from supervision.thespian_seam.process import ASKED_TO_END, fork
        def child():
            for number in ASKED_TO_END:
                os.kill(os.getpid(), number)
            for number in ASKED_TO_END:
                run = subprocess.run(["sh", "-c", f"kill -{int(number)} $$; sleep 60"])
                assert run.returncode == -number, run
                pid = os.fork()
                if not pid:
                    os.kill(os.getpid(), number)
                    os._exit(0)
                assert os.waitpid(pid, 0)[1] & 0x7F == number
        assert os.waitpid(fork(child), 0)[1] == 0
        """
    )


def test_what_a_process_forks_for_itself_takes_the_default_of_a_signal() -> None:
    number = signal.SIGWINCH  # whose default is to do nothing
    before = signal.signal(number, signal.default_int_handler)
    try:
        process._ignore(os.getpid(), number, None)
        assert signal.getsignal(number) is signal.default_int_handler
        process._ignore(os.getpid() + 1, number, None)
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, before)


def test_signals_are_taken_even_where_the_starter_had_them_blocked() -> None:
    fresh.python(
        """
        import os, signal
        from supervision.thespian_seam.process import fork, on_signals
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        got = []
        def child():
            os.kill(os.getpid(), signal.SIGTERM)
            assert not got
            on_signals([signal.SIGTERM], got.append)
            assert got == [signal.SIGTERM], got
        assert os.waitpid(fork(child), 0)[1] == 0
        """
    )


def test_no_handler_of_the_parent_runs_in_the_child() -> None:
    fresh.python(
        """
        import os, signal
        from supervision.thespian_seam.process import fork
        ran = []
        for number in (signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, lambda *_: ran.append(1))
        def child():
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGCHLD)
            assert not ran
        pid = fork(child)
        assert os.waitpid(pid, 0)[1] == 0
        assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()
        """
    )


def test_the_stacks_are_shown_on_request() -> None:
    run = fresh.python(
        """
        import os, signal
        from supervision.thespian_seam.process import reset_signals
        reset_signals()
        os.kill(os.getpid(), signal.SIGUSR1)
        """
    )
    assert "most recent call first" in run.stderr


def test_what_the_parent_left_to_collect_is_not_finalised_in_the_child() -> None:
    run = fresh.python(
        """
        import gc, os
        from supervision.thespian_seam.process import fork
        gc.disable()
        class Garbage:
            def __del__(self):
                print("finalised in", "the parent" if os.getpid() == parent else "the child")
        parent = os.getpid()
        garbage = Garbage()
        garbage.itself = garbage
        del garbage
        os.waitpid(fork(gc.collect), 0)
        gc.collect()
        """
    )
    assert run.stdout == "finalised in the parent\n"


def test_a4_foreign_descriptors_are_closed() -> None:
    fresh.python(
        """
        import os, socket
        from supervision.thespian_seam.process import close_foreign_fds, fork
        foreign, own = socket.socket(), os.memfd_create("own")
        def child():
            close_foreign_fds([own])
            assert {int(fd) for fd in os.listdir("/proc/self/fd")} - {0, 1, 2, own} <= {3}
            os.fstat(own)
            try:
                os.fstat(foreign.fileno())
            except OSError:
                return
            raise AssertionError
        assert os.waitpid(fork(child), 0)[1] == 0
        foreign.close()
        """
    )


def test_the_title_shows_and_the_environment_stays_readable() -> None:
    run = fresh.python(
        """
        from pathlib import Path
        from supervision.thespian_seam.process import keep_environment_readable, set_title
        before = Path("/proc/self/environ").read_bytes()
        keep_environment_readable()
        set_title("agent_session 7f3a")
        print(Path("/proc/self/cmdline").read_bytes().strip(b"\\0").decode())
        assert Path("/proc/self/environ").read_bytes() == before
        """
    )
    assert run.stdout == "livekitex: agent_session 7f3a\n"


def test_a_refused_request_to_the_kernel_is_an_error() -> None:
    with pytest.raises(OSError, match="prctl") as caught:
        process.prctl(process._PR_SET_PDEATHSIG, 1 << 20)
    assert caught.value.errno == errno.EINVAL

"""What is about hooks is run in fresh interpreters, whose hooks are nobody else's."""

import pytest

from protocols import ExitReason
from supervision.thespian_seam.unhandled import escaping
from support import fresh

HEAR = """
import _thread, ctypes, sys, threading
from supervision.thespian_seam.unhandled import on_unhandled

heard = []
came = threading.Event()
def crashed(failure):
    heard.append((threading.get_ident(), failure))
    came.set()
on_unhandled(crashed)
def fail(*_):
    raise ValueError("a defect")
def leave(*_):
    raise SystemExit(3)
def quiet(*_):
    pass
def said():
    assert came.wait(100)
    (thread, failure), = heard
    heard.clear(); came.clear()
    assert str(failure) == "a defect", failure
    return thread
"""


@pytest.mark.parametrize("failure", [ValueError("a defect"), SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_whatever_leaves_a_turn_is_a_reason(failure: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    def step() -> None:
        raise failure

    reason = escaping(step)
    assert reason is not None
    assert str(reason).startswith(f"error:{type(failure).__name__}")
    assert "what left a turn" in caplog.text


def test_a_turn_that_returns_is_none() -> None:
    assert escaping(lambda: ExitReason.parse("normal")) is None


def test_an_exception_of_a_thread_is_heard_in_that_thread() -> None:
    fresh.python(
        HEAR
        + """
for target in (leave, quiet, fail):
    thread = threading.Thread(target=target); thread.start(); thread.join()
assert said() == thread.ident
"""
    )


def test_so_is_one_of_a_thread_that_the_threading_module_does_not_know() -> None:
    fresh.python(
        HEAR
        + """
_thread.start_new_thread(fail, ())
assert said() != threading.get_ident()
"""
    )


def test_so_is_one_of_a_callback_that_native_code_made_in_a_thread_of_its_own_or_not() -> None:
    fresh.python(
        HEAR
        + """
libc, ident = ctypes.CDLL(None), ctypes.c_ulong()
kind = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
for function in (leave, quiet, fail):
    callback = kind(function)
    libc.pthread_create(ctypes.byref(ident), None, callback, None)
    libc.pthread_join(ident, None)
assert said() == ident.value
callback(None)
assert said() == threading.get_ident()
"""
    )


def test_so_is_one_that_native_code_prints() -> None:
    fresh.python(HEAR + "try: fail()\nexcept ValueError: sys.excepthook(*sys.exc_info())\nsaid()")


def test_a_thread_that_says_nothing_of_its_exception_is_heard_by_its_kind() -> None:
    fresh.python(
        HEAR
        + """
threading.excepthook(threading.ExceptHookArgs((ValueError, None, None, None)))
assert came.is_set() and isinstance(heard[0][1], ValueError)
"""
    )


def test_what_is_ignored_in_a_finalizer_is_printed_and_ends_nobody() -> None:
    fresh.python(
        HEAR
        + """
import contextlib, io
class Finalized:
    def __del__(self): fail()
printed = io.StringIO()
with contextlib.redirect_stderr(printed):
    Finalized()
assert "a defect" in printed.getvalue() and not heard
"""
    )

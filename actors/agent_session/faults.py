"""Injected faults: the ways in which a life can end unasked, for tests of what happens then."""

import ctypes
import os
import signal
import threading

from protocols import InternalError


def commit(fault: str) -> None:
    """End this life: by SIGKILL (``kill``), a fault in C (``segfault``) or an ``exception``; or ``hang`` for ever."""
    match fault:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "segfault":
            ctypes.string_at(0)
        case "hang":
            threading.Event().wait()
        case _:
            raise InternalError("an exception was injected")

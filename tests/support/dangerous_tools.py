"""Tools that end or hang the process they run in, each in its way, and two that show what it remembers."""

import asyncio
import ctypes
import os
import signal
import threading
from typing import Final

from livekitex_agent import RunContext, composition

LONG_S = 100


def remember(product: str, context: RunContext) -> str:
    """Note a product."""
    context.user_data.setdefault("noted", []).append(product)
    return f"Noted {product}."


def recall(context: RunContext) -> str:
    """Tell what was noted."""
    return " and ".join(context.user_data.get("noted", ["nothing"]))


def null_pointer() -> str:
    """Read the address zero in C."""
    return str(ctypes.string_at(0))


def abortion() -> str:
    """Abort, as a failed assertion in C does."""
    os.abort()


def sudden_death() -> str:
    """Die as by the kernel's hand when memory is out."""
    os.kill(os.getpid(), signal.SIGKILL)
    return ""


def exit_at_once() -> str:
    """Leave without a word."""
    os._exit(7)


def broken_thread() -> str:
    """Start a thread that fails."""
    threading.Thread(target=_fail).start()
    threading.Event().wait()
    return ""


def broken_callback() -> str:
    """Let native code call back, in a thread of its own, a function that fails."""
    callback = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(lambda _: _fail())
    ctypes.CDLL(None).pthread_create(ctypes.byref(ctypes.c_ulong()), None, callback, None)
    threading.Event().wait()
    return ""


async def broken_task() -> str:
    """Start a task that fails, and that nobody awaits."""
    asyncio.get_running_loop().create_task(_fail_later())
    await asyncio.Event().wait()
    return ""


async def blocked_loop() -> str:
    """Block the event loop."""
    threading.Event().wait()
    return ""


def _wait_for_ever(_: object) -> int:
    threading.Event().wait()
    return 0


WAIT_FOR_EVER: Final = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(_wait_for_ever)


def stuck_mailbox() -> str:
    """Stop the process's first thread, on which its actor takes messages, and nothing else."""
    ctypes.pythonapi.Py_AddPendingCall(WAIT_FOR_EVER, None)
    threading.Event().wait()
    return ""


def held_interpreter() -> str:
    """Keep the interpreter's lock in C."""
    return str(ctypes.PyDLL(None).sleep(LONG_S))


def patience() -> str:
    """Block a thread of its own, as a slow database does, for longer than a hang would be suffered."""
    threading.Event().wait(composition.HEARTBEAT_MS / 1000 + 0.5)
    return "It took its time."


def mere_exception() -> str:
    """Fail in Python."""
    _fail()
    return ""


async def _fail_later() -> None:
    await asyncio.sleep(0)
    _fail()


def _fail() -> None:
    raise ValueError("a defect of the tool")

"""Tools that end the process they run in, each in its way, and two that show what it remembers."""

import ctypes
import os
import signal
import threading

from livekitex_agent import RunContext


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


def mere_exception() -> str:
    """Fail in Python."""
    _fail()
    return ""


def _fail() -> None:
    raise ValueError("a defect of the tool")

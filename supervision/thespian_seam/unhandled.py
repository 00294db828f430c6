"""What nobody handled: what leaves a turn, and what leaves a thread, where Python has three places to report it and would go on."""

import logging
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final

from protocols import ExitReason
from supervision.actor import reason_of

log = logging.getLogger("livekitex.seam")

CALLED_FROM_C: Final = ("ctypes callback", "cffi callback", "thread started by")
"""What Python says of an exception that leaves a function which C called. Of finalizers and the like, which harm nobody, it says less."""


def escaping(step: Callable[[], object]) -> ExitReason | None:
    """Run ``step``; the reason that whatever leaves it is, None when nothing does."""
    try:
        step()
    except BaseException as failure:
        log.exception("what left a turn ends its actor")
        return reason_of(failure)
    return None


def on_unhandled(crashed: Callable[[BaseException], None]) -> None:
    """Have ``crashed`` called with every exception that nobody handles from now on, in the thread that it left.

    That is a thread's own, that of a callback which native code made (in a thread that Python did not start, for instance), and one that
    native code gives up on by printing it. SystemExit is how a thread may leave. What is ignored in finalizers is printed, as ever.
    """

    def judge(failure: BaseException) -> None:
        if not isinstance(failure, SystemExit):
            crashed(failure)

    def in_thread(failed: threading.ExceptHookArgs) -> None:
        judge(failed.exc_value or failed.exc_type())

    def unraisable(failed: "sys.UnraisableHookArgs") -> None:
        if any(sign in (failed.err_msg or "") for sign in CALLED_FROM_C):
            judge(failed.exc_value or failed.exc_type())
        else:
            sys.__unraisablehook__(failed)

    def printed(_kind: type[BaseException], failure: BaseException, _trace: TracebackType | None) -> None:
        judge(failure)

    threading.excepthook = in_thread
    sys.unraisablehook = unraisable
    sys.excepthook = printed

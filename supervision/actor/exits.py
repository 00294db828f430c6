"""How actors end, in OTP's rules: pure functions that cells and runtimes share."""

from protocols import KILLED, NORMAL, ExitReason, abnormal, shorten_reason


def ends_at_once(reason: ExitReason, *, from_parent: bool, trapping: bool) -> bool:
    """Whether an exit signal ends its recipient without any callback.

    ``killed`` from a stranger is OTP's ``exit(Pid, kill)``, which nobody traps; from the parent it is the news that the parent was killed,
    which can be trapped. ``normal`` from a stranger does nothing to who does not trap. From the parent it ends like every other reason: a
    child never outlives its parent here.
    """
    if reason == KILLED and not from_parent:
        return True
    return not trapping and (from_parent or reason != NORMAL)


def reason_of(failure: BaseException) -> ExitReason:
    """The exit reason that an exception is: its class and the first line of its text, shortened.

    Total: the text of a foreign exception may fail to be made, or hold what no wire carries.
    """
    try:
        text = shorten_reason(str(failure).strip().split("\n", 1)[0]).encode("utf-8", "backslashreplace").decode()
    except Exception:  # noqa: BLE001 - whatever a foreign __str__ does
        text = "(no text)"
    return abnormal(f"{type(failure).__name__}: {text}" if text else type(failure).__name__)

"""What an exit signal does, in OTP's rules: a pure function that cells and runtimes share."""

from protocols import KILLED, NORMAL, ExitReason


def ends_at_once(reason: ExitReason, *, from_parent: bool, trapping: bool) -> bool:
    """Whether the signal ends its recipient without any callback.

    ``killed`` from a stranger is OTP's ``exit(Pid, kill)``, which nobody traps; from the parent it is the news that the parent was killed,
    which can be trapped. ``normal`` from a stranger does nothing to who does not trap. From the parent it ends like every other reason: a
    child never outlives its parent here.
    """
    if reason == KILLED and not from_parent:
        return True
    return not trapping and (from_parent or reason != NORMAL)

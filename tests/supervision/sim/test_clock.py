import pytest

from protocols import Clock, UsageError
from supervision.sim.clock import EPOCH_S, START_S, VirtualClock


def test_it_moves_only_when_told_and_never_back() -> None:
    virtual = VirtualClock()
    clock: Clock = virtual
    assert (clock.monotonic(), clock.wall()) == (START_S, EPOCH_S + START_S)
    virtual.move_to(START_S + 2.5)
    virtual.move_to(START_S + 2.5)
    assert (clock.monotonic(), clock.wall()) == (START_S + 2.5, EPOCH_S + START_S + 2.5)
    with pytest.raises(UsageError, match=r"virtual time is 1002.5 s and never goes back to 1002 s"):
        virtual.move_to(START_S + 2)

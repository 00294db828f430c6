import time

from protocols import Clock, SystemClock


def test_the_system_clock_is_the_machine_s() -> None:
    clock: Clock = SystemClock()
    before, wall_before = time.monotonic(), time.time()
    assert before <= clock.monotonic() <= time.monotonic()
    assert wall_before <= clock.wall() <= time.time()

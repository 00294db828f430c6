from hypothesis import given
from hypothesis import strategies as st

from supervision.thespian_seam.timers import Timers


@given(st.lists(st.tuples(st.floats(0, 100), st.booleans())), st.floats(0, 100))
def test_what_is_due_and_not_cancelled_fires_in_order_of_time(timers: list[tuple[float, bool]], now: float) -> None:
    heap, fired = Timers(), list[tuple[float, int]]()
    cancels = [heap.add(due, lambda due=due, at=at: fired.append((due, at))) for at, (due, _) in enumerate(timers)]  # type: ignore[misc]
    for cancel, (_, cancelled) in zip(cancels, timers, strict=True):
        if cancelled:
            cancel()
    for fire in heap.take_due(now):
        fire()
    assert fired == sorted((due, at) for at, (due, cancelled) in enumerate(timers) if due <= now and not cancelled)


def test_m10_a_timer_that_is_due_can_still_be_cancelled() -> None:
    heap, fired = Timers(), []
    cancels = [heap.add(1, lambda: (cancels[1](), fired.append(0))), heap.add(1, lambda: fired.append(1))]
    for fire in heap.take_due(1):
        fire()
    assert fired == [0]


def test_cancelling_twice_or_after_the_fact_does_nothing() -> None:
    heap, fired = Timers(), []
    cancel = heap.add(1, lambda: fired.append(0))
    (fire,) = heap.take_due(1)
    fire()
    cancel()
    cancel()
    fire()
    assert fired == [0]
    assert heap.next_due() is None


def test_the_next_time_is_known() -> None:
    heap = Timers()
    assert heap.next_due() is None
    heap.add(2, lambda: None)
    heap.add(1, lambda: None)
    assert heap.next_due() == 1


def test_cancelled_timers_do_not_pile_up() -> None:
    heap = Timers()
    kept = [heap.add(at, lambda: None) for at in range(3)]
    for at in range(10_000):
        heap.add(1000 + at, lambda: None)()
    assert len(heap) < 200
    kept[0]()
    assert len(heap.take_due(5)) == 2

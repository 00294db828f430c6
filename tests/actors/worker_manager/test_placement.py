from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.worker_manager.placement import least_busy

NAMES = st.integers(0, 12).map("partition/{}".format)


@given(st.sets(NAMES, min_size=1), st.lists(NAMES | st.just("partition/gone")))
def test_always_the_least_busy_and_of_several_the_lowest_index(partitions: set[str], busy: list[str]) -> None:
    chosen = least_busy(partitions, busy)
    jobs = Counter(busy)
    assert chosen in partitions
    fewest = min(jobs[name] for name in partitions)
    assert chosen == min((name for name in partitions if jobs[name] == fewest), key=lambda name: int(name.split("/")[1]))


@given(st.integers(1, 6), st.integers(0, 40))
def test_jobs_spread_evenly(n_partitions: int, n_jobs: int) -> None:
    partitions = [f"partition/{n}" for n in range(n_partitions)]
    busy: list[str] = []
    for _ in range(n_jobs):
        chosen = least_busy(partitions, busy)
        assert chosen is not None
        busy.append(chosen)
    counts = [busy.count(name) for name in partitions]
    assert max(counts) - min(counts) <= 1
    assert counts == sorted(counts, reverse=True)


def test_nobody_is_chosen_of_nobody() -> None:
    assert least_busy([], ["partition/0"]) is None


@pytest.mark.parametrize("names", [["b", "a"], ["partition/", "partition/0"], ["x", "partition/0"]])
def test_names_without_an_index_come_first_in_order(names: list[str]) -> None:
    assert least_busy(names, []) == min(names, key=lambda name: (name == "partition/0", name))

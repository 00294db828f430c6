import select
import threading

import pytest

from protocols import CapacityError
from supervision.thespian_seam.posts import Posts


@pytest.fixture
def posts() -> Posts:
    posts = Posts(2)
    yield posts  # type: ignore[misc]
    posts.close()


def readable(posts: Posts) -> bool:
    return bool(select.select([posts.fileno], [], [], 0)[0])


def test_the_descriptor_tells_that_something_waits(posts: Posts) -> None:
    assert not readable(posts)
    posts.put(lambda: None)
    posts.put(lambda: None)
    assert readable(posts)
    assert len(posts.take()) == 2
    assert not readable(posts)
    assert posts.take() == []


def test_posts_keep_their_order_and_signals_come_first(posts: Posts) -> None:
    order: list[str] = []
    posts.put(lambda: order.append("first"))
    posts.put(lambda: order.append("second"))
    posts.put_from_signal(lambda: order.append("signal"))
    for callback in posts.take():
        callback()
    assert order == ["signal", "first", "second"]


def test_at_the_bound_another_thread_waits_for_room(posts: Posts) -> None:
    done = threading.Event()

    def post() -> None:
        for _ in range(5):
            posts.put(lambda: None)
        done.set()

    threading.Thread(target=post, daemon=True).start()
    taken = 0
    while taken < 5:
        select.select([posts.fileno], [], [], 10)
        taken += len(posts.take())
    assert done.wait(100)
    assert taken == 5


def test_at_the_bound_the_own_thread_is_refused(posts: Posts) -> None:
    posts.put(lambda: None)
    posts.put(lambda: None)
    with pytest.raises(CapacityError):
        posts.put(lambda: None)
    posts.take()
    posts.put(lambda: None)

import gc

import pytest

from supervision.preloading import preload

calls: list[str] = []


def first() -> None:
    calls.append("first")


class Second:
    @staticmethod
    def load() -> None:
        calls.append("second")


@pytest.fixture(autouse=True)
def unfrozen() -> None:
    calls.clear()
    gc.unfreeze()
    yield  # type: ignore[misc]
    gc.unfreeze()


def test_each_is_called_in_order_and_what_they_left_is_frozen() -> None:
    preload([f"{__name__}:first", f"{__name__}:Second.load"])
    assert calls == ["first", "second"]
    assert gc.get_freeze_count() > 0


def test_without_functions_nothing_is_frozen() -> None:
    preload([])
    assert gc.get_freeze_count() == 0


def test_what_fails_is_raised() -> None:
    with pytest.raises(ModuleNotFoundError):
        preload(["no_such_module:load"])
    with pytest.raises(AttributeError):
        preload([f"{__name__}:nothing"])

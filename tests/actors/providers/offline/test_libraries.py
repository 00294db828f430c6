import pytest

from actors.providers.offline.libraries import LIBRARY_ENVIRONMENT, load_library
from protocols import MissingExtraError, environment


def test_loading_a_library_sets_what_it_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LIBRARY_ENVIRONMENT:
        monkeypatch.setenv(name, "")  # so that it is put back afterwards
        monkeypatch.delenv(name)
    assert load_library("json").loads("1") == 1
    assert LIBRARY_ENVIRONMENT.items() <= environment().items()


def test_a_missing_library_names_the_extra() -> None:
    with pytest.raises(MissingExtraError, match="the library no_such_library needs the extra 'offline'"):
        load_library("no_such_library")

import pytest

from livekitex_agent import preloading
from protocols import MissingExtraError


def test_the_models_are_loaded_where_they_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(preloading, "preload_offline_providers", lambda: loaded.append("models"))
    preloading.preload_models()
    assert loaded == ["models"]


def test_without_the_extra_calls_come_up_cold(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise MissingExtraError("offline", "speech")

    monkeypatch.setattr(preloading, "preload_offline_providers", missing)
    preloading.preload_models()

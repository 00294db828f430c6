import pytest

from protocols.environment import environment, set_environment_defaults


def test_the_environment_is_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKITEX_TEST", "1")
    variables = dict(environment())
    variables["LIVEKITEX_TEST"] = "2"
    assert environment()["LIVEKITEX_TEST"] == "1"


def test_defaults_give_way_to_what_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKITEX_TEST", "1")
    monkeypatch.setenv("LIVEKITEX_OTHER", "x")
    monkeypatch.delenv("LIVEKITEX_OTHER")
    set_environment_defaults({"LIVEKITEX_TEST": "2", "LIVEKITEX_OTHER": "3"})
    assert (environment()["LIVEKITEX_TEST"], environment()["LIVEKITEX_OTHER"]) == ("1", "3")

import sys

import pytest

from actors.providers.smart_turn import smart_turn
from actors.providers.smart_turn.detector import _network, _warm_up
from protocols import ConfigurationError, MissingExtraError


def test_the_threshold_is_an_option() -> None:
    assert smart_turn({}).capabilities.threshold == 0.5
    assert smart_turn({"threshold": 0.36}).capabilities.threshold == 0.36


@pytest.mark.parametrize(
    ("options", "cure"), [({"threshold": 1}, "threshold=1 must be a number from 0.01 to 0.99"), ({"model": "v2"}, "no option model")]
)
def test_malformed_options_are_refused_with_the_cure(options: dict[str, object], cure: str) -> None:
    with pytest.raises(ConfigurationError, match=cure):
        smart_turn(options)


def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    _network.cache_clear()
    _warm_up.cache_clear()
    with pytest.raises(MissingExtraError, match=r"'livekitex-agent\[offline\]'"):
        smart_turn({}).prewarm()

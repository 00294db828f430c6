import pytest

from actors.providers import OptionReader
from protocols import ConfigurationError


def test_options_are_read_and_default() -> None:
    reader = OptionReader("voice", {"speed": 1.5, "pitch": 1, "mode": "fast", "data": [1]})
    assert reader.number("speed", 1.0, lowest=0.5, highest=2.0) == 1.5
    assert reader.number("pitch", 1.0, lowest=0.5, highest=2.0) == 1
    assert reader.number("gain", 0.5, lowest=0, highest=1) == 0.5
    assert reader.integer("count", 3, lowest=0, highest=9) == 3
    assert reader.choice("mode", "slow", ("slow", "fast")) == "fast"
    assert reader.anything("data") == [1]
    reader.finish()


@pytest.mark.parametrize("value", [3, "1", True, None, float("nan")])
def test_a_number_out_of_its_range_is_refused(value: object) -> None:
    with pytest.raises(ConfigurationError, match=r"voice: option speed=.* must be a number from 0.5 to 2"):
        OptionReader("voice", {"speed": value}).number("speed", 1.0, lowest=0.5, highest=2.0)


def test_other_malformed_values_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="whole number"):
        OptionReader("voice", {"count": 1.5}).integer("count", 1, lowest=0, highest=9)
    for value in ("loud", 7):
        with pytest.raises(ConfigurationError, match="one of fast, slow"):
            OptionReader("voice", {"mode": value}).choice("mode", "slow", ("slow", "fast"))


def test_unknown_options_are_refused_with_the_known_ones() -> None:
    reader = OptionReader("voice", {"sped": 1})
    reader.anything("speed")
    with pytest.raises(ConfigurationError, match="voice has no option sped: it knows speed"):
        reader.finish()
    with pytest.raises(ConfigurationError, match="knows none"):
        OptionReader("voice", {"x": 1}).finish()

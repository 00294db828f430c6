from typing import Any

import pytest

from actors.redaction import PatternRedactor, make_redactor
from protocols import ConfigurationError

SPANISH = PatternRedactor(countries=["ES"])


def nothing(name: str) -> Any:
    raise AssertionError(name)


def test_it_is_off_unless_it_is_named() -> None:
    assert make_redactor("", nothing) is None
    assert isinstance(make_redactor("patterns", nothing), PatternRedactor)


def test_one_of_a_scripts_own_is_made_by_its_function() -> None:
    assert make_redactor("my.module:spanish", lambda _name: lambda: SPANISH) is SPANISH


@pytest.mark.parametrize(("found", "complaint"), [(SPANISH, "is a PatternRedactor"), (dict, "makes a dict")])
def test_what_makes_none_is_told(found: Any, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        make_redactor("my.module:thing", lambda _name: found)

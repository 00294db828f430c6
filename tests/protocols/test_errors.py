import inspect
import re

import pytest

from protocols import (
    CapacityError,
    ConfigurationError,
    FencedError,
    InvalidSpecError,
    JournalError,
    LivekitexError,
    MissingExtraError,
    ProviderError,
    UnavailableError,
    UsageError,
    errors,
)

CLASSES = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, LivekitexError)]
DRAWN = re.findall(r"^( *[│├└─ ]*)(\w+Error)", inspect.getdoc(errors) or "", re.MULTILINE)


def test_the_drawn_tree_is_the_real_one() -> None:
    assert sorted(name for _, name in DRAWN) == sorted(cls.__name__ for cls in CLASSES)
    above: dict[int, str] = {}
    for stem, name in DRAWN:
        depth = len(stem)
        above = {column: parent for column, parent in above.items() if column < depth} | {depth: name}
        parents = [parent for column, parent in sorted(above.items()) if column < depth]
        if parents:
            assert getattr(errors, name).__bases__ == (getattr(errors, parents[-1]),)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_a_retry_helps_where_nobody_made_a_mistake(cls: type[LivekitexError]) -> None:
    if cls not in (ProviderError, JournalError):
        assert cls.retryable is issubclass(cls, UnavailableError)


def test_who_knows_better_says_whether_a_retry_helps() -> None:
    assert ProviderError("busy", retryable=True).retryable
    assert not ProviderError("no such voice", retryable=False).retryable
    assert JournalError("full", retryable=True).retryable
    assert not FencedError("a newer life").retryable


def test_a_missing_extra_names_its_cure() -> None:
    failure = MissingExtraError("offline", "speech to text")
    assert failure.extra == "offline"
    assert str(failure) == "speech to text needs the extra 'offline': pip install 'livekitex-agent[offline]'"


def test_an_invalid_spec_carries_its_reason_in_the_words_of_otp() -> None:
    assert InvalidSpecError("x").reason == "invalid_spec"
    assert InvalidSpecError("x", reason="invalid_shutdown:-5").reason == "invalid_shutdown:-5"


def test_the_tree_is_catchable_by_its_branches() -> None:
    assert issubclass(ConfigurationError, UsageError)
    assert issubclass(CapacityError, UnavailableError)

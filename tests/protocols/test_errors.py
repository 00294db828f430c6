import inspect
import re

import pytest

from protocols import (
    CapacityError,
    ConfigurationError,
    Fault,
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
DRAWN = re.findall(r"^( *[│├└─ ]*)(\w+Error|OutcomeUnknown)", inspect.getdoc(errors) or "", re.MULTILINE)


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


def test_a_provider_s_error_says_whose_fault_it_is_and_when_to_come_back() -> None:
    plain = ProviderError("busy", retryable=True)
    assert (plain.fault, plain.retry_after_s, plain.status_code) == (Fault.PROVIDER, None, None)
    told = ProviderError("busy", retryable=True, fault=Fault.NETWORK, retry_after_s=1.5, status_code=503)
    assert (told.fault, told.retry_after_s, told.status_code) == (Fault.NETWORK, 1.5, 503)


@pytest.mark.parametrize(
    ("status_code", "retryable", "fault"),
    [
        (400, False, Fault.CALLER),
        (401, False, Fault.CONFIGURATION),
        (402, False, Fault.CONFIGURATION),
        (403, False, Fault.CONFIGURATION),
        (404, False, Fault.CONFIGURATION),
        (407, False, Fault.CONFIGURATION),
        (408, True, Fault.PROVIDER),
        (409, True, Fault.PROVIDER),
        (413, False, Fault.CALLER),
        (422, False, Fault.CALLER),
        (425, True, Fault.PROVIDER),
        (429, True, Fault.PROVIDER),
        (499, False, Fault.CALLER),
        (500, True, Fault.PROVIDER),
        (501, False, Fault.PROVIDER),
        (503, True, Fault.PROVIDER),
        (505, False, Fault.PROVIDER),
        (529, True, Fault.PROVIDER),
        (302, False, Fault.PROVIDER),
        (200, False, Fault.PROVIDER),
    ],
)
def test_an_answer_s_status_tells_whose_fault_it_is(status_code: int, retryable: bool, fault: Fault) -> None:
    failure = ProviderError.of_status(status_code, "no", retry_after_s=2.0)
    assert (failure.retryable, failure.fault, failure.status_code, failure.retry_after_s) == (retryable, fault, status_code, 2.0)
    assert str(failure) == "no"

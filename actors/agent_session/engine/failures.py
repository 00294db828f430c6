"""What went wrong in code that is not ours, in words, and whether a retry may help."""

from math import isfinite
from numbers import Real
from typing import Final

from protocols import ProviderError, well_formed

MAX_FAILURE_CHARS: Final = 1_000
"""Of what a failure says; the rest is cut."""


class UncaughtError(Exception):
    """Something was raised that is no `Exception` (a cancellation, an exit): it ends what raised it, and nothing else."""


def failure_of(failure: BaseException) -> tuple[str, bool]:
    """The text of ``failure``, and whether a retry may help: only a `ProviderError` can say that it does not."""
    if isinstance(failure, ProviderError):
        return words_of(failure), bool(failure.retryable)
    return "the provider does not answer" if isinstance(failure, TimeoutError) else named(failure), True


def retry_after_of(failure: BaseException) -> float:
    """How long the provider that ``failure`` comes from asks to be left alone, in seconds; 0 if it does not say, or nothing sensible."""
    asked: object = failure.retry_after_s if isinstance(failure, ProviderError) else None
    return max(0.0, float(asked)) if isinstance(asked, Real) and isfinite(asked) else 0.0


def named(failure: BaseException) -> str:
    """The kind of ``failure`` and what it says. An `UncaughtError` says both."""
    words = words_of(failure)
    if isinstance(failure, UncaughtError):
        return words
    return f"{type(failure).__name__}: {words}" if words else type(failure).__name__


def words_of(failure: BaseException) -> str:
    """What ``failure`` says, if it can say anything: well-formed and not too long."""
    try:
        words = well_formed(str(failure))
    except Exception as broken:  # noqa: BLE001 - its __str__ is not ours either
        words = f"(its text cannot be read: {type(broken).__name__})"
    return words if len(words) <= MAX_FAILURE_CHARS else words[:MAX_FAILURE_CHARS] + " [cut]"

"""What went wrong in code that is not ours, in words, and whether to try again."""

from typing import Final

from protocols import ProviderError, well_formed

MAX_FAILURE_CHARS: Final = 1_000
"""Of what a failure says; the rest is cut."""


class UncaughtError(Exception):
    """Something was raised that is no `Exception` (a cancellation, an exit): it ends what raised it, and nothing else."""


def failure_of(failure: BaseException) -> tuple[str, bool]:
    """The text of ``failure``, and whether a retry may help. Anything but `ProviderError` and a timeout is a defect of the provider."""
    if isinstance(failure, ProviderError):
        return words_of(failure), failure.retryable
    if isinstance(failure, TimeoutError):
        return "the provider does not answer", True
    return named(failure), False


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

"""What went wrong in a provider, in words, and whether to try again."""

from protocols import ProviderError


def failure_of(failure: Exception) -> tuple[str, bool]:
    """The text of ``failure``, and whether a retry may help. Anything but `ProviderError` and a timeout is a defect of the provider."""
    if isinstance(failure, ProviderError):
        return str(failure), failure.retryable
    if isinstance(failure, TimeoutError):
        return "the provider does not answer", True
    return f"{type(failure).__name__}: {failure}", False

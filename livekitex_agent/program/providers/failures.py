"""What a provider of LiveKit's classes raises, as the session's errors. Told by the names of the classes: they are of two packages."""

from typing import Final

from protocols import Fault, ProviderError

__all__ = ["provider_error"]

_NETWORK: Final = ("APITimeoutError", "APIConnectionError")
_STATUS: Final = "APIStatusError"
_API: Final = "APIError"

_PACKAGES: Final = ("livekitex_agent.", "livekit.agents.")


def provider_error(label: str, failure: Exception) -> ProviderError:
    """The error that ``failure`` of the provider ``label`` is; what the session itself raises stays as it is.

    Anything that is no API error is the provider's fault, and it is asked again: that may have been a bug of this one request.
    """
    if isinstance(failure, ProviderError):
        return failure
    names = {base.__name__ for base in type(failure).__mro__}
    told = f"{label}: {failure}" if str(failure) else f"{label}: {type(failure).__name__}"
    retryable = bool(getattr(failure, "retryable", True))
    status = getattr(failure, "status_code", None)
    if _STATUS in names and isinstance(status, int) and status > 0:
        made = ProviderError.of_status(status, told)
        made.retryable = made.retryable and retryable
    elif names.intersection(_NETWORK) or isinstance(failure, TimeoutError | ConnectionError):
        made = ProviderError(told, retryable=retryable, fault=Fault.NETWORK)
    elif _API in names:
        made = ProviderError(told, retryable=retryable)
    else:
        made = ProviderError(f"{label}: {type(failure).__name__}: {failure}", retryable=True)
    made.retryable = made.retryable and not _tried_again(failure)
    made.__cause__ = failure
    return made


def _tried_again(failure: Exception) -> bool:
    """Whether it is what the provider's base class tells of the last of several attempts."""
    cause = type(failure.__cause__)
    return type(failure).__name__ in _NETWORK and any(
        base.__name__ == _API and base.__module__.startswith(_PACKAGES) for base in cause.__mro__
    )

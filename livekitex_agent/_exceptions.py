"""The errors that LiveKit's providers raise, by their names; a session tells them as ``ProviderError``."""

from http import HTTPStatus
from typing import Final

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AssignmentTimeoutError",
    "UnexpectedModelBehavior",
    "create_api_error_from_http",
]

_CLIENT_ERRORS: Final = range(400, 500)
_RETRYABLE_CLIENT_ERRORS: Final = (408, 429, 499)


class UnexpectedModelBehavior(RuntimeError):  # noqa: N818 - LiveKit's name
    """A run with an output type ended without an output of it."""


class AssignmentTimeoutError(Exception):
    """A job was accepted, and the server did not assign it in time: it may have chosen another worker."""


class APIError(Exception):
    """A request to a service failed. ``body`` is its answer, decoded if it was JSON; ``retryable`` says whether to try again."""

    def __init__(self, message: str, *, body: object | None = None, retryable: bool = True) -> None:
        super().__init__(message)
        self.message = message
        self.body = body
        self.retryable = retryable

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.message!r}, body={self.body!r}, retryable={self.retryable!r})"


class APIStatusError(APIError):
    """The answer has a status of 4xx or 5xx. A 4xx is not retryable, whatever was given, but for 408, 429 and 499."""

    def __init__(
        self,
        message: str,
        *,
        status_code: int = -1,
        request_id: str | None = None,
        body: object | None = None,
        retryable: bool | None = None,
    ) -> None:
        lasting = status_code in _CLIENT_ERRORS and status_code not in _RETRYABLE_CLIENT_ERRORS
        super().__init__(message, body=body, retryable=False if lasting else retryable is not False)
        self.status_code = status_code
        self.request_id = request_id

    def __str__(self) -> str:
        parts = [f"message={self.message!r}", f"status_code={self.status_code}", f"retryable={self.retryable}"]
        parts += [f"{name}={value}" for name, value in (("request_id", self.request_id), ("body", self.body)) if value]
        return ", ".join(parts)


class APIConnectionError(APIError):
    """The service could not be reached; the text names the first cause."""

    def __init__(self, message: str = "Connection error.", *, retryable: bool = True) -> None:
        super().__init__(message, body=None, retryable=retryable)

    def __str__(self) -> str:
        cause, seen = self.__cause__, {id(self)}
        while cause is not None and cause.__cause__ is not None and id(cause) not in seen:
            seen.add(id(cause))
            cause = cause.__cause__
        if cause is None or cause is self:
            return self.message
        told = cause.message if isinstance(cause, APIConnectionError) else _text_of(cause)
        return f"{self.message} (caused by {type(cause).__name__}{f': {told}' if told else ''})"


class APITimeoutError(APIConnectionError):
    """The service did not answer in time."""

    def __init__(self, message: str = "Request timed out.", *, retryable: bool = True) -> None:
        super().__init__(message, retryable=retryable)


def create_api_error_from_http(
    message: str = "", *, status: int, request_id: str | None = None, body: object | None = None
) -> APIStatusError:
    """The error that an HTTP answer of ``status`` is; its text has the status' reason, and ``message`` if that says more."""
    try:
        reason = HTTPStatus(status).phrase
    except ValueError:
        reason = f"HTTP {status}"
    told = f"{message} ({status} {reason})" if message and message != reason else f"{reason} ({status})"
    return APIStatusError(told, status_code=status, request_id=request_id, body=body)


def _text_of(failure: BaseException) -> str:
    try:
        return str(failure)
    except Exception:  # noqa: BLE001 - the text of an error that is not ours, which may itself raise anything
        return ""

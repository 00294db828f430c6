"""What a service's refusal means, in whichever form it comes: whose fault it is, whether to try again, and when. Pure.

Status and code say it: https://platform.openai.com/docs/guides/error-codes. Servers that speak the same protocol put a status in HTTP where
OpenAI has a word (``{"error": {"code": 503}}``), and a proxy before any of them answers with a page of its own.
"""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from math import isfinite
from typing import Any, Final

from protocols import Fault, ProviderError, well_formed

MAX_WORDS: Final = 300
"""Characters of what a service says of its error; the rest is cut."""
MAX_RETRY_AFTER_S: Final = 86_400.0
"""A service that wants to be left alone for longer is believed this much."""

_CONFIGURATION: Final = frozenset(
    {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "invalid_api_key", "account_deactivated", "model_not_found"}
    | {
        "invalid_organization",
        "unsupported_country_region_territory",
        "organization_deactivated",
        "authentication_error",
        "permission_error",
    }
)
"""No request will be answered before that is changed, whatever the status (a quota that is spent is a 429)."""
_CALLER: Final = frozenset(
    {"context_length_exceeded", "string_above_max_length", "content_policy_violation", "content_filter", "invalid_request_error"}
    | {
        "invalid_value",
        "invalid_type",
        "unsupported_parameter",
        "unsupported_value",
        "unknown_parameter",
        "invalid_image_url",
        "invalid_prompt",
    }
    | {"invalid_function_parameters", "audio_too_short", "cyber_policy"}
)
_CURES: Final[Mapping[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "check the key",
    HTTPStatus.PAYMENT_REQUIRED: "check the account's billing",
    HTTPStatus.FORBIDDEN: "check what the key may do, and from where",
    HTTPStatus.NOT_FOUND: "check model and base_url",
    HTTPStatus.METHOD_NOT_ALLOWED: "check base_url",
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: "check the proxy",
}
_PAGE: Final = re.compile(r"\s*<(?:!doctype|html|head|body|\?xml)", re.IGNORECASE)


def status_failure(label: str, status: int, headers: Mapping[str, str], body: object, *, wall_s: float, secret: str = "") -> ProviderError:
    """The error that an answer with ``status`` is; ``body`` is its JSON (or what is in its ``error``), or text.

    ``wall_s`` is the time, which a date in ``Retry-After`` is measured by. ``secret`` is not repeated.
    """
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        text = (
            f"{label}: {_named(status)}: it has moved to {headers.get('location', 'an address that it does not tell')!r:.200}: set base_url"
        )
        return ProviderError(text, retryable=False, fault=Fault.CONFIGURATION, status_code=status)
    error = _error_in(body)
    words = _words(error, secret)
    cure = f" ({_CURES[status]})" if status in _CURES else ""
    failure = ProviderError.of_status(status, f"{label}: {_named(status)}: {words}{cure}", retry_after_s=retry_after_of(headers, wall_s))
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        failure.fault = Fault.CONFIGURATION
    fault = _fault_in(error)
    if fault is not None and not (fault is Fault.CALLER and failure.fault is Fault.CONFIGURATION):
        failure.fault = fault
        failure.retryable = False
    if headers.get("x-should-retry") == "false":
        failure.retryable = False
    return failure


def told_failure(label: str, error: object, *, secret: str = "") -> ProviderError:
    """The error that a service tells in a stream that had begun, or in an answer with the status 200."""
    error = _error_in(error)
    status = _status_in(error)
    if status is not None:
        return status_failure(label, status, {}, error, wall_s=0.0, secret=secret)
    fault = _fault_in(error)
    text = f"{label}: it broke off its answer: {_words(error, secret)}"
    return ProviderError(text, retryable=fault is None, fault=fault or Fault.PROVIDER)


def retry_after_of(headers: Mapping[str, str], wall_s: float) -> float | None:
    """How long a service asks to be left alone, in seconds (RFC 9110, section 10.2.3, and ``retry-after-ms``); None: it does not say."""
    milliseconds = _number(headers.get("retry-after-ms", ""))
    seconds = milliseconds / 1_000 if milliseconds is not None else _number(headers.get("retry-after", ""))
    if seconds is None and (date := headers.get("retry-after", "")):
        try:
            seconds = parsedate_to_datetime(date).timestamp() - wall_s
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return None if seconds is None else min(max(seconds, 0.0), MAX_RETRY_AFTER_S)


def said_of(text: str) -> str:
    """``text``, which is no answer, in a few words."""
    if _PAGE.match(text):
        title = re.search(r"<title[^>]*>([^<]{1,200})", text, re.IGNORECASE)
        return f"a page of HTML ({' '.join(title[1].split())})" if title else "a page of HTML"
    short = " ".join(well_formed(text[: 4 * MAX_WORDS]).split())
    return (short if len(short) <= MAX_WORDS else short[:MAX_WORDS] + "…") or "nothing"


def _error_in(body: object) -> object:
    """What is told of an error: the ``error`` in it, wherever that stands."""
    for _ in range(2):
        if not isinstance(body, Mapping):
            break
        inner = body.get("error", body.get("detail"))
        if not inner:
            break
        body = inner
    return body


def _words(error: object, secret: str) -> str:
    told: Any = error
    if isinstance(error, Mapping):
        told = error.get("message") or error.get("msg") or error.get("code") or error.get("type") or dict(error)
    text = told if isinstance(told, str) else repr(told) if told else ""
    return said_of(text.replace(secret, "***") if secret else text)


def _fault_in(error: object) -> Fault | None:
    """Whose fault the code or type of ``error`` says it is; None if it says nothing of the kind."""
    if not isinstance(error, Mapping):
        return None
    said = {value for value in (error.get("code"), error.get("type")) if isinstance(value, str)}
    if said & _CONFIGURATION:
        return Fault.CONFIGURATION
    return Fault.CALLER if said & _CALLER else None


def _status_in(error: object) -> int | None:
    """The status in HTTP that ``error`` names as its code."""
    if not isinstance(error, Mapping):
        return None
    for value in (error.get("status_code"), error.get("status"), error.get("code")):
        if isinstance(value, bool) or not isinstance(value, int | str):
            continue
        if re.fullmatch(r"[45]\d\d", str(value), re.ASCII):
            return int(value)
    return None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)

"""Turns refusals that travelled as text into the errors that they were."""

import re
from typing import Final

import protocols
from livekitex_agent.cures import with_cure
from protocols import ErrorReply, JournalError, LivekitexError, MissingExtraError, ProviderError, UnavailableError, UsageError

_REASON: Final = re.compile(r"(?:\w+:)*?(?P<error>[A-Z]\w*Error): (?P<text>.*)", re.DOTALL)
_MISSING: Final = re.compile(r"(?P<feature>.*) needs the extra '(?P<extra>[^']+)'")


def error_of(reply: ErrorReply) -> LivekitexError:
    """The error that ``reply`` carries; an error whose class cannot be made of its text alone becomes the nearest that can."""
    return _made(reply.error, with_cure(reply.text), retryable=reply.retryable)


def error_of_reason(text: str, fallback: type[LivekitexError]) -> LivekitexError:
    """The error in an exit reason (``error:InvalidAgentError: no such tool``), if it names one of ours; else ``fallback`` with the text."""
    match = _REASON.search(text)
    if match and _class_of(match["error"]) is not None:
        return _made(match["error"], match["text"], retryable=None)
    return fallback(with_cure(text))


def _class_of(name: str) -> type[LivekitexError] | None:
    found = getattr(protocols, name, None)
    return found if isinstance(found, type) and issubclass(found, LivekitexError) else None


def _made(name: str, text: str, *, retryable: bool | None) -> LivekitexError:
    """An error of the class ``name``; ``retryable`` is what was said of it (None: nothing)."""
    kind = _class_of(name)
    if kind in (ProviderError, JournalError):
        return kind(text, retryable=bool(retryable))
    if kind is MissingExtraError and (missing := _MISSING.match(text)):
        return MissingExtraError(missing["extra"], missing["feature"])
    if kind is None or kind is MissingExtraError:
        kind = UnavailableError if retryable else UsageError
    error = kind(text)
    if retryable is not None:
        error.retryable = retryable
    return error

"""Every error that this project raises on purpose, in one tree.

::

    LivekitexError
    ├── UsageError              the caller's mistake; never retryable
    │   ├── InvalidSpecError        a child specification or a supervisor's options
    │   ├── InvalidAgentError       an agent that cannot travel to its session
    │   ├── InvalidToolError        a tool, or the arguments given to one
    │   ├── InvalidAudioError       rate, length or content of audio
    │   ├── MessageTooLargeError    a message beyond the size limit
    │   ├── ConfigurationError      options, ports, hosts, keys
    │   ├── NotPermittedError       the sender may not ask for this
    │   └── MissingExtraError       an optional dependency is not installed
    ├── PeerError               the other side's mistake or absence
    │   ├── DecodeError             bytes that are no message of ours
    │   ├── AuthenticationError     bytes whose origin is not proven
    │   ├── ProviderError           a voice or language provider failed; its ``fault`` says whose it is
    │   └── JournalError            the disk failed a call's journal, or its file is damaged
    │       └── FencedError             a newer incarnation of the call writes the journal
    ├── UnavailableError        nobody's mistake; try again
    │   ├── SessionUnavailableError the call is between two incarnations, or over its deadline
    │   ├── SystemUnavailableError  the actor system has ended or does not answer
    │   └── CapacityError           a bound is reached: the job or command is refused
    ├── OutcomeUnknown          an effect was begun and may have happened; it is not begun again
    ├── SimulationError         a simulated run did not come to what it was run for; names its seed
    └── InternalError           our bug: please report it
        └── IllegalTransitionError  a move that a state table does not list

Whoever catches one asks ``retryable``, never the class.
"""

from enum import StrEnum
from typing import Final

__all__ = ["AuthenticationError", "CapacityError", "ConfigurationError", "DecodeError", "Fault", "FencedError", "IllegalTransitionError"]
__all__ += ["InternalError", "InvalidAgentError", "InvalidAudioError", "InvalidSpecError", "InvalidToolError", "JournalError"]
__all__ += [
    "LivekitexError",
    "MessageTooLargeError",
    "MissingExtraError",
    "NotPermittedError",
    "OutcomeUnknown",
    "PeerError",
    "ProviderError",
    "SessionUnavailableError",
]
__all__ += ["SimulationError", "SystemUnavailableError", "UnavailableError", "UsageError"]

_CLIENT_ERROR: Final = 400
_SERVER_ERROR: Final = 500
_RETRYABLE_STATUS: Final = frozenset({408, 409, 425, 429})
_LASTING_STATUS: Final = frozenset({501, 505})
_CONFIGURATION_STATUS: Final = frozenset({401, 402, 403, 404, 407})
"""Key, payment, permission, address or model, proxy."""


class LivekitexError(Exception):
    """Base of every error of this project.

    ``retryable`` tells whether the same call may succeed later without a change by the caller.
    """

    retryable: bool = False


class UsageError(LivekitexError):
    """The caller made a mistake; the message names the cure."""


class InvalidSpecError(UsageError):
    """A child specification or a supervisor's options contradict OTP's rules.

    ``reason`` is the mistake in OTP's words (``invalid_shutdown:-5``): it travels in answers and in reasons of failed starts.
    """

    def __init__(self, message: str, *, reason: str = "invalid_spec") -> None:
        super().__init__(message)
        self.reason = reason


class InvalidAgentError(UsageError):
    """An agent that cannot travel to its session's process."""


class InvalidToolError(UsageError):
    """A function that cannot be a tool, an unknown tool, or arguments that do not fit its schema."""


class InvalidAudioError(UsageError):
    """Audio of a wrong rate, an odd byte count, no content, or an unreadable file."""


class MessageTooLargeError(UsageError):
    """A message beyond the size limit; it was not sent."""


class ConfigurationError(UsageError):
    """Options, ports, hosts or keys that cannot work together."""


class NotPermittedError(UsageError):
    """The sender has no right to what its message asks for; nothing was done."""


class MissingExtraError(UsageError):
    """A feature was asked for whose optional dependency is not installed."""

    def __init__(self, extra: str, feature: str) -> None:
        super().__init__(f"{feature} needs the extra '{extra}': pip install 'livekitex-agent[{extra}]'")
        self.extra = extra


class PeerError(LivekitexError):
    """The other side sent something wrong, or failed."""


class DecodeError(PeerError):
    """Bytes that are no message of ours."""


class AuthenticationError(PeerError):
    """Bytes whose origin is not proven; nothing of them was decoded."""


class Fault(StrEnum):
    """Whose fault a provider's failure is, and so who has to do something about it."""

    CALLER = "caller"
    """The request: another one would be answered. Change what is sent (audio, text, tools, options)."""
    CONFIGURATION = "configuration"
    """What the provider was set up with: its key, address, model, quota. Change that; no request will be answered before."""
    PROVIDER = "provider"
    """The provider itself: overloaded, broken, or answering what is no answer."""
    NETWORK = "network"
    """The way to it: name, connection, a time limit."""


class ProviderError(PeerError):
    """A voice or language provider failed.

    ``retryable`` is the provider's own judgement, ``fault`` says who has to act. ``retry_after_s`` is how long it asks to be left alone
    (None: it does not say). ``status_code`` is that of its answer in HTTP, if there was one.
    """

    def __init__(
        self,
        message: str,
        *,
        retryable: bool,
        fault: Fault = Fault.PROVIDER,
        retry_after_s: float | None = None,
        status_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.fault = fault
        self.retry_after_s = retry_after_s
        self.status_code = status_code

    @classmethod
    def of_status(cls, status_code: int, message: str, *, retry_after_s: float | None = None) -> "ProviderError":
        """The error that an answer with ``status_code`` is (RFC 9110, section 15, and RFC 6585 for 429).

        Retryable are 408, 409, 425, 429 and what is 500 or more, but for 501 and 505: they will not change.
        """
        retryable = status_code in _RETRYABLE_STATUS or (status_code >= _SERVER_ERROR and status_code not in _LASTING_STATUS)
        fault = Fault.PROVIDER if retryable or not _CLIENT_ERROR <= status_code < _SERVER_ERROR else Fault.CALLER
        if status_code in _CONFIGURATION_STATUS:
            fault = Fault.CONFIGURATION
        return cls(message, retryable=retryable, fault=fault, retry_after_s=retry_after_s, status_code=status_code)


class JournalError(PeerError):
    """A call's journal cannot be read or written; ``retryable`` where the disk may recover (full, locked, read-only)."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable


class FencedError(JournalError):
    """A newer incarnation of the call writes the journal; this one must end."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=False)


class UnavailableError(LivekitexError):
    """Nobody's mistake: the same call may succeed later."""

    retryable = True


class SessionUnavailableError(UnavailableError):
    """The call did not accept the command before its deadline, or it has ended."""


class SystemUnavailableError(UnavailableError):
    """The actor system has ended or does not answer."""


class CapacityError(UnavailableError):
    """A bound is reached; the job or command was refused and nothing was done."""


class OutcomeUnknown(LivekitexError):  # noqa: N818 - not a failure: what happened is not known
    """An effect was begun, and the process that it ran in ended before its outcome was kept. It is not begun again."""


class SimulationError(LivekitexError):
    """A simulated run did not come to what it was run for; the text names the seed, which repeats it, and the last events."""


class InternalError(LivekitexError):
    """A bug of ours: please report it with the text of this error."""


class IllegalTransitionError(InternalError):
    """A move that a state table does not list; nothing changed."""

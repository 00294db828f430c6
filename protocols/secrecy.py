"""Secrets: options travel in messages and are written to disk, so what looks like one is refused."""

import re
from collections.abc import Mapping
from typing import Any, Final

from protocols.errors import InvalidAgentError

__all__ = ["require_no_secret"]

_NAME: Final = re.compile(
    r"(?:api|access|secret|private|auth|account|subscription|signing|encryption)_?keys?$"
    r"|^token$|(?:^|_)(?:access|auth|api|bearer|refresh|session|room|bot|id)_token$"
    r"|(?:^|_)(?:secret|passw(?:or)?d|passphrase|credentials?|authorization|cookie|jwt)$"
)
_VALUE: Final = re.compile(
    r"(?:sk|rk|ghp|xox[abp])[-_]\w{8}|sk-(?:proj|svcacct|admin|ant)-[\w-]{8}"
    r"|eyJ[\w-]+\.eyJ[\w-]+\.|(?:Bearer|Basic) \S{8}"
)


def require_no_secret(owner: str, options: Mapping[str, Any]) -> None:
    """Refuse options in which a text is named or made like a secret, in whatever map below them (but not in a list).

    A guess: it finds what somebody puts there without a thought, not what somebody hides.

    Raises:
        InvalidAgentError: ``owner``'s options hold one; the text names the place and the cure.
    """
    if place := find_secret(options):
        raise InvalidAgentError(
            f"{owner}.{place} looks like a secret, and options are written to the call's journal: "
            "name the environment variable that holds it, or let the provider read its own"
        )


def find_secret(options: Mapping[str, Any]) -> str:
    """The place (``headers.Authorization``) of the first secret in ``options``; empty if there is none."""
    for name, value in options.items():
        if isinstance(value, Mapping):
            if place := find_secret(value):
                return f"{name}.{place}"
        elif isinstance(value, str | bytes) and value and (_NAME.search(_snake(name)) or _is_secret(value)):
            return name
    return ""


def _is_secret(value: str | bytes) -> bool:
    return isinstance(value, str) and _VALUE.match(value) is not None


def _snake(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())

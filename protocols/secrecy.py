"""What looks like a secret: options travel in messages and are written to disk, so none of them may be one."""

import re
from collections.abc import Mapping
from typing import Any, Final

_NAME: Final = re.compile(
    r"(?:api|access|secret|private|auth|account|subscription|signing|encryption)_?keys?$"
    r"|^token$|(?:^|_)(?:access|auth|api|bearer|refresh|session|room|bot|id)_token$"
    r"|(?:^|_)(?:secret|passw(?:or)?d|passphrase|credentials?|authorization|cookie|jwt)$"
)
_VALUE: Final = re.compile(r"(?:sk|rk|ghp|xox[abp])[-_]\w{8}|eyJ[\w-]+\.eyJ[\w-]+\.|(?:Bearer|Basic) \S{8}")


def find_secret(options: Mapping[str, Any]) -> str:
    """The place (``headers.Authorization``) of the first text in ``options`` that is named or made like a secret; empty if there is none.

    It looks into maps, not into lists. A guess by name: it finds what somebody puts there by mistake, not what somebody hides.
    """
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

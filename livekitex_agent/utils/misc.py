"""Ids, times and the like."""

import platform
import re
from typing import Final, TypeVar

from typing_extensions import TypeIs

from livekitex_agent.types import NotGiven, NotGivenOr
from protocols import SystemClock, SystemEntropy, environment

__all__ = ["is_dev_mode", "is_given", "is_hosted", "monotonic", "nodename", "resolve_env_int", "resolve_env_var", "shortuuid", "time_ms"]
__all__ += ["wall_time"]

_T = TypeVar("_T")

_clock: Final = SystemClock()
_entropy: Final = SystemEntropy()


def wall_time() -> float:
    """Seconds since the epoch."""
    return _clock.wall()


def monotonic() -> float:
    """Seconds since an arbitrary start, for durations."""
    return _clock.monotonic()


def time_ms() -> int:
    """Milliseconds since the epoch."""
    return round(_clock.wall() * 1000)


def shortuuid(prefix: str = "") -> str:
    """``prefix`` and twelve hexadecimal characters that no other call gives."""
    return prefix + _entropy.hex_id(6)


def is_given(obj: NotGivenOr[_T]) -> TypeIs[_T]:
    """Whether ``obj`` is something, and not ``NOT_GIVEN``, be it ours or that of another package with a class of that name."""
    return not isinstance(obj, NotGiven) and type(obj).__name__ != NotGiven.__name__


def nodename() -> str:
    """This machine's name."""
    return platform.node()


def camel_to_snake_case(name: str) -> str:
    """``name`` in small letters with underscores between its words."""
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)).lower()


def is_dev_mode() -> bool:
    """Whether the environment variable ``LIVEKIT_DEV_MODE`` is 1."""
    return environment().get("LIVEKIT_DEV_MODE") == "1"


def is_hosted() -> bool:
    """Whether this runs on LiveKit Cloud."""
    return "LIVEKIT_REMOTE_EOT_URL" in environment()


def resolve_env_var(val: NotGivenOr[str], *env_vars: str, default: str = "") -> str:
    """``val`` if it is given, else the first of ``env_vars`` that is set and not empty, else ``default``."""
    if is_given(val):
        return val
    variables = environment()
    return next((variables[name] for name in env_vars if variables.get(name)), default)


def resolve_env_int(name: str, default: int = 0) -> int:
    """The environment variable ``name`` as a whole number; ``default`` where it is none."""
    try:
        return int(environment().get(name, ""))
    except ValueError:
        return default

"""The one place that reads or sets the process's environment variables."""

import os
from collections.abc import Mapping

__all__ = ["environment", "set_environment_defaults"]


def environment() -> Mapping[str, str]:
    """The variables of this process as they are now (a copy)."""
    return dict(os.environ)


def set_environment_defaults(defaults: Mapping[str, str]) -> None:
    """Set those of ``defaults`` that are not set yet: for libraries that read their options from the environment when they load.

    Children inherit them.
    """
    for name, value in defaults.items():
        os.environ.setdefault(name, value)

"""The one place that reads the process's environment variables."""

import os
from collections.abc import Mapping


def environment() -> Mapping[str, str]:
    """The variables of this process as they are now (a copy)."""
    return dict(os.environ)

"""The libraries behind the offline providers, loaded so that a process that loaded them may fork.

They read their thread options from the environment when they load, so these are set before. With all three set, none of them starts a
thread: a process that has loaded and used them has its main thread alone, and there is no lock that another thread could hold at a fork.
"""

import importlib
from types import ModuleType
from typing import Final

from actors.providers.offline.memory import keep_little_free
from protocols import MissingExtraError, set_environment_defaults

LIBRARY_ENVIRONMENT: Final = {
    "OPENBLAS_NUM_THREADS": "1",
    "MOONSHINE_ORT_SINGLE_THREAD": "1",
    "ORT_DISABLE_TELEMETRY": "1",
}
"""What the libraries must find in the environment before they load. OpenBLAS (in numpy) and Moonshine would start a thread for each core;
onnxruntime 1.29 and later would start an uploader of usage data, which also writes to ``~/.cache`` and wants a network."""


def prepare_libraries() -> None:
    """Set `LIBRARY_ENVIRONMENT` where it is not set yet; comes before the first import of numpy to have its effect on that.

    The memory that the libraries free goes back to the system, see `keep_little_free`.
    """
    set_environment_defaults(LIBRARY_ENVIRONMENT)
    keep_little_free()


def load_library(name: str, *, extra: str = "offline") -> ModuleType:
    """The module ``name`` of the extra ``extra``.

    Raises:
        MissingExtraError: it, or something that it needs, is not installed.
    """
    prepare_libraries()
    try:
        return importlib.import_module(name)
    except ImportError as failure:
        raise MissingExtraError(extra, f"the library {name}") from failure

"""What a partition loads before it forks its first call, so that calls come up warm and share its memory."""

import importlib

from actors import preload_offline_providers, prepare_libraries
from livekitex_agent.composition import JOB_ACTORS
from protocols import MissingExtraError


def preload() -> None:
    """Load what every call needs, and the offline models where their extra is installed."""
    prepare_libraries()  # before anything loads numpy
    for path in JOB_ACTORS.values():
        importlib.import_module(path.partition(":")[0])
    try:
        preload_offline_providers()
    except MissingExtraError:
        return  # agents with other providers work without; one that needs it is told so when it starts

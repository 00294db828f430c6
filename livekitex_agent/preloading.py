"""What is loaded before the first call's process is forked, so that calls come up warm and share its memory."""

from actors import preload_offline_providers
from protocols import MissingExtraError


def preload_models() -> None:
    """Load the offline models where their extra is installed; an agent that needs it without is told so when its call starts."""
    try:
        preload_offline_providers()
    except MissingExtraError:
        return

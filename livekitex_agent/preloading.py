"""What a partition loads before it forks its first call, so that calls come up warm and share its memory."""

from protocols import MissingExtraError


def preload() -> None:
    """Load what every call needs, and the offline models where their extra is installed."""
    import actors.agent_session  # noqa: F401 - loaded for those who are forked later
    from actors.providers import offline

    try:
        offline.preload()
    except MissingExtraError:
        return  # agents with other providers work without; one that needs it is told so when it starts

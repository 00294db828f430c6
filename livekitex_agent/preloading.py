"""What a partition loads before it forks its first call, so that calls come up warm and share its memory."""

from protocols import MissingExtraError


def preload() -> None:
    """Load what every call needs, and the offline models where their extra is installed."""
    from actors import preload_offline_providers, prepare_libraries

    prepare_libraries()  # before anything loads numpy
    import actors.agent_session  # noqa: F401 - loaded for those who are forked later

    try:
        preload_offline_providers()
    except MissingExtraError:
        return  # agents with other providers work without; one that needs it is told so when it starts

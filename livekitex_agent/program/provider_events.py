"""Listening to a program's own providers: for as long as its session lasts, which they may outlive."""

from collections.abc import Callable
from functools import partial
from typing import Any

__all__ = ["ProviderEvents", "tells_events"]


class ProviderEvents:
    """Who is ``told`` of an event of the program's providers, with the provider. Used on the program's loop, where their code runs."""

    def __init__(self, event: str, told: Callable[[Any, Any], None]) -> None:
        self._event = event
        self._told = told
        self._heard: list[tuple[Any, Callable[[Any], None]]] = []

    def listen(self, provider: Any) -> None:  # noqa: ANN401 - of any family; one that tells nothing is none to listen to
        """Listen to ``provider`` from now on; again it does nothing."""
        if not tells_events(provider) or any(heard is provider for heard, _ in self._heard):
            return
        callback = partial(self._told, provider)
        provider.on(self._event, callback)
        self._heard.append((provider, callback))

    def stop(self) -> None:
        """Listen to none of them any more."""
        for provider, callback in self._heard:
            provider.off(self._event, callback)
        self._heard.clear()


def tells_events(provider: Any) -> bool:  # noqa: ANN401 - of any family
    """Whether it is of LiveKit's classes, which tell what fails and what they measure."""
    return hasattr(provider, "on") and hasattr(provider, "off")

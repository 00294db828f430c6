"""What every provider of speech or language has, whatever it is for: a name, a beginning and an end."""

from typing import Protocol

__all__ = ["Provider", "label_of"]


class Provider(Protocol):
    """The base of the contracts of providers; who inherits from one of them gets these defaults.

    A provider lives in one session's process. Blocking work is its own business: an ``async`` method never blocks the event loop for more
    than a few milliseconds (it uses ``asyncio.to_thread`` for computation that releases the GIL). Cancelling the task that awaits a
    method, or closing an async iterator, stops the work and leaves the provider usable. Every failure is raised as a `ProviderError`.
    """

    @property
    def label(self) -> str:
        """How errors, logs and the counts of usage name it: ``vendor/model``. By default the name of its class."""
        return _class_name(self)

    def prewarm(self) -> None:
        """Load or connect what the first request would wait for. Blocks; a second time does nothing. By default there is nothing.

        Raises:
            MissingExtraError: its library is not installed.
            ProviderError: it cannot be had; the first request will try again.
        """
        return

    async def aclose(self) -> None:
        """Give back what it holds; its streams are over. A second time does nothing. By default there is nothing."""
        return


def label_of(provider: object) -> str:
    """The label of ``provider``; of an object without a usable one the name of its class."""
    try:
        label = getattr(provider, "label", None)
    except Exception:  # noqa: BLE001 - a property of code that is not ours: it may raise anything
        label = None
    return label if isinstance(label, str) and label else _class_name(provider)


def _class_name(thing: object) -> str:
    return f"{type(thing).__module__}.{type(thing).__qualname__}"

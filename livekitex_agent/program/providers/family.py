"""Whose base classes an object's are: ours by LiveKit's names, or those of LiveKit Agents itself, as each of its plugins has them.

The object is spoken to in the classes of its own family: its chat contexts, tools, options and frames.
"""

import importlib
from contextvars import ContextVar
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

from livekitex_agent.types import APIConnectOptions
from protocols import ConfigurationError, ProviderKind

__all__ = ["Family", "family_of", "is_of_a_family"]

_PACKAGES: Final = ("livekitex_agent", "livekit.agents")
_BASES: Final = {"LLM": ProviderKind.LLM, "STT": ProviderKind.STT, "TTS": ProviderKind.TTS, "VAD": ProviderKind.VAD}


@dataclass(frozen=True, slots=True)
class Family:
    """The modules of ``package``, by their names in both."""

    package: str

    def module(self, name: str) -> ModuleType:
        """The submodule ``name``."""
        return importlib.import_module(f"{self.package}.{name}")

    @property
    def not_given(self) -> Any:  # noqa: ANN401 - of either family
        """What stands for an option that is not given."""
        return self.module("types").NOT_GIVEN

    def connect_options(self, options: APIConnectOptions) -> Any:  # noqa: ANN401 - of either family
        """The same ``options``."""
        return self.module("types").APIConnectOptions(
            max_retry=options.max_retry, retry_interval=options.retry_interval, timeout=options.timeout
        )

    @property
    def http_context(self) -> ContextVar[Any]:
        """Where ``http_session()`` finds what makes its session."""
        module = self.module("utils.http_context")
        variable: ContextVar[Any] = module._session if self.package == _PACKAGES[0] else module._ContextVar
        return variable

    def new_http_session(self) -> Any:  # noqa: ANN401 - of either family
        """What makes the session, and the same one from then on; it is put into the current context as well."""
        return self.module("utils.http_context")._new_session_ctx()


def is_of_a_family(provider: object) -> bool:
    """Whether its class inherits from one of LiveKit's."""
    return any(
        base.__name__ in _BASES and base.__module__.startswith(tuple(f"{each}." for each in _PACKAGES)) for base in type(provider).__mro__
    )


def family_of(provider: object) -> tuple[Family, ProviderKind]:
    """The family of ``provider``, and what it is for.

    Raises:
        ConfigurationError: it is of none; the text names what to inherit from.
    """
    for base in type(provider).__mro__:
        for package in _PACKAGES:
            if base.__name__ in _BASES and base.__module__.startswith(f"{package}."):
                return Family(package), _BASES[base.__name__]
    raise ConfigurationError(
        f"{provider!r:.80} is no provider: give a name as 'openai:MODEL', or an object whose class inherits from LLM, STT, TTS or VAD "
        "of livekitex_agent or livekit.agents"
    )

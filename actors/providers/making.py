"""From a `ProviderRef`, as it travels, to the provider itself."""

import importlib
from typing import Any, cast

from protocols import LLM, STT, TTS, VAD, ConfigurationError, ProviderFactory, ProviderRef


def load_factory(name: str) -> ProviderFactory:
    """The factory called ``module:name``.

    Raises:
        ConfigurationError: there is no such module, or no such callable in it.
    """
    module_name, _, attribute = name.partition(":")
    try:
        factory = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError, ValueError, TypeError) as failure:
        raise ConfigurationError(f"provider {name!r} cannot be loaded ({failure}): give module:name of a factory") from failure
    if not callable(factory):
        raise ConfigurationError(f"provider {name!r} is no function: give module:name of a factory")
    return cast("ProviderFactory", factory)


def make_vad(ref: ProviderRef) -> VAD:
    """A new voice activity detector.

    Raises:
        MissingExtraError: its distribution is not installed.
        ConfigurationError: no such factory, malformed options, or another kind of provider.
    """
    return cast("VAD", _make(ref, "probability", "voice activity detector"))


def make_stt(ref: ProviderRef) -> STT:
    """A new speech recogniser; raises as `make_vad` does."""
    return cast("STT", _make(ref, "recognize", "speech recogniser"))


def make_llm(ref: ProviderRef) -> LLM:
    """A new language model; raises as `make_vad` does."""
    return cast("LLM", _make(ref, "chat", "language model"))


def make_tts(ref: ProviderRef) -> TTS:
    """A new voice; raises as `make_vad` does."""
    return cast("TTS", _make(ref, "synthesize", "voice"))


def _make(ref: ProviderRef, method: str, kind: str) -> Any:  # noqa: ANN401 - cast by its callers
    provider = load_factory(ref.factory)(ref.options)
    if not callable(getattr(provider, method, None)):
        raise ConfigurationError(f"provider {ref.factory!r} makes a {type(provider).__name__}, which is no {kind}")
    return provider

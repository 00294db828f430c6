"""From a `ProviderRef`, as it travels, to the provider itself."""

import importlib
from collections.abc import Callable
from typing import Any, cast

from protocols import (
    LLM,
    STT,
    TTS,
    VAD,
    ConfigurationError,
    InvalidAgentError,
    ProviderFactory,
    ProviderRef,
    TurnDetector,
    TurnDetectorCapabilities,
    VADCapabilities,
)

Load = Callable[[str], Any]
"""Finds what a reference names; how those to a script are found is the session's business."""


def load_module_name(name: str) -> Any:  # noqa: ANN401 - whatever the reference names
    """The object called ``module:name``; raises what the import does."""
    module_name, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module_name), attribute)


def load_factory(name: str, load: Load = load_module_name) -> ProviderFactory:
    """The factory called ``name``.

    Raises:
        ConfigurationError: there is no such module, or no such callable in it.
    """
    try:
        factory = load(name)
    except (ImportError, AttributeError, ValueError, TypeError, InvalidAgentError) as failure:
        raise ConfigurationError(
            f"provider {name!r} cannot be loaded ({failure}): give module:name of a factory, or a function of yours"
        ) from failure
    if not callable(factory):
        raise ConfigurationError(f"provider {name!r} is no function: give module:name of a factory")
    return cast("ProviderFactory", factory)


def make_vad(ref: ProviderRef, load: Load = load_module_name) -> VAD:
    """A new voice activity detector.

    Raises:
        MissingExtraError: its distribution is not installed.
        ConfigurationError: no such factory, malformed options, or another kind of provider.
    """
    vad = _make(ref, load, "stream", "voice activity detector (a VADModel is made one by actors.providers.vad:ModelVAD)")
    _require_capabilities(ref, vad, VADCapabilities)
    return cast("VAD", vad)


def make_stt(ref: ProviderRef, load: Load = load_module_name) -> STT:
    """A new speech recogniser; raises as `make_vad` does."""
    return cast("STT", _make(ref, load, "recognize", "speech recogniser"))


def make_turn_detector(ref: ProviderRef, load: Load = load_module_name) -> TurnDetector:
    """A new turn detector; raises as `make_vad` does."""
    detector = _make(ref, load, "predict", "turn detector")
    _require_capabilities(ref, detector, TurnDetectorCapabilities)
    return cast("TurnDetector", detector)


def make_llm(ref: ProviderRef, load: Load = load_module_name) -> LLM:
    """A new language model; raises as `make_vad` does."""
    return cast("LLM", _make(ref, load, "chat", "language model"))


def make_tts(ref: ProviderRef, load: Load = load_module_name) -> TTS:
    """A new voice; raises as `make_vad` does."""
    return cast("TTS", _make(ref, load, "synthesize", "voice"))


def _make(ref: ProviderRef, load: Load, method: str, kind: str) -> Any:  # noqa: ANN401 - cast by its callers
    provider = load_factory(ref.factory, load)(ref.options)
    if not callable(getattr(provider, method, None)):
        raise ConfigurationError(f"provider {ref.factory!r} makes a {type(provider).__name__}, which is no {kind}")
    return provider


def _require_capabilities(ref: ProviderRef, provider: object, kind: type) -> None:
    if not isinstance(getattr(provider, "capabilities", None), kind):
        raise ConfigurationError(
            f"provider {ref.factory!r} makes a {type(provider).__name__} without capabilities: give it {kind.__name__}"
        )

"""From a `ProviderRef`, as it travels, to the provider itself."""

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any, cast

from actors.providers.simple import complete_llm, complete_stt, complete_tts
from actors.providers.voice_adapters import SentenceTTS
from protocols import (
    LLM,
    STT,
    SUPPORTED_RATES_HZ,
    TTS,
    VAD,
    ConfigurationError,
    InvalidAgentError,
    ProviderFactory,
    ProviderRef,
    STTCapabilities,
    TTSCapabilities,
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
    """A new speech recogniser; an object with ``recognize`` or ``stream`` alone is completed. Raises as `make_vad` does."""
    stt = complete_stt(_make(ref, load, "recognize", "speech recogniser", or_method="stream"))
    _require_capabilities(ref, stt, STTCapabilities)
    _require_rate(ref, stt.rate_hz)
    return stt


def make_turn_detector(ref: ProviderRef, load: Load = load_module_name) -> TurnDetector:
    """A new turn detector; raises as `make_vad` does."""
    detector = _make(ref, load, "predict", "turn detector")
    _require_capabilities(ref, detector, TurnDetectorCapabilities)
    return cast("TurnDetector", detector)


def make_llm(ref: ProviderRef, load: Load = load_module_name) -> LLM:
    """A new language model; an object with ``chat`` alone is completed. Raises as `make_vad` does."""
    return complete_llm(_make(ref, load, "chat", "language model"))


def make_tts(ref: ProviderRef, load: Load = load_module_name) -> TTS:
    """A new voice that speaks sentences; an object with ``synthesize`` or ``stream`` alone is completed. Raises as `make_vad` does."""
    made = _make(ref, load, "synthesize", "voice", or_method="stream")
    if not hasattr(made, "rate_hz"):
        raise ConfigurationError(f"provider {ref.factory!r} makes a {type(made).__name__} without rate_hz: give it the rate of its audio")
    tts = complete_tts(made)
    _require_capabilities(ref, tts, TTSCapabilities)
    _require_rate(ref, tts.rate_hz)
    return tts if _has(made, "synthesize") else SentenceTTS(tts)


def _make(ref: ProviderRef, load: Load, method: str, kind: str, *, or_method: str = "") -> Any:  # noqa: ANN401 - cast by its callers
    provider = _call(ref.factory, load_factory(ref.factory, load), ref.options)
    if not _has(provider, method) and not (or_method and _has(provider, or_method)):
        raise ConfigurationError(f"provider {ref.factory!r} makes a {type(provider).__name__}, which is no {kind}")
    return provider


def _call(name: str, factory: Callable[..., object], options: Mapping[str, Any]) -> object:
    """What the factory called ``name`` makes of ``options``: one map of them, or a keyword for each if it takes keywords alone."""
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):
        return factory(options)
    parameters = signature.parameters.values()
    if not parameters and not options:
        return factory()
    if not parameters or any(parameter.kind not in (parameter.KEYWORD_ONLY, parameter.VAR_KEYWORD) for parameter in parameters):
        return factory(options)
    try:
        signature.bind(**options)
    except TypeError as failure:
        known = ", ".join(parameter.name for parameter in parameters)
        raise ConfigurationError(f"provider {name!r}: {failure}: it knows {known}") from failure
    return factory(**options)


def _has(provider: object, method: str) -> bool:
    """Whether ``provider`` has a ``method`` of its own: a contract's default does nothing."""
    inherited = [getattr(contract, method, None) for contract in (STT, TTS)]
    return callable(getattr(provider, method, None)) and getattr(type(provider), method, None) not in inherited


def _require_rate(ref: ProviderRef, rate_hz: object) -> None:
    if rate_hz not in SUPPORTED_RATES_HZ or isinstance(rate_hz, bool):
        known = ", ".join(map(str, SUPPORTED_RATES_HZ))
        raise ConfigurationError(f"provider {ref.factory!r} has rate_hz={rate_hz!r:.40}: give one of {known}, and resample to it")


def _require_capabilities(ref: ProviderRef, provider: object, kind: type) -> None:
    capabilities = getattr(provider, "capabilities", None)
    if not isinstance(capabilities, kind):
        raise ConfigurationError(
            f"provider {ref.factory!r} makes a {type(provider).__name__} without capabilities: give it {kind.__name__}"
        )

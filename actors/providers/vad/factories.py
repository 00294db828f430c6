"""The factories of the voice activity detectors, named in a `ProviderRef` as ``actors.providers.vad:<function>``.

Each takes ``sensitivity``, ``min_speech_ms``, ``min_silence_ms`` and ``max_speech_ms`` as `VADOptions` has them, and refuses what it does
not know.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from actors.providers.offline.libraries import prepare_libraries
from actors.providers.options import OptionReader
from actors.providers.vad.model_vad import ModelVAD
from protocols import SESSION_RATE_HZ, VAD, ConfigurationError, VADCapabilities, VADOptions

_SHORT_NAMES = {"min_speech_duration": "min_speech_ms", "max_silence_duration": "min_silence_ms"}


def energy(options: Mapping[str, Any]) -> VAD:
    """Voice activity from the loudness alone (`energy`).

    Options: those of all, also as ``threshold`` (1 − sensitivity), ``min_speech_duration`` (ms, that is ``min_speech_ms``) and
    ``max_silence_duration`` (ms, that is ``min_silence_ms``).

    Raises:
        ConfigurationError: an unknown or malformed option, or one by both of its names.
    """
    given = dict(options)
    for short, name in [*_SHORT_NAMES.items(), ("threshold", "sensitivity")]:
        if short in given:
            if name in given:
                raise ConfigurationError(f"energy: {short} and {name} are one option: give one of them")
            value = given.pop(short)
            given[name] = 1.0 - value if short == "threshold" and isinstance(value, float) else value
    read = _read("energy", given)
    prepare_libraries()
    from actors.providers.vad.energy_model import FRAME_SAMPLES, EnergyModel

    return ModelVAD(EnergyModel, read, _capabilities(FRAME_SAMPLES))


def webrtc(options: Mapping[str, Any]) -> VAD:
    """Voice activity detection of WebRTC (`webrtc`).

    Raises:
        MissingExtraError: (from the first stream, or `prewarm`) the extra ``webrtc`` is not installed.
        ConfigurationError: an unknown or malformed option.
    """
    from actors.providers.vad.webrtc_model import FRAME_SAMPLES, WebRTCModel

    read = _read("webrtc", options)
    return ModelVAD(partial(WebRTCModel, sensitivity=read.sensitivity), read, _capabilities(FRAME_SAMPLES, graded=False))


def silero(options: Mapping[str, Any]) -> VAD:
    """Voice activity detection by Silero's network: the default.

    Raises:
        MissingExtraError: (from the first stream, or `prewarm`) the extra ``offline`` is not installed.
        ConfigurationError: an unknown or malformed option.
    """
    read = _read("silero", options)
    prepare_libraries()
    from actors.providers.offline.silero import FRAME_SAMPLES, SileroVad

    return ModelVAD(SileroVad, read, _capabilities(FRAME_SAMPLES))


def _capabilities(frame_samples: int, *, graded: bool = True) -> VADCapabilities:
    return VADCapabilities(frame_ms=frame_samples * 1000 // SESSION_RATE_HZ, graded=graded)


def _read(provider: str, options: Mapping[str, Any]) -> VADOptions:
    reader, default = OptionReader(provider, options), VADOptions()
    read = VADOptions(
        sensitivity=reader.number("sensitivity", default.sensitivity, lowest=0.05, highest=0.95),
        min_speech_ms=reader.integer("min_speech_ms", default.min_speech_ms, lowest=1, highest=600_000),
        min_silence_ms=reader.integer("min_silence_ms", default.min_silence_ms, lowest=1, highest=600_000),
        max_speech_ms=reader.integer("max_speech_ms", default.max_speech_ms, lowest=2, highest=600_000),
    )
    reader.finish()
    return read

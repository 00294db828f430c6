import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from actors.providers import make_vad
from actors.providers.offline.silero import _network
from actors.providers.vad import ModelVAD, energy, silero, webrtc
from protocols import VAD, ConfigurationError, MissingExtraError, ProviderRef, VADOptions

Factory = Callable[[Mapping[str, Any]], VAD]


def options_of(vad: VAD) -> VADOptions:
    assert isinstance(vad, ModelVAD)
    return vad._options


@pytest.mark.parametrize("factory", [energy, webrtc, silero])
def test_each_takes_the_same_options_and_says_how_it_judges(factory: Factory) -> None:
    given = {"sensitivity": 0.7, "min_speech_ms": 80, "min_silence_ms": 300, "max_speech_ms": 20_000}
    assert options_of(factory(given)) == VADOptions(**given)
    assert options_of(factory({})) == VADOptions()
    assert factory({}).capabilities.graded is (factory is not webrtc)
    assert factory({}).capabilities.frame_ms == (32 if factory is silero else 20)


def test_a_reference_leads_to_its_factory_each_time() -> None:
    for name in ("energy", "webrtc", "silero") * 2:
        assert make_vad(ProviderRef(factory=f"actors.providers.vad:{name}", options={})).capabilities.rate_hz == 16_000


def test_energy_also_takes_the_short_names() -> None:
    vad = energy({"threshold": 0.3, "min_speech_duration": 300, "max_silence_duration": 800})
    assert options_of(vad) == VADOptions(sensitivity=0.7, min_speech_ms=300, min_silence_ms=800)


@pytest.mark.parametrize(
    ("factory", "options", "cure"),
    [
        (silero, {"threshold": 0.5}, "silero has no option threshold: it knows sensitivity, min_speech_ms"),
        (webrtc, {"mode": 3}, "webrtc has no option mode"),
        (energy, {"threshold": 0.3, "sensitivity": 0.7}, "one option"),
        (energy, {"min_speech_duration": 300, "min_speech_ms": 300}, "one option"),
        (energy, {"threshold": 1.5}, "must be a number from 0.05 to 0.95"),
        (energy, {"threshold": "high"}, "must be a number"),
        (silero, {"sensitivity": 1}, "sensitivity=1 must be a number from 0.05 to 0.95"),
        (silero, {"min_silence_ms": 0.5}, "must be a number from 1"),
        (silero, {"max_speech_ms": 50}, "longer than min_speech_ms"),
    ],
)
def test_malformed_options_are_refused_with_the_cure(factory: Factory, options: dict[str, Any], cure: str) -> None:
    with pytest.raises(ConfigurationError, match=cure):
        factory(options)


@pytest.mark.parametrize(("factory", "library", "extra"), [(silero, "onnxruntime", "offline"), (webrtc, "webrtcvad", "webrtc")])
def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch, factory: Factory, library: str, extra: str) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    _network.cache_clear()
    vad = factory({})
    with pytest.raises(MissingExtraError, match=rf"'livekitex-agent\[{extra}\]'"):
        vad.prewarm()

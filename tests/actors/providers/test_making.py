from typing import Any

import pytest

from actors.providers import SentenceTTS, load_factory, make_llm, make_stt, make_tts, make_turn_detector, make_vad
from actors.providers.vad.energy_model import EnergyModel
from protocols import STT, TTS, ConfigurationError, InvalidAgentError, ProviderRef, TurnDetectorCapabilities, VADCapabilities


class Fake:
    """Stands for a provider of every kind, but for its capabilities."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options

    rate_hz = 24_000

    def stream(self) -> None: ...
    def predict(self) -> None: ...
    def recognize(self, pcm: bytes) -> None: ...
    def chat(self, messages: Any) -> None: ...
    def synthesize(self, text: str) -> None: ...


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("actors.providers.making.Fake", Fake, raising=False)
    return "actors.providers.making"


@pytest.mark.parametrize("make", [make_stt, make_llm, make_tts])
def test_a_provider_is_made_from_its_reference(here: str, make: Any) -> None:
    provider = make(ProviderRef(factory=f"{here}:Fake", options={"a": 1}))
    assert provider.label == f"{__name__}.Fake"
    assert provider._inner.options == {"a": 1}


@pytest.mark.parametrize(
    ("make", "capabilities"), [(make_vad, VADCapabilities(frame_ms=20)), (make_turn_detector, TurnDetectorCapabilities())]
)
def test_a_detector_says_what_it_is_capable_of(monkeypatch: pytest.MonkeyPatch, here: str, make: Any, capabilities: object) -> None:
    ref = ProviderRef(factory=f"{here}:Fake", options={})
    with pytest.raises(ConfigurationError, match=f"makes a Fake without capabilities: give it {type(capabilities).__name__}"):
        make(ref)
    monkeypatch.setattr(Fake, "capabilities", capabilities, raising=False)
    assert isinstance(make(ref), Fake)


def test_a_model_of_a_detector_is_told_how_to_be_one() -> None:
    with pytest.raises(
        ConfigurationError, match=r"a EnergyModel, which is no voice activity detector \(a VADModel is made one by .*ModelVAD"
    ):
        make_vad(ProviderRef(factory="actors.providers.vad.energy_model:EnergyModel", options={}), lambda _: lambda _: EnergyModel())


@pytest.mark.parametrize("name", ["", "nowhere", "no.such.module:x", "actors.providers.making:nothing", ":x", ".relative:x"])
def test_a_factory_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be loaded"):
        load_factory(name)


def test_what_is_no_factory_or_makes_another_kind_is_refused(here: str) -> None:
    with pytest.raises(ConfigurationError, match="is no function"):
        load_factory("sys:path")
    with pytest.raises(ConfigurationError, match="makes a dict, which is no voice"):
        make_tts(ProviderRef(factory="builtins:dict", options={}))


def test_a_reference_is_found_by_whoever_knows_how() -> None:
    def load(name: str) -> object:
        if name == "/my/script.py:brain":
            return Fake
        raise InvalidAgentError(f"{name}: No such file")

    assert make_llm(ProviderRef(factory="/my/script.py:brain", options={}), load).label == f"{__name__}.Fake"
    with pytest.raises(ConfigurationError, match=r"cannot be loaded \(/gone.py:brain: No such file\)"):
        make_llm(ProviderRef(factory="/gone.py:brain", options={}), load)


def made(make: Any, provider: object) -> Any:
    return make(ProviderRef(factory="x:y", options={}), lambda _: lambda _: provider)


@pytest.mark.parametrize("rate_hz", [0, -1, 22_050, 44_100, True, None, "16000", 16_000.5])
@pytest.mark.parametrize("make", [make_stt, make_tts])
def test_a_rate_that_nothing_here_converts_is_refused(monkeypatch: pytest.MonkeyPatch, make: Any, rate_hz: Any) -> None:
    monkeypatch.setattr(Fake, "rate_hz", rate_hz)
    with pytest.raises(ConfigurationError, match=r"'x:y' has rate_hz=.*: give one of 8000, 16000, 24000, 48000"):
        made(make, Fake({}))


def test_a_voice_without_a_rate_is_told_to_have_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Fake, "rate_hz")
    with pytest.raises(ConfigurationError, match="a Fake without rate_hz: give it the rate of its audio"):
        made(make_tts, Fake({}))


@pytest.mark.parametrize(("make", "kind"), [(make_stt, "STTCapabilities"), (make_tts, "TTSCapabilities")])
def test_capabilities_of_another_kind_are_refused(monkeypatch: pytest.MonkeyPatch, make: Any, kind: str) -> None:
    monkeypatch.setattr(Fake, "capabilities", {"streaming": True}, raising=False)
    with pytest.raises(ConfigurationError, match=f"without capabilities: give it {kind}"):
        made(make, Fake({}))


@pytest.mark.parametrize(("make", "contract", "kind"), [(make_stt, STT, "speech recogniser"), (make_tts, TTS, "voice")])
def test_a_contract_s_defaults_alone_are_no_provider(make: Any, contract: type, kind: str) -> None:
    with pytest.raises(ConfigurationError, match=f"which is no {kind}"):
        made(make, type("Empty", (contract,), {"rate_hz": 16_000})())


def test_a_voice_that_only_streams_is_made_to_speak_sentences() -> None:
    streaming = type("Streaming", (), {"rate_hz": 16_000, "stream": lambda self: None})()
    assert isinstance(made(make_tts, streaming), SentenceTTS)
    assert not isinstance(made(make_tts, Fake({})), SentenceTTS)


def test_a_factory_without_parameters_is_called_without() -> None:
    class Plain:
        async def chat(self, context: Any) -> None: ...

    assert make_llm(ProviderRef(factory="x:y", options={}), lambda _: Plain).label.endswith("Plain")
    with pytest.raises(TypeError):
        make_llm(ProviderRef(factory="x:y", options={"a": 1}), lambda _: Plain)


def test_a_factory_that_takes_keywords_alone_is_given_each_option_as_one() -> None:
    class Plain:
        def __init__(self, *, model: str, voice: str = "x") -> None:
            self.label = f"{model}/{voice}"

        async def chat(self, context: Any) -> None: ...

    def made_of(options: dict[str, Any]) -> Any:
        return make_llm(ProviderRef(factory="x:y", options=options), lambda _: Plain)

    assert made_of({"model": "m", "voice": "v"}).label == "m/v"
    for options, wrong in (
        ({}, "missing a required argument: 'model'"),
        ({"model": "m", "voise": "v"}, "unexpected keyword argument 'voise'"),
    ):
        with pytest.raises(ConfigurationError, match=f"{wrong}.*it knows model, voice"):
            made_of(options)

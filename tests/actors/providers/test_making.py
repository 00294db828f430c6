from typing import Any

import pytest

from actors.providers import load_factory, make_llm, make_stt, make_tts, make_turn_detector, make_vad
from actors.providers.vad.energy_model import EnergyModel
from protocols import ConfigurationError, InvalidAgentError, ProviderRef, TurnDetectorCapabilities, VADCapabilities


class Fake:
    """Stands for a provider of every kind, but for its capabilities."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options

    def stream(self) -> None: ...
    def predict(self) -> None: ...
    def recognize(self) -> None: ...
    def chat(self) -> None: ...
    def synthesize(self) -> None: ...


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("actors.providers.making.Fake", Fake, raising=False)
    return "actors.providers.making"


@pytest.mark.parametrize("make", [make_stt, make_llm, make_tts])
def test_a_provider_is_made_from_its_reference(here: str, make: Any) -> None:
    provider = make(ProviderRef(factory=f"{here}:Fake", options={"a": 1}))
    assert provider.options == {"a": 1}


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

    assert isinstance(make_llm(ProviderRef(factory="/my/script.py:brain", options={}), load), Fake)
    with pytest.raises(ConfigurationError, match=r"cannot be loaded \(/gone.py:brain: No such file\)"):
        make_llm(ProviderRef(factory="/gone.py:brain", options={}), load)

"""Providers by name: the project's own, those of installed packages, and what is told where there is none."""

from collections.abc import Mapping
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from actors import load_reference
from livekitex_agent.providers import offline, registry, silero
from livekitex_agent.providers.registry import GROUP, resolve
from protocols import ConfigurationError, ProviderKind, ProviderRef

REF = ProviderRef(factory="somewhere:Voice", options={"model": "m"})


def voice(kind: ProviderKind, model: str, base_url: str) -> ProviderRef | None:
    return ProviderRef(factory="somewhere:Voice", options={"model": model}) if kind is ProviderKind.TTS else None


BY_KIND = {"tts": voice}
WRONG = {"tts": "text"}


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        EntryPoint(name=name, value=f"{__name__}:{attribute}", group=GROUP)
        for name, attribute in (("acme", "voice"), ("kinds", "BY_KIND"), ("wrong", "WRONG"), ("broken", "NOTHING"))
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    monkeypatch.setitem(__import__("sys").modules, __name__, _Module(globals()))


class _Module:
    def __init__(self, names: Mapping[str, Any]) -> None:
        self.__dict__.update(names)


@pytest.mark.parametrize(
    ("kind", "name", "factory", "options"),
    [
        ("llm", "openai:gpt-5.4-mini", "actors:OpenAILLM", {"model": "gpt-5.4-mini", "base_url": "http://127.0.0.1:1/v1"}),
        ("stt", "openai", "actors:OpenAISTT", {"base_url": "http://127.0.0.1:1/v1"}),
        ("tts", "acme:m", "somewhere:Voice", {"model": "m"}),
        ("tts", "kinds:m", "somewhere:Voice", {"model": "m"}),
    ],
)
def test_a_name_is_a_provider(kind: str, name: str, factory: str, options: Any) -> None:
    assert resolve(ProviderKind(kind), name, base_url="http://127.0.0.1:1/v1") == ProviderRef(factory=factory, options=options)
    assert resolve(ProviderKind(kind), name, base_url="http://127.0.0.1:1/v1").options == options


@pytest.mark.parametrize(
    ("kind", "name"), [*((kind, "offline") for kind in ("stt", "tts", "llm", "vad", "turn_detector")), ("vad", "silero"), ("llm", "openai")]
)
def test_what_the_project_has_can_be_loaded(kind: str, name: str) -> None:
    assert callable(load_reference(resolve(ProviderKind(kind), name).factory))


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        (
            "llm",
            "nobody:x",
            r"llm='nobody:x': no installed package offers that. There are: acme, broken, kinds, offline, openai:MODEL, wrong",
        ),
        ("llm", "deepgram:x", r"livekit-plugins-deepgram"),
        ("vad", "openai:x", "There are: acme, broken, kinds, offline, silero, wrong"),
        ("llm", "acme:x", "no installed package offers that"),
        ("tts", "offline:x", "no installed package offers that"),
        ("tts", "wrong", "gives a str: let it give a ProviderRef"),
        ("tts", "broken", "cannot be loaded"),
        ("tts", "", "no installed package offers that"),
    ],
)
def test_a_name_that_nobody_offers_says_who_is_there(kind: str, name: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        resolve(ProviderKind(kind), name)


def test_programs_call_them_as_they_call_livekits() -> None:
    assert silero.VAD.load(min_silence_duration=0.55, activation_threshold=0.6).options == {
        "sensitivity": 0.4,
        "min_speech_ms": 50,
        "min_silence_ms": 550,
        "max_speech_ms": 60_000,
    }
    assert silero.VAD() == silero.VAD.load()
    with pytest.raises(ConfigurationError, match="sample_rate=44100"):
        silero.VAD.load(sample_rate=44_100)
    for made in (offline.STT(), offline.TTS(), offline.TurnDetector(threshold=0.7), offline.LLM(), silero.VAD()):
        assert isinstance(made, ProviderRef)
        assert callable(load_reference(made.factory))

import sys
from typing import Any

import pytest

from actors.providers.offline import hibari_tts, moonshine_stt, rule_llm
from actors.providers.offline.hibari import _voice
from actors.providers.offline.moonshine import _model
from protocols import ConfigurationError, MissingExtraError

RULES = {"intents": [{"name": "greeting", "examples": ["hello"], "say": "Hello."}]}


@pytest.mark.parametrize(
    ("factory", "options", "cure"),
    [
        (moonshine_stt, {"model": "base"}, "moonshine_stt has no option model"),
        (hibari_tts, {"voice": "emma"}, "hibari_tts has no option voice: it knows speed, pitch"),
        (hibari_tts, {"speed": 9}, "speed=9 must be a number from 0.5 to 2"),
        (rule_llm, {**RULES, "first_token_delay_ms": -1}, "first_token_delay_ms=-1"),
        (rule_llm, {**RULES, "model": "gpt"}, "malformed rules: model: Extra inputs"),
        (rule_llm, {}, "malformed rules: intents: Field required"),
    ],
)
def test_malformed_options_are_refused_with_the_cure(factory: Any, options: dict[str, Any], cure: str) -> None:
    with pytest.raises(ConfigurationError, match=cure):
        factory(options)


@pytest.mark.parametrize(
    ("factory", "options", "library"),
    [(moonshine_stt, {}, "moonshine_voice"), (hibari_tts, {}, "hibari"), (rule_llm, RULES, "rapidfuzz")],
)
def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch, factory: Any, options: dict[str, Any], library: str) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    caches = (_model, _voice)
    for cache in caches:
        cache.cache_clear()
    with pytest.raises(MissingExtraError, match=rf"{library} needs the extra 'offline': pip install 'livekitex-agent\[offline\]'"):
        factory(options)

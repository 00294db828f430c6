"""Acme's voice keeps the contract of voices, and is found by its name."""

from typing import Any

import pytest
from livekitex_acme import Voice, providers

from livekitex_agent.providers.contracts import ProviderKind
from livekitex_agent.testing.conformance import tts

SUBJECT = tts.TTSSubject(make=Voice)


@pytest.mark.parametrize("check", tts.CHECKS, ids=str)
def test_the_voice_keeps_the_contract(check: Any) -> None:  # noqa: ANN401 - one of the suite
    check(SUBJECT)


@pytest.mark.parametrize(
    ("kind", "model", "found"), [("tts", "low", True), ("tts", "", True), ("tts", "loud", False), ("llm", "low", False)]
)
def test_it_is_found_by_its_name(kind: str, model: str, found: bool) -> None:  # noqa: FBT001 - a case of the table
    assert (providers(ProviderKind(kind), model, "") is not None) is found

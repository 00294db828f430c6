"""OpenAI's providers keep the contracts, against the loopback server."""

from collections.abc import Iterator
from typing import Any

import pytest

from actors import OpenAILLM, OpenAIResponsesLLM, OpenAISTT, OpenAITTS
from livekitex_agent.testing.conformance import llm, stt, tts
from livekitex_agent.testing.fakes import spoken
from livekitex_agent.testing.openai_server import OpenAIServer
from protocols import ToolSchema
from support.openai_loopback import KEY

PARAMETERS = {
    "type": "object",
    "properties": {"product": {"type": "string"}, "count": {"type": "integer", "default": 1}},
    "required": ["product"],
}
TOOL = ToolSchema(name="price", description="The price.", parameters=PARAMETERS)


@pytest.fixture(scope="module")
def options() -> Iterator[dict[str, Any]]:
    with OpenAIServer(api_key=KEY) as server:
        yield {"base_url": server.base_url, "api_key": KEY}


@pytest.mark.parametrize("check", llm.CHECKS, ids=str)
@pytest.mark.parametrize("make", [OpenAILLM, OpenAIResponsesLLM])
def test_the_models_keep_the_contract(options: dict[str, Any], make: Any, check: Any) -> None:
    subject = llm.LLMSubject(make=lambda: make(**options), question="hello there", task="tell me the price", tool=TOOL)
    assert check(subject)


@pytest.mark.parametrize("check", stt.CHECKS, ids=str)
def test_the_recogniser_keeps_the_contract(options: dict[str, Any], check: Any) -> None:
    subject = stt.STTSubject(make=lambda: OpenAISTT(**options), speech=spoken("two pizzas"), words=("two", "pizzas"))
    check(subject)


@pytest.mark.parametrize("check", tts.CHECKS, ids=str)
def test_the_voice_keeps_the_contract(options: dict[str, Any], check: Any) -> None:
    check(tts.TTSSubject(make=lambda: OpenAITTS(model="loopback", **options)))

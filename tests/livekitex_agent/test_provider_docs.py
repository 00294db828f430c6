"""The page about providers shows code that works, and names what there is."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

import livekitex_agent
from actors.providers import make_llm
from livekitex_agent.testing.conformance import llm, realtime, stt, tts, turn_detector, vad
from protocols import ChatContext, ChatMessage, ChatOptions, ProviderRef, Role, TextDelta


@pytest.fixture
def page(checkout: Path) -> str:
    return (checkout / "docs" / "providers.md").read_text("utf-8")


def test_the_class_with_one_method_is_a_model_that_keeps_its_contract(page: str) -> None:
    first, second, *_ = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    space: dict[str, Any] = {"__name__": "shown"}
    exec(first.split("agent = ")[0], space)
    model = make_llm(ProviderRef(factory="shown:Shout", options={}), lambda _: space["Shout"])

    async def ask() -> list[Any]:
        return [event async for event in model.chat(ChatContext((ChatMessage.of(Role.USER, "hello"),)), (), ChatOptions())]

    assert asyncio.run(ask()) == [TextDelta(text="HELLO")]
    space["MyModel"] = lambda: make_llm(ProviderRef(factory="shown:Shout", options={}), lambda _: space["Shout"])
    exec(second, space)
    checks = [check for check in llm.CHECKS if space["test_my_model_keeps_the_contract"](check) is None]
    assert checks == list(llm.CHECKS)


def test_the_page_names_the_suites_and_what_a_script_can_import(page: str) -> None:
    for suite in (llm, stt, tts, vad, turn_detector, realtime):
        assert f"`{suite.__name__.rpartition('.')[2]}`" in page
    for name in ("TextDelta", "CallDelta", "ChatFinished", "TokenUsage", "Transcript", "AlignedAudio", "AudioChunk", "ProviderError"):
        assert name in page
        assert hasattr(livekitex_agent, name)

"""Providers of LiveKit's classes keep the session's contracts through their adapters: on one loop, and across two."""

import asyncio
import functools
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from livekitex_agent.program.providers import ProviderHost
from livekitex_agent.program.providers.contracts import on_its_loop
from livekitex_agent.testing.conformance import llm, stt, tts
from livekitex_agent.testing.fakes import scripted_stt
from livekitex_agent.testing.fakes.written_voice import spoken
from protocols import ProviderKind, ToolSchema
from support.livekit_providers import providers_on, tone
from support.running_loop import running_loop

FAMILIES = ("livekitex_agent", "livekit.agents")
SCHEMA = {"type": "object", "properties": {"thing": {"type": "string"}}, "required": ["thing"]}
TOOL = ToolSchema(name="look", description="Look at a thing.", parameters=SCHEMA)
SPEECH = tone(16_000, 1_000)


@functools.cache
def family(package: str) -> SimpleNamespace:
    if package == "livekit.agents":
        pytest.importorskip("livekit.agents", reason="livekit-agents is not installed: tox -e plugins")
    return providers_on(package)


@pytest.fixture
def program_loop() -> Iterator[asyncio.AbstractEventLoop]:
    with running_loop() as loop:
        yield loop


def checks(suite: Any) -> list[Any]:
    """Its checks on one loop, and across two those that are not about the turns of the loop itself: those are the threads' there."""
    suite = list(suite)
    across = [check for check in suite if check.name != "lets_the_loop_run"]
    return [
        *(pytest.param(check, "one loop", id=f"{check}-one loop") for check in suite),
        *(pytest.param(check, "two loops", id=f"{check}-two loops") for check in across),
    ]


def adapted(loop: asyncio.AbstractEventLoop | None, make: Callable[[], Any]) -> Callable[[], Any]:
    """What a subject makes: the adapter of a new provider, on ``loop`` or on the loop that is running."""
    return lambda: ProviderHost(loop or asyncio.get_running_loop()).adapt(make())


@pytest.mark.parametrize("package", FAMILIES)
@pytest.mark.parametrize(("check", "loops"), checks(llm.CHECKS))
def test_a_model_keeps_the_contract(check: Any, loops: str, package: str, program_loop: Any) -> None:
    theirs = family(package)

    class Model(theirs.LLM):  # type: ignore[name-defined,misc]
        """Says something to a question, and calls the tool for the task, as a model would."""

        def answer_to(self, chat_ctx: Any, tools: Any, options: Any) -> list[Any]:
            last = chat_ctx.items[-1]
            wanted = options.get("tool_choice", "auto")
            task = last.type == "message" and "look" in (last.text_content or "")
            calls = bool(tools) and wanted != "none" and (task or wanted != "auto")
            return [("c1", "look", '{"thing": "sky"}')] if calls else ["All ", "is well."]

    check(
        llm.LLMSubject(
            make=adapted(program_loop if loops == "two loops" else None, Model),
            question="How are you?",
            task="Please look at the sky.",
            tool=TOOL,
        )
    )


@pytest.mark.parametrize("package", FAMILIES)
@pytest.mark.parametrize("kind", ["STT", "StreamingSTT"])
@pytest.mark.parametrize(("check", "loops"), checks(stt.CHECKS))
def test_a_recogniser_keeps_the_contract(check: Any, loops: str, kind: str, package: str, program_loop: Any) -> None:
    made = functools.partial(getattr(family(package), kind), "two pizzas")
    check(stt.STTSubject(make=adapted(program_loop if loops == "two loops" else None, made), speech=SPEECH, words=("two", "pizzas")))


@pytest.mark.parametrize("options", [{}, {"streaming": True}, {"streaming": True, "end_of_turn_ms": 700}], ids=str)
@pytest.mark.parametrize(("check", "loops"), checks(check for check in stt.CHECKS if check.name != "lets_the_loop_run"))
def test_a_recogniser_of_the_sessions_contract_keeps_it_on_another_loop(
    check: Any, loops: str, options: dict[str, Any], program_loop: Any
) -> None:
    def made() -> Any:
        return on_its_loop(ProviderKind.STT, scripted_stt(options), program_loop if loops == "two loops" else asyncio.get_running_loop())

    check(stt.STTSubject(make=made, speech=spoken("two pizzas"), words=("two", "pizzas")))


@pytest.mark.parametrize("package", FAMILIES)
@pytest.mark.parametrize("voice", [("TTS", 24_000), ("StreamingTTS", 24_000), ("TTS", 22_050)])
@pytest.mark.parametrize(("check", "loops"), checks(tts.CHECKS))
def test_a_voice_keeps_the_contract(check: Any, loops: str, voice: tuple[str, int], package: str, program_loop: Any) -> None:
    made = functools.partial(getattr(family(package), voice[0]), voice[1])
    check(
        tts.TTSSubject(
            make=adapted(program_loop if loops == "two loops" else None, made), sentence="This is a whole sentence.", short="Yes."
        )
    )

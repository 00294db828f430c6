"""The providers of the project keep their contracts, as the suites have them."""

from functools import cache
from typing import Any

import pytest

from actors.providers import StreamingSTT, StreamingTTS
from actors.providers.offline import hibari_tts, moonshine_stt, rule_llm
from actors.providers.smart_turn import smart_turn
from actors.providers.vad import energy, silero, webrtc
from livekitex_agent.testing.conformance import llm, stt, tts, turn_detector, vad
from protocols import SESSION_RATE_HZ, OpenTurn, ToolSchema
from support.vad_conformance import pcm_of, sentence

SENTENCE, OPEN = "I would like two pizzas, please.", "I would like two pizzas, and then"


@cache
def said(text: str) -> bytes:
    return pcm_of(sentence(text))


STT_SUBJECTS: dict[str, Any] = {"moonshine": moonshine_stt, "moonshine, streamed": lambda _: StreamingSTT(moonshine_stt({}), silero({}))}
TTS_SUBJECTS: dict[str, Any] = {"hibari": hibari_tts, "hibari, streamed": lambda _: StreamingTTS(hibari_tts({}))}
VAD_SUBJECTS: dict[str, Any] = {"silero": silero, "energy": energy, "webrtc": webrtc}


@pytest.mark.parametrize("check", stt.CHECKS, ids=str)
@pytest.mark.parametrize("name", STT_SUBJECTS)
def test_the_recogniser(name: str, check: Any) -> None:
    check(stt.STTSubject(make=lambda: STT_SUBJECTS[name]({}), speech=said(SENTENCE), words=("two", "pizzas"), language="en"))


@pytest.mark.parametrize("check", tts.CHECKS, ids=str)
@pytest.mark.parametrize("name", TTS_SUBJECTS)
def test_the_voice(name: str, check: Any) -> None:
    check(tts.TTSSubject(make=lambda: TTS_SUBJECTS[name]({})))


@pytest.mark.parametrize("check", vad.CHECKS, ids=str)
@pytest.mark.parametrize("name", VAD_SUBJECTS)
def test_the_detectors_of_voice(name: str, check: Any) -> None:
    check(vad.VADSubject(make=lambda: VAD_SUBJECTS[name]({}), speech=said(SENTENCE)))


@pytest.mark.parametrize("check", turn_detector.CHECKS, ids=str)
def test_the_detector_of_turns(check: Any) -> None:
    over, open_ = (OpenTurn(audio=said(text) + bytes(SESSION_RATE_HZ // 5), language="en") for text in (SENTENCE, OPEN))
    check(turn_detector.TurnDetectorSubject(make=lambda: smart_turn({}), complete=over, incomplete=open_))


TOOL = ToolSchema(name="add", description="", parameters={"type": "object", "properties": {"what": {}}, "required": ["what"]})
RULES: dict[str, Any] = {
    "intents": [
        {"name": "hello", "examples": ["hello there"], "say": "Hello to you."},
        {
            "name": "add",
            "examples": ["add {product}"],
            "slots": {"what": {"type": "items", "of": "product", "ask": "What?"}},
            "call": {"tool": "add", "for_each": "what", "arguments": {"what": "{item}"}},
        },
    ],
    "vocabularies": {"product": {"pizza": []}},
    "results": {"add": {"say": "Added."}},
}


@pytest.mark.parametrize("check", llm.CHECKS, ids=str)
def test_rules_keep_the_contract(check: Any) -> None:
    made = llm.LLMSubject(make=lambda: rule_llm(RULES), question="hello there", task="add a pizza", tool=TOOL, timeout_s=5.0)
    assert check(made)

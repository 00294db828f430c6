import asyncio
import hashlib
import threading
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import numpy as np
import pytest

from actors.media import resample
from actors.providers.offline.hibari import HibariTTS
from actors.providers.smart_turn import detector
from actors.providers.smart_turn.detector import LANGUAGES, SmartTurnDetector, probability_over
from protocols import OpenTurn, ProviderError, TurnPrediction

SILENCE = bytes(2 * 1_600)  # 100 ms
DEADLINE_S = 60


def said(text: str) -> bytes:
    pcm = resample(b"".join(part.tobytes() for part in HibariTTS().sentences(text)), 24_000, 16_000)
    loud = np.flatnonzero(np.abs(np.frombuffer(pcm, "<i2")) > 300)
    return pcm[2 * loud[0] : 2 * loud[-1]]


class Network:
    """Stands for onnxruntime's session: answers when it is let."""

    def __init__(self, answer: float | Exception = 0.75) -> None:
        self.answer = answer
        self.asked = threading.Semaphore(0)
        self.go_on = threading.Event()

    def run(self, _outputs: None, _inputs: dict[str, Any]) -> list[Any]:
        self.asked.release()
        assert self.go_on.wait(DEADLINE_S)
        if isinstance(self.answer, Exception):
            raise self.answer
        return [np.array([[self.answer]], np.float32)]


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    network = Network()
    monkeypatch.setattr(detector, "_network", lambda: network)
    yield network
    network.go_on.set()


def predict(turn: OpenTurn, *, timeout_s: float = DEADLINE_S) -> TurnPrediction:
    async def once() -> TurnPrediction:
        made = SmartTurnDetector()
        try:
            return await made.predict(turn, timeout_s=timeout_s)
        finally:
            await made.aclose()

    return asyncio.run(once())


@pytest.mark.parametrize("text", ["I would like two of them, please.", "What is the price of a pizza?", "My name is John Smith."])
def test_a_sentence_that_was_finished_is_likely_over(text: str) -> None:
    assert predict(OpenTurn(audio=said(text) + SILENCE, language="en-US")).likely_over


@pytest.mark.parametrize("text", ["I would like, um", "And then I, uh"])
def test_a_hesitation_is_not(text: str) -> None:
    assert not predict(OpenTurn(audio=said(text) + SILENCE, language="en-US")).likely_over


def test_a_sentence_is_likelier_over_at_its_end_than_in_its_middle() -> None:
    whole = said("Could you tell me when you are open on Sunday?")
    middle = whole[: len(whole) // 4 * 2]
    assert probability_over(middle + SILENCE) < 0.3
    assert probability_over(whole + SILENCE) > 0.9


def test_it_hears_eight_seconds_in_23_languages() -> None:
    capabilities = SmartTurnDetector().capabilities
    assert (capabilities.audio_s, capabilities.text, capabilities.silence_ms, capabilities.threshold) == (8, False, 100, 0.5)
    assert len({"no" if language in {"nb", "nn"} else language for language in LANGUAGES}) == 23
    assert SmartTurnDetector(threshold=0.4).capabilities.threshold_for("de-AT") == 0.4


def test_another_language_is_refused_for_good() -> None:
    with pytest.raises(ProviderError, match="does not know the language 'cy-GB'") as refused:
        predict(OpenTurn(language="cy-GB"))
    assert not refused.value.retryable


@pytest.mark.parametrize("answer", [float("nan"), -0.1, 1.1, RuntimeError("broken")])
def test_a_broken_network_is_told_from_a_slow_one(network: Network, answer: float | Exception) -> None:
    network.answer = answer
    network.go_on.set()
    with pytest.raises(ProviderError, match=r"no probability|Smart Turn failed: broken") as refused:
        predict(OpenTurn())
    assert not refused.value.retryable


def test_what_is_late_is_abandoned_and_holds_one_thread_until_it_ends(network: Network) -> None:
    async def late() -> None:
        made = SmartTurnDetector()
        with pytest.raises(ProviderError, match=r"not answer within 0\.01 s") as refused:
            await made.predict(OpenTurn(), timeout_s=0.01)
        assert refused.value.retryable
        await asyncio.to_thread(network.asked.acquire, timeout=DEADLINE_S)
        for _ in range(3):
            with pytest.raises(ProviderError, match="not answer within"):
                await made.predict(OpenTurn(), timeout_s=0.01)
        assert not network.asked.acquire(blocking=False)
        network.go_on.set()
        assert await made.predict(OpenTurn(language="fr"), timeout_s=DEADLINE_S) == TurnPrediction(probability=0.75, threshold=0.5)
        await made.aclose()
        await made.aclose()

    asyncio.run(late())


def test_cancelling_leaves_it_usable(network: Network) -> None:
    async def cancelled() -> None:
        made = SmartTurnDetector()
        task = asyncio.create_task(made.predict(OpenTurn(), timeout_s=DEADLINE_S))
        await asyncio.to_thread(network.asked.acquire, timeout=DEADLINE_S)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        network.go_on.set()
        assert (await made.predict(OpenTurn(), timeout_s=DEADLINE_S)).likely_over
        await made.aclose()

    asyncio.run(cancelled())


def test_the_model_is_the_one_whose_origin_is_told() -> None:
    models = files("actors.providers.smart_turn").joinpath("models")
    digest = hashlib.sha256(models.joinpath("smart-turn-v3.2-cpu.onnx").read_bytes()).hexdigest()
    assert digest in models.joinpath("smart-turn_LICENSE.txt").read_text("utf-8")

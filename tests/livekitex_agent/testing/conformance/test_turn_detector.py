"""A turn detector that keeps its contract passes each check; for each check there is one that breaks what it promises."""

from dataclasses import replace
from typing import Any

import pytest

from livekitex_agent.testing.conformance import turn_detector
from protocols import OpenTurn, ProviderError, TurnDetectorCapabilities, TurnPrediction
from support.conforming import GoodDetector, breaks, require_found, turns

OVER, OPEN = OpenTurn(audio=bytes(320), text="that is all.", language="en"), OpenTurn(audio=bytes(320), text="that is,", language="en")


def subject(make: Any, **changes: Any) -> turn_detector.TurnDetectorSubject:
    given = {"make": make, "complete": OVER, "incomplete": OPEN, "timeout_s": 5.0}
    return turn_detector.TurnDetectorSubject(**{**given, **changes})


def test_a_good_detector_passes() -> None:
    for check in turn_detector.CHECKS:
        assert check(subject(GoodDetector)), str(check)


def giving(change: Any) -> Any:
    async def predict(self: Any, turn: OpenTurn, *, timeout_s: float = 1.0) -> Any:
        return change(await GoodDetector.predict(self, turn, timeout_s=timeout_s))

    return predict


async def any_language(self: Any, turn: OpenTurn, *, timeout_s: float = 1.0) -> Any:
    return await GoodDetector.predict(self, replace(turn, language="en"), timeout_s=timeout_s)


async def impatient(self: Any, turn: OpenTurn, *, timeout_s: float = 1.0) -> Any:
    if not timeout_s:
        raise ProviderError("Broken: late", retryable=False)
    return await GoodDetector.predict(self, turn, timeout_s=timeout_s)


async def of_short_turns(self: Any, turn: OpenTurn, *, timeout_s: float = 1.0) -> Any:
    if len(turn.audio) > 320 or len(turn.audio) < 320:
        raise ProviderError("Broken: another length", retryable=False)
    return await GoodDetector.predict(self, turn, timeout_s=timeout_s)


async def once(self: Any, turn: OpenTurn, *, timeout_s: float = 1.0) -> Any:
    if getattr(self, "asked", False):
        raise ProviderError("Broken: busy", retryable=True)
    self.asked = True
    return await GoodDetector.predict(self, turn, timeout_s=timeout_s)


async def shared(self: Any, turn: OpenTurn, *, timeout_s: float = 1.0) -> Any:
    self.turn = turn
    await turns()
    return await GoodDetector.predict(self, self.turn, timeout_s=timeout_s)


async def twice_closed(self: Any) -> None:
    if getattr(self, "closed", False):
        raise RuntimeError("Broken: closed twice")
    self.closed = True


BROKEN: dict[str, list[type]] = {
    "says_what_it_is": [
        breaks(GoodDetector, capabilities="text"),
        breaks(GoodDetector, capabilities=TurnDetectorCapabilities()),
        breaks(GoodDetector, capabilities=TurnDetectorCapabilities(text=True, thresholds={"en": 40})),
    ],
    "tells_turns_apart": [
        breaks(GoodDetector, predict=giving(lambda prediction: replace(prediction, probability=0.5))),
        breaks(GoodDetector, predict=giving(lambda prediction: replace(prediction, probability=1 - prediction.probability))),
        breaks(GoodDetector, predict=giving(lambda prediction: prediction.probability)),
        breaks(GoodDetector, predict=giving(lambda prediction: replace(prediction, probability=90))),
    ],
    "tells_the_threshold_of_the_language": [breaks(GoodDetector, predict=giving(lambda prediction: replace(prediction, threshold=0.5)))],
    "answers_of_any_length": [breaks(GoodDetector, predict=of_short_turns)],
    "refuses_a_language_that_it_does_not_know": [breaks(GoodDetector, predict=any_language)],
    "keeps_its_time": [breaks(GoodDetector, predict=impatient), breaks(GoodDetector, predict=once)],
    "works_after_it_was_cancelled": [breaks(GoodDetector, predict=once)],
    "keeps_predictions_apart": [breaks(GoodDetector, predict=shared)],
}
CASES = [(name, broken) for name, kinds in BROKEN.items() for broken in kinds]


@pytest.mark.parametrize(("name", "broken"), CASES)
def test_a_detector_that_breaks_a_promise_is_found(name: str, broken: type) -> None:
    require_found(next(check for check in turn_detector.CHECKS if str(check) == name), subject(broken))


def test_each_check_can_fail() -> None:
    assert {*BROKEN, "warms_up_and_closes_more_than_once"} == {str(check) for check in turn_detector.CHECKS}
    with pytest.raises(RuntimeError, match="closed twice"):
        turn_detector.CHECKS[-1](subject(breaks(GoodDetector, aclose=twice_closed)))


def test_a_detector_of_every_language_refuses_none() -> None:
    anyone = breaks(GoodDetector, capabilities=TurnDetectorCapabilities(text=True), predict=any_language)
    assert isinstance(TurnPrediction(probability=0.5, threshold=0.5), TurnPrediction)
    assert not next(check for check in turn_detector.CHECKS if "language_that" in str(check))(subject(anyone))

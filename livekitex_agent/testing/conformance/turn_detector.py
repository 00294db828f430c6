"""What every turn detector promises (`protocols.TurnDetector`), however well it predicts; used as ``conformance.stt`` is."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from actors import prediction_of
from livekitex_agent.testing.conformance.suite import TIMEOUT_S, Check, Suite, require, warms_up_and_closes_twice
from protocols import OpenTurn, ProviderError, TurnDetector, TurnDetectorCapabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnDetectorSubject:
    """A detector to check: ``complete`` is a turn that is clearly over, ``incomplete`` one that clearly goes on."""

    make: Callable[[], TurnDetector]
    complete: OpenTurn
    incomplete: OpenTurn
    timeout_s: float = TIMEOUT_S


_SUITE: Final = Suite[TurnDetector, TurnDetectorSubject]()


@_SUITE.check()
async def says_what_it_is(detector: TurnDetector, _subject: TurnDetectorSubject) -> None:
    """It hears or reads, and its thresholds are probabilities."""
    capabilities = detector.capabilities
    kind = type(capabilities).__name__
    require(detector, isinstance(capabilities, TurnDetectorCapabilities), f"its capabilities are a {kind}: give TurnDetectorCapabilities")
    require(detector, capabilities.text or capabilities.audio_s > 0, "it neither hears nor reads: say which in its capabilities")
    thresholds = (capabilities.threshold, *capabilities.thresholds.values())
    require(detector, all(0.0 <= each <= 1.0 for each in thresholds), f"its thresholds are {thresholds}: give probabilities")


@_SUITE.check()
async def tells_turns_apart(detector: TurnDetector, subject: TurnDetectorSubject) -> None:
    """A turn that is over is likelier over than one that goes on."""
    over, open_ = [await _predict(detector, turn, subject) for turn in (subject.complete, subject.incomplete)]
    require(detector, over > open_, f"it finds what is complete over with {over:.2f}, and what is not with {open_:.2f}")


@_SUITE.check()
async def tells_the_threshold_of_the_language(detector: TurnDetector, subject: TurnDetectorSubject) -> None:
    """A prediction has the threshold that the capabilities name for its language."""
    prediction = prediction_of(detector, await detector.predict(subject.complete, timeout_s=subject.timeout_s))
    wanted = detector.capabilities.threshold_for(subject.complete.language)
    require(detector, prediction.threshold == wanted, f"its prediction has the threshold {prediction.threshold}, its capabilities {wanted}")


@_SUITE.check()
async def answers_of_any_length(detector: TurnDetector, subject: TurnDetectorSubject) -> None:
    """Turns that have just begun, and long ones, are answered too."""
    for turn in (OpenTurn(audio=bytes(2), text="a"), OpenTurn(audio=subject.complete.audio * 8, text=subject.complete.text * 8)):
        await _predict(detector, turn, subject)


@_SUITE.check(lambda detector, _: detector.capabilities.languages is not None)
async def refuses_a_language_that_it_does_not_know(detector: TurnDetector, subject: TurnDetectorSubject) -> None:
    """A language that is not among the capabilities' is refused, not guessed."""
    failure: ProviderError | None = None
    try:
        await detector.predict(OpenTurn(audio=subject.complete.audio, text=subject.complete.text, language="tlh"))
    except ProviderError as raised:
        failure = raised
    require(detector, failure is not None and not failure.retryable, "it predicts in a language that it does not know: raise ProviderError")


@_SUITE.check()
async def keeps_its_time(detector: TurnDetector, subject: TurnDetectorSubject) -> None:
    """Without time there is an answer at once, or a failure that a retry may help; the next prediction is as before."""
    try:
        await detector.predict(subject.complete, timeout_s=0.0)
    except ProviderError as late:
        require(detector, late.retryable, "it says that no retry helps when its time is over: one may")
    await _predict(detector, subject.complete, subject)


@_SUITE.check()
async def works_after_it_was_cancelled(detector: TurnDetector, subject: TurnDetectorSubject) -> None:
    """Cancelling a prediction leaves the next one as it was."""
    task = asyncio.ensure_future(detector.predict(subject.complete, timeout_s=subject.timeout_s))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait((task,))
    await _predict(detector, subject.complete, subject)


@_SUITE.check()
async def keeps_predictions_apart(detector: TurnDetector, subject: TurnDetectorSubject) -> None:
    """Two predictions at a time are of their own turns each."""
    over, open_ = await asyncio.gather(*(_predict(detector, turn, subject) for turn in (subject.complete, subject.incomplete)))
    require(detector, over > open_, f"at a time it finds what is complete over with {over:.2f}, and what is not with {open_:.2f}")


@_SUITE.check()
async def warms_up_and_closes_more_than_once(detector: TurnDetector, _subject: TurnDetectorSubject) -> None:
    """A second prewarm() and a second aclose() do nothing."""
    await warms_up_and_closes_twice(detector)


async def _predict(detector: TurnDetector, turn: OpenTurn, subject: TurnDetectorSubject) -> float:
    return prediction_of(detector, await detector.predict(turn, timeout_s=subject.timeout_s)).probability


CHECKS: Final[tuple[Check[TurnDetector, TurnDetectorSubject], ...]] = tuple(_SUITE)
"""The checks, by name: ``str(check)``."""

"""What a turn took and what its models were used for: marked where it happens, told when the turn is over.

Times are of this incarnation alone: of a turn that another one began, what happened there is not known. What models were used for is summed
over the call, and kept in the memory as the newest `UsageUpdated` told it; of a turn in which the session died, what was used until then is
not in it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Final

from actors.agent_session.core import item_metrics
from actors.agent_session.core.inputs import RoundFinished, SentenceMade
from actors.agent_session.core.memory import Turn
from actors.agent_session.core.state import Aside, Measures
from actors.agent_session.core.transition import Transition
from protocols import ModelUsage, TurnCompleted, TurnLatency, TurnStarted, UsageUpdated

LLM: Final = "llm"
STT: Final = "stt"
TTS: Final = "tts"


def turn_began(step: Transition) -> None:
    """A turn was opened."""
    before = step.state.measures  # of what was begun ahead of the turn
    step.state = replace(
        step.state, measures=Measures(opened_s=step.now.monotonic_s, asked_s=before.asked_s, used=before.used, answer=before.answer)
    )
    item_metrics.turn_opened(step)
    step.publish(TurnStarted(turn_id=step.turn.turn_id, source=step.turn.source))


def model_asked(step: Transition) -> None:
    """The language model is asked for a round."""
    model_used(step, ModelUsage(kind=LLM, requests=1))
    step.state = replace(step.state, measures=replace(step.state.measures, asked_s=step.now.monotonic_s))
    item_metrics.asked(step)


def round_ended(step: Transition, finished: RoundFinished) -> None:
    """It has given its answer: when that began is known now, where it was the turn's first, and what it took."""
    measures, began = step.state.measures, finished.first_token_s
    if measures.rounds == 0 and measures.asked_s is not None and began is not None:
        first = min(filter(None, (measures.first_token_s, measures.asked_s + began)))
        measures = replace(measures, first_token_s=first)
    step.state = replace(step.state, measures=replace(measures, rounds=measures.rounds + 1))
    item_metrics.answered(step, finished)
    if (usage := finished.usage) is not None:
        counted = ModelUsage(
            kind=LLM,
            input_tokens=usage.prompt_tokens,
            cached_tokens=usage.cached_prompt_tokens,
            output_tokens=usage.completion_tokens,
        )
        model_used(step, counted)


@contextmanager
def of_suspended(step: Transition, turn_id: str) -> Iterator[None]:
    """What is marked in this block is of that suspended turn, not of the one that is open."""
    known = next((aside for aside in step.state.aside if aside.turn_id == turn_id), Aside(turn_id=turn_id))
    of_open = step.state.measures
    step.state = replace(step.state, measures=known.measures)
    yield
    others = tuple(aside for aside in step.state.aside if aside.turn_id != turn_id)
    step.state = replace(step.state, measures=of_open, aside=(*others, replace(known, measures=step.state.measures)))


def first_token_came(step: Transition) -> None:
    """The model's first words of the open turn stand."""
    if step.state.measures.first_token_s is None:
        step.state = replace(step.state, measures=replace(step.state.measures, first_token_s=step.now.monotonic_s))


def audio_made(step: Transition, made: SentenceMade) -> None:
    """The first audio of a sentence is there."""
    item_metrics.sentence_made(step, made)
    if step.state.measures.first_audio_s is None:
        step.state = replace(step.state, measures=replace(step.state.measures, first_audio_s=step.now.monotonic_s))


def sample_heard(step: Transition, index: int) -> None:
    """The first of the sentence ``index`` is heard (in a text call: stands)."""
    item_metrics.sentence_heard(step, index)
    if step.state.measures.heard_s is None:
        step.state = replace(step.state, measures=replace(step.state.measures, heard_s=step.now.monotonic_s))


def model_used(step: Transition, usage: ModelUsage) -> None:
    """A model of this kind was used for that."""
    named = next((model for model in step.setup.models if model.kind == usage.kind), None)
    if named is not None:
        usage = replace(usage, provider=named.provider, model=named.model)
    step.state = replace(step.state, measures=replace(step.state.measures, used=added(step.state.measures.used, usage)))


def turn_ended(step: Transition, turn: Turn) -> None:
    """Tell what ``turn``, which was just closed, took and cost."""
    measures, asked_s = step.state.measures, step.state.asked_s
    step.state = replace(step.state, measures=Measures())
    item_metrics.turn_closed(step, turn)
    if turn.asked_wall_s:
        marks = (measures.opened_s, measures.first_token_s, measures.first_audio_s, measures.heard_s)
        opened, token, audio, heard = (None if asked_s is None or mark is None else (mark - asked_s) * 1000 for mark in marks)
        latency = TurnLatency(turn_id=turn.turn_id, end_of_turn_ms=opened, first_token_ms=token, first_audio_ms=audio, heard_ms=heard)
        step.publish(latency, speech_id=turn.speech_id)
    if measures.used:
        models = step.memory.usage
        for usage in measures.used:
            models = added(models, usage)
        step.publish(UsageUpdated(models=models), turn_id=turn.turn_id, speech_id=turn.speech_id)
    opened_s = step.now.monotonic_s if measures.opened_s is None else measures.opened_s
    completed = TurnCompleted(
        turn_id=turn.turn_id,
        duration_ms=round((step.now.monotonic_s - opened_s) * 1000),
        rounds=sum(round_.ended for round_ in turn.rounds),
        tools=len(turn.outcomes),
    )
    step.publish(completed, speech_id=turn.speech_id)


def added(models: tuple[ModelUsage, ...], usage: ModelUsage) -> tuple[ModelUsage, ...]:
    """``models`` with ``usage`` on top: one entry for each model."""
    for at, model in enumerate(models):
        if _name(model) == _name(usage):
            sums = {name: getattr(model, name) + getattr(usage, name) for name in _COUNTS}
            return (*models[:at], replace(model, **sums), *models[at + 1 :])
    return (*models, usage)


_NAMES: Final = ("kind", "provider", "model")
_COUNTS: Final = tuple(field.name for field in fields(ModelUsage) if field.name not in _NAMES)


def _name(usage: ModelUsage) -> tuple[str, ...]:
    return usage.kind, usage.provider, usage.model

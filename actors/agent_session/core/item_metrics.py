"""What the items of a program's history tell of themselves: how long what took, and when somebody spoke (LiveKit's ``message.metrics``).

Marked where it happens, for the answer that is being made: what the model says between two of its questions, or what the program has the
agent say. It is journalled with what ends the answer, so that the item tells the same in every incarnation; of what happened in another
incarnation than that it tells nothing.
"""

from dataclasses import replace
from itertools import accumulate
from typing import Any, Final

from actors.agent_session.core.entries import AnswerMeasured
from actors.agent_session.core.inputs import RoundFinished, SentenceMade
from actors.agent_session.core.memory import Turn, TurnSource
from actors.agent_session.core.state import AnswerMeasures, Opening
from actors.agent_session.core.transition import Transition

PROGRAMS: Final = frozenset({TurnSource.SAY, TurnSource.GENERATE_REPLY})
"""What the program has the agent say."""


def asked(step: Transition) -> None:
    """The model is asked for an answer, or again for one of which something was said."""
    begun = _answer(step) if _answer(step).first is not None else AnswerMeasures()
    _mark(step, replace(begun, asked_s=step.now.monotonic_s, first_token_s=None, tokens_per_s=None))


def forgotten(step: Transition) -> None:
    """What the model was asked is not wanted any more."""
    _mark(step, AnswerMeasures())


def answered(step: Transition, finished: RoundFinished) -> None:
    """The model has given its answer; of one that it gave ahead that is known already when it is taken."""
    if finished.first_token_s is not None:
        rate = None if finished.usage is None or finished.streamed_s <= 0 else finished.usage.completion_tokens / finished.streamed_s
        _mark(step, replace(_answer(step), first_token_s=finished.first_token_s, tokens_per_s=rate))


def sentence_written(step: Transition, index: int) -> None:
    """The sentence ``index`` of the reply stands, and goes to the voice if there is one."""
    if _answer(step).first is None:
        _mark(step, replace(_answer(step), first=index, written_s=step.now.monotonic_s))


def sentence_made(step: Transition, made: SentenceMade) -> None:
    """The first audio of a sentence is there."""
    if made.index == _answer(step).first:
        _mark(step, replace(_answer(step), made_s=step.now.monotonic_s, made_after_s=made.after_s))


def sentence_heard(step: Transition, index: int) -> None:
    """A sentence begins to be heard. If nothing was since the caller spoke, it answers him; unless the program says it aside."""
    state = step.state
    aside = step.turn.source in PROGRAMS and bool(step.memory.suspended) and not step.memory.entered
    after_s = None if aside or state.unanswered_s is None else step.now.monotonic_s - state.unanswered_s
    if not aside:
        step.state = replace(state, unanswered_s=None)
    if index == _answer(step).first:
        _mark(step, replace(_answer(step), heard_s=step.now.monotonic_s, heard_wall_s=step.now.wall_s, caller_waited_s=after_s))


def turn_opened(step: Transition) -> None:
    """The agent has the turn: the caller, if he spoke, waits to hear something."""
    if step.turn.source is TurnSource.AUDIO:
        step.state = replace(step.state, unanswered_s=step.state.asked_s)
    elif step.turn.user_text:
        step.state = replace(step.state, unanswered_s=None)


def turn_closed(step: Transition, turn: Turn) -> None:
    """Nothing more is said in ``turn``: who has spoken was not to be answered, unless the next agent does so."""
    handed_on = bool(step.memory.handing_to or step.state.wanted or step.state.changing)
    if turn.source is not TurnSource.SAY and not handed_on:
        step.state = replace(step.state, unanswered_s=None)
    forgotten(step)


def measure_answer(step: Transition) -> None:
    """Write down what the newest answer of the open turn took, which is about to be told."""
    answer, turn = _answer(step), step.turn
    if not step.setup.program or answer.first is None:
        return
    until = accumulate(len(round_.sentences) for round_ in turn.rounds)
    number = next((at for at, sentences in enumerate(until, 1) if sentences > answer.first), 0)
    step.record(AnswerMeasured(turn_id=turn.turn_id, answer=number, metrics=_metrics(step, answer)))
    _mark(step, AnswerMeasures())


def caller_metrics(step: Transition, opening: Opening) -> dict[str, Any]:
    """What the caller's message of a turn that opens tells of itself; nothing if he did not speak it, or if there is no program."""
    if not step.setup.program or opening.source is not TurnSource.AUDIO or opening.asked_s is None:
        return {}
    now = step.now
    stopped_s = now.wall_s - (now.monotonic_s - opening.asked_s)
    return {
        **_metadata(step, "stt"),
        "started_speaking_at": stopped_s - opening.speech_s,
        "stopped_speaking_at": stopped_s,
        "transcription_delay": max(0.0, opening.understood_s - opening.asked_s),
        "end_of_turn_delay": max(0.0, now.monotonic_s - opening.asked_s),
        **({} if step.setup.turn_hook else {"on_user_turn_completed_delay": 0.0}),
    }


def _metrics(step: Transition, answer: AnswerMeasures) -> dict[str, Any]:
    metrics: dict[str, Any] = {}
    if answer.asked_s is not None:
        metrics |= _metadata(step, "llm") | (_metadata(step, "tts") if step.setup.voice else {})
        metrics |= _known(llm_node_ttft=answer.first_token_s, llm_node_tps=answer.tokens_per_s)
        if answer.made_after_s is not None and answer.written_s is not None:
            metrics["llm_node_ttfs"] = answer.written_s - answer.asked_s
    metrics |= _known(tts_node_ttfb=answer.made_after_s)
    if answer.heard_s is not None:
        latency_s = 0.0 if answer.made_s is None else answer.heard_s - answer.made_s
        metrics |= {
            "started_speaking_at": answer.heard_wall_s,
            "stopped_speaking_at": step.now.wall_s,
            "playback_latency": latency_s,
            **_known(e2e_latency=answer.caller_waited_s),
        }
    return metrics


def _metadata(step: Transition, kind: str) -> dict[str, Any]:
    named = next((model for model in step.setup.models if model.kind == kind), None)
    return {} if named is None else {f"{kind}_metadata": {"model_name": named.model, "model_provider": named.provider}}


def _known(**measures: float | None) -> dict[str, Any]:
    return {name: measure for name, measure in measures.items() if measure is not None}


def _answer(step: Transition) -> AnswerMeasures:
    return step.state.measures.answer


def _mark(step: Transition, answer: AnswerMeasures) -> None:
    step.state = replace(step.state, measures=replace(step.state.measures, answer=answer))

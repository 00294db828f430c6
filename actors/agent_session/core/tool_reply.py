"""The reply to what the tools of a suspended turn came to: asked for while something else is said before it.

Where a tool has the agent speak without awaiting that, or ends before it was heard, the caller waits no second time: what it came to is
told at once, and the model is asked as soon as it is free, with what is known then. The answer is kept as a guess is (`preemption`), so
nothing of it is journalled or heard before the turn comes back, which takes it over as far as it stands. It is dropped where that turn is
stopped, and lost with the incarnation: then the model is asked when the turn comes back.

In a text call what is said takes no time: it waits until the question is on its way, which so comes first, as in a call with a voice.
"""

from dataclasses import replace
from typing import Final

from actors.agent_session.core.commands import waits_to_be_said
from actors.agent_session.core.effects import After, StopThinking
from actors.agent_session.core.inputs import QuestionOnItsWay
from actors.agent_session.core.measures import model_asked, of_suspended
from actors.agent_session.core.memory import Turn, TurnSource
from actors.agent_session.core.rounds import report
from actors.agent_session.core.state import Guess
from actors.agent_session.core.suspension import ready
from actors.agent_session.core.thinking import question
from actors.agent_session.core.transition import Transition
from protocols import GenerateReply

ON_ITS_WAY_S: Final = 0.02
"""For a question from here to its provider."""


def answer_ahead(step: Transition) -> None:
    """Where something is said before suspended turns: tell what their tools came to, and have that of the one that comes next answered."""
    _drop_if_unwanted(step)
    if not step.memory.suspended or (step.memory.turn is None and not waits_to_be_said(step)):
        return
    for turn in step.memory.suspended:
        if turn.unreported and not turn.waiting_calls:
            report(step, turn)
    coming = ready(step)
    if coming is not None and step.state.guess is None and _wants_answer(step, coming):
        memory = step.memory
        others = tuple(turn for turn in memory.suspended if turn is not coming)
        asked = question(step, coming, replace(memory, turn=coming, suspended=others))
        step.state = replace(step.state, guess=Guess(turn_id=coming.turn_id, question=asked))
    _ask_if_free(step)


def _wants_answer(step: Transition, turn: Turn) -> bool:
    return not (turn.stopped_by or turn.failed or turn.written) and turn.agents == len(step.memory.agents)


def _drop_if_unwanted(step: Transition) -> None:
    guess = step.state.guess
    goes_on = {turn.turn_id for turn in step.memory.open_turns if turn.stopped_by is None}
    if guess is not None and guess.turn_id and guess.turn_id not in goes_on:
        step.state = replace(step.state, guess=None)
        if guess.asked:
            step.then(StopThinking())


def _ask_if_free(step: Transition) -> None:
    """Ask what waits to be asked, unless the caller speaks, or the model is asked for something that is said before."""
    state, guess, turn = step.state, step.state.guess, step.memory.turn
    if guess is None or guess.asked or state.utterance is not None or state.thinking or state.loading:
        return
    if not any(waiting.turn_id == guess.turn_id and waiting.agents == len(step.memory.agents) for waiting in step.memory.suspended):
        return
    if turn is not None and turn.source is not TurnSource.SAY and not turn.written:
        return
    if any(isinstance(accepted.command, GenerateReply) for accepted in step.memory.inbox):
        return
    asked = replace(guess.question, token=step.next_token())
    step.state = replace(step.state, guess=replace(guess, question=asked))
    with of_suspended(step, guess.turn_id):
        model_asked(step)
    step.then(asked)
    if not step.setup.voice:
        step.state = replace(step.state, asking=asked.token)
        step.then(After(delay_s=ON_ITS_WAY_S, input=QuestionOnItsWay(token=asked.token)))


def on_its_way(step: Transition, question: QuestionOnItsWay) -> None:
    """What waits to be said may be said."""
    if step.state.asking == question.token:
        step.state = replace(step.state, asking=0)

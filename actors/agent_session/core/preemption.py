"""Preemptive generation: the model is asked while it is not sure yet that the caller's turn is over.

What was recognised in a pause is a guess of the turn. The answer to it is kept here and nowhere else: nothing of it is journalled, heard,
or told of, and no tool of it runs. If the turn ends with the same words in the same context, the answer is taken over as far as it stands,
and the model goes on with it; if the caller goes on, it is dropped. So it costs the model's work, and saves its time to think.

What tools came to is answered ahead in the same way while something is said before (`tool_reply`); of that it is certain what it answers.
"""

from contextlib import nullcontext
from dataclasses import replace
from typing import Final

from actors.agent_session.core.chat import context, tells_the_same
from actors.agent_session.core.effects import StopThinking, Think
from actors.agent_session.core.inputs import PreflightTranscript, RoundFinished, SentenceReady
from actors.agent_session.core.item_metrics import forgotten
from actors.agent_session.core.measures import model_asked, of_suspended, round_ended
from actors.agent_session.core.memory import Memory, Sentence, Turn, TurnSource
from actors.agent_session.core.state import Guess
from actors.agent_session.core.transition import Transition
from protocols import SESSION_RATE_HZ, AgentState, ChatContext, ToolChoice

MAX_GUESSES: Final = 3
"""Of one turn: a caller who pauses often has the model asked no more than so often in vain."""
MAX_GUESS_S: Final = 10.0
"""A turn that has lasted longer is not guessed: whoever says so much rarely ends at the first pause."""


def on_preflight(step: Transition, preflight: PreflightTranscript) -> None:
    """In a pause of the caller's it is known what he has said so far: have the model answer that, in case it is all."""
    utterance, guess = step.state.utterance, step.state.guess
    if not step.setup.preemptive_generation or utterance is None or not preflight.text or step.state.agent is not AgentState.LISTENING:
        return
    too_long = preflight.end - utterance.start > MAX_GUESS_S * SESSION_RATE_HZ
    if utterance.start != preflight.start or utterance.over_speech or utterance.given_up or too_long:
        return
    if step.memory.ending or step.memory.handing_to or (step.memory.suspended and not step.memory.entered):
        return
    if (guess is not None and guess.text == preflight.text) or step.state.guesses >= MAX_GUESSES:
        return
    tools = frozenset(step.setup.tools) if step.setup.max_tool_rounds else frozenset()
    question = Think(token=step.next_token(), context=_context(step, preflight.text), tools=tools)
    step.state = replace(step.state, guess=Guess(text=preflight.text, question=question), guesses=step.state.guesses + 1)
    model_asked(step)
    step.then(question)


def on_sentence(step: Transition, ready: SentenceReady) -> bool:
    """Keep a sentence of the answer to a guess; tells whether it was one."""
    guess = step.state.guess
    if guess is None or guess.question.token != ready.token:
        return False
    said = (*guess.sentences, Sentence(ready.text, ready.written))
    step.state = replace(step.state, guess=replace(guess, sentences=said))
    return True


def on_round(step: Transition, finished: RoundFinished) -> bool:
    """Keep how the answer to a guess ended; tells whether it was one."""
    guess = step.state.guess
    if guess is None or guess.question.token != finished.token:
        return False
    step.state = replace(step.state, guess=replace(guess, calls=finished.calls, space=finished.space))
    with of_suspended(step, guess.turn_id) if guess.turn_id else nullcontext():
        round_ended(step, finished)
    return True


def on_failed(step: Transition, token: int) -> bool:
    """Forget an answer that failed: it is asked for again, and told of, if the turn is over; tells whether it was one."""
    guess = step.state.guess
    if guess is None or guess.question.token != token:
        return False
    step.state = replace(step.state, guess=replace(guess, failed=True) if guess.turn_id else None)
    return True


def drop_guess(step: Transition) -> None:
    """The caller goes on, or said nothing: what was answered is not wanted."""
    if step.state.guess is not None and not step.state.guess.turn_id:
        step.state = replace(step.state, guess=None)
        forgotten(step)
        step.do(StopThinking())


def put_off(step: Transition) -> None:
    """The model is asked for what is said before, and answers one question at a time: what tools came to it is asked again."""
    guess = step.state.guess
    if guess is not None and guess.turn_id:
        again = Guess(question=replace(guess.question, token=0), turn_id=guess.turn_id)
        step.state = replace(step.state, guess=again)


def take_guess(step: Transition) -> Guess | None:
    """Give up the guess; it is returned if it is what the open turn asks."""
    guess = step.state.guess
    if guess is not None and guess.turn_id not in ("", step.turn.turn_id):
        return None  # it is due later
    step.state = replace(step.state, guess=None, guesses=0)
    if guess is not None and guess.turn_id:
        return None if guess.failed else guess
    free = step.turn.tools is None and step.turn.tool_choice is ToolChoice.AUTO  # as a guess is asked
    if guess is not None and free and tells_the_same(guess.question.context, context(step.setup.instructions, step.memory)):
        return guess
    return None


def _context(step: Transition, text: str) -> ChatContext:
    """What the model would be asked if ``text`` were the caller's turn."""
    guessed: Memory = replace(step.memory, turn=Turn(turn_id="", source=TurnSource.AUDIO, text=text))
    return context(step.setup.instructions, guessed)

"""The model at work: what it is asked, its sentences, its failures.

After a restart, or after a failure in the middle of its answer, the model is asked again. Sentences that it wrote before are not said
twice: the new answer's are left out for as long as they are the same. From the first difference on the new answer is said in full, so
something may be said twice in other words, but nothing is left unsaid.
"""

from dataclasses import replace
from typing import Final

from actors.agent_session.core import preemption
from actors.agent_session.core.chat import asked_in, context, known_to_agent
from actors.agent_session.core.closing import finish_if_over
from actors.agent_session.core.effects import After, RunHook, Think, UseAgent
from actors.agent_session.core.entries import RoundEnded
from actors.agent_session.core.inputs import AgentFailed, HookEnded, RetryDue, SentenceReady, ThinkingFailed
from actors.agent_session.core.measures import first_token_came, model_asked
from actors.agent_session.core.memory import AgentChange, Memory, Sentence, Turn, TurnSource
from actors.agent_session.core.speech import write_sentence
from actors.agent_session.core.state import Wanted
from actors.agent_session.core.tool_choice import choice, offered
from actors.agent_session.core.transition import Transition
from protocols import ChatOptions, SessionError

LOAD_TIMEOUT_S: Final = 25.0
"""For an agent that the call is handed to, to be loaded."""
EXIT_TIMEOUT_S: Final = 65.0
"""For a program's agent to leave before that: it may say goodbye."""
HOOK_TIMEOUT_S: Final = 30.0
"""For the program's hook of the caller's turn."""


def run_hook_if_due(step: Transition) -> bool:
    """Show the open turn to the program's hook before the model is asked, if it is to be shown and was not; tells whether it is."""
    turn = step.turn
    if not step.setup.turn_hook or turn.source is not TurnSource.AUDIO or turn.hooked_wall_s or turn.rounds:
        return False
    token = step.next_token()
    step.state = replace(step.state, hooking=token)
    (message,) = asked_in(turn)
    step.then(RunHook(token=token, turn_id=turn.turn_id, message=message, context=known_to_agent(step.memory)))
    overdue = HookEnded(token=token, error=f"the hook of the caller's turn had not ended after {HOOK_TIMEOUT_S:g} s")
    step.then(After(delay_s=HOOK_TIMEOUT_S, input=overdue))
    return True


def think(step: Transition, prepared: Think | None = None) -> None:
    """Ask the model for the next round of the open turn; where a tool has handed the call to an agent of plain data, load that first.

    ``prepared`` is the question, if that stands already.
    """
    turn = step.turn
    if step.memory.handing_to and not step.setup.program:
        load(step, step.memory.handing_to)
        step.state = replace(step.state, thinking=step.state.loading)
        return
    if step.setup.program and _leave_first(step):
        step.state = replace(step.state, thinking=step.state.loading)
        return
    token = step.next_token()
    step.state = replace(step.state, thinking=token, expected=turn.open_round.said)
    preemption.put_off(step)
    model_asked(step)
    # In the journal first: what is thought about may kill this incarnation, and the next one has to know of it.
    step.then(replace(prepared or question(step, turn, step.memory), token=token))


def question(step: Transition, turn: Turn, memory: Memory) -> Think:
    """What the model is asked for the next round of ``turn``, which is the open one of ``memory``; without a token."""
    options = ChatOptions(tool_choice=choice(step.setup, turn, leaves=_leaves(step, turn)))
    return Think(token=0, context=context(step.setup.instructions, memory), tools=offered(step.setup, turn), options=options)


def leave(step: Transition, levels: int) -> None:
    """Leave the newest agents that entered: nobody waits any more for what they were to find out."""
    load(step, step.memory.agents[-levels])
    step.state = replace(step.state, changing=Wanted(request=0, agent="", change=AgentChange.LEAVE, levels=levels))


def load(step: Transition, agent: str) -> None:
    """Load an agent (JSON; empty: the one that the call began with), which is to have the call."""
    token = step.next_token()
    step.state = replace(step.state, loading=token)
    step.then(UseAgent(token=token, agent=agent))
    timeout_s = LOAD_TIMEOUT_S + (EXIT_TIMEOUT_S if step.setup.program else 0.0)
    overdue = AgentFailed(token=token, text=f"the agent that the call is handed to was not made within {timeout_s:g} s")
    step.then(After(delay_s=timeout_s, input=overdue))


def _leave_first(step: Transition) -> bool:
    """Whether the model waits for an agent to be loaded: one that entered in the open turn has the call still."""
    if not step.state.loading and (levels := len(step.memory.agents) - step.turn.agents) > 0:
        leave(step, levels)
    return step.state.loading != 0


def _leaves(step: Transition, turn: Turn) -> bool:
    """Whether the agent loses the call when ``turn`` is over: it only ends its sentence then."""
    leaving = (wanted.change is not AgentChange.ENTER for wanted in step.state.wanted)
    wished = bool(step.memory.handing_to) and any(outcome.hands_off for outcome in turn.outcomes)
    return step.setup.program and (wished or any(leaving))


def on_sentence(step: Transition, ready: SentenceReady) -> None:
    """The model has written a sentence."""
    if preemption.on_sentence(step, ready) or ready.token != step.state.thinking:
        return
    expected = step.state.expected
    repeated = expected[:1] == (ready.text,)
    step.state = replace(step.state, expected=expected[1:] if repeated else ())
    first_token_came(step)
    if not repeated:
        write_sentence(step, Sentence(ready.text, ready.written))


def on_failed(step: Transition, failed: ThinkingFailed) -> None:
    """The model failed: ask again if its supervisor says so, otherwise say that it went wrong."""
    if preemption.on_failed(step, failed.token) or failed.token != step.state.thinking:
        return
    if failed.retry_in_s is not None:
        step.do(After(delay_s=failed.retry_in_s, input=RetryDue(token=failed.token)))
        return
    step.publish(SessionError(source="llm", text=failed.text, retryable=failed.retryable))
    end_reply_with(step, Sentence(step.setup.apology))


def on_retry(step: Transition, due: RetryDue) -> None:
    """Ask the model again, unless it is not wanted any more."""
    if due.token == step.state.thinking:
        think(step)


def end_reply_with(step: Transition, *sentences: Sentence, space: str = "") -> None:
    """End the reply here: with ``sentences``, which stand already, and the ``space`` after them."""
    step.state = replace(step.state, thinking=0)
    for sentence in sentences:
        write_sentence(step, sentence)
    step.record(RoundEnded(calls=(), wall_s=step.now.wall_s, space=space))
    finish_if_over(step)

"""The token budget: what is told to the model stays within it, since the oldest turns are summed up by the model itself.

When the instructions and what the agent knows take more than three quarters of the budget, the oldest whole turns are summed up, until
what stays takes half of it; the newest turn always stays. The model is asked beside the conversation, which goes on meanwhile. Its summary
is an entry of the journal and takes the place of what it stands for; a later one takes in the one before. Hand-offs and updates of the
agent stay. Of an agent of a program, which does not know all of the history, what it knows is summed up, and the history stays.

If the model fails, or has not answered at the deadline, those turns are forgotten, and an event says so. A death in the meantime has it
asked again, and a second one has them forgotten: they may be what the session dies of.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from actors.agent_session.core.chat import INSTRUCTIONS_ID, known_to_agent, next_turn
from actors.agent_session.core.effects import After, Summarise
from actors.agent_session.core.entries import HistorySummarised, SummaryBegun
from actors.agent_session.core.inputs import Summarised, SummaryFailed
from actors.agent_session.core.memory import LONG_AGO, MAX_DEATHS_IN_STEP, died_in
from actors.agent_session.core.state import SessionConfig
from actors.agent_session.core.transition import Transition
from protocols import (
    ChatContext,
    ChatItem,
    ChatMessage,
    ContextSummarised,
    FunctionCall,
    FunctionCallOutput,
    Role,
    SessionError,
    Summary,
)

START_SHARE: Final = 0.75
"""Of the budget: beyond it the oldest turns are summed up."""
KEEP_SHARE: Final = 0.5
"""Of the budget: what stays takes no more."""
SUMMARY_SHARE: Final = 0.125
"""Of the budget: the longest summary; what is longer is cut."""
WORDS_PER_TOKEN: Final = 0.75
DEADLINE_S: Final = 30.0
"""For the model to sum up."""

SUMMARISING: Final = "summing up the oldest turns"

REQUEST: Final = (
    "Sum up the conversation that the user gives you, for the agent that goes on with it. Keep what that needs: what the caller wants, "
    "facts, names and numbers, what was decided, what is still open, and what tools found. Leave out greetings and small talk. "
    "Answer with the summary alone, in at most {words} words."
)


def summarise_if_due(step: Transition) -> None:
    """Have the oldest turns summed up, if the budget is spent and nothing is being summed up."""
    if step.memory.summarising or step.memory.closed:
        return
    oldest = due(step.setup, known_to_agent(step.memory).items)
    if oldest:
        step.record(SummaryBegun(until=oldest[-1].id))
        _ask(step, oldest)


def summarise_again(step: Transition) -> None:
    """After a restart: ask again for the summary that the incarnation before waited for, unless it may have died of it."""
    memory = step.memory
    if not memory.summarising:
        return
    if memory.summary_deaths >= MAX_DEATHS_IN_STEP:
        _forget(step, died_in(SUMMARISING, memory.summary_deaths))
    else:
        _ask(step, _oldest(step))


def on_summarised(step: Transition, summarised: Summarised) -> None:
    """The model has summed up."""
    if summarised.token != step.state.summarising:
        return
    text = summarised.text.strip()[: _most_chars(step.setup)]
    if not text:
        _forget(step, "the model gave no text")
        return
    items, before = len(_oldest(step)), _tokens(step.setup, known_to_agent(step.memory).items)
    _end(step, text)
    step.publish(ContextSummarised(items=items, tokens_before=before, tokens_after=_tokens(step.setup, known_to_agent(step.memory).items)))


def on_failed(step: Transition, failed: SummaryFailed) -> None:
    """The model cannot, or has not."""
    if failed.token == step.state.summarising:
        _forget(step, failed.text)


def due(setup: SessionConfig, items: Sequence[ChatItem]) -> tuple[ChatItem, ...]:
    """The oldest items that are to be summed up, whole turns; empty while the budget is not spent, or nothing can be saved."""
    budget = setup.max_context_tokens
    if not budget or _tokens(setup, items) <= budget * START_SHARE:
        return ()
    end = 0
    while (after := next_turn(items, end)) < len(items):
        end = after
        if _tokens(setup, items[end:]) <= budget * KEEP_SHARE:
            break
    oldest = tuple(items[:end])
    return oldest if any(_lines(oldest, with_summary=False)) else ()


def request(setup: SessionConfig, oldest: Sequence[ChatItem]) -> ChatContext:
    """What the model is asked, to sum up ``oldest``. What it was never to be told again is not told."""
    words = max(1, int(setup.max_context_tokens * SUMMARY_SHARE * WORDS_PER_TOKEN))
    return ChatContext(
        (
            ChatMessage.of(Role.SYSTEM, REQUEST.format(words=words), id=INSTRUCTIONS_ID, created_at=LONG_AGO),
            ChatMessage.of(Role.USER, "\n".join(_lines(oldest)), id="conversation", created_at=LONG_AGO),
        )
    )


def _lines(items: Sequence[ChatItem], *, with_summary: bool = True) -> Iterator[str]:
    for item in items:
        match item:
            case ChatMessage(role=Role.USER) if item.text:
                yield f"Caller: {item.text}"
            case ChatMessage(role=Role.ASSISTANT) if item.text:
                yield f"Agent: {item.text}"
            case FunctionCall():
                yield f"Tool {item.name} was called with {item.arguments}"
            case FunctionCallOutput():
                yield f"Tool {item.name} {'failed' if item.is_error else 'answered'}: {item.output}"
            case Summary() if with_summary:
                yield f"Before that: {item.text}"
            case _:
                pass


def _ask(step: Transition, oldest: Sequence[ChatItem]) -> None:
    token = step.next_token()
    step.state = replace(step.state, summarising=token)
    # In the journal first: it may kill this incarnation, and the next one has to know of it.
    step.then(Summarise(token=token, context=request(step.setup, oldest)))
    step.do(After(delay_s=DEADLINE_S, input=SummaryFailed(token=token, text=f"there was no answer within {DEADLINE_S:g} s")))


def _forget(step: Transition, reason: str) -> None:
    items = len(_oldest(step))
    _end(step, "")
    text = f"the oldest {items} items of the conversation are forgotten, since they could not be summed up: {reason}"
    step.publish(SessionError(source="llm", text=text, retryable=False))


def _end(step: Transition, text: str) -> None:
    step.record(HistorySummarised(until=step.memory.summarising, text=text))
    step.state = replace(step.state, summarising=0)


def _oldest(step: Transition) -> tuple[ChatItem, ...]:
    """What is being summed up; empty if the history has been replaced, or another agent has the call."""
    items = known_to_agent(step.memory).items
    return next((items[: at + 1] for at, item in enumerate(items) if item.id == step.memory.summarising), ())


def _tokens(setup: SessionConfig, items: Sequence[ChatItem]) -> int:
    return setup.tokens.text(setup.instructions) + setup.tokens.items(items)


def _most_chars(setup: SessionConfig) -> int:
    chars: float = setup.max_context_tokens * SUMMARY_SHARE * setup.tokens.characters_per_token
    return max(1, int(chars))

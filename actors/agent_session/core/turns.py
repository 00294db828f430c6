"""The agent's turn: how it opens, what happens when the model has ended a round of it, and when its tools have returned."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Final

from actors.agent_session.core import preemption
from actors.agent_session.core.added_items import tell_asked
from actors.agent_session.core.closing import finish_if_over
from actors.agent_session.core.effects import Settle
from actors.agent_session.core.entries import RoundEnded, TurnOpened
from actors.agent_session.core.inputs import RoundFinished
from actors.agent_session.core.item_metrics import caller_metrics
from actors.agent_session.core.measures import first_token_came, round_ended, turn_began
from actors.agent_session.core.memory import Sentence, TurnSource, n_bytes, new_speech_id
from actors.agent_session.core.preemption import take_guess
from actors.agent_session.core.rounds import returned
from actors.agent_session.core.speech import write_sentence
from actors.agent_session.core.state import Guess, Opening, SessionConfig
from actors.agent_session.core.thinking import end_reply_with, run_hook_if_due, think
from actors.agent_session.core.tool_choice import answers_progress
from actors.agent_session.core.tools import MAX_TURN_BYTES, run_next
from actors.agent_session.core.transition import Transition
from actors.tools import canonical_arguments
from protocols import (
    SPEECH_DEADLINE_S,
    AgentEvent,
    FinishReason,
    FunctionCall,
    ResponseGenerated,
    SessionError,
    SpeechCreated,
    SpeechPriority,
    ToolReply,
    UserMessage,
    UserTurnCommitted,
)

MAX_CALL_ID_CHARS: Final = 64
"""Of a model's id for a call; a longer one is not kept."""
_SENTENCE_OF: Final[Mapping[TurnSource, Callable[[SessionConfig], str]]] = {
    TurnSource.APOLOGY: attrgetter("apology"),
    TurnSource.REPEAT: attrgetter("repeat"),
    TurnSource.FAREWELL: attrgetter("farewell"),
}
PREPARED: Final = frozenset(_SENTENCE_OF)
"""Turns of one prepared sentence, said for want of better: where that cannot be heard, nothing can: it is told as text."""


def take_turn(step: Transition, opening: Opening) -> None:
    """Have the model speak: open a turn for the caller's message, or for what the program wants, and ask."""
    _open(step, opening)
    if opening.heard_until:
        step.then(Settle(until=opening.heard_until))
    if not run_hook_if_due(step):
        tell_message(step)
        answer(step)


def tell_message(step: Transition) -> None:
    """Tell what the caller has said that the open turn answers."""
    turn = step.turn
    if turn.user_text:
        if turn.source is TurnSource.TEXT:
            step.publish(UserTurnCommitted(by="text"))
        step.publish(UserMessage(turn_id=turn.turn_id, text=turn.user_text, source=turn.source))
        tell_asked(step)


def answer(step: Transition) -> None:
    """Answer with what the model has said ahead, or else ask it."""
    guess = take_guess(step)
    if guess is not None and guess.asked:
        _take_over(step, guess)
    else:
        think(step, None if guess is None else guess.question)


def go_on_if_due(step: Transition) -> bool:
    """Go on with a program's turn of whose tools was told what they came to: answer that, or end if none needs it; tells whether so."""
    if not step.setup.program or not returned(step):
        return False
    step.move_agent(AgentEvent.TOOLS_RETURNED)
    finish_if_over(step) if step.turn.written else answer(step)
    return True


def speak_up(step: Transition, opening: Opening, sentences: Sequence[Sentence], *, space: str = "", whole: bool = True) -> None:
    """Say something that stands already, in a turn of its own; unless it is the ``whole``, more follows by `speak_on`."""
    _open(step, opening)
    speak_on(step, sentences, space=space, last=whole)


def speak_on(step: Transition, sentences: Sequence[Sentence], *, space: str = "", last: bool) -> None:
    """Go on with what the program says; with the ``last`` of it the reply is complete."""
    if last:
        end_reply_with(step, *sentences, space=space)
        return
    for sentence in sentences[:-1]:
        write_sentence(step, sentence)
    for sentence in sentences[-1:]:
        written = sentence.text if sentence.written is None else sentence.written
        write_sentence(step, replace(sentence, written=f"{written}{space}"))


def say_prepared(step: Transition, source: TurnSource) -> None:
    """Say the sentence that is there for ``source``, one of `PREPARED`."""
    speak_up(step, Opening(source=source), (Sentence(_SENTENCE_OF[source](step.setup)),))


def on_round(step: Transition, finished: RoundFinished) -> None:
    """The model has ended a round: run the tools that it asks for, or wait until its reply is heard."""
    if preemption.on_round(step, finished) or finished.token != step.state.thinking:
        return
    round_ended(step, finished)
    step.state = replace(step.state, thinking=0, expected=())
    if finished.reason is FinishReason.LENGTH:
        step.publish(SessionError(source="llm", text="the reply was cut at the model's limit of tokens: allow more", retryable=False))
    rounds = sum(round_.ended for round_ in step.turn.rounds)
    if step.setup.program and (rounds > step.setup.max_tool_rounds or answers_progress(step.turn)):
        finished = replace(finished, calls=())  # it was told to call none
    if step.setup.program:
        read = (replace(call, arguments=canonical_arguments(call.name, call.arguments)) for call in finished.calls)
        finished = replace(finished, calls=tuple(read))
    size = step.turn.size + n_bytes(text for call in finished.calls for text in (call.name, call.arguments))
    spent = rounds >= step.setup.max_tool_rounds and not step.setup.program
    if finished.calls and (spent or size > MAX_TURN_BYTES):
        text = f"after {rounds} rounds and {size} bytes the model asks for more tools: the turn ends here"
        step.publish(SessionError(source="llm", text=text, retryable=False))
        end_reply_with(step, Sentence(step.setup.apology))
        return
    calls = _with_ids(step, finished.calls)
    step.record(RoundEnded(calls=calls, wall_s=step.now.wall_s, space=finished.space))
    if calls:
        run_next(step)
    else:
        step.publish(ResponseGenerated(speech_id=step.turn.speech_id, text=step.turn.words))
        finish_if_over(step)


def _with_ids(step: Transition, calls: Sequence[FunctionCall]) -> tuple[FunctionCall, ...]:
    """The calls by the names that the journal has for them.

    A program's have the model's ids, as in LiveKit Agents, where these can be kept: a model may repeat its ids from round to round. All
    others have ids of our own.
    """
    memory = step.memory
    known = {call.call_id for turn in memory.open_turns for round_ in turn.rounds for call in round_.calls}
    known |= {item.call_id for item in (*memory.history, *(memory.known or ())) if isinstance(item, FunctionCall)}
    known |= {run.call.call_id for run in memory.detached}
    named, number = [], memory.calls
    for call in calls:
        call_id = call.call_id
        if not step.setup.program or not _is_id(call_id) or call_id in known:
            number += 1
            while (call_id := f"call-{number}") in known:
                number += 1
        known.add(call_id)
        named.append(FunctionCall(call_id=call_id, name=call.name, arguments=call.arguments))
    return tuple(named)


def _is_id(call_id: str) -> bool:
    return 0 < len(call_id) <= MAX_CALL_ID_CHARS and call_id.isascii() and call_id.isprintable()


def _take_over(step: Transition, guess: Guess) -> None:
    """Go on with the answer that the model has begun already."""
    step.state = replace(step.state, thinking=guess.question.token)
    if guess.sentences:
        first_token_came(step)
    for sentence in guess.sentences:
        write_sentence(step, sentence)
    if guess.calls is not None:
        on_round(step, RoundFinished(token=guess.question.token, calls=guess.calls, space=guess.space))


def _open(step: Transition, opening: Opening) -> None:
    now, asked_s = step.now, opening.asked_s
    step.move_agent(AgentEvent.TURN_TAKEN)
    step.record(
        TurnOpened(
            turn_id=f"turn-{step.memory.turns + 1}",
            speech_id=opening.speech_id or new_speech_id(step.memory),
            source=opening.source,
            text=opening.text,
            command_id=opening.command_id,
            asked_wall_s=0.0 if asked_s is None else now.wall_s - (now.monotonic_s - asked_s),
            heard_until=opening.heard_until,
            instructions=opening.instructions,
            allow_interruptions=opening.allow_interruptions,
            tools=opening.tools,
            tool_choice=opening.tool_choice,
            required_tool=opening.required_tool,
            owner=opening.owner or f"agent_session/{step.setup.call_id}",
            deadline_wall_s=opening.deadline_wall_s or now.wall_s + SPEECH_DEADLINE_S,
            audio=opening.audio,
            in_history=opening.in_history,
            wall_s=now.wall_s,
            metrics=caller_metrics(step, opening),
            context=opening.context,
            reports=opening.reports,
        )
    )
    step.state = replace(step.state, played=0, as_text=False, expected=(), owed=False, asked_s=asked_s)
    if not opening.speech_id:
        created = SpeechCreated(
            speech_id=step.turn.speech_id,
            source=opening.source,
            priority=int(SpeechPriority.NORMAL),
            allow_interruptions=opening.allow_interruptions,
            user_initiated=False,
            command_id=opening.command_id,
            owner=step.turn.owner,
        )
        step.publish(created)
    if opening.reports:
        step.publish(ToolReply(update_ids=opening.reports, status="scheduled", speech_id=step.turn.speech_id))
    turn_began(step)

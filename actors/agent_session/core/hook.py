"""The program's hook of the caller's turn (`on_user_turn_completed`): it sees his words before the model does.

It may change his message, which the history keeps so; what the model is told of the conversation in this turn alone; or drop the turn,
which then leaves nothing. What it came to is a fact of the journal, so another incarnation does not run it again; one that had not ended
runs again. Where it fails, or takes longer than `thinking.HOOK_TIMEOUT_S`, the turn goes on with his words as they were.

What the model has said ahead of it (`preemption`) is taken over if the hook has changed nothing. A caller who goes on speaking interrupts
the turn as any other; it is over once the hook has ended.
"""

from dataclasses import replace

from actors.agent_session.core.chat import MAX_HISTORY_BYTES, MAX_HISTORY_ITEMS, asked_in, item_bytes, known_to_agent
from actors.agent_session.core.entries import HookRan
from actors.agent_session.core.inputs import HookEnded
from actors.agent_session.core.preemption import drop_guess
from actors.agent_session.core.thinking import end_reply_with
from actors.agent_session.core.transition import Transition
from actors.agent_session.core.turns import answer, tell_message
from protocols import ChatContext, ChatMessage, Role, SessionError


def on_ended(step: Transition, ended: HookEnded) -> None:
    """The hook has ended: the turn goes on with what it came to."""
    if not ended.token or ended.token != step.state.hooking:
        return
    step.state = replace(step.state, hooking=0)
    (before,) = asked_in(step.turn)
    message = None if ended.message is None else replace(ended.message, id=before.id, created_at=before.created_at, role=Role.USER)
    context = ended.context
    if context is not None and context.is_equivalent(known_to_agent(step.memory)):
        context = None
    error = ended.error or _size_problem(message, context)
    took_s = max(0.0, step.now.wall_s - step.turn.opened_wall_s)
    if error:
        step.publish(SessionError(source="program", text=error, retryable=False))
        step.record(HookRan(wall_s=step.now.wall_s, took_s=took_s))
    else:
        message = None if message == before else message
        step.record(HookRan(message=message, context=context, stop=ended.stop, wall_s=step.now.wall_s, took_s=took_s))
    if step.turn.dropped:
        drop_guess(step)
        if step.state.interruption is None:
            end_reply_with(step)
        return
    tell_message(step)
    if step.state.interruption is None:
        answer(step)


def _size_problem(message: ChatMessage | None, context: ChatContext | None) -> str:
    """Why what the hook has made is not taken; empty if it is."""
    items = (*(context or ()), *((message,) if message is not None else ()))
    size = sum(map(item_bytes, items))
    if len(items) <= MAX_HISTORY_ITEMS and size <= MAX_HISTORY_BYTES:
        return ""
    limits = f"{MAX_HISTORY_ITEMS} items and {MAX_HISTORY_BYTES} bytes"
    return f"the hook of the caller's turn made {len(items)} items of {size} bytes, the limits are {limits}: they are not used"

"""The items that the history gains, told one by one (`ConversationItemAdded`)."""

from collections.abc import Iterable

from actors.agent_session.core.chat import asked_in
from actors.agent_session.core.memory import DetachedRun, Turn
from actors.agent_session.core.transition import Transition
from protocols import ChatContext, ChatItem, ChatMessage, ConversationItemAdded, FailedTurn, FunctionCall, FunctionCallOutput, Summary


def tell_added(step: Transition, before: ChatContext, turn: Turn | None = None) -> None:
    """Tell what the history has that it had not ``before``, because ``turn`` was closed (None: of no turn)."""
    known = {item.id for item in before}
    if turn is not None:
        known |= {*turn.told, *(item.id for item in told_at_once(step, turn))}
    tell_items(step, (item for item in step.memory.history if item.id not in known), turn)


def tell_asked(step: Transition) -> None:
    """Tell a program what the caller has said as soon as his turn is taken: its history has it from then on."""
    tell_items(step, told_at_once(step, step.turn), step.turn)


def tell_items(step: Transition, items: Iterable[ChatItem], turn: Turn | DetachedRun | None) -> None:
    """Tell ``items``, which are of ``turn``, or of a tool that goes on after it (None: of none)."""
    for item in items:
        step.publish(_added(item), turn_id=turn.turn_id if turn else "", speech_id=turn.speech_id if turn else "")


def told_at_once(step: Transition, turn: Turn) -> tuple[ChatMessage, ...]:
    """What of ``turn`` is told when it is taken."""
    return asked_in(turn) if step.setup.program else ()


def _added(item: ChatItem) -> ConversationItemAdded:
    role, text, interrupted = "", "", False
    match item:
        case ChatMessage():
            role, text, interrupted = item.role, item.text, item.interrupted
        case FunctionCall():
            text = item.arguments
        case FunctionCallOutput():
            text = item.output
        case Summary() | FailedTurn():
            text = item.text
        case _:
            pass  # it has no text
    kind = item.TAG.removeprefix("chat.")
    return ConversationItemAdded(kind=kind, role=role, text=text, item_id=item.id, interrupted=interrupted)

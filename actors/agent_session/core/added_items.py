"""The items that the history gains, told one by one (`ConversationItemAdded`)."""

from actors.agent_session.core.memory import Turn
from actors.agent_session.core.transition import Transition
from protocols import ChatContext, ChatItem, ChatMessage, ConversationItemAdded, FailedTurn, FunctionCall, FunctionCallOutput, Summary


def tell_added(step: Transition, before: ChatContext, turn: Turn | None = None) -> None:
    """Tell what the history has that it had not ``before``, because ``turn`` was closed (None: of no turn)."""
    known = {item.id for item in before}
    for item in step.memory.history:
        if item.id not in known:
            step.publish(_added(item), turn_id=turn.turn_id if turn else "", speech_id=turn.speech_id if turn else "")


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

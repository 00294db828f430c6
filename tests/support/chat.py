"""What stands in a chat context, in short: who says what."""

from collections.abc import Iterable

from protocols import ChatItem, ChatMessage, FailedTurn, FunctionCallOutput, Summary


def said(items: Iterable[ChatItem]) -> list[tuple[str, str]]:
    """Who (a role, ``tool``, ``failed`` or ``summary``) says what; calls say nothing."""
    told = []
    for item in items:
        match item:
            case ChatMessage():
                told.append((str(item.role), item.text))
            case FunctionCallOutput():
                told.append(("tool", item.output))
            case FailedTurn():
                told.append(("failed", item.text))
            case Summary():
                told.append(("summary", item.text))
            case _:
                pass
    return told


def texts(items: Iterable[ChatItem]) -> list[str]:
    """What is said."""
    return [text for _, text in said(items)]

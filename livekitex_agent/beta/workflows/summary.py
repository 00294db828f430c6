"""Making a short summary of a conversation."""

from typing import Any, Final

from livekitex_agent.llm import ChatContext, ChatItem, ChatMessage, FunctionCall, FunctionCallOutput
from livekitex_agent.llm.asking import answer_of
from livekitex_agent.llm.transcripts import transcript

INSTRUCTIONS: Final = (
    "Summarise a conversation, shortly and faithfully. Lines tell who said something (user, assistant), which function was called and what "
    "came of it. Keep what the user wants, decisions, facts, names, preferences, and what is still open; of functions keep "
    "what was learned, not that they were called. Leave out greetings and small talk."
)
SUMMARY_MARK: Final = "is_summary"


async def summarized(chat_ctx: ChatContext, model: Any) -> ChatContext:  # noqa: ANN401 - a language model of either family
    """``chat_ctx`` with one message of the assistant's in the place of all that was said and called; as it is if that is nothing.

    Raises:
        Exception: what the model raises.
    """
    said = [item for item in chat_ctx.items if _is_said(item)]
    if not said:
        return chat_ctx
    summary = (await answer_of(model, INSTRUCTIONS, f"Conversation to summarise:\n\n{transcript(said)}")).strip()
    if not summary:
        return chat_ctx
    gone = {item.id for item in said}
    short = ChatContext([item for item in chat_ctx.items if item.id not in gone])
    short.add_message(
        role="assistant",
        content=f"<chat_history_summary>\n{summary}\n</chat_history_summary>",
        created_at=chat_ctx.items[-1].created_at,
        extra={SUMMARY_MARK: True},
    )
    return short


def _is_said(item: ChatItem) -> bool:
    if isinstance(item, ChatMessage):
        return item.role in {"user", "assistant"} and not item.extra.get(SUMMARY_MARK)
    return isinstance(item, FunctionCall | FunctionCallOutput)

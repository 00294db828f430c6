"""The chat context: what the model is told of the conversation, and what history keeps of a turn. Only what was heard is kept.

Of a turn that was given up history keeps the caller's words, but no model is told them again: they may be what the session died of, and so
may be what it asked of its tools and what they answered. It is told that there was such a turn, and which tools may have run.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from actors.agent_session.core.memory import Heard, Memory, Round, Turn, n_bytes
from protocols import ChatMessage, Role

MAX_HISTORY_MESSAGES: Final = 1_000
MAX_HISTORY_BYTES: Final = 400_000
"""Beyond either bound the oldest turns are forgotten, whole: a tool's result never stands without its call."""

GIVEN_UP: Final = "A message of the caller was given up here, because the session died of it."
MAY_HAVE_RUN: Final = " For it these tools may have run, or not: {names}. Do not claim either."


def context(instructions: str, memory: Memory) -> tuple[ChatMessage, ...]:
    """What the model is asked with: the instructions, the history, and the open turn as it was meant to be heard."""
    system = (ChatMessage(role=Role.SYSTEM, content=instructions),) if instructions else ()
    turn = memory.turn
    asked = () if turn is None else tuple(_messages(turn, tuple(round_ for round_ in turn.rounds if round_.ended), turn.instructions))
    return system + tuple(map(_told, memory.history)) + asked


def settled(turn: Turn, heard: Heard) -> tuple[ChatMessage, ...]:
    """What history keeps of ``turn`` when ``heard`` of its reply was heard."""
    if turn.failed:
        return tuple(_given_up(turn, heard))
    rounds = []
    left = heard.sentences
    tail = heard.tail
    for round_ in turn.rounds:
        spoken = round_.sentences[:left]
        if tail and len(spoken) < len(round_.sentences):
            spoken, tail = (*spoken, tail), ""
        left -= min(left, len(round_.sentences))
        rounds.append(Round(sentences=spoken, calls=round_.calls, ended=True))
    return tuple(_messages(turn, tuple(rounds)))


def appended(history: tuple[ChatMessage, ...], messages: Sequence[ChatMessage]) -> tuple[ChatMessage, ...]:
    """The history with ``messages`` after it, within its bounds."""
    whole = (*history, *messages)
    size = sum(map(_size, whole))
    start = 0
    while start < len(whole) and (size > MAX_HISTORY_BYTES or len(whole) - start > MAX_HISTORY_MESSAGES):
        end = start + 1
        while end < len(whole) and whole[end].role not in (Role.USER, Role.FAILED):
            end += 1
        size -= sum(map(_size, whole[start:end]))
        start = end
    return whole[start:]


def heard_text(turn: Turn, heard: Heard) -> str:
    """The reply as far as it was heard."""
    return " ".join((*turn.sentences[: heard.sentences], *filter(None, (heard.tail,))))


def _given_up(turn: Turn, heard: Heard) -> Iterator[ChatMessage]:
    calls = tuple(call for round_ in turn.rounds for call in round_.calls if call.call_id in turn.begun_calls)
    if turn.text or calls:
        yield ChatMessage(role=Role.FAILED, content=turn.text, calls=calls)
    if text := heard_text(turn, heard):
        yield ChatMessage(role=Role.ASSISTANT, content=text)


def _told(message: ChatMessage) -> ChatMessage:
    """A message of the history as the model is told it."""
    if message.role is not Role.FAILED:
        return message
    names = ", ".join(dict.fromkeys(call.name for call in message.calls))
    return ChatMessage(role=Role.SYSTEM, content=GIVEN_UP + (MAY_HAVE_RUN.format(names=names) if names else ""))


def _messages(turn: Turn, rounds: tuple[Round, ...], instructions: str = "") -> Iterator[ChatMessage]:
    if turn.user_text:
        yield ChatMessage(role=Role.USER, content=turn.user_text)
    if instructions:
        yield ChatMessage(role=Role.SYSTEM, content=instructions)
    results = {outcome.call_id: outcome.result for outcome in turn.outcomes}
    for round_ in rounds:
        content = " ".join(round_.sentences)
        if content or round_.calls:
            yield ChatMessage(role=Role.ASSISTANT, content=content, calls=round_.calls)
        for call in round_.calls:
            yield ChatMessage(role=Role.TOOL, content=results.get(call.call_id, ""), call_id=call.call_id)


def _size(message: ChatMessage) -> int:
    return n_bytes((message.content,), (text for call in message.calls for text in (call.name, call.arguments)))

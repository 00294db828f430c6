"""What every provider has to be told, before it takes that provider's form: who says what, and which calls are made with which outputs."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Final

from protocols.chat_context.items import ChatItem, ChatMessage, FunctionCall, FunctionCallOutput, Role, Summary
from protocols.chat_context.pairs import pairs_of

__all__ = [
    "ANY_ID",
    "INLINE_INSTRUCTIONS",
    "SILENCE",
    "SUMMARY",
    "Step",
    "arguments_of",
    "split_instructions",
    "steps_of",
]

SUMMARY: Final = "What was said before, in short:\n{text}"
"""How a summary is told."""
INLINE_INSTRUCTIONS: Final = "<instructions>\n{text}\n</instructions>"
"""How instructions within the conversation are told to those who take none there: as words of the user, who has to be told apart."""
SILENCE: Final = "(silence)"
"""What the user says where a provider demands that he says something, and he has not."""

ANY_ID: Final = re.compile(r"[a-zA-Z0-9_-]{1,40}")
"""The call ids that all providers but Mistral take."""


@dataclass(frozen=True, slots=True)
class Step:
    """A ``message``, or the ``calls`` of the assistant with their outputs, or both: then the message is the assistant's, before them."""

    message: ChatMessage | None
    calls: tuple[tuple[FunctionCall, FunctionCallOutput], ...] = ()


def steps_of(items: Sequence[ChatItem], ids: re.Pattern[str] = ANY_ID, id_chars: int = 24) -> tuple[Step, ...]:
    """What models are told of ``items``, in order.

    Calls that follow each other without an output between them are made at once, with the assistant's words before them. Each gets its
    output, wherever that stands, and an id that no other call has and that fits ``ids``: its own, or a digest of at most ``id_chars``.
    """
    pairs = pairs_of(items)
    steps: list[Step] = []
    used: set[str] = set()
    open_round = False
    for at, item in enumerate(items):
        match item:
            case ChatMessage() if item.text.strip() or item.images:
                steps.append(Step(item))
                open_round = item.role is Role.ASSISTANT
            case Summary() if item.text.strip():
                steps.append(Step(ChatMessage.of(Role.SYSTEM, SUMMARY.format(text=item.text))))
                open_round = False
            case FunctionCall() if at in pairs:
                output = items[pairs[at]]
                assert isinstance(output, FunctionCallOutput)  # noqa: S101 - what pairs_of says
                call_id = _fitting(item.call_id, used, ids, id_chars)
                pair = replace(item, call_id=call_id), replace(output, call_id=call_id, name=item.name)
                if open_round:
                    steps[-1] = replace(steps[-1], calls=(*steps[-1].calls, pair))
                else:
                    steps.append(Step(None, (pair,)))
                open_round = True
            case FunctionCallOutput():
                open_round = False
            case _:
                pass
    return tuple(steps)


def split_instructions(steps: Sequence[Step]) -> tuple[str, tuple[Step, ...]]:
    """The instructions before the conversation, as one text, and the conversation, later instructions being words of the user."""
    first = next((at for at, step in enumerate(steps) if step.message is None or not step.message.instructs), len(steps))
    system = "\n\n".join(step.message.text for step in steps[:first] if step.message is not None)
    return system, tuple(map(_without_instructions, steps[first:]))


def arguments_of(call: FunctionCall) -> dict[str, Any]:
    """The arguments of ``call`` for those who take an object: an empty one where the model wrote none."""
    try:
        arguments = json.loads(call.arguments)
    except (ValueError, RecursionError):
        return {}
    return arguments if isinstance(arguments, dict) else {}


def _without_instructions(step: Step) -> Step:
    message = step.message
    if message is None or not message.instructs:
        return step
    text = INLINE_INSTRUCTIONS.format(text=message.text)
    return Step(ChatMessage.of(Role.USER, text, id=message.id, created_at=message.created_at))


def _fitting(call_id: str, used: set[str], ids: re.Pattern[str], id_chars: int) -> str:
    fitting, attempt = call_id, 0
    while fitting in used or not ids.fullmatch(fitting):
        fitting = blake2b(f"{call_id}/{len(used)}/{attempt}".encode(errors="replace")).hexdigest()[:id_chars]
        attempt += 1
    used.add(fitting)
    return fitting

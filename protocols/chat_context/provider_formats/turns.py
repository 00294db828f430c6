"""The conversation as turns that alternate between user and model, each made of blocks: what Anthropic, Gemini and Bedrock take."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from protocols.chat_context.content import ImageContent
from protocols.chat_context.items import FunctionCall, FunctionCallOutput, Role
from protocols.chat_context.provider_formats.parts import parts_of
from protocols.chat_context.provider_formats.steps import SILENCE, Step

__all__ = ["MODEL", "USER", "Blocks", "Turn", "turns_of"]

USER: Final = "user"
MODEL: Final = "model"

Block = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """How a provider writes each kind of block."""

    text: Callable[[str], Block]
    image: Callable[[ImageContent], Block]
    call: Callable[[FunctionCall], Block]
    output: Callable[[FunctionCallOutput], Block]


@dataclass(slots=True)
class Turn:
    """A turn of the user or of the model; ``answers`` if it begins with outputs of calls."""

    role: str
    blocks: list[Block]
    answers: bool = False


def turns_of(steps: Sequence[Step], blocks: Blocks, *, outputs_alone: bool = False) -> list[Turn]:
    """The turns of ``steps``, which instruct nobody: they begin and end with the user, and outputs stand in the turn behind their calls.

    With ``outputs_alone`` what the user says behind outputs is a turn of its own.
    """
    turns: list[Turn] = []

    def add(role: str, added: list[Block], *, answers: bool = False) -> None:
        if turns and turns[-1].role == role and not (outputs_alone and turns[-1].answers):
            turns[-1].blocks += added
        else:
            turns.append(Turn(role, added, answers))

    for step in steps:
        if step.message is not None:
            role = MODEL if step.message.role is Role.ASSISTANT else USER
            if role == MODEL and not turns:
                add(USER, [blocks.text(SILENCE)])
            add(role, parts_of(step.message, blocks.text, blocks.image))
        if step.calls:
            if not turns:
                add(USER, [blocks.text(SILENCE)])
            add(MODEL, [blocks.call(call) for call, _ in step.calls])
            add(USER, [blocks.output(output) for _, output in step.calls], answers=True)
    if not turns or turns[-1].role == MODEL:
        add(USER, [blocks.text(SILENCE)])
    return turns

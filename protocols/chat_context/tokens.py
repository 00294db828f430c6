"""How many tokens a context has, as far as one can tell without the model's own tokenizer."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from protocols.chat_context.items import ChatItem, ChatMessage, FailedTurn, FunctionCall, FunctionCallOutput, Summary
from protocols.errors import ConfigurationError

__all__ = ["DEFAULT_TOKENS", "TokenEstimator"]

MIN_CHARACTERS: Final = 0.1
MAX_CHARACTERS: Final = 100.0
"""Of a token: less and more is a mistake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEstimator:
    """Estimates tokens: so many characters each (4.0, as for English with GPT models), and some for each item and image.

    A model whose tokenizer differs gives one of its own. Plain numbers, so that counting costs nothing and cannot fail.

    Raises:
        ConfigurationError: a number is out of range.
    """

    characters_per_token: float = 4.0
    tokens_per_item: int = 4
    tokens_per_image: int = 765

    def __post_init__(self) -> None:
        if not MIN_CHARACTERS <= self.characters_per_token <= MAX_CHARACTERS or self.tokens_per_item < 0 or self.tokens_per_image < 0:
            raise ConfigurationError(f"{self}: give 0.1 to 100 characters per token, and numbers of tokens that are not negative")

    def text(self, text: str) -> int:
        """The tokens of ``text``, rounded up."""
        return math.ceil(len(text) / self.characters_per_token)

    def item(self, item: ChatItem) -> int:
        """The tokens of ``item``; none where no model is told of it."""
        match item:
            case ChatMessage():
                return self.tokens_per_item + self.text(item.text) + self.tokens_per_image * len(item.images)
            case FunctionCall():
                return self.tokens_per_item + self.text(item.name) + self.text(item.arguments)
            case FunctionCallOutput():
                return self.tokens_per_item + self.text(item.output)
            case Summary():
                return self.tokens_per_item + self.text(item.text)
            case FailedTurn():
                return self.tokens_per_item + self.text(" ".join(item.tools))
            case _:
                return 0

    def items(self, items: Iterable[ChatItem]) -> int:
        """The tokens of all ``items``."""
        return sum(map(self.item, items))


DEFAULT_TOKENS: Final = TokenEstimator()
"""For models that say nothing else."""

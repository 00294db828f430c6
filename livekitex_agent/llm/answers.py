"""What a language model answers, piece by piece, in LiveKit's classes."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from livekitex_agent.llm.chat_items import ChatRole
from livekitex_agent.metrics.model import ModelError

__all__ = ["ChatChunk", "ChoiceDelta", "CollectedResponse", "CompletionUsage", "FunctionToolCall", "LLMError"]


class CompletionUsage(BaseModel):
    """The tokens of one answer: cached ones are part of the prompt's, those of thoughts part of the completion's."""

    completion_tokens: int
    prompt_tokens: int
    prompt_cached_tokens: int = 0
    cache_creation_tokens: int = 0
    cache_read_tokens: int = 0
    reasoning_tokens: int = 0
    total_tokens: int
    service_tier: str | None = None


class FunctionToolCall(BaseModel):
    """A whole call of a tool; ``extra`` is what the provider wants to see again."""

    type: Literal["function"] = "function"
    name: str
    arguments: str
    call_id: str
    extra: dict[str, Any] | None = None


class ChoiceDelta(BaseModel):
    """A piece of the answer: text to be appended, and calls."""

    role: ChatRole | None = None
    content: str | None = None
    tool_calls: list[FunctionToolCall] = Field(default_factory=list)
    extra: dict[str, Any] | None = None


class ChatChunk(BaseModel):
    """What a model sends at once."""

    id: str
    delta: ChoiceDelta | None = None
    usage: CompletionUsage | None = None

    def has_response(self) -> bool:
        """Whether there is text or a call in it, and not figures alone."""
        return bool(self.delta and (self.delta.content or self.delta.tool_calls))


class CollectedResponse(BaseModel):
    """A whole answer."""

    text: str = ""
    tool_calls: list[FunctionToolCall] = Field(default_factory=list)
    usage: CompletionUsage | None = None
    extra: dict[str, Any] = Field(default_factory=dict)


class LLMError(ModelError):
    """A request failed."""

    type: Literal["llm_error"] = "llm_error"

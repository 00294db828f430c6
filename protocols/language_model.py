"""The contract of a language model: what it is asked, and the stream of its answer.

An answer is a stream of `LLMEvent`: pieces of text, pieces of calls of tools, how it ended, what it used. Servers cut calls in many ways
(whole or in fragments, with an index or without, with a wrong one, the id with the first fragment or with none), so a `CallDelta` says
only what the server said, and whoever reads the stream puts the calls together (``actors.providers.CallAssembler``).
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol

from protocols.chat_context import DEFAULT_TOKENS, ChatContext, TokenEstimator
from protocols.provider import Provider
from protocols.tools import ToolSchema

__all__ = [
    "DEFAULT_CHAT_OPTIONS",
    "LLM",
    "CallDelta",
    "ChatFinished",
    "ChatOptions",
    "FinishReason",
    "FunctionChoice",
    "LLMEvent",
]
__all__ += ["TextDelta", "TokenUsage", "ToolChoice"]


class ToolChoice(StrEnum):
    """Whether a model may call tools."""

    AUTO = "auto"
    """As it likes."""
    NONE = "none"
    """None of them, though it is told of them."""
    REQUIRED = "required"
    """At least one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionChoice:
    """The model has to call the tool ``name``."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatOptions:
    """How a model is to answer.

    ``parallel_tool_calls`` says whether it may ask for several calls at once; None is its own default. ``extra`` is what is the model's
    alone (``temperature``, ``max_completion_tokens``, ``reasoning_effort``), by the names of its API: a provider passes on what it has no
    other word for.
    """

    tool_choice: ToolChoice | FunctionChoice = ToolChoice.AUTO
    parallel_tool_calls: bool | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)


DEFAULT_CHAT_OPTIONS: Final = ChatOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    """A piece of the reply's text, to be appended; in the history it is ``written`` so (None: as it is said)."""

    text: str
    written: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDelta:
    """A piece of a call, as the server gave it; a whole call is one piece.

    ``arguments`` is to be appended to those of the call that ``index`` and ``call_id`` name; empty, and None for the index, is what was
    not said.
    """

    index: int | None = None
    call_id: str = ""
    name: str = ""
    arguments: str = ""


class FinishReason(StrEnum):
    """Why a model ended its answer."""

    STOP = "stop"
    """It has said what it wanted to say."""
    TOOL_CALLS = "tool_calls"
    """It waits for the results of its calls."""
    LENGTH = "length"
    """The answer was cut at a limit of tokens."""
    CONTENT_FILTER = "content_filter"
    """The answer was cut by a filter of its content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatFinished:
    """The answer is over; only `TokenUsage` may follow."""

    reason: FinishReason


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUsage:
    """The tokens of one answer. ``prompt_tokens`` are all that were read, ``cached_prompt_tokens`` those of them that cost less."""

    prompt_tokens: int = 0
    cached_prompt_tokens: int = 0
    completion_tokens: int = 0


LLMEvent = TextDelta | CallDelta | ChatFinished | TokenUsage


class LLM(Provider, Protocol):
    """A language model that streams text and calls of tools. ``tokens`` estimates how many tokens it is told."""

    tokens: TokenEstimator = DEFAULT_TOKENS

    def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        """Stream one answer to ``context``, which begins with the instructions as a system message, if there are any.

        ``context.messages`` are what was said, ``context.items`` also the calls and their outputs; ``context.to_provider_format`` gives
        what a request of a known provider takes.

        An answer is text, or calls of ``tools``, or both; after calls the session appends their results and asks again. Its last events
        are `ChatFinished` and, where the server counts, one `TokenUsage`. A stream that ends without a `ChatFinished` has ended by itself:
        a provider that reads from a network raises instead, since there it was cut.

        Raises (from the iteration):
            ProviderError: the model failed.
        """
        ...

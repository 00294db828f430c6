"""What a context is in the form of a provider."""

from dataclasses import dataclass
from typing import Any

__all__ = ["ProviderFormat"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFormat:
    """A context as a request takes it: its ``messages`` (OpenAI Responses: ``input``; Gemini: ``contents``), and its ``system`` text.

    ``system`` is empty where there is none, and where it stands among the messages (OpenAI, Mistral). The dictionaries are those of the
    provider's Python SDK; images are base64 where its API takes JSON, and bytes where the SDK encodes them itself (Gemini, Bedrock).
    """

    messages: list[dict[str, Any]]
    system: str = ""

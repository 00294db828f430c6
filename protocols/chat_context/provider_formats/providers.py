"""The providers in whose form a context can be told."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from protocols.chat_context.items import ChatItem
from protocols.chat_context.provider_formats.anthropic import to_anthropic
from protocols.chat_context.provider_formats.aws import to_aws
from protocols.chat_context.provider_formats.format import ProviderFormat
from protocols.chat_context.provider_formats.google import to_google
from protocols.chat_context.provider_formats.mistralai import to_mistralai
from protocols.chat_context.provider_formats.openai import to_openai
from protocols.chat_context.provider_formats.openai_responses import to_openai_responses
from protocols.errors import UsageError

__all__ = ["PROVIDER_FORMATS", "to_provider_format"]

PROVIDER_FORMATS: Final[Mapping[str, Callable[[Sequence[ChatItem]], ProviderFormat]]] = {
    "openai": to_openai,
    "openai.responses": to_openai_responses,
    "anthropic": to_anthropic,
    "google": to_google,
    "mistralai": to_mistralai,
    "aws": to_aws,
}
"""The forms by their names."""


def to_provider_format(provider: str, items: Sequence[ChatItem]) -> ProviderFormat:
    """``items`` as a request to ``provider`` takes them.

    Raises:
        UsageError: no such provider, or one that does not take what an item holds; the text names it.
    """
    form = PROVIDER_FORMATS.get(provider)
    if form is None:
        raise UsageError(f"there is no form for {provider!r:.60}: give one of {', '.join(PROVIDER_FORMATS)}")
    return form(items)

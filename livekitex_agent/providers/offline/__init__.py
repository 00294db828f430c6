"""The providers of the extra ``offline``, whose models are inside their packages: `STT`, `TTS`, `LLM` and `TurnDetector`.

Each gives what travels to the call's process and is made there.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from protocols import ProviderRef

__all__ = ["LLM", "STT", "TTS", "TurnDetector"]


def STT() -> ProviderRef:  # noqa: N802 - named as what it is
    """English speech to text, by Moonshine."""
    return ProviderRef(factory="actors.providers.offline:moonshine_stt", options={})


def TTS(**options: Any) -> ProviderRef:  # noqa: ANN401, N802 - the voice's options
    """An English voice, Hibari's."""
    return ProviderRef(factory="actors.providers.offline:hibari_tts", options=options)


def LLM(*, intents: Sequence[Mapping[str, Any]] = (), **rules: Any) -> ProviderRef:  # noqa: ANN401, N802 - the rules' options
    """A brain made of rules, for trying without a key; without ``intents`` they are made from the agent's tools."""
    if not intents:
        return ProviderRef(factory="livekitex_agent.default_brain:ToolRulesLLM", options=rules)
    return ProviderRef(factory="actors.providers.offline:rule_llm", options={"intents": list(intents), **rules})


def TurnDetector(*, threshold: float = 0.5) -> ProviderRef:  # noqa: N802 - named as what it is
    """Whether a caller who pauses has finished, by Smart Turn."""
    return ProviderRef(factory="actors.providers.smart_turn:smart_turn", options={"threshold": threshold})

"""Adapters: objects of LiveKit's classes, a program's own or those of a plugin, as providers of a session."""

from livekitex_agent.program.providers.audio import SpokenAudio
from livekitex_agent.program.providers.family import Family, family_of
from livekitex_agent.program.providers.given import default_vad, is_ours, provider_given
from livekitex_agent.program.providers.host import AnyAdapter, ProviderHost, retries_of
from livekitex_agent.program.providers.llm import LLMAdapter, ReadSchema
from livekitex_agent.program.providers.stt import STTAdapter
from livekitex_agent.program.providers.tts import TTSAdapter
from livekitex_agent.program.providers.vad import VADAdapter

__all__ = [
    "AnyAdapter",
    "Family",
    "LLMAdapter",
    "ProviderHost",
    "ReadSchema",
    "STTAdapter",
    "SpokenAudio",
    "TTSAdapter",
    "VADAdapter",
    "default_vad",
    "family_of",
    "is_ours",
    "provider_given",
    "retries_of",
]

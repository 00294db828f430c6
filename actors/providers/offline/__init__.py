"""A voice conversation without a network and without a key: every model lies in a package of the extra ``offline``."""

from actors.providers.offline.factories import hibari_tts, moonshine_stt, rule_llm
from actors.providers.offline.libraries import LIBRARY_ENVIRONMENT, prepare_libraries
from actors.providers.offline.preloading import preload_offline_providers

__all__ = [
    "LIBRARY_ENVIRONMENT",
    "hibari_tts",
    "moonshine_stt",
    "preload_offline_providers",
    "prepare_libraries",
    "rule_llm",
]

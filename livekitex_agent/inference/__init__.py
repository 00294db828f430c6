"""What LiveKit's gateway offers there: here the detector, which needs none, and a word for the rest."""

from livekitex_agent.absent_names import absent_names
from livekitex_agent.providers import silero
from protocols import ConfigurationError, ProviderRef

__all__ = ["VAD"]

_GATEWAY = "LiveKit's gateway is a service of its cloud: name a provider, as in AgentSession(llm='openai:MODEL'), or give a plugin's object"
__getattr__ = absent_names(
    __name__,
    {
        **dict.fromkeys(("LLM", "STT", "TTS", "LLMModels", "STTModels", "TTSModels", "DecisionModel", "realtime"), _GATEWAY),
        "TurnDetector": "leave it out: a session with offline providers has one, and offline.TurnDetector() gives it to any",
        "AdaptiveInterruptionDetector": "leave it out: what is a back-channel is told from the words (actors/turn_taking/phrases.py)",
    },
)


def VAD(*, model: str = "silero", **options: float) -> ProviderRef:  # noqa: N802 - named as what it is
    """The detector ``model``: Silero's, with the options of ``silero.VAD.load``.

    Raises:
        ConfigurationError: there is no such detector.
    """
    if model != "silero":
        raise ConfigurationError(f"model={model!r:.40}: there is 'silero'")
    return silero.VAD.load(**options)  # type: ignore[arg-type]  # a rate is a whole number

"""Silero's voice activity detection, by the names of LiveKit's plugin: ``silero.VAD.load()``.

It gives what travels to the call's process and runs there beside the audio; the plugin's own detector would wait with user code.
"""

from typing import Any

from protocols import ConfigurationError, ProviderRef

__all__ = ["VAD"]

_FACTORY = "actors.providers.vad:silero"
_SESSION_RATES = (8_000, 16_000)


class VAD:
    """The detector; to call it is to `load` it."""

    def __new__(cls, **options: Any) -> ProviderRef:  # type: ignore[misc]  # noqa: ANN401, D102 - as `load`
        return cls.load(**options)

    @classmethod
    def load(
        cls,
        *,
        min_speech_duration: float = 0.05,
        min_silence_duration: float = 0.2,
        prefix_padding_duration: float = 0.5,  # noqa: ARG003 - the session keeps what came before speech anyway
        max_buffered_speech: float = 60.0,
        activation_threshold: float = 0.5,
        deactivation_threshold: float | None = None,  # noqa: ARG003 - it is 0.7 of the other, as it is there by default
        sample_rate: int = 16_000,
        force_cpu: bool = True,  # noqa: ARG003 - there is no other way
    ) -> ProviderRef:
        """The detector with these options, in seconds: speech is announced after ``min_speech_duration`` and over after the silence.

        Raises:
            ConfigurationError: a threshold or a rate that it does not know.
        """
        if sample_rate not in _SESSION_RATES:
            raise ConfigurationError(f"sample_rate={sample_rate!r}: give one of {_SESSION_RATES}, or leave it out")
        options = {
            "sensitivity": round(1.0 - activation_threshold, 4),
            "min_speech_ms": round(min_speech_duration * 1000),
            "min_silence_ms": round(min_silence_duration * 1000),
            "max_speech_ms": round(max_buffered_speech * 1000),
        }
        return ProviderRef(factory=_FACTORY, options=options)

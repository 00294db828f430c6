"""The audio processor: the node's audio configuration, conversion jobs, audio figures."""

from actors.audio_processor.actor import AudioProcessor

__all__ = ["AudioProcessor"]

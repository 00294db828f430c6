"""Voice activity detection: by loudness, by WebRTC's mixtures, by Silero's network; one word for sensitivity, one way to find speech."""

from actors.providers.vad.factories import energy, silero, webrtc
from actors.providers.vad.model_vad import ModelVAD, ModelVADStream

__all__ = ["ModelVAD", "ModelVADStream", "energy", "silero", "webrtc"]

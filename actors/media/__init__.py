"""Audio on its way: rates, files, sentences, real time. Shared by the actors that hold media; no actor itself."""

from actors.media.playout import Playout
from actors.media.resampler import Resampler, resample
from actors.media.sentences import MAX_SENTENCE_CHARS, SentenceSplitter, split_sentences
from actors.media.timeline import Side, StereoTimeline
from actors.media.wav import MAX_WAV_S, Recording, read_wav, write_stereo_wav, write_wav

__all__ = [
    "MAX_SENTENCE_CHARS",
    "MAX_WAV_S",
    "Playout",
    "Recording",
    "Resampler",
    "SentenceSplitter",
    "Side",
    "StereoTimeline",
    "read_wav",
    "resample",
    "split_sentences",
    "write_stereo_wav",
    "write_wav",
]

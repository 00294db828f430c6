"""Audio on its way: rates, files, sentences, real time. Shared by the actors that hold media; no actor itself."""

from actors.media.background_audio import MAX_SOUND_S, BackgroundMixer, LoopedSound, looped
from actors.media.gain import DUCKED_GAIN, FADE_MS, JOIN_MS, Edge, Gain, faded_out
from actors.media.playback_buffer import PlaybackBuffer
from actors.media.playout import Playout
from actors.media.resampler import Resampler, resample
from actors.media.sentences import MAX_SENTENCE_CHARS, SentenceSplitter, split_sentences
from actors.media.spoken_text import MAX_CLAUSE_CHARS, clause_starts, heard_chars, pace, surely_spoken, units
from actors.media.timeline import Side, StereoTimeline
from actors.media.wav import MAX_WAV_S, Recording, read_wav, write_stereo_wav, write_wav

__all__ = [
    "DUCKED_GAIN",
    "FADE_MS",
    "JOIN_MS",
    "MAX_CLAUSE_CHARS",
    "MAX_SENTENCE_CHARS",
    "MAX_SOUND_S",
    "MAX_WAV_S",
    "BackgroundMixer",
    "Edge",
    "Gain",
    "LoopedSound",
    "PlaybackBuffer",
    "Playout",
    "Recording",
    "Resampler",
    "SentenceSplitter",
    "Side",
    "StereoTimeline",
    "clause_starts",
    "faded_out",
    "heard_chars",
    "looped",
    "pace",
    "read_wav",
    "resample",
    "split_sentences",
    "surely_spoken",
    "units",
    "write_stereo_wav",
    "write_wav",
]

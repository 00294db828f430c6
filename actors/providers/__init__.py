"""The providers of voice and language: a folder each, behind the contracts of `protocols`. Shared by actors; no actor itself."""

from actors.providers.call_assembly import CallAssembler
from actors.providers.making import load_factory, make_llm, make_stt, make_tts, make_turn_detector, make_vad
from actors.providers.options import OptionReader
from actors.providers.pushed_stream import FLUSH, Flush, PushedStream
from actors.providers.simple import complete_llm
from actors.providers.speech_adapters import StreamingSTT, joined, recognize_by_stream
from actors.providers.values import (
    answer_of,
    audio_of,
    llm_event_of,
    prediction_of,
    speech_event_of,
    spoken_words_of,
    stream_of,
    text_of,
    transcript_of,
    voice_events_of,
    words_of,
)
from actors.providers.voice_adapters import SentenceTTS, StreamingTTS

__all__ = ["FLUSH", "CallAssembler", "Flush", "OptionReader", "PushedStream", "SentenceTTS", "StreamingSTT", "StreamingTTS", "joined"]
__all__ += ["complete_llm", "load_factory", "make_llm", "make_stt", "make_tts", "make_turn_detector", "make_vad", "recognize_by_stream"]
__all__ += ["answer_of", "audio_of", "llm_event_of", "prediction_of", "speech_event_of", "spoken_words_of", "stream_of", "text_of"]
__all__ += ["transcript_of", "voice_events_of", "words_of"]

"""The providers of voice and language: a folder each, behind the contracts of `protocols`. Shared by actors; no actor itself."""

from actors.providers.call_assembly import CallAssembler
from actors.providers.making import load_factory, make_llm, make_stt, make_tts, make_turn_detector, make_vad
from actors.providers.options import OptionReader
from actors.providers.pushed_stream import FLUSH, Flush, PushedStream
from actors.providers.simple import complete_llm
from actors.providers.speech_adapters import StreamingSTT, joined, recognize_by_stream
from actors.providers.voice_adapters import SentenceTTS, StreamingTTS

__all__ = ["FLUSH", "CallAssembler", "Flush", "OptionReader", "PushedStream", "SentenceTTS", "StreamingSTT", "StreamingTTS", "joined"]
__all__ += ["complete_llm", "load_factory", "make_llm", "make_stt", "make_tts", "make_turn_detector", "make_vad", "recognize_by_stream"]

"""The providers of voice and language: a folder each, behind the contracts of `protocols`. Shared by actors; no actor itself."""

from actors.providers.making import load_factory, make_llm, make_stt, make_tts, make_turn_detector, make_vad
from actors.providers.options import OptionReader

__all__ = ["OptionReader", "load_factory", "make_llm", "make_stt", "make_tts", "make_turn_detector", "make_vad"]

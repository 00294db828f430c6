"""Scripted models with time lines: what they say and when stands in their options. Make them with `livekitex_agent.provider`.

Their times are those of the event loop they are on: virtual in a `TestSession`, real in a real system. A factory takes plain options, so a
fake works in another process too: ``Agent(..., llm=provider(scripted_llm, replies=[{"to": "hello", "say": "Hi!"}]))``.
"""

from livekitex_agent.testing.fakes.llm import scripted_llm
from livekitex_agent.testing.fakes.realtime import FakeRealtimeModel, FakeRealtimeSession, ScriptedReply
from livekitex_agent.testing.fakes.stt import scripted_stt
from livekitex_agent.testing.fakes.tts import scripted_tts
from livekitex_agent.testing.fakes.turn_detector import scripted_turn_detector
from livekitex_agent.testing.fakes.vad import scripted_vad
from livekitex_agent.testing.fakes.written_voice import read_aloud, spoken

__all__ = ["FakeRealtimeModel", "FakeRealtimeSession", "ScriptedReply"]
__all__ += ["read_aloud", "scripted_llm", "scripted_stt", "scripted_tts", "scripted_turn_detector", "scripted_vad", "spoken"]

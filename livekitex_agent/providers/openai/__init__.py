"""OpenAI, and every server that speaks its protocols (``base_url``): `LLM`, `responses.LLM`, `STT`, `TTS`.

::

    from livekitex_agent import Agent, provider
    from livekitex_agent.providers import openai

    agent = Agent(
        instructions="You sell pizza.",
        stt=provider(openai.STT),
        llm=provider(openai.LLM, model="gpt-5.4-mini"),
        tts=provider(openai.TTS, model="gpt-4o-mini-tts"),
    )

The key is ``OPENAI_API_KEY`` in the environment of the system; it never travels.

Raises (from the import):
    MissingExtraError: the extra ``openai`` is not installed.
"""

from importlib.util import find_spec

from actors import OpenAILLM, OpenAISTT, OpenAITTS
from livekitex_agent.providers.openai import responses
from protocols import MissingExtraError

LLM = OpenAILLM
STT = OpenAISTT
TTS = OpenAITTS

__all__ = ["LLM", "STT", "TTS", "responses"]

if find_spec("openai") is None:
    raise MissingExtraError("openai", "livekitex_agent.providers.openai")

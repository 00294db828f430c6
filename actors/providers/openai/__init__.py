"""Language, hearing and voice over the network, by OpenAI's protocols: from OpenAI itself or from any server that speaks them.

The parts: `settings` (where, by which key), `service` (requests, every wait of which ends) on `sdk` (the official SDK), the pure readers
of what comes back (`event_stream`, `chat_format`, `responses_format`, `failures`), and on them the providers. Nothing here imports the SDK
before a provider is made.
"""

from actors.providers.openai.llm import OpenAILLM
from actors.providers.openai.responses import OpenAIResponsesLLM
from actors.providers.openai.service import preload_openai
from actors.providers.openai.strict_schema import strict_schema
from actors.providers.openai.stt import OpenAISTT
from actors.providers.openai.tts import OpenAITTS

__all__ = ["OpenAILLM", "OpenAIResponsesLLM", "OpenAISTT", "OpenAITTS", "preload_openai", "strict_schema"]

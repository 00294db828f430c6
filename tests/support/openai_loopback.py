"""The providers for OpenAI's protocols against a loopback server, and what that may do to each of them."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from actors import OpenAILLM, OpenAIResponsesLLM, OpenAISTT, OpenAITTS
from livekitex_agent.testing.fakes import spoken
from livekitex_agent.testing.openai_server import OpenAIServer
from protocols import ChatContext, ChatMessage, ChatOptions, LLMEvent, Role, TextDelta

KEY: Final = "sk-loopback-0123456789"
CONTEXT: Final = ChatContext((ChatMessage.of(Role.USER, "hello there"),))


async def ask(llm: Any) -> list[LLMEvent]:
    return [event async for event in llm.chat(CONTEXT, (), ChatOptions())]


async def chat(provider: Any) -> str:
    return "".join(event.text for event in await ask(provider) if isinstance(event, TextDelta))


async def recognize(provider: Any) -> str:
    return str((await provider.recognize(spoken("hello there"))).text)


async def speak(provider: Any) -> bytes:
    return b"".join([chunk.pcm async for chunk in provider.synthesize("hello there")])


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A provider, the route that it asks, and how it is used."""

    route: str
    make: Callable[..., Any]
    use: Callable[[Any], Coroutine[Any, Any, Any]]

    def at(self, server: OpenAIServer, **options: Any) -> Any:
        """A new one."""
        return self.make(**{"base_url": server.base_url, "api_key": KEY, "timeout_s": 10.0, **options})

    def __str__(self) -> str:
        return self.route


def _voice(**options: Any) -> OpenAITTS:
    return OpenAITTS(model="loopback", **options)


CHAT: Final = Kind(route="chat", make=OpenAILLM, use=chat)
RESPONSES: Final = Kind(route="responses", make=OpenAIResponsesLLM, use=chat)
TRANSCRIPTIONS: Final = Kind(route="transcriptions", make=OpenAISTT, use=recognize)
SPEECH: Final = Kind(route="speech", make=_voice, use=speak)
KINDS: Final = (CHAT, RESPONSES, TRANSCRIPTIONS, SPEECH)
STREAMS: Final = (CHAT, RESPONSES, SPEECH)

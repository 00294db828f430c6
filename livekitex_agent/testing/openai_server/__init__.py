"""A loopback server that speaks OpenAI's protocols, and can do to a client whatever a service, a proxy or a network may do.

Part of livekitex-agent. It listens on 127.0.0.1 only, on a free port, on a thread of its own; the official SDK talks to it unmodified.

::

    with OpenAIServer() as server:
        server.script("chat", Reply.of("Hello."), error(429, retry_after="2"), chat_answer(Reply.of("One two")).cut(after=2))
        agent = Agent.text(instructions="...", llm=provider(openai.LLM, base_url=server.base_url))
"""

from livekitex_agent.testing.openai_server.answers import Answer, Cut, Hold, Pause, audio, error, events, json_answer, page
from livekitex_agent.testing.openai_server.replies import Reply, chat_answer, default_reply, responses_answer
from livekitex_agent.testing.openai_server.server import OpenAIServer, Request

__all__ = ["Answer", "Cut", "Hold", "OpenAIServer", "Pause", "Reply", "Request", "audio", "chat_answer", "default_reply", "error", "events"]
__all__ += ["json_answer", "page", "responses_answer"]

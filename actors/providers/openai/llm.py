"""Language models behind OpenAI's Chat Completions, or a server's that speaks it."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from typing import Any, Final, Protocol

from actors.providers.openai.chat_format import ChatReader, chat_request
from actors.providers.openai.service import Answer, Service
from actors.providers.openai.settings import KEY_VARIABLE, read_settings
from protocols import LLM, ChatContext, ChatOptions, LLMEvent, ProviderError, ToolSchema, environment

DEFAULT_MODEL: Final = "gpt-5.4-mini"
"""The smallest of OpenAI's whose end is not announced (October 2026)."""
SILENCE_S: Final = 10.0
TOTAL_S: Final = 110.0
"""Less than a session waits, so that what it is told of a service that hangs is more than that nothing came."""
LINGER_S: Final = 0.5
"""For the usage behind an answer that is whole."""


class AnswerReader(Protocol):
    """What reads the values of an answer."""

    @property
    def finished(self) -> bool:
        """Whether the answer is whole."""
        ...

    def read(self, value: object) -> Iterator[LLMEvent]:
        """What a value says."""
        ...

    def finish(self, *, ended: bool) -> Iterator[LLMEvent]:
        """What remains to be said once no more values come; ``ended`` is whether the service ended the answer itself."""
        ...


class OpenAILLM(LLM):
    """An `LLM` that asks ``model`` at ``base_url`` (``OPENAI_BASE_URL``, else OpenAI), with the key that the variable ``api_key_env`` has.

    A program that makes it itself may give the ``api_key``; in options, which are written to the journal, keys are refused. A server
    that is not OpenAI's needs none. ``parameters`` go into each request by the names of the API (``temperature``, ``reasoning_effort``,
    ``max_completion_tokens``), ``extra_body``, ``extra_headers`` and ``extra_query`` too; what the session asks for comes before them.

    With ``strict_tool_schema`` tools are offered in strict mode, where arguments always fit, if their schema can be said in it; turn it
    off for a server that refuses ``strict``.

    Nothing for ``timeout_s`` (10), and no end for ``total_timeout_s`` (110), are failures. It retries nothing: the session does.

    Raises:
        MissingExtraError: the extra ``openai`` is not installed.
        ConfigurationError: there is no key, or something is malformed; the text says which and the cure.
    """

    _NAME = "LLM"
    _RESOURCE = "chat"

    def __init__(
        self,
        *,
        model: str = DEFAULT_MODEL,
        base_url: str = "",
        api_key: str = "",
        api_key_env: str = KEY_VARIABLE,
        strict_tool_schema: bool = True,
        timeout_s: float = SILENCE_S,
        total_timeout_s: float = TOTAL_S,
        **parameters: Any,  # noqa: ANN401 - the service's
    ) -> None:
        settings = read_settings(
            self._NAME,
            model=model,
            base_url=base_url,
            api_key=api_key,
            api_key_env=api_key_env,
            silence_s=timeout_s,
            total_s=total_timeout_s,
            parameters=parameters,
            environment=environment(),
        )
        self._service = Service(settings, self._RESOURCE)
        self._strict = strict_tool_schema

    @property
    def label(self) -> str:
        """``openai/MODEL``, or ``HOST/MODEL`` of another's."""
        return self._service.settings.label

    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        """Stream one answer, as the contract says; leaving it closes its connection.

        Raises:
            ProviderError: the service refuses, fails, is silent, or breaks off.
        """
        settings = self._service.settings
        request = chat_request(context, tools, options, settings.parameters, strict=self._strict)
        messages = request.pop("messages")
        reader = ChatReader(self.label)
        async with (
            self._service.ask(
                lambda client: client.chat.completions.with_streaming_response.create(
                    model=settings.model, messages=messages, stream=True, extra_body=request
                )
            ) as answer,
            aclosing(read_answer(answer, reader)) as events,
        ):
            async for event in events:
                yield event

    async def aclose(self) -> None:
        """Close its connections."""
        await self._service.aclose()


async def read_answer(answer: Answer, reader: AnswerReader) -> AsyncGenerator[LLMEvent, None]:
    """What ``reader`` reads in the values of ``answer``, to its finish. Once that is whole nothing else can fail it."""
    async with aclosing(answer.values()) as values:
        try:
            async for value in values:
                for event in reader.read(value):
                    yield event
                if reader.finished:
                    answer.hurry(LINGER_S)
        except ProviderError:
            if not reader.finished:
                raise
    for event in reader.finish(ended=answer.ended):
        yield event

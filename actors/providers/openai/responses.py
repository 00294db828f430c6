"""Language models behind OpenAI's Responses, or a server's that speaks it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

from actors.providers.openai.llm import OpenAILLM, read_answer
from actors.providers.openai.responses_format import ResponsesReader, responses_request
from protocols import ChatContext, ChatOptions, LLMEvent, ToolSchema


class OpenAIResponsesLLM(OpenAILLM):
    """An `LLM` as `OpenAILLM`, by the protocol that OpenAI's newer models are made for.

    The whole conversation is sent each time, and the service keeps nothing of it, unless ``store=True``.
    """

    _NAME = "responses.LLM"
    _RESOURCE = "responses"

    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        """Stream one answer, as the contract says; leaving it closes its connection.

        Raises:
            ProviderError: the service refuses, fails, is silent, or breaks off.
        """
        settings = self._service.settings
        request = responses_request(context, tools, options, settings.parameters, strict=self._strict)
        said = request.pop("input")
        reader = ResponsesReader(self.label, settings.api_key)
        async with (
            self._service.ask(
                lambda client: client.responses.with_streaming_response.create(
                    model=settings.model, input=said, stream=True, extra_body=request
                )
            ) as answer,
            aclosing(read_answer(answer, reader)) as events,
        ):
            async for event in events:
                yield event

"""Responses as values: what is asked, and what the events of an answer say. Pure.

https://platform.openai.com/docs/api-reference/responses-streaming. An item of the answer has a place in its output; what is told of it in
pieces is told once more when it is whole, which is what counts where a server gives no pieces.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from actors.providers.openai.chat_format import arguments_in, completed, cut, ended_with, mappings, text_in, usage_in
from actors.providers.openai.failures import told_failure
from actors.providers.openai.strict_schema import strict_schema
from protocols import (
    CallDelta,
    ChatContext,
    ChatOptions,
    FinishReason,
    LLMEvent,
    ProviderError,
    TextDelta,
    TokenUsage,
    ToolSchema,
)


def responses_request(
    context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions, parameters: Mapping[str, Any], *, strict: bool
) -> dict[str, Any]:
    """The fields of a request but for its model: ``parameters``, and what the session says, which counts.

    The service is not asked to keep the answer, unless a parameter says so.
    """
    request: dict[str, Any] = {"store": False, **parameters}
    request["input"] = context.to_provider_format("openai.responses").messages
    if tools:
        request["tools"] = [_tool(tool, strict=strict) for tool in tools]
    return completed(request, options, lambda name: {"type": "function", "name": name})


def _tool(tool: ToolSchema, *, strict: bool) -> dict[str, Any]:
    parameters = strict_schema(tool.parameters) if strict else None
    shown = {"parameters": tool.parameters, "strict": False} if parameters is None else {"parameters": parameters, "strict": True}
    return {"type": "function", "name": tool.name, "description": tool.description, **shown}


class ResponsesReader:
    """Reads the events of one answer of ``label``'s, in order. ``secret`` is not repeated."""

    def __init__(self, label: str, secret: str = "") -> None:
        self._label = label
        self._secret = secret
        self._reason: FinishReason | None = None
        self._places: dict[str, int] = {}  # of the items of the output, by their ids and by the index that they are told with
        self._identified: set[int] = set()  # places whose items have ids
        self._spoken: set[int] = set()  # places whose text is told
        self._calls: dict[int, str] = {}  # places of calls, and their arguments as far as they are told
        self._usage: TokenUsage | None = None

    @property
    def finished(self) -> bool:
        """Whether the answer is whole."""
        return self._reason is not None

    def read(self, event: object) -> Iterator[LLMEvent]:
        """What ``event`` says.

        Raises:
            ProviderError: it is none, or says that the answer has failed.
        """
        if not isinstance(event, Mapping):
            raise ProviderError(f"{self._label}: an event of its answer is a {type(event).__name__}", retryable=True)
        kind = event.get("type")
        match kind:
            case "response.output_item.added" | "response.output_item.done":
                item = event.get("item")
                if isinstance(item, Mapping):
                    yield from self._read_item(item, self._item_place(item, event.get("output_index")), whole=kind.endswith("done"))
            case "response.function_call_arguments.delta":
                yield from self._read_arguments(event, arguments_in(event.get("delta")), whole=False)
            case "response.function_call_arguments.done":
                yield from self._read_arguments(event, arguments_in(event.get("arguments")), whole=True)
            case "response.output_text.delta" | "response.refusal.delta":
                yield from self._say(text_in(event.get("delta")), self._place(event.get("output_index"), event.get("item_id")))
            case "response.completed" | "response.incomplete" | "response.failed":
                yield from self._read_response(event.get("response"))
            case "error":
                raise told_failure(self._label, event, secret=self._secret)
            case _ if event.get("object") == "response":  # a whole answer, where a server does not stream
                yield from self._read_response(event)
            case _:
                pass

    def finish(self, *, ended: bool) -> Iterator[LLMEvent]:
        """The stream is over: how the answer ended. Its last event says that it is whole; ``ended`` is what other protocols say.

        Raises:
            ProviderError: it was cut.
        """
        begun = bool(self._spoken or self._calls)
        if self._reason is None and not (ended and begun):
            raise cut(self._label, begun=begun)
        yield ended_with(self._reason, called=bool(self._calls))
        if self._usage is not None:
            yield self._usage

    def _place(self, index: object, *ids: object, item: bool = False) -> int:
        """The place of what an event tells of, by its ids, else by the index that is said; where nothing is said it is the last.

        An ``item`` with ids that nothing had is another, whatever its index, unless what has that index came without any.
        """
        names = [name for name in ids if isinstance(name, str) and name]
        place = next((self._places[name] for name in names if name in self._places), None)
        if place is None and isinstance(index, int):
            place = self._places.get(f"#{index}")
            if item and names and place in self._identified:
                place = None
        if place is None:
            last = max(self._places.values(), default=-1)
            place = last if last >= 0 and not names and not isinstance(index, int) else last + 1
        for name in (*names, f"#{index}"):
            self._places[name] = place
        if names:
            self._identified.add(place)
        return place

    def _item_place(self, item: Mapping[str, Any], index: object) -> int:
        return self._place(index, item.get("id"), item.get("call_id"), item=True)

    def _say(self, text: str, at: int) -> Iterator[LLMEvent]:
        if text:
            self._spoken.add(at)
            yield TextDelta(text=text)

    def _read_item(self, item: Mapping[str, Any], at: int, *, whole: bool) -> Iterator[LLMEvent]:
        if item.get("type") == "message" and whole and at not in self._spoken:
            parts = mappings(item.get("content"))
            yield from self._say("".join(text_in(part.get("text")) or text_in(part.get("refusal")) for part in parts), at)
        if item.get("type") == "function_call":
            arguments = arguments_in(item.get("arguments"))
            if at not in self._calls:
                self._calls[at] = arguments
                yield CallDelta(index=at, call_id=text_in(item.get("call_id")), name=text_in(item.get("name")), arguments=arguments)
            elif whole:
                yield from self._settle(arguments, at)

    def _read_arguments(self, event: Mapping[str, Any], arguments: str, *, whole: bool) -> Iterator[LLMEvent]:
        at = self._place(event.get("output_index"), event.get("item_id"))
        if whole:
            yield from self._settle(arguments, at)
        elif arguments:
            self._calls[at] = self._calls.get(at, "") + arguments
            yield CallDelta(index=at, arguments=arguments)

    def _settle(self, arguments: str, at: int) -> Iterator[LLMEvent]:
        """All arguments of a call, of which nothing was told before, or ``{}``."""
        if arguments and self._calls.get(at, "").strip() in ("", "{}") and arguments != self._calls.get(at):
            self._calls[at] = arguments
            yield CallDelta(index=at, arguments=arguments)

    def _read_response(self, response: object) -> Iterator[LLMEvent]:
        told = response if isinstance(response, Mapping) else {}
        status = told.get("status")
        if status in ("failed", "cancelled"):
            raise told_failure(self._label, told.get("error") or {"message": f"the response is {status}"}, secret=self._secret)
        for index, item in enumerate(mappings(told.get("output"))):
            yield from self._read_item(item, self._item_place(item, index), whole=True)
        self._reason = FinishReason.STOP
        if status == "incomplete":
            details = told.get("incomplete_details")
            filtered = isinstance(details, Mapping) and details.get("reason") == "content_filter"
            self._reason = FinishReason.CONTENT_FILTER if filtered else FinishReason.LENGTH
        self._usage = usage_in(told.get("usage"), "input_tokens", "output_tokens")

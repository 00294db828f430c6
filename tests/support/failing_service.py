"""A language model's service that is down while a file says so, and notes each request in another."""

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from livekitex_agent import ProviderRef
from protocols import LLM, ChatContext, ChatOptions, LLMEvent, ProviderError, TextDelta, ToolSchema

ANSWER = "Well again."


class _Service(LLM):
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        del context, tools, options
        with (self._folder / "asked").open("a") as asked:
            asked.write("once\n")
        if (self._folder / "down").exists():
            raise ProviderError("503 service unavailable", retryable=True)
        yield TextDelta(text=ANSWER)


def service(options: Mapping[str, Any]) -> LLM:
    return _Service(Path(options["folder"]))


def service_in(folder: Path) -> ProviderRef:
    """The service whose files are in ``folder``."""
    folder.mkdir(exist_ok=True)
    return ProviderRef(factory="support.failing_service:service", options={"folder": str(folder)})


def times_asked(folder: Path) -> int:
    return len((folder / "asked").read_text().splitlines())

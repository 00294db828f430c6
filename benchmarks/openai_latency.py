"""What our layer over OpenAI's SDK adds: ``python -m benchmarks.openai_latency [--times 200]``.

The same answers of a loopback server, in a process of its own, read by the raw SDK as its users read them and by our providers, in turns:
from the request to the first word of a model, to its end, and to the first audio of a voice. Exits with 1 if ours adds more than 5 ms to
the median of a first word or first audio.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager

from openai import AsyncOpenAI

from actors import OpenAILLM, OpenAIResponsesLLM, OpenAITTS
from benchmarks.figures import HEADER, row
from protocols import ChatContext, ChatMessage, ChatOptions, Role, TextDelta

PROMISE_MS = 5.0
WORDS = " ".join(["word"] * 200)
SERVER = """
import sys
from livekitex_agent.testing.openai_server import OpenAIServer
with OpenAIServer() as server:
    print(server.base_url, flush=True)
    sys.stdin.read()
"""
Measure = Callable[[], Awaitable[tuple[float, float]]]
"""From the request to the first of the answer and to its end, in ms."""


@contextmanager
def loopback() -> Iterator[str]:
    """The address of a loopback server in a process of its own."""
    with subprocess.Popen([sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield next(iter(server.stdout or ())).strip()
        server.communicate()


async def read(pieces: AsyncIterator[object], is_content: Callable[[object], object]) -> tuple[float, float]:
    """When the first piece with content was there, and when the last."""
    began, first = time.perf_counter(), 0.0
    async for piece in pieces:
        if not first and is_content(piece):
            first = time.perf_counter()
    return (first - began) * 1000, (time.perf_counter() - began) * 1000


def measures(base_url: str, sdk: AsyncOpenAI) -> dict[str, tuple[Measure, Measure]]:
    """What is measured: by the raw SDK, and by ours."""
    context = ChatContext((ChatMessage.of(Role.USER, WORDS),))
    chat, responses = (make(base_url=base_url, model="m") for make in (OpenAILLM, OpenAIResponsesLLM))
    tts = OpenAITTS(base_url=base_url, model="m")

    async def raw_chat() -> AsyncIterator[object]:
        stream = await sdk.chat.completions.create(
            model="m", messages=[{"role": "user", "content": WORDS}], stream=True, stream_options={"include_usage": True}
        )
        async for chunk in stream:
            yield chunk.choices[0].delta.content if chunk.choices else None

    async def raw_responses() -> AsyncIterator[object]:
        async for event in await sdk.responses.create(model="m", input=[{"role": "user", "content": WORDS}], stream=True):
            yield event.type == "response.output_text.delta"

    async def raw_speech() -> AsyncIterator[object]:
        async with sdk.audio.speech.with_streaming_response.create(model="m", voice="v", input=WORDS, response_format="pcm") as response:
            async for piece in response.iter_bytes():
                yield piece

    def text(event: object) -> bool:
        return isinstance(event, TextDelta)

    return {
        "chat": (lambda: read(raw_chat(), bool), lambda: read(chat.chat(context, (), ChatOptions()), text)),
        "responses": (lambda: read(raw_responses(), bool), lambda: read(responses.chat(context, (), ChatOptions()), text)),
        "speech": (lambda: read(raw_speech(), bool), lambda: read(tts.synthesize(WORDS), bool)),
    }


async def main(times: int, base_url: str) -> int:
    """Measure and print."""
    broken = False
    print(HEADER)
    async with AsyncOpenAI(base_url=base_url, api_key="any", max_retries=0) as sdk:
        for what, (raw, ours) in measures(base_url, sdk).items():
            figures = [(await raw(), await ours()) for _ in range(times + 3)]
            del figures[:3]  # the connections, and what is imported when it is first used
            for at, when in enumerate(("first", "whole")):
                print(row(f"{what}, {when}: the raw SDK", [figure[0][at] for figure in figures]))
                print(row(f"{what}, {when}: ours", [figure[1][at] for figure in figures]))
            added = statistics.median(figure[1][0] for figure in figures) - statistics.median(figure[0][0] for figure in figures)
            print(f"{what}: ours adds {added:.2f} ms to the median of the first (promised: {PROMISE_MS:g} at most)")
            broken |= added > PROMISE_MS
    return int(broken)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200)
    arguments = parser.parse_args()
    with loopback() as address:
        sys.exit(asyncio.run(main(arguments.times, address)))

"""Streams whose bytes are mutated: whatever comes, an answer ends as one or as a failure of the provider, and soon.

``python tests/actors/providers/openai/test_mutated_streams.py 100000`` tries so many.
"""

import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from actors.providers.openai.chat_format import ChatReader
from actors.providers.openai.llm import read_answer
from actors.providers.openai.responses_format import ResponsesReader
from actors.providers.openai.service import Answer, Service
from actors.providers.openai.settings import Settings
from livekitex_agent.testing.openai_server import Reply, chat_answer, responses_answer
from protocols import ChatFinished, ProviderError

REPLY = Reply(pieces=("Grüße", " 👋", " to", " you."), calls=(("price", {"product": "pizza", "count": 2}), ("price", {})))
WRITTEN = {
    ChatReader: [chat_answer(REPLY), chat_answer(REPLY, stream=False)],
    ResponsesReader: [responses_answer(REPLY), responses_answer(REPLY, stream=False)],
}
TOKENS = [
    b"\n\n",
    b"\r\n",
    b"\r",
    b"data:",
    b"data: [DONE]",
    b"event: x",
    b":",
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b"null",
    b"\\ud83d",
    b"\xff",
    b"\0",
    b"1e999",
    b"-1",
]
LIMIT_S = 5.0
"""For one answer, on a machine however loaded: its body is in memory."""


def mutated(chance: random.Random, body: bytes) -> bytes:
    """``body`` with up to six changes: bytes flipped, cut out, doubled, moved, or tokens put in."""
    changed = bytearray(body)
    for _ in range(chance.randrange(7)):
        at = chance.randrange(len(changed) + 1)
        to = min(len(changed), at + chance.randrange(1, 40))
        match chance.randrange(6):
            case 0 if at < len(changed):
                changed[at] ^= 1 << chance.randrange(8)
            case 1:
                del changed[at:to]
            case 2:
                changed[at:at] = changed[at:to]
            case 3:
                changed[at:at] = chance.choice(TOKENS)
            case 4:
                piece = changed[at:to]
                del changed[at:to]
                other = chance.randrange(len(changed) + 1)
                changed[other:other] = piece
            case _:
                del changed[at:]
    return bytes(changed)


def pieces_of(chance: random.Random, body: bytes) -> list[bytes]:
    cuts = sorted(chance.randrange(len(body) + 1) for _ in range(chance.randrange(12)))
    return [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]


class Response:
    def __init__(self, pieces: list[bytes], content_type: str) -> None:
        self.headers = {"content-type": content_type}
        self._pieces = pieces

    async def iter_bytes(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


async def outcome(service: Service, chance: random.Random) -> str:
    """What one mutated answer comes to."""
    make: Any = chance.choice(list(WRITTEN))
    written = chance.choice(WRITTEN[make])
    body = mutated(chance, b"".join(piece for piece in written.body if isinstance(piece, bytes)))
    response: Any = Response(pieces_of(chance, body), chance.choice([written.content_type, "text/event-stream", "text/plain", ""]))
    answer = Answer(service, response, until_s=asyncio.get_running_loop().time() + LIMIT_S)
    reader = make("openai/m")
    try:
        events = [event async for event in read_answer(answer, reader)]
    except ProviderError as failure:
        return f"{failure.fault}, {'' if failure.retryable else 'not '}to be tried again"
    assert sum(isinstance(event, ChatFinished) for event in events) == 1
    return "an answer"


async def run(times: int, seed: int) -> Counter[str]:
    settings = Settings(label="openai/m", model="m", base_url="http://127.0.0.1:1/v1", api_key="k", silence_s=LIMIT_S, total_s=LIMIT_S)
    service, outcomes = Service(settings, "chat"), Counter[str]()
    for number in range(times):
        async with asyncio.timeout(LIMIT_S):
            outcomes[await outcome(service, random.Random(f"{seed}/{number}"))] += 1
    return outcomes


@pytest.mark.parametrize("seed", range(4))
def test_a_mutated_answer_is_an_answer_or_a_failure(seed: int) -> None:
    outcomes = asyncio.run(run(500, seed))
    assert outcomes["an answer"] > 50
    assert sum(outcomes.values()) - outcomes["an answer"] > 50


if __name__ == "__main__":
    began = time.perf_counter()
    found = asyncio.run(run(int(sys.argv[1]), seed=1))
    print(f"{sum(found.values())} mutated answers in {time.perf_counter() - began:.0f} s: no crash, no hang")
    for what, times in found.most_common():
        print(f"{times:>8} {what}")

"""``python fork_storm.py CHILDREN``: preload, then fork children that each use every offline provider; prints how they ended as JSON.

On a machine that is too slow for all of them it forks no more after `FORK_FOR_S`, and the number that ended says how many there were.
Each child answers one utterance by VAD, recogniser, brain and voice, through the asynchronous contracts, and exits with 0 if all came out
as the parent says. A child that takes too long is killed and counted as hanging.
"""

import asyncio
import hashlib
import json
import os
import signal
import sys
import time
from collections import Counter

from actors import LIBRARY_ENVIRONMENT, prepare_libraries

prepare_libraries()  # before anything loads numpy
from actors import hibari_tts, moonshine_stt, preload_offline_providers, resample, rule_llm  # noqa: E402
from actors.providers.offline.hibari import HibariTTS  # noqa: E402
from actors.providers.smart_turn import smart_turn  # noqa: E402
from actors.providers.vad import silero  # noqa: E402
from protocols import AudioChunk, ChatContext, ChatOptions, OpenTurn, Role, TextDelta, VoiceStarted, environment  # noqa: E402

AT_ONCE = 4
DEADLINE_S = 120.0
FORK_FOR_S = 180.0
QUESTION = "What is the price of a pizza?"
ANSWER = "Ten dollars."
RULES = {"intents": [{"name": "price", "examples": [QUESTION], "say": ANSWER}]}


async def answer(question: bytes) -> tuple[bool, str, str, str]:
    """Whether speech was heard and found over, the text, the reply and a digest of its audio."""
    vad, stt, llm, tts = silero({}).stream(), moonshine_stt({}), rule_llm(RULES), hibari_tts({})
    events = [
        event for at in range(0, len(question), 16_000) for event in vad.push(AudioChunk(pcm=question[at : at + 16_000], rate_hz=16_000))
    ]
    heard = any(isinstance(event, VoiceStarted) for event in events)
    over = (await smart_turn({}).predict(OpenTurn(audio=question), timeout_s=DEADLINE_S)).likely_over
    text = (await stt.recognize(question)).text
    reply = "".join(
        [
            delta.text
            async for delta in llm.chat(ChatContext().add_message(Role.USER, text), (), ChatOptions())
            if isinstance(delta, TextDelta)
        ]
    )
    audio = b"".join([chunk.pcm async for chunk in tts.synthesize(reply)])
    return heard and over, text, reply, hashlib.sha256(audio).hexdigest()


def spoken(text: str) -> bytes:
    """The audio of ``text``, without a thread."""
    return b"".join(part.tobytes() for part in HibariTTS().sentences(text))


def fork_one(question: bytes, expected: tuple[bool, str, str, str]) -> int:
    """Fork a child that answers and exits; its process id."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if asyncio.run(answer(question)) == expected else 2
        finally:
            os._exit(code)
    return child


def main(children: int) -> None:
    """Fork ``children``, a few at a time."""
    threads = preload_offline_providers()
    question = resample(spoken(QUESTION), 24_000, 16_000)
    expected = (True, QUESTION, ANSWER, hashlib.sha256(spoken(ANSWER)).hexdigest())
    ends: Counter[str] = Counter()
    running: dict[int, float] = {}
    started = 0
    until = time.monotonic() + FORK_FOR_S
    while started < children or running:
        if time.monotonic() > until:
            children = started
        while started < children and len(running) < AT_ONCE:
            running[fork_one(question, expected)] = time.monotonic() + DEADLINE_S
            started += 1
        ended, status = os.waitpid(-1, os.WNOHANG)
        if ended:
            del running[ended]
            ends[str(os.waitstatus_to_exitcode(status))] += 1
            continue
        for child, deadline in list(running.items()):
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
                running[child] = float("inf")
                ends["hang"] += 1
        signal.sigtimedwait({signal.SIGCHLD}, 0.5)
    print(json.dumps({"threads": threads, "ends": ends, "environment": LIBRARY_ENVIRONMENT.items() <= environment().items()}))


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    main(int(sys.argv[1]))

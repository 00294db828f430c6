"""``python long_call.py EXCHANGES``: preload, then fork a child that hears and says so many sentences; prints its private memory in MB."""

import asyncio
import os
import sys
from pathlib import Path

from actors import hibari_tts, moonshine_stt, preload_offline_providers, resample

SENTENCES = (
    "One moment.",
    "The pizza is ten dollars. Would you like to order?",
    "Your name is Alexander, and you were born in a small town near the sea, as far as I remember what you told me.",
    "You have two orders. The first arrives on Monday at ten in the morning, the second one on Thursday afternoon.",
    "I am sorry, I did not understand that. Could you say it again, please?",
)


async def talk(exchanges: int) -> None:
    """Hear what was said last, and say something else."""
    stt, tts = moonshine_stt({}), hibari_tts({})
    audio = b""
    for at in range(exchanges):
        await stt.recognize(resample(audio, tts.rate_hz, stt.rate_hz))
        audio = b"".join([chunk.pcm async for chunk in tts.synthesize(SENTENCES[at % len(SENTENCES)])])


def private_mb() -> float:
    """What would be free without this process."""
    lines = [line.split() for line in Path("/proc/self/smaps_rollup").read_text().splitlines()]
    return sum(int(line[1]) for line in lines if line[0].startswith("Private_")) / 1024


def main(exchanges: int) -> None:
    """Fork, talk, measure."""
    preload_offline_providers()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            asyncio.run(talk(exchanges))
            print(private_mb(), flush=True)
            code = 0
        finally:
            os._exit(code)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if __name__ == "__main__":
    main(int(sys.argv[1]))

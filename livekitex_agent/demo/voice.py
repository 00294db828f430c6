"""What the demo's caller says, as audio: a second voice speaks his lines."""

from collections.abc import Sequence
from typing import Any, Final

from actors import hibari_tts
from livekitex_agent.console.utterances import Utterance

CALLER_VOICE: Final[dict[str, Any]] = {"pitch": 0.85}
"""Another speaker than the agent's voice."""


async def speak_lines(lines: Sequence[str]) -> list[Utterance]:
    """The lines as the second voice says them.

    Raises:
        MissingExtraError: the extra ``offline`` is not installed.
    """
    tts = hibari_tts(CALLER_VOICE)
    spoken = []
    for line in lines:
        chunks = [chunk.pcm async for chunk in tts.synthesize(line)]
        spoken.append(Utterance(label=line, pcm=b"".join(chunks), rate_hz=tts.rate_hz))
    return spoken

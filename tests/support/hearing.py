"""What is said in a recording: the offline voice activity detection cuts it into utterances, the recogniser writes them down."""

from actors import moonshine_stt
from actors.providers.vad import silero
from protocols import BYTES_PER_SAMPLE, SESSION_RATE_HZ, AudioChunk, VADEvent, VoiceEnded

PADDING_MS = 200


async def utterances(pcm: bytes) -> list[str]:
    """The text of each utterance in ``pcm``, at the session's rate."""
    stt, stream = moonshine_stt({}), silero({"min_speech_ms": 250, "min_silence_ms": 500}).stream()
    pcm += bytes(SESSION_RATE_HZ * BYTES_PER_SAMPLE)
    events = list[VADEvent]()
    for at in range(0, len(pcm), SESSION_RATE_HZ):
        events += stream.push(AudioChunk(pcm=pcm[at : at + SESSION_RATE_HZ], rate_hz=SESSION_RATE_HZ))
    texts = list[str]()
    for event in events:
        if isinstance(event, VoiceEnded):
            start, end = (max(0, ms) * SESSION_RATE_HZ // 1000 for ms in (event.start_ms - PADDING_MS, event.end_ms + PADDING_MS))
            texts.append((await stt.recognize(pcm[start * BYTES_PER_SAMPLE : end * BYTES_PER_SAMPLE])).text)
    return texts

"""The caller's audio on its way into the call's memory: checked, brought to the session's rate, acknowledged.

What the conversion holds back from chunk to chunk is kept beside the audio, so the next incarnation goes on with it: whatever dies in
between, the samples are the same.
"""

import struct
from typing import Final

from actors.agent_session.core import refused
from actors.agent_session.shared_audio_buffer import SharedAudioBuffer
from actors.media import Resampler
from protocols import SESSION_RATE_HZ, AudioAccepted, AudioChunk, ErrorReply, InvalidAudioError, StreamAudio, UsageError

MAX_BACKLOG_S: Final = 4.0
"""Audio that waits to be listened to; beyond it chunks are not taken, and have to be sent again."""
_RATE: Final = struct.Struct("<I")


class Intake:
    """Takes the chunks of one incarnation in their order."""

    def __init__(self, memory: SharedAudioBuffer) -> None:
        self._memory = memory
        self.seconds = 0.0
        self.muted = False
        """Whether silence is kept in the place of what comes."""
        self._rate_hz, self._resampler = 0, Resampler(SESSION_RATE_HZ, SESSION_RATE_HZ)
        if carried := memory.carried:
            (self._rate_hz,) = _RATE.unpack_from(carried)
            self._resampler = Resampler(self._rate_hz, SESSION_RATE_HZ)
            self._resampler.resume(carried[_RATE.size :])

    def answer(self, chunk: StreamAudio, listened_to: int | None) -> AudioAccepted | ErrorReply:
        """What the sender of ``chunk`` is told, after `take`; ``listened_to`` is None in a call that takes no audio."""
        if listened_to is None:
            return refused(UsageError("this call takes no audio: give its agent a vad and an stt, or use send_text"))
        try:
            return self.take(chunk, listened_to)
        except InvalidAudioError as failure:
            return refused(failure)

    def take(self, chunk: StreamAudio, listened_to: int) -> AudioAccepted:
        """Keep ``chunk`` if it is the next one and there is room; the answer says which one is wanted now.

        Raises:
            InvalidAudioError: it is no audio; nothing changed.
        """
        audio = AudioChunk(pcm=chunk.pcm, rate_hz=chunk.rate_hz)
        backlog_s = (self._memory.position - listened_to) / SESSION_RATE_HZ
        if chunk.sequence == self._memory.next_sequence and backlog_s < MAX_BACKLOG_S:
            if audio.rate_hz != self._rate_hz:
                self._rate_hz, self._resampler = audio.rate_hz, Resampler(audio.rate_hz, SESSION_RATE_HZ)
            before = self._memory.position
            pcm = self._resampler.process(bytes(len(audio.pcm)) if self.muted else audio.pcm)
            self._memory.append(pcm, _RATE.pack(self._rate_hz) + self._resampler.held)
            self.seconds += (self._memory.position - before) / SESSION_RATE_HZ
        return AudioAccepted(next_sequence=self._memory.next_sequence)

"""The agent's audio as one stream through restarts. Pure.

A new incarnation goes on with a reply at its last mark, so it repeats what came between the mark and the death: the same samples, which
are cut off here. What was recalled comes again, in another loudness perhaps, and then it counts.
"""

from dataclasses import dataclass, replace

from protocols import BYTES_PER_SAMPLE, AudioCleared, AudioPushed


@dataclass(frozen=True, slots=True)
class Playback:
    """The newest reply that was heard, and the number of its samples so far."""

    speech_id: str = ""
    heard: int = 0

    def play(self, pushed: AudioPushed) -> tuple["Playback", AudioPushed | None]:
        """What of ``pushed`` is new; None when nothing is."""
        end = pushed.position + len(pushed.pcm) // BYTES_PER_SAMPLE
        if pushed.speech_id != self.speech_id:
            return Playback(pushed.speech_id, end), pushed
        if end <= self.heard:
            return self, None
        repeated = max(0, self.heard - pushed.position)
        fresh = replace(pushed, position=pushed.position + repeated, pcm=pushed.pcm[repeated * BYTES_PER_SAMPLE :])
        return Playback(self.speech_id, end), fresh if repeated else pushed

    def clear(self, cleared: AudioCleared) -> "Playback":
        """What is recalled was not heard."""
        if cleared.speech_id != self.speech_id:
            return self
        return replace(self, heard=min(self.heard, cleared.position))

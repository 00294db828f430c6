"""The caller's audio on its way to a session that may be between two incarnations. Pure.

Audio is gathered into numbered batches. Batches stay here until the session has them in the memory outside its process
(`AudioAccepted`), so a new incarnation is sent what the old one had not: nothing of the caller's words is lost, nothing is heard twice.

Batches are sent as they are made. When one is refused, unanswered, or the session has a new incarnation, nothing more is sent but the
oldest batch, as a probe: its answer tells from which number on the rest must be sent again. At the bound the speaker waits.
"""

from dataclasses import dataclass, replace
from math import fsum
from typing import Final

from protocols import BYTES_PER_SAMPLE, MAX_CHUNK_S, StreamAudio

BATCH_S: Final = 0.1
"""Audio is sent in batches of about this length, or after this time."""
CAPACITY_S: Final = 10.0
"""Unacknowledged audio of one call; at the bound `stream_audio` waits."""
PROBE_S: Final = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioOutbox:
    """``waiting`` are unacknowledged batches, oldest first; those below ``sent_to`` have been sent to this incarnation of the session."""

    next_sequence: int
    waiting: tuple[StreamAudio, ...] = ()
    sent_to: int
    probing: bool = False
    probe_due: float = 0.0
    gathered: bytes = b""
    gathered_rate_hz: int = 0
    gathered_since: float = 0.0

    @property
    def waiting_s(self) -> float:
        """Seconds of audio that are not acknowledged, the gathered one included."""
        gathered = _seconds(self.gathered, self.gathered_rate_hz) if self.gathered else 0.0
        return fsum([gathered, *(_seconds(batch.pcm, batch.rate_hz) for batch in self.waiting)])

    @property
    def full(self) -> bool:
        """Whether the speaker has to wait."""
        return self.waiting_s >= CAPACITY_S

    @property
    def empty(self) -> bool:
        """Whether the session has everything."""
        return not self.waiting and not self.gathered

    @property
    def wake_at(self) -> float | None:
        """When `tick` has to be called next; None: not before something happens."""
        times = [self.gathered_since + BATCH_S] if self.gathered else []
        if self.waiting and self.probing:
            times.append(self.probe_due)
        return min(times, default=None)


def begin(next_sequence: int) -> AudioOutbox:
    """Nothing waits, and the session expects ``next_sequence``."""
    return AudioOutbox(next_sequence=next_sequence, sent_to=next_sequence)


def offer(outbox: AudioOutbox, pcm: bytes, rate_hz: int, now: float) -> AudioOutbox:
    """Add PCM16 mono audio of a known rate, of any length that there is room for."""
    if outbox.gathered and outbox.gathered_rate_hz != rate_hz:
        outbox = flush(outbox)
    since = outbox.gathered_since if outbox.gathered else now
    outbox = replace(outbox, gathered=outbox.gathered + pcm, gathered_rate_hz=rate_hz, gathered_since=since)
    return flush(outbox) if _seconds(outbox.gathered, rate_hz) >= BATCH_S else outbox


def flush(outbox: AudioOutbox) -> AudioOutbox:
    """Make batches of what is gathered, without waiting for more."""
    longest = int(MAX_CHUNK_S * outbox.gathered_rate_hz) * BYTES_PER_SAMPLE
    starts = range(0, len(outbox.gathered), longest) if outbox.gathered else range(0)
    batches = tuple(
        StreamAudio(sequence=outbox.next_sequence + index, rate_hz=outbox.gathered_rate_hz, pcm=outbox.gathered[start : start + longest])
        for index, start in enumerate(starts)
    )
    return replace(outbox, waiting=outbox.waiting + batches, next_sequence=outbox.next_sequence + len(batches), gathered=b"")


def tick(outbox: AudioOutbox, now: float) -> tuple[AudioOutbox, tuple[StreamAudio, ...]]:
    """At ``now``: the batches to send, in order; one at most, a probe, while `AudioOutbox.probing`."""
    if outbox.gathered and now >= outbox.gathered_since + BATCH_S:
        outbox = flush(outbox)
    if outbox.probing:
        if now < outbox.probe_due or not outbox.waiting:
            return outbox, ()
        return replace(outbox, probe_due=now + PROBE_S), outbox.waiting[:1]
    unsent = tuple(batch for batch in outbox.waiting if batch.sequence >= outbox.sent_to)
    return replace(outbox, sent_to=outbox.next_sequence), unsent


def accepted(outbox: AudioOutbox, batch: StreamAudio, next_sequence: int, now: float, *, probe: bool) -> AudioOutbox:
    """The session answered ``batch``, sent as a ``probe`` or not: it expects ``next_sequence``."""
    if probe and outbox.waiting and next_sequence < outbox.waiting[0].sequence:
        outbox = _renumbered(outbox, next_sequence)
    waiting = tuple(waits for waits in outbox.waiting if waits.sequence >= next_sequence)
    outbox = replace(outbox, waiting=waiting, next_sequence=max(outbox.next_sequence, next_sequence))
    if probe:
        return replace(outbox, probing=False, sent_to=next_sequence)
    return doubted(outbox, now) if next_sequence <= batch.sequence else outbox


def doubted(outbox: AudioOutbox, now: float) -> AudioOutbox:
    """A batch was refused or not answered: probe, unless a probe is on its way."""
    return outbox if outbox.probing else replace(outbox, probing=True, probe_due=now)


def revived(outbox: AudioOutbox, now: float) -> AudioOutbox:
    """The session has a new incarnation: probe at once."""
    return replace(outbox, probing=True, probe_due=now)


def _renumbered(outbox: AudioOutbox, first: int) -> AudioOutbox:
    """A session that lost its memory counts from ``first`` again: so do the batches that wait."""
    waiting = tuple(replace(batch, sequence=first + index) for index, batch in enumerate(outbox.waiting))
    return replace(outbox, waiting=waiting, next_sequence=first + len(waiting))


def _seconds(pcm: bytes, rate_hz: int) -> float:
    return len(pcm) / BYTES_PER_SAMPLE / rate_hz

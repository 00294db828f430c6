"""The agent's audio on its way to the subscribers that want it."""

from collections.abc import Callable, Iterable

from actors.agent_session.core import Subscriber
from protocols import BYTES_PER_SAMPLE, AudioCleared, AudioPushed, Message, Ref


class AudioPublisher:
    """Sends audio of ``rate_hz`` (0: the call has no voice yet) with ``send`` to those of ``subscribers`` that want audio."""

    def __init__(
        self, call_id: str, rate_hz: int, send: Callable[[Ref, Message], None], subscribers: Callable[[], Iterable[Subscriber]]
    ) -> None:
        self._call_id = call_id
        self.rate_hz = rate_hz
        self._send = send
        self._subscribers = subscribers
        self.seconds = 0.0
        """How much was sent."""

    def push(self, speech_id: str, position: int, pcm: bytes) -> int:
        """Send the reply's audio from the sample ``position`` on; gives the position behind it."""
        self._publish(AudioPushed(call_id=self._call_id, speech_id=speech_id, position=position, rate_hz=self.rate_hz, pcm=pcm))
        samples = len(pcm) // BYTES_PER_SAMPLE
        self.seconds += samples / self.rate_hz
        return position + samples

    def clear(self, speech_id: str, position: int, fade_ms: int) -> None:
        """Recall the reply's audio from the sample ``position`` on."""
        self._publish(AudioCleared(call_id=self._call_id, speech_id=speech_id, position=position, fade_ms=fade_ms))

    def _publish(self, audio: AudioPushed | AudioCleared) -> None:
        for subscriber in self._subscribers():
            if subscriber.audio:
                self._send(subscriber.ref, audio)

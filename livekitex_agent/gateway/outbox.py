"""What waits to be written to the script, in bounded queues. Pure: it neither blocks nor writes.

Answers go first, then events and changes of names in their order, then audio. At the bounds, when the script reads too slowly:

- audio: the oldest is dropped; what is recalled (`AudioCleared`) and still waits is not sent;
- events: those of the call are dropped from then on until the script has been told (`EventsLost`); the session has them all;
- changes of a name: the newest replaces the one that waits;
- answers: the oldest is dropped; who asked asks again.
"""

from collections import deque
from typing import Final

from livekitex_agent.gateway.frames import EventsLost, Frame, Pushed
from protocols import AudioCleared, AudioPushed, EventPushed, NameChanged

MAX_AUDIO_BYTES: Final = 4 << 20
MAX_EVENTS: Final = 4096
MAX_ANSWERS: Final = 2048

_Slot = EventPushed | str  # an event, or the name whose newest change stands in `_changes`


class Outbox:
    """The frames that wait, see the module's rules."""

    def __init__(self) -> None:
        self._answers: deque[Frame] = deque(maxlen=MAX_ANSWERS)
        self._slots: deque[_Slot] = deque()
        self._changes: dict[str, NameChanged] = {}
        self._events = 0
        self._audio: deque[AudioPushed | AudioCleared] = deque()
        self._audio_bytes = 0
        self._lost: dict[str, None] = {}
        self.dropped_audio = 0

    def push(self, frame: Frame) -> None:
        """Queue a frame."""
        match frame:
            case Pushed(message=EventPushed() as event):
                self._push_event(event)
            case Pushed(message=AudioPushed() as audio):
                self._push_audio(audio)
            case Pushed(message=AudioCleared() as cleared):
                self._clear_audio(cleared)
            case Pushed(message=NameChanged() as change):
                if change.name not in self._changes:
                    self._slots.append(change.name)
                self._changes[change.name] = change
            case _:
                self._answers.append(frame)

    def pop(self) -> Frame | None:
        """The next frame to write, or None."""
        if self._answers:
            return self._answers.popleft()
        if self._slots:
            slot = self._slots.popleft()
            if isinstance(slot, str):
                return Pushed(message=self._changes.pop(slot))
            self._events -= 1
            return Pushed(message=slot)
        if self._lost:
            call_id = next(iter(self._lost))
            del self._lost[call_id]
            return EventsLost(call_id=call_id)
        if self._audio:
            audio = self._audio.popleft()
            self._audio_bytes -= _size(audio)
            return Pushed(message=audio)
        return None

    def _push_event(self, event: EventPushed) -> None:
        if event.call_id in self._lost or self._events >= MAX_EVENTS:
            self._lost[event.call_id] = None
        else:
            self._slots.append(event)
            self._events += 1

    def _push_audio(self, audio: AudioPushed) -> None:
        self._audio.append(audio)
        self._audio_bytes += len(audio.pcm)
        while self._audio_bytes > MAX_AUDIO_BYTES:
            self._audio_bytes -= _size(self._audio.popleft())
            self.dropped_audio += 1

    def _clear_audio(self, cleared: AudioCleared) -> None:
        while self._audio and _is_cleared(self._audio[-1], cleared):
            self._audio_bytes -= _size(self._audio.pop())
        self._audio.append(cleared)


def _size(audio: AudioPushed | AudioCleared) -> int:
    return len(audio.pcm) if isinstance(audio, AudioPushed) else 0


def _is_cleared(audio: AudioPushed | AudioCleared, cleared: AudioCleared) -> bool:
    return (audio.call_id, audio.speech_id) == (cleared.call_id, cleared.speech_id) and audio.position >= cleared.position

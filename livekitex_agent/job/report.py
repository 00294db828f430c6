"""A session's report at its end: what was said and used, as LiveKit's ``SessionReport``."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(kw_only=True)
class SessionReport:
    """What became of a session. ``timestamp`` and ``started_at`` are in seconds of the wall clock, ``duration`` in seconds.

    There is no audio recording before rooms are connected.
    """

    job_id: str
    room_id: str
    room: str
    options: Any
    events: list[Any]
    chat_history: Any
    timestamp: float
    audio_recording_path: Path | None = None
    audio_recording_started_at: float | None = None
    duration: float | None = None
    started_at: float | None = None
    model_usage: list[Any] | None = None
    sdk_version: str = ""
    agent_name: str = ""
    tags: list[str] = field(default_factory=list)

    def to_dict(self, *, include_chat_history: bool = True, include_events: bool = True) -> dict[str, Any]:
        """As plain data; a False leaves its key out."""
        report: dict[str, Any] = {"job_id": self.job_id, "room_id": self.room_id, "room": self.room}
        if include_events:
            report["events"] = [_plain(event) for event in self.events if getattr(event, "type", "") != "metrics_collected"]
        report["audio_recording_path"] = None if self.audio_recording_path is None else str(self.audio_recording_path.absolute())
        report["audio_recording_started_at"] = self.audio_recording_started_at
        if include_chat_history:
            report["chat_history"] = self.chat_history.to_dict(exclude_timestamp=False)
        return report | {
            "timestamp": self.timestamp,
            "usage": [_plain(usage) for usage in self.model_usage] if self.model_usage else None,
            "sdk_version": self.sdk_version,
            "agent_name": self.agent_name,
            "tags": list(self.tags),
            "duration_ms": None if self.duration is None else int(self.duration * 1000),
            "user_turns": sum(
                getattr(item, "type", "") == "message" and getattr(item, "role", "") == "user" for item in self.chat_history.items
            ),
        }


def _plain(value: Any) -> Any:  # noqa: ANN401 - an event or a usage, which may be a model of pydantic
    return value.model_dump() if hasattr(value, "model_dump") else value

"""A session's report at its end: what was said and used, as LiveKit's ``SessionReport``."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

_ERRORS: Final = {f"{kind}_error": kind for kind in ("llm", "stt", "tts", "realtime")} | {"interruption_detection_error": "interruption"}


@dataclass(kw_only=True)
class SessionReport:
    """What became of a session. ``timestamp`` and ``started_at`` are in seconds of the wall clock, ``duration`` in seconds.

    ``events`` are those of this life of the call, without metrics (`AgentSession` bounds their number). There is no audio recording before
    rooms are connected.
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
        """As plain data; a False leaves its key out. ``errors`` counts the failures of each kind of part, those without any too."""
        report: dict[str, Any] = {"job_id": self.job_id, "room_id": self.room_id, "room": self.room}
        if include_events:
            report["events"] = [event.model_dump() for event in self.events if event.type != "metrics_collected"]
        report["audio_recording_path"] = None if self.audio_recording_path is None else str(self.audio_recording_path.absolute())
        report["audio_recording_started_at"] = self.audio_recording_started_at
        if include_chat_history:
            report["chat_history"] = self.chat_history.to_dict(exclude_timestamp=False)
        return report | {
            "timestamp": self.timestamp,
            "usage": [{"type": used.type, **used.model_dump(exclude_defaults=True)} for used in self.model_usage or ()] or None,
            "sdk_version": self.sdk_version,
            "agent_name": self.agent_name,
            "tags": list(self.tags),
            "duration_ms": None if self.duration is None else int(self.duration * 1000),
            "user_turns": sum(
                getattr(item, "type", "") == "message" and getattr(item, "role", "") == "user" for item in self.chat_history.items
            ),
            "errors": self._errors(),
            "close_reason": self._close_reason(),
        }

    def _errors(self) -> dict[str, int]:
        failed = [_ERRORS.get(getattr(event.error, "type", "")) for event in self.events if event.type == "error"]
        return {kind: failed.count(kind) for kind in _ERRORS.values()}

    def _close_reason(self) -> str | None:
        """By the name that LiveKit's protocol has for it; None where the session is not closed."""
        reasons = [event.reason.name for event in self.events if event.type == "close"]
        return f"CR_{reasons[-1].removeprefix('TASK_')}" if reasons else None

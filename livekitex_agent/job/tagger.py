"""What a program notes about how its session went: tags, and whether it was a success. LiveKit's ``Tagger``."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from protocols import SystemClock

SUCCESS: Final = "lk.success"
FAIL: Final = "lk.fail"


class Tagger:
    """The tags of this incarnation of a job, in the report of its session. A rerun of the entrypoint tags again."""

    def __init__(self) -> None:
        self._tags: dict[str, dict[str, Any]] = {}
        self._evaluations: list[dict[str, Any]] = []
        self._outcome_reason: str | None = None

    def success(self, reason: str | None = None) -> None:
        """The session was a success, whatever was said before."""
        self._conclude(SUCCESS, reason)

    def fail(self, reason: str | None = None) -> None:
        """The session has failed, whatever was said before."""
        self._conclude(FAIL, reason)

    def add(self, tag: str, *, metadata: Mapping[str, Any] | None = None) -> None:
        """Add a tag, such as ``voicemail:true``, with data about it."""
        self._tags[tag] = {"metadata": metadata, "timestamp": SystemClock().wall()}

    def remove(self, tag: str) -> None:
        """Take a tag back; nothing happens where there is none."""
        self._tags.pop(tag, None)

    @property
    def tags(self) -> set[str]:
        """All tags."""
        return set(self._tags)

    @property
    def evaluations(self) -> list[dict[str, Any]]:
        """What judges found."""
        return list(self._evaluations)

    @property
    def outcome(self) -> Literal["success", "fail"] | None:
        """What was said last; None: nothing."""
        if SUCCESS in self._tags:
            return "success"
        return "fail" if FAIL in self._tags else None

    @property
    def outcome_reason(self) -> str | None:
        """Why."""
        return self._outcome_reason

    def evaluated(self, judgments: Mapping[str, Any]) -> None:
        """What judges found of the session, by their names: each with ``verdict``, ``reasoning`` and ``instructions``."""
        for name, judgment in judgments.items():
            tag = f"lk.judge.{name}:{judgment.verdict}"
            self.add(tag)
            found = {part: getattr(judgment, part, None) for part in ("verdict", "reasoning", "instructions")}
            self._evaluations.append({"name": name, "tag": tag, **found})

    def _conclude(self, tag: str, reason: str | None) -> None:
        for one in (SUCCESS, FAIL):
            self.remove(one)
        self.add(tag)
        self._outcome_reason = reason

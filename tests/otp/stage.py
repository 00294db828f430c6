"""Where scripted actors tell what they do: whoever runs the scenario, or files in a folder when they run in processes of their own."""

import fcntl
import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from protocols import Ref
from supervision.actor import ChildEvent, ChildExited, ChildIgnored, ChildStarted, ChildStartFailed


class Stage(Protocol):
    """Whom scripted actors tell what they do."""

    def enter(self, ref: Ref) -> int:
        """A life begins: which attempt to start its id it is, from 1."""
        ...

    def tell(self, uid: str, what: str, detail: str = "") -> None:
        """The life is ``starting`` or ``initializing``, or ``terminating`` for a reason."""
        ...

    def hear(self, event: ChildEvent) -> None:
        """A supervisor hears of a child."""
        ...


class Folder:
    """A stage that many processes share. ``lives`` and ``log`` hold a line of JSON for each life and each event, in causal order."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def enter(self, ref: Ref) -> int:
        """See `Stage.enter`."""
        with (self.path / "lives").open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            attempt: int = 1 + sum(json.loads(line)["id"] == ref.id for line in file)
            file.write(json.dumps(asdict(ref) | {"attempt": attempt, "os_pid": os.getpid()}) + "\n")
        return attempt

    def tell(self, uid: str, what: str, detail: str = "") -> None:
        """See `Stage.tell`."""
        name = next((f"{life['id']}#{life['attempt']}" for life in self.lives() if life["uid"] == uid), "?")
        line = json.dumps([time.monotonic() * 1000, f"{what} {name} {detail}".rstrip()]) + "\n"
        descriptor = os.open(self.path / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, line.encode())
        os.close(descriptor)

    def hear(self, event: ChildEvent) -> None:
        """See `Stage.hear`: that is how the ends of those are known who could not tell."""
        match event:
            case ChildStarted(ref=ref):
                self.tell(ref.uid, "started")
            case ChildIgnored(uid=uid):
                self.tell(uid, "ignored")
            case ChildStartFailed(uid=uid, reason=reason):
                self.tell(uid, "start_failed", str(reason))
            case ChildExited(uid=uid, reason=reason):
                self.tell(uid, "exit", str(reason))

    def lives(self) -> list[Mapping[str, Any]]:
        """Everybody who ever began, in order."""
        return self._lines("lives")

    def log(self) -> list[tuple[float, str]]:
        """Everything that was told, in order: milliseconds of the monotonic clock, and the event."""
        return self._lines("log")

    def _lines(self, name: str) -> list[Any]:
        path = self.path / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

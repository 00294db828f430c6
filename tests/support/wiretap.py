"""Records what processes of a system send to each other, from the inside: `install` is preloaded by the supervisor that forks them."""

import os
import socket
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from livekitex_agent import WorkerOptions, composition
from supervision.thespian_seam import links

FOLDER = "LIVEKITEX_WIRETAP"
_numbers = count()


def tapped_root(options: WorkerOptions) -> dict[str, Any]:
    """The tree, of which the partitions and all below are tapped; the variable `FOLDER` says where the records go."""
    root = composition.root(options, "run")
    (jobs,) = (child for child in root["args"]["children"] if child["id"] == "jobs")
    jobs["args"]["preload"].append("support.wiretap:install")
    return root


def install() -> None:
    """From now on, and in every child, each connection's bytes are appended to a file."""
    links.socket = Sockets()


def recorded(folder: Path) -> dict[int, bytes]:
    """What was sent so far on one connection to each port; the port is its recipient's."""
    return {int(path.suffix[1:]): path.read_bytes() for path in folder.glob("*.*")}


class Sockets:
    """The module ``socket`` with another class of sockets."""

    def __getattr__(self, name: str) -> Any:
        return Tap if name == "socket" else getattr(socket, name)


class Tap(socket.socket):
    def send(self, data: Any, *flags: int) -> int:
        sent = super().send(data, *flags)
        with self._record.open("ab") as record:
            record.write(bytes(data[:sent]))
        return sent

    @cached_property
    def _record(self) -> Path:
        return Path(os.environ[FOLDER], f"{os.getpid()}-{next(_numbers)}.{self.getpeername()[1]}")

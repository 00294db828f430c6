"""An AgentSession in a process of its own, which can really be killed. Run as a program it is that process.

Envelopes travel over the standard streams, each behind its length and its recipient's id.
"""

import json
import mmap
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

from actors.agent_session import SHARED_MEMORY_BYTES, preload
from protocols import Ref
from support.actor_host import ActorHost
from support.correspondence import DEADLINE_S, Correspondence

_HEAD = struct.Struct("<II")
SESSION: Final = "actors.agent_session:AgentSession"


class SessionProcess:
    """The lives of one call, one after the other, on one memory file. ``mail`` is that of the life now; ``mails`` of all."""

    def __init__(self, folder: Path, args: Mapping[str, Any], *, actor: str = SESSION) -> None:
        self._memory = folder / "memory"
        self._memory.write_bytes(bytes(SHARED_MEMORY_BYTES))
        self._args = args
        self._actor = actor
        self.mails: list[Correspondence] = []
        self.live()

    @property
    def mail(self) -> Correspondence:
        return self.mails[-1]

    @property
    def pid(self) -> int:
        return self._process.pid

    def live(self) -> None:
        """Begin the next life."""
        uid = f"life-{len(self.mails) + 1}"
        command = [sys.executable, __file__, str(self._memory), uid, self._actor, json.dumps(self._args)]
        path = os.pathsep.join(sys.path)
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        stdin = self._process.stdin
        mail = Correspondence(Ref(id="session", uid=uid, address="inside"), lambda data: _write(stdin, "", data))
        self.mails.append(mail)
        self._reader = threading.Thread(target=_read_all, args=(self._process.stdout, mail), daemon=True)
        self._reader.start()

    def kill(self) -> int:
        """SIGKILL; gives the exit code."""
        self._process.send_signal(signal.SIGKILL)
        return self.wait_for_end()

    def wait_for_end(self) -> int:
        code = self._process.wait(DEADLINE_S)
        self._reader.join(DEADLINE_S)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):  # it died with something of ours unread
            self._process.stdin.close()
        self._process.stdout.close()
        return code

    def close(self) -> None:
        self._process.kill()
        self.wait_for_end()


def _write(stream: IO[bytes], to: str, data: bytes) -> None:
    name = to.encode()
    try:
        stream.write(_HEAD.pack(len(name), len(data)) + name + data)
        stream.flush()
    except (BrokenPipeError, ValueError):
        pass  # sending to the dead


def _read(stream: IO[bytes]) -> tuple[str, bytes] | None:
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    name, size = _HEAD.unpack(head)
    return stream.read(name).decode(), stream.read(size)


def _read_all(stream: IO[bytes], mail: Correspondence) -> None:
    while (item := _read(stream)) is not None:
        mail.arrive(Ref(id=item[0], uid="", address=""), item[1])


def main() -> None:
    """Host the session until its end."""
    memory_file, uid, actor, args = sys.argv[1:]
    preload()
    out, lock = os.fdopen(os.dup(1), "wb"), threading.Lock()
    with Path(memory_file).open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:

        def transmit(to: Ref, data: bytes) -> None:
            with lock:
                _write(out, to.id, data)

        host = ActorHost(actor, json.loads(args), actor_id="session", uid=uid, memory=memoryview(memory), transmit=transmit).up()
        threading.Thread(target=_feed, args=(host,), daemon=True).start()
        reason = host.wait_for_end(None)
        out.flush()
        os._exit(0 if reason.clean else 1)


def _feed(host: ActorHost) -> None:
    while (item := _read(sys.stdin.buffer)) is not None:
        host.deliver(item[1])
    os._exit(2)  # the test has gone


if __name__ == "__main__":
    main()

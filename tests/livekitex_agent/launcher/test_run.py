import os
import socket
import subprocess
import sys
from typing import Any

import pytest

from livekitex_agent.gateway.frames import Configure, FrameReader, StopSystem, SystemEnded, SystemReady, encode_frame
from supervision import SupervisorFlags, supervisor_args

pytestmark = pytest.mark.processes

RUN = "import sys; from livekitex_agent.launcher.run import run; run(int(sys.argv[1]))"
ROOT = {"actor": "supervision:Supervisor", "args": supervisor_args(SupervisorFlags(), ())}


def launch(*said: Any, key: bytes = b"k" * 32, close: bool = False) -> tuple[list[Any], int]:
    """What a launcher answers to these frames after its configuration, and its exit code."""
    ours, theirs = socket.socketpair()
    with ours:
        here = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(theirs.fileno())], pass_fds=[theirs.fileno()], env=here, stderr=subprocess.PIPE
        )
        theirs.close()
        configure = Configure(root=ROOT, key=key, starter_pid=os.getpid(), log_level="error", drain_s=0.0)
        ours.sendall(b"".join(map(encode_frame, [*([] if close else [configure]), *said])))
        if close:
            ours.shutdown(socket.SHUT_WR)
        data = b""
        while more := ours.recv(1 << 16):
            data += more
    process.communicate(timeout=200)
    return list(FrameReader().feed(data)), process.returncode


def test_a_tree_comes_up_and_ends_when_asked_to() -> None:
    frames, code = launch(StopSystem())
    assert frames[-1] == SystemEnded(asked=True, text="")
    assert all(isinstance(frame, SystemReady) for frame in frames[:-1]), "it may be asked before it is up"
    assert code == 0


def test_what_the_runtime_refuses_is_told() -> None:
    (ended,), code = launch(key=b"short")
    assert isinstance(ended, SystemEnded)
    assert ended.text.startswith("error:ConfigurationError: the key has 5 bytes")
    assert code == 1


def test_a_starter_that_says_something_else_is_our_bug() -> None:
    (ended,), code = launch(StopSystem(), close=True)
    assert ended == SystemEnded(asked=False, text="error:InternalError: the starter did not say what to start")
    assert code == 1

"""What the launcher does: read what to start, host the gateway until everything has ended."""

import os
import socket
from typing import NoReturn

from livekitex_agent.gateway.frames import LENGTH_BYTES, Configure, FrameReader, SystemEnded, encode_frame
from livekitex_agent.launcher.logs import configure_logs
from protocols import InternalError, LivekitexError, SystemEntropy
from supervision import ActorStart, SystemOptions, run_launcher

LEFTOVER_S = 0.5
"""How long what the tree leaves after its own time to end in order may take to be killed."""


def run(descriptor: int) -> NoReturn:
    """Run the system that the starter describes on the lifeline, and end the process when it is over."""
    try:
        reason = run_launcher(*_configured(descriptor))
    except LivekitexError as failure:
        _tell(descriptor, f"error:{type(failure).__name__}: {failure}")
        os._exit(1)
    os._exit(0 if reason.clean else 1)


def _configured(descriptor: int) -> tuple[ActorStart, SystemOptions]:
    """What to start, and how. The key does not outlive this call outside of the options: each child is forked with the frames above it."""
    configure = _read_configure(descriptor)
    configure_logs(configure.log_level)
    start = ActorStart(
        actor_id="gateway",
        uid=SystemEntropy().hex_id(),
        actor="livekitex_agent.gateway:Gateway",
        args={
            "fd": descriptor,
            "exit_fd": configure.exit_fd,
            "starter_pid": configure.starter_pid,
            "root": configure.root,
            "drain_s": configure.drain_s,
        },
        title="launcher",
    )
    return start, SystemOptions(key=configure.key, stop_timeout_s=LEFTOVER_S)


def _read_configure(descriptor: int) -> Configure:
    with socket.socket(fileno=os.dup(descriptor)) as connection:
        head = connection.recv(LENGTH_BYTES, socket.MSG_WAITALL)
        body = connection.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)
    for frame in FrameReader().feed(head + body):
        if isinstance(frame, Configure):
            return frame
    raise InternalError("the starter did not say what to start")


def _tell(descriptor: int, text: str) -> None:
    with socket.socket(fileno=descriptor) as connection:
        connection.sendall(encode_frame(SystemEnded(asked=False, text=text)))

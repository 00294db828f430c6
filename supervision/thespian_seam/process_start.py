"""What a new process is given: in memory, through the fork, never by a message and never pickled."""

import socket
from dataclasses import dataclass

from supervision.actor import ActorStart
from supervision.thespian_seam.address import EndpointAddress
from supervision.thespian_seam.options import SystemOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessStart:
    """One process to be started.

    Its socket listens before the fork, so its address is known at once and nothing that is sent to it early is lost.
    """

    actor: ActorStart
    options: SystemOptions
    admin: EndpointAddress
    address: EndpointAddress
    listener: socket.socket
    report_fd: int
    memory_fd: int | None = None

    @property
    def fds(self) -> set[int]:
        """The descriptors that are the child's own."""
        own = {self.listener.fileno(), self.report_fd, *self.options.keep_fds}
        return own if self.memory_fd is None else own | {self.memory_fd}

"""Thespian, hardened: the runtime that gives each actor an operating-system process. The only place that imports it.

What is Thespian's: the process model (an admin, actors with an address and a mailbox), its admin, its loop that hands one message after
the other to an actor, its system messages. What is ours, because Thespian 4.0.1 cannot be made safe by options: the bytes on the wire,
the loop that waits, and how a process begins and ends. Nothing of Thespian is changed in place; `internals` lists what the subclasses here
rely on.

================================================  ==========================================================
trap (names as in Thespian's own terms)           cure
================================================  ==========================================================
any peer's pickle is run, on every interface      `handshake`, `frames`, `inbound`, `outbound`, `allowlist`, `acceptor.listen`
a negative size kills, half frames stay open      `inbound`, `acceptor`
a stuck recipient blocks its senders              `outbound.Outbox`, `links`
loss is silent, order breaks on a retry           `outbound.Fate`, `links`
an address names a port, not an incarnation       `address`
timers cannot be cancelled                        `timers`
a new selector for each message                   `reactor`
a native crash becomes an endless loop            `process.reset_signals`
an exit has no reason, or comes twice             `reports`, `children`
an exception is answered by running it again      `hosts.HostActor`
who dies leaves its children running              `process.fork`, `orphans`
children inherit sockets                          `process.close_foreign_fds`, `process_start`
logging goes through one process                  none is started, `internals.silence_thespian`
shutdown gives up and leaves processes            `gateway`
================================================  ==========================================================
"""

from supervision.thespian_seam.internals import require_thespian
from supervision.thespian_seam.launcher import run_launcher
from supervision.thespian_seam.options import SystemOptions

__all__ = ["SystemOptions", "require_thespian", "run_launcher"]

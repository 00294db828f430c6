"""Thespian's internals that this folder relies on, in one list, and the refusal to run on any other version.

Nothing of Thespian is changed in place: its run loop, admin, actor and transport bases are subclassed, and those of its modules that
bind, unpickle or fork (``TCPTransport``, ``streamBuffer``, ``IPBase``, ``multiprocTCPBase``) are never imported. So what is listed here is
what our subclasses override or call.
"""

import importlib
import importlib.metadata
import os
import platform
import sys
from functools import reduce
from pathlib import Path
from typing import Final

from protocols import ConfigurationError

THESPIAN_VERSION: Final = "4.0.1"

RELIED_ON: Final[tuple[tuple[str, str], ...]] = (
    # transport.py replaces the byte path of asyncTransportBase and keeps its address checks.
    ("thespian.system.transport.asyncTransportBase", "asyncTransportBase.scheduleTransmit"),
    ("thespian.system.transport.asyncTransportBase", "asyncTransportBase._schedulePreparedIntent"),
    ("thespian.system.transport.asyncTransportBase", "asyncTransportBase.setAddressManager"),
    ("thespian.system.transport.asyncTransportBase", "asyncTransportBase.enableRXPauseFlowControl"),
    # transport.py replaces the loop inside wakeupTransportBase.run.
    ("thespian.system.transport.wakeupTransportBase", "wakeupTransportBase.run"),
    ("thespian.system.transport.wakeupTransportBase", "wakeupTransportBase._run_subtransport"),
    ("thespian.system.transport", "TransmitIntent.tx_done"),
    ("thespian.system.transport", "SendStatus.Sent"),
    ("thespian.system.transport", "SendStatus.DeadTarget"),
    ("thespian.system.transport", "SendStatus.Failed"),
    ("thespian.system.transport", "ReceiveEnvelope"),
    ("thespian.system.transport", "TransmitOnly"),
    ("thespian.system.transport", "Thespian__Run_Expired"),
    ("thespian.system.transport", "Thespian__Run_HandlerResult"),
    ("thespian.system.transport", "Thespian__Run_Terminated"),
    # hosts.py: the loop that hands messages to an actor, and the admin.
    ("thespian.system.multiprocCommon", "MultiProcManager"),
    ("thespian.system.multiprocCommon", "MultiProcAdmin"),
    ("thespian.system.actorManager", "ActorManager.handleMessages"),
    ("thespian.system.admin.adminCore", "AdminCore.handleIncoming"),
    ("thespian.system.admin.adminCore", "AdminCore._activate"),
    ("thespian.system.utilis", "thesplog_control"),
)
"""Module and dotted name of each."""


def require_thespian() -> None:
    """Check that this is a system, and a Thespian, that the seam is made for.

    Raises:
        ConfigurationError: it is not; the message names the cure.
    """
    libc, _ = platform.libc_ver()
    if sys.platform != "linux" or libc != "glibc" or not hasattr(os, "pidfd_open"):
        raise ConfigurationError(
            f"actors run in processes on Linux with glibc, not on {sys.platform} with {libc or 'another libc'}: use a container"
        )
    if not Path("/proc/thread-self/children").exists():
        raise ConfigurationError("this kernel does not tell a process its children (CONFIG_PROC_CHILDREN): use one that does")
    try:
        version = importlib.metadata.version("thespian")
    except importlib.metadata.PackageNotFoundError:
        version = "none"
    if version != THESPIAN_VERSION:
        raise ConfigurationError(
            f"thespian {version} is installed, the seam replaces internals of {THESPIAN_VERSION}: pip install thespian=={THESPIAN_VERSION}"
        )
    for module, name in RELIED_ON:
        try:
            reduce(getattr, name.split("."), importlib.import_module(module))
        except (ImportError, AttributeError) as failure:
            raise ConfigurationError(f"thespian {version} was changed, {module}.{name} is missing: install it afresh") from failure


def silence_thespian() -> None:
    """Keep Thespian from writing its own log: a file in the shared temporary folder, and records sent to a logger actor (A7)."""
    control = importlib.import_module("thespian.system.utilis").thesplog_control
    control(baseLevel=sys.maxsize, useLogging=False, tmpFileMaxSize=0)

"""A server that runs without being registered with LiveKit's: it serves the jobs that its own program asks for."""

import asyncio
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from livekitex_agent.options import SystemOptions
from livekitex_agent.program import ProgramPlace
from protocols import UsageError

if TYPE_CHECKING:
    from livekitex_agent.call_handle import CallHandle
    from livekitex_agent.system import AgentSystem

NOT_RUNNING: Final = "the server does not run: begin `server.run(unregistered=True)` as a task first"


class UnregisteredWorker:
    """The system of one run of a server, whose program is at ``place_in(room)``. To be used from the event loop that it was made on."""

    def __init__(self, place_in: Callable[[str], ProgramPlace]) -> None:
        self._place_in = place_in
        self._closing = asyncio.Event()
        self._ready: asyncio.Future[AgentSystem] = asyncio.get_running_loop().create_future()

    async def run(self, options: SystemOptions, up: Callable[[], None]) -> None:
        """Serve until `close`, or until the system ends; ``up`` is called once it serves.

        Raises:
            ConfigurationError, SystemUnavailableError: it did not come up, or has ended without being asked to.
        """
        from livekitex_agent.system import AgentSystem

        try:
            async with AgentSystem.start(options) as system:
                self._ready.set_result(system)
                up()
                closing, ended = asyncio.ensure_future(self._closing.wait()), asyncio.ensure_future(system.wait_ended())
                await asyncio.wait((closing, ended), return_when=asyncio.FIRST_COMPLETED)
                closing.cancel()
                if not self._closing.is_set():
                    raise ended.result()
                ended.cancel()
        finally:
            if not self._ready.done():
                self._ready.set_exception(not_running())
                self._ready.exception()  # maybe nobody waits for it

    async def start_job(self, room: str) -> "CallHandle":
        """Start a call of the program, with ``room`` as its room's name; returns once its process is up.

        Raises:
            UsageError: no other process would find the program.
            InvalidAgentError, CapacityError, SessionUnavailableError, SystemUnavailableError: as `AgentSystem.start_session`.
        """
        system = await asyncio.shield(self._ready)
        return await system.start_session(self._place_in(room))

    async def drain(self, timeout_s: float | None) -> None:
        """Take no further call and wait for those that run.

        Raises:
            TimeoutError: some still do after ``timeout_s``.
        """
        system = await asyncio.shield(self._ready)
        if left := await system.drain(timeout_s):
            raise TimeoutError(f"{left} calls still run")

    def close(self) -> None:
        """End `run`, and with it the calls."""
        self._closing.set()


def place_of(server: object, entrypoint: Callable[..., Any], *, agent_name: str, room: str) -> ProgramPlace:
    """Where the program is that has ``server``: in the file or module of ``entrypoint``, which serves what is for ``agent_name``.

    Raises:
        UsageError: no other process would find it there.
    """
    from actors import reference_to

    place, _, _ = reference_to(entrypoint).rpartition(":")
    module = sys.modules[entrypoint.__module__]
    name = next((name for name, value in vars(module).items() if value is server), "")
    return ProgramPlace(place=place, server=name, agent_name=agent_name, room=room)


def not_running() -> UsageError:
    """What to say to who asks something of a server that does not run."""
    return UsageError(NOT_RUNNING)

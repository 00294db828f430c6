"""One call of a whole system in this process, in virtual time: real supervisors, registry, worker manager, JobContext and session.

How it works. The actors run on a `SimRuntime`, and that on an event loop whose clock leaps from timer to timer (`VirtualTimeLoop`). The
real gateway is their root; instead of a socket it has `SimConnection`, whose other end is that of the script's client. So a command takes
the way that it takes in a real system, a session that is killed is started again by its supervisor, and what the call has written in its
journal is read by its next incarnation. Only what needs an operating system is left out: processes, health endpoints, signals.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from actors import FunctionTool
from livekitex_agent.call_handle import CallHandle
from livekitex_agent.client.call import Call
from livekitex_agent.client.call_outcomes import CallOutcomes
from livekitex_agent.client.open_requests import OpenRequests
from livekitex_agent.client.request_sender import RequestSender, expect
from livekitex_agent.gateway.frames import (
    EventsLost,
    Frame,
    StopSystem,
    SystemEnded,
    Unanswered,
    encode_frame,
)
from livekitex_agent.gateway.gateway import Gateway, Link
from livekitex_agent.testing.mocks import ToolMocks
from protocols import (
    AudioCleared,
    AudioPushed,
    EventPushed,
    JobStarted,
    Message,
    NameChanged,
    SeededEntropy,
    StartJob,
    SystemUnavailableError,
    UsageError,
)
from supervision import (
    Actor,
    ActorStart,
    ChildSpec,
    ChildType,
    DynamicFlags,
    SimRuntime,
    Strategy,
    SupervisorFlags,
    VirtualTimeLoop,
    dynamic_args,
    supervisor_args,
)

START_TIMEOUT_S: Final = 60.0
"""Virtual seconds for the call to come up."""
STOP_TIMEOUT_S: Final = 60.0
SCRIPT_SEED: Final = 1_000_003
"""Added to the seed for the ids of the script, which are not those of the tree."""
MAX_RESTARTS: Final = 10
MAX_SECONDS: Final = 10
"""Infrastructure may restart so often in this time."""

_SUPERVISOR: Final = "supervision:Supervisor"
_DYNAMIC_SUPERVISOR: Final = "supervision:DynamicSupervisor"
_JOB_ACTORS: Final = {
    "supervisor": _SUPERVISOR,
    "job_context": "actors.job_context:JobContext",
    "agent_session": "livekitex_agent.testing.session_actor:SimulatedSession",
}


class SimulationLoop(VirtualTimeLoop):
    """The loop of one simulated system, by which its actors find what is not in messages."""

    def __init__(self) -> None:
        super().__init__()
        self.mocks = ToolMocks()
        self.tools: dict[str, FunctionTool] = {}
        """Those of the agents that the call has had, by name."""
        self.connection: SimConnection


def running_loop() -> SimulationLoop:
    """The loop that runs now.

    Raises:
        UsageError: it is no simulation's.
    """
    loop = asyncio.get_running_loop()
    if not isinstance(loop, SimulationLoop):
        raise UsageError("this actor is for `livekitex_agent.testing` alone: give the tree the real one")
    return loop


class SimConnection:
    """Both ends of the way between script and gateway: `client.requester.Requester` for one, `gateway.gateway.Link` for the other."""

    def __init__(self, loop: asyncio.AbstractEventLoop, on_push: Callable[[Message | EventsLost], None]) -> None:
        self.ended: asyncio.Future[SystemUnavailableError] = loop.create_future()
        self._loop = loop
        self._requests = OpenRequests(self._say, on_push)
        self._post: Callable[[Callable[[], None]], None] = lambda _callback: None
        self._on_frame: Callable[[Frame], None] = lambda _frame: None

    # The script's end.

    def request(self, name: str, message: Message, *, timeout_s: float, then: Callable[[Message | Unanswered], None]) -> None:
        """See `Requester.request`."""
        if self.ended.done():
            raise self.ended.result()
        self._requests.ask(name, message, timeout_s=timeout_s, then=then)

    def stop(self) -> None:
        """Ask for the end of the system; `ended` tells."""
        self._say(StopSystem())

    # The gateway's end.

    def open(self, post: Callable[[Callable[[], None]], None]) -> None:
        """The gateway is there; ``post`` gives it a turn."""
        self._post = post

    def start(self, starter_pid: int, on_frame: Callable[[Frame], None], on_closed: Callable[[], None]) -> None:
        """See `Link.start`."""
        del starter_pid, on_closed
        self._on_frame = on_frame

    def send(self, frame: Frame) -> None:
        """See `Link.send`."""
        self._loop.call_soon(self._receive, frame)

    def close(self) -> None:
        """See `Link.close`."""
        self._loop.call_soon(self._end, "the simulated system has ended")

    # Between them.

    def _say(self, frame: Frame) -> None:
        encode_frame(frame)  # what is too large for a real system is so here
        self._post(lambda: self._on_frame(frame))

    def _receive(self, frame: Frame) -> None:
        match frame:
            case _ if self._requests.receive(frame):
                pass
            case SystemEnded(text=text):
                self._end(f"the simulated system has ended: {text}")
            case _:
                pass  # that it is ready: who asks for a call is answered once there is a worker manager

    def _end(self, text: str) -> None:
        if not self.ended.done():
            self.ended.set_result(SystemUnavailableError(text))


class SimGateway(Gateway):
    """The gateway of a simulated system."""

    def open_link(self, args: Mapping[str, Any]) -> Link:
        """See `Gateway.open_link`."""
        del args
        connection = running_loop().connection
        connection.open(self.context.post)
        return connection


class SimulatedSystem:
    """A system with one call, on ``loop``, on which all its methods are called. ``on_end`` is told of each actor whose process has ended.

    ``seed`` chooses among everything that may happen at one instant. The call ``call_id`` may be restarted ``max_restarts`` times in a
    minute. The journal is in the folder ``journal_dir``.
    """

    def __init__(
        self, loop: SimulationLoop, *, seed: int, call_id: str, journal_dir: str, max_restarts: int, on_end: Callable[[Actor], None]
    ) -> None:
        self.sim = SimRuntime(seed=seed, loop=loop, on_end=on_end)
        self._entropy = SeededEntropy(seed + SCRIPT_SEED)
        self._call_id = call_id
        self._journal_dir = journal_dir
        self._connection = loop.connection = SimConnection(loop, self._push)
        self._requests = RequestSender(self._connection, self.sim.clock)
        self._outcomes = CallOutcomes(self._connection, self._name_changed)
        self._connection.ended.add_done_callback(lambda ended: self._ended(ended.result()))
        worker = {"actors": _JOB_ACTORS, "max_jobs": 1, "max_restarts": max_restarts, "max_seconds": 60}
        root = {"actor": _SUPERVISOR, "args": _tree(worker)}
        args = {"drain_s": 0.0, "starter_pid": 0, "root": root}
        actor = f"{__name__}:{SimGateway.__qualname__}"
        self.sim.spawn(ActorStart(actor_id="gateway", uid=self._entropy.hex_id(), actor=actor, args=args))
        self._call = Call(self._connection, self.sim.clock, call_id)
        self.handle = CallHandle(self._call, self._requests, self._entropy)

    @property
    def session_name(self) -> str:
        """The name of the call's session."""
        return f"agent_session/{self._call_id}"

    @property
    def alive(self) -> bool:
        """Whether an incarnation of the session is there now."""
        return self.sim.is_alive(self.session_name)

    async def start_call(self, agent: Mapping[str, Any]) -> None:
        """Start the call, and wait until it is up.

        Raises:
            LivekitexError: it does not come up; the text says why.
        """
        options = {"run_id": "simulated", "journal_dir": self._journal_dir, "retention_s": 0.0}
        request = StartJob(job_id=self._call_id, agent=agent, options=options)
        answer = await self._requests.deliver("worker_manager", f"the call {self._call_id}", request, timeout_s=START_TIMEOUT_S)
        expect(JobStarted, answer)

    async def stop(self) -> None:
        """End everything in order."""
        self._connection.stop()
        await asyncio.wait([self._connection.ended], timeout=STOP_TIMEOUT_S)

    def kill_session(self) -> bool:
        """SIGKILL for the call's session, if it lives now."""
        if not self.alive:
            return False
        self.sim.kill(self.session_name)
        return True

    def _push(self, message: Message | EventsLost) -> None:
        match message:
            case NameChanged():
                self._name_changed(self._outcomes.name_changed(message))
            case EventPushed():
                self._call.event(message)
            case AudioPushed():
                self._call.audio(message)
            case AudioCleared():
                self._call.audio_cleared(message)
            case EventsLost():
                self._call.events_lost()
            case _:
                pass

    def _name_changed(self, change: NameChanged) -> None:
        self._requests.name_changed(change)
        if change.name == self.session_name:
            self._call.name_changed(change)

    def _ended(self, error: SystemUnavailableError) -> None:
        self._outcomes.close()
        self._requests.end(error)
        self._call.end(error)


def _tree(worker: Mapping[str, Any]) -> dict[str, Any]:
    parts = {
        "registry": "supervision:Registry",
        "circuit_breakers": "supervision:CircuitBreakerRegistry",
        "tool_registry": "actors.tool_registry:ToolRegistry",
        "worker_manager": "actors.worker_manager:WorkerManager",
    }
    infrastructure = [
        ChildSpec(id=name, name=name, actor=actor, args=worker if name == "worker_manager" else {}, is_registry=name == "registry")
        for name, actor in parts.items()
    ]
    flags = DynamicFlags(max_restarts=MAX_RESTARTS, max_seconds=MAX_SECONDS, max_children=1)
    partition = dynamic_args(flags, may_start=_JOB_ACTORS.values(), callers=("gateway", "worker_manager"))
    jobs = [_supervisor("partition/0", partition, _DYNAMIC_SUPERVISOR)]
    children = (
        _supervisor("infrastructure", supervisor_args(_flags(Strategy.REST_FOR_ONE), infrastructure)),
        _supervisor("jobs", supervisor_args(_flags(Strategy.ONE_FOR_ONE), jobs)),
    )
    return supervisor_args(_flags(Strategy.ONE_FOR_ONE), children, callers=("gateway",))


def _supervisor(name: str, args: Mapping[str, Any], actor: str = _SUPERVISOR) -> ChildSpec:
    return ChildSpec(id=name, name=name, actor=actor, args=args, type=ChildType.SUPERVISOR)


def _flags(strategy: Strategy) -> SupervisorFlags:
    return SupervisorFlags(strategy=strategy, max_restarts=MAX_RESTARTS, max_seconds=MAX_SECONDS)

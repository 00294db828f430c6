"""The system as a script sees it: start it, start calls, look at the tree, stop it.

How it works. The script's process hosts no actor. It starts the launcher, which hosts the gateway, and speaks with that over a socket pair
(`client.connection`). What the script asks for is a request with an id, sent again until it is answered, and done once however often it
comes (`client.request_sender`); what it sends to a call is kept until it is acknowledged, so that a call may die and come back in between
(`client.delivery`). Events and audio of a call come through its `CallHandle`. When the socket pair closes, from whichever end, the other
knows that it is alone: the system ends with its script, and the script learns why its system has ended.
"""

import asyncio
import atexit
import os
import re
from collections.abc import Coroutine, Generator, Mapping
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from weakref import WeakValueDictionary

from actors import loading_script
from livekitex_agent import composition
from livekitex_agent.call_handle import DEFAULT_TIMEOUT_S, CallHandle
from livekitex_agent.client.call import Call
from livekitex_agent.client.call_outcomes import CallOutcomes
from livekitex_agent.client.connection import STOP_TIMEOUT_S, Connection
from livekitex_agent.client.launcher_process import LauncherProcess
from livekitex_agent.client.request_sender import RequestSender, expect
from livekitex_agent.client.stop_signals import StopSignals
from livekitex_agent.errors import error_of_reason
from livekitex_agent.gateway.frames import Configure, EventsLost
from livekitex_agent.gateway.gateway import START_TIMEOUT_S
from livekitex_agent.launcher.hosted import is_hosted
from livekitex_agent.options import SystemOptions, prepare, require_platform
from livekitex_agent.program import ProgramPlace
from livekitex_agent.tree import Node
from livekitex_agent.voice.agent import Agent
from protocols import (
    AudioCleared,
    AudioConverted,
    AudioPushed,
    ChildCounts,
    ChildInfo,
    Children,
    ChildResult,
    ConfigurationError,
    ConvertAudio,
    CountChildren,
    Drain,
    Drained,
    EventPushed,
    GetHealthAddress,
    GetWorkerStatus,
    HealthAddress,
    InvalidAgentError,
    JobStarted,
    Message,
    NameChanged,
    SessionUnavailableError,
    StartJob,
    SystemClock,
    SystemEntropy,
    SystemUnavailableError,
    UsageError,
    WhichChildren,
    WorkerStatus,
    new_key,
    url_host,
)

ROOT: Final = "application"
GUARD: Final = 'if __name__ == "__main__":'

ANSWER_S: Final = 5.0
"""How much later than its deadline `AgentSystem.drain`, or the start, waits for the answer."""

M = TypeVar("M", bound=Message)

_CALL_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class AgentSystem:
    """A running system. Made by `AgentSystem.start`; used from the event loop that started it."""

    def __init__(self, launcher: LauncherProcess, options: SystemOptions, run_id: str) -> None:
        self.options = options
        self.run_id = run_id
        self._launcher = launcher
        self._clock = SystemClock()
        self._entropy = SystemEntropy()
        self._loop = asyncio.get_running_loop()
        self._calls: WeakValueDictionary[str, Call] = WeakValueDictionary()
        self._connection: Connection
        self._requests: RequestSender
        self._outcomes: CallOutcomes

    @classmethod
    def start(cls, options: SystemOptions | None = None, *, root: Mapping[str, Any] | None = None) -> "Starting":
        """Start a system: ``async with AgentSystem.start() as system``, or ``system = await AgentSystem.start()`` and `stop` later.

        It runs in processes of its own and ends with this one, however that ends. ``root`` is another tree than that of
        `composition.root`, for supervision without calls: its supervisor's class as ``actor``, and its ``args``.

        Raises (when awaited or entered):
            ConfigurationError: the options, the platform or the place do not allow it; nothing was left behind.
            SystemUnavailableError: it did not come up; the text says why.
        """
        return Starting(options or SystemOptions(), root)

    @property
    def launcher_pid(self) -> int:
        """The process id of the launcher, the first process of the system."""
        return self._launcher.pid

    async def start_session(
        self, agent: Agent | ProgramPlace, call_id: str | None = None, *, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> CallHandle:
        """Start a call with ``agent``, or with the program at a place, and return its handle once its process is up.

        ``call_id`` is one of your own (letters, digits, ``_ . -``, at most 64), or a new one. A call that runs already under this id is
        not started again: its handle is returned.

        Raises:
            InvalidAgentError, InvalidToolError, MissingExtraError: the agent cannot work; the text names the cure.
            CapacityError: as many calls run as `WorkerOptions.max_jobs` allows.
            SessionUnavailableError: it did not come up within ``timeout_s``.
            SystemUnavailableError: the system has ended.
        """
        self._require_loop()
        if not isinstance(agent, Agent | ProgramPlace):
            raise InvalidAgentError(f"agent is a {type(agent).__name__}: give an Agent(instructions=...), or a ProgramPlace(place=...)")
        call_id = self._entropy.hex_id(4) if call_id is None else _require_call_id(call_id)
        request = StartJob(job_id=call_id, agent=agent.to_wire(), options=composition.session_options(self.options, self.run_id))
        expect(JobStarted, await self._requests.deliver("worker_manager", f"the call {call_id}", request, timeout_s=timeout_s))
        return self.session(call_id)

    def session(self, call_id: str) -> CallHandle:
        """Another handle for a call that was started."""
        self._require_loop()
        call = self._calls.get(_require_call_id(call_id))
        if call is None:
            call = self._calls[call_id] = Call(self._connection, self._clock, call_id)
            if self._connection.ended.done():
                call.end(self._connection.ended.result())
        return CallHandle(call, self._requests, self._entropy)

    async def which_children(self, name: str = ROOT, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> tuple[ChildInfo, ...]:
        """The children of the supervisor ``name``, as OTP reports them: youngest first.

        Raises:
            SessionUnavailableError: nobody of that name answered within ``timeout_s``.
            SystemUnavailableError: the system has ended.
        """
        return (await self._ask(name, WhichChildren(), Children, timeout_s)).children

    async def count_children(self, name: str = ROOT, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> ChildCounts:
        """OTP's four numbers of the supervisor ``name``; raises as `which_children`."""
        return await self._ask(name, CountChildren(), ChildCounts, timeout_s)

    async def tree(self, name: str = ROOT, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> Node:
        """The tree below the supervisor ``name``, as it is now; raises as `which_children`."""
        top = ChildInfo(id=name, state="running", type="supervisor", title="", os_pid=self._root_pid if name == ROOT else 0)
        return await self._node(name, top, timeout_s)

    async def status(self, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> WorkerStatus:
        """The running calls, how many were accepted and refused, and the bound; raises as `which_children`."""
        return await self._ask("worker_manager", GetWorkerStatus(), WorkerStatus, timeout_s)

    async def health_url(self, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> str:
        """Where the health endpoints answer now, ``http://host:port`` (an address of IPv6 in brackets); raises as `which_children`."""
        address = await self._ask("health_server", GetHealthAddress(), HealthAddress, timeout_s)
        return f"http://{url_host(address.host)}:{address.port}"

    async def convert_audio(self, pcm: bytes, from_rate_hz: int, to_rate_hz: int, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> bytes:
        """PCM16 mono at another of the rates that `CallHandle.stream_audio` takes, which needs no conversion; done by the audio processor.

        At most 960,000 bytes before and after, which are 10 s at 48,000 Hz: convert longer audio in parts.

        Raises:
            InvalidAudioError: an unknown rate, no samples or too many.
            SessionUnavailableError, SystemUnavailableError: as `which_children`.
        """
        request = ConvertAudio(pcm=pcm, from_rate_hz=from_rate_hz, to_rate_hz=to_rate_hz)
        return (await self._ask("audio_processor", request, AudioConverted, timeout_s)).pcm

    async def drain(self, timeout_s: float | None = None) -> int:
        """Take no new call from now on (`start_session` refuses it), and wait until those that run have ended; returns how many still do.

        That is 0 unless ``timeout_s`` (`WorkerOptions.drain_s` by default) was too short: nothing ends the others but `stop`. It holds
        through restarts of whatever manages the calls, and cannot be taken back. Called again it waits again.

        Raises:
            SessionUnavailableError: nobody counted the calls in that time.
            SystemUnavailableError: the system has ended.
        """
        self._require_loop()
        timeout_s = self.options.drain_s if timeout_s is None else timeout_s
        until = self._clock.monotonic() + timeout_s

        def drain() -> Drain:
            return Drain(timeout_ms=max(0, round((until - self._clock.monotonic()) * 1000)))

        answer = await self._requests.deliver_made("worker_manager", "the drain", drain, timeout_s=timeout_s + ANSWER_S)
        return expect(Drained, answer).jobs

    async def serve_forever(self) -> None:
        """Serve until the system ends or this process is asked to: SIGTERM, SIGINT or SIGHUP drains and stops, a second one stops at once.

        To be awaited on the main thread, in place of the end of a script that only starts calls, or has others start them. Signals that are
        ignored (SIGHUP under ``nohup``) stay so. Returns when no process of the system is left, also when a signal to the launcher ended
        it; then the handlers of before are back.

        Raises:
            SystemUnavailableError: the system has ended without being asked to; the text says why.
            UsageError: this is not the main thread: no signal comes to it.
        """
        self._require_loop()
        with StopSignals(self._loop) as signals:
            await self.serve(signals)

    async def stop(self) -> None:
        """End everything in order; returns when no process of the system is left. Doing it twice does no harm.

        Calls that still run are ended for good, without the rest of a reply: they do not come back in another system. `drain` first to let
        them end by themselves.
        """
        self._require_loop()
        await self._connection.stop()
        atexit.unregister(self._launcher.close)

    async def wait_ended(self) -> SystemUnavailableError:
        """Wait until the system has ended, by `stop` or not; the error says why."""
        return await asyncio.shield(self._connection.ended)

    # Inside.

    async def open(self) -> Self:
        """Wait until the launcher's tree is up. For `Starting`.

        Raises:
            ConfigurationError, SystemUnavailableError: it will not be; nothing of it is left.
        """
        atexit.register(self._launcher.close, STOP_TIMEOUT_S)
        try:
            self._connection = await Connection.open(self._launcher, self._push)
        except BaseException:  # given up before there is anybody to ask for the end
            self._kill()
            raise
        self._requests = RequestSender(self._connection, self._clock)
        self._outcomes = CallOutcomes(self._connection, self._name_changed)
        self._connection.ended.add_done_callback(lambda ended: self._end(ended.result()))
        ready = self._connection.ready
        try:
            await asyncio.wait([ready], timeout=START_TIMEOUT_S + ANSWER_S)
        except asyncio.CancelledError:
            await self.stop()
            raise
        except GeneratorExit:  # the loop was closed meanwhile: nothing can be waited for
            self._kill()
            raise
        failure = ready.result() if ready.done() else SystemUnavailableError("the system could not start: its launcher does not answer")
        if failure is not None:
            await self.stop()
            raise error_of_reason(str(failure), SystemUnavailableError)
        return self

    async def serve(self, signals: StopSignals) -> None:
        """`serve_forever`, and its twin, once they have taken the signals."""
        await _first_of(self.wait_ended(), signals.first.wait())
        if not self._connection.ended.done():
            await _first_of(self.drain(), signals.second.wait())
        await self.stop()
        if not self._connection.stopped:
            raise self._connection.ended.result()

    def _kill(self) -> None:
        self._launcher.kill()
        self._launcher.close(0.0)
        atexit.unregister(self._launcher.close)

    @property
    def _root_pid(self) -> int:
        return self._connection.root_pid

    async def _ask(self, name: str, message: Message, kind: type[M], timeout_s: float) -> M:
        self._require_loop()
        answer = await self._requests.deliver(name, f"a question to {name}", message, timeout_s=timeout_s)
        if isinstance(answer, ChildResult):  # a supervisor that is ending answers every question so
            raise SessionUnavailableError(f"{name} is ending ({answer.result})")
        return expect(kind, answer)

    async def _node(self, name: str, info: ChildInfo, timeout_s: float) -> Node:
        children: tuple[Node, ...] = ()
        if info.type == "supervisor" and info.state == "running":
            infos = reversed(await self.which_children(name, timeout_s=timeout_s))
            nodes = (self._node_below(child.ref.id if child.ref else child.id, child, timeout_s) for child in infos)
            children = tuple(await asyncio.gather(*nodes))
        return Node(name=name, state=info.state, os_pid=info.os_pid, is_supervisor=info.type == "supervisor", children=children)

    async def _node_below(self, name: str, info: ChildInfo, timeout_s: float) -> Node:
        try:
            return await self._node(name, info, timeout_s)
        except SessionUnavailableError:  # it ends while its parent's answer is read
            return Node(name=name, state="ending", os_pid=0, is_supervisor=True)

    def _push(self, message: Message | EventsLost) -> None:
        match message:
            case NameChanged():
                self._name_changed(self._outcomes.name_changed(message))
            case EventPushed(call_id=call_id) if call := self._calls.get(call_id):
                call.event(message)
            case AudioPushed(call_id=call_id) if call := self._calls.get(call_id):
                call.audio(message)
            case AudioCleared(call_id=call_id) if call := self._calls.get(call_id):
                call.audio_cleared(message)
            case EventsLost(call_id=call_id) if call := self._calls.get(call_id):
                call.events_lost()
            case _:
                pass  # of a call that nobody here has a handle of any more

    def _name_changed(self, change: NameChanged) -> None:
        self._requests.name_changed(change)
        kind, _, call_id = change.name.partition("/")
        if kind == "agent_session" and (call := self._calls.get(call_id)):
            call.name_changed(change)

    def _end(self, error: SystemUnavailableError) -> None:
        self._outcomes.close()
        self._requests.end(error)
        for call in list(self._calls.values()):
            call.end(error)

    def _require_loop(self) -> None:
        if self._launcher.foreign:
            return  # no loop runs in a fork; the connection says what is wrong, or that nothing is
        if asyncio.get_running_loop() is not self._loop:
            raise UsageError("a system is used from the event loop that started it: use livekitex_agent.sync from threads")


class Starting:
    """A system that is about to be started: to be awaited, or entered with ``async with``, once."""

    def __init__(self, options: SystemOptions, root: Mapping[str, Any] | None) -> None:
        self._options = options
        self._root = root
        self._system: AgentSystem | None = None

    def __await__(self) -> Generator[object, None, AgentSystem]:
        return self._start().__await__()

    async def __aenter__(self) -> AgentSystem:
        self._system = await self._start()
        return self._system

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._system is not None:
            await self._system.stop()

    async def _start(self) -> AgentSystem:
        _require_starter()
        require_platform()
        prepare(self._options)
        run_id = SystemEntropy().hex_id()
        tree = composition.root(self._options, run_id) if self._root is None else self._root
        configure = Configure(
            root=tree,
            key=new_key(),
            starter_pid=os.getpid(),
            log_level=self._options.log_level,
            drain_s=float(self._options.drain_s),
        )
        return await AgentSystem(LauncherProcess.spawn(configure), self._options, run_id).open()


async def _first_of(*works: Coroutine[Any, Any, object]) -> None:
    """Wait until one of ``works`` is done, or has failed, and cancel the others."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _require_starter() -> None:
    script = loading_script()
    if script:
        raise ConfigurationError(
            f"{script} starts a system when it is loaded, and a call loads it to find its agent: put the start under {GUARD}"
        )
    if is_hosted():
        raise ConfigurationError("a tool or provider runs inside a system and cannot start another: start it from the script")


def _require_call_id(call_id: object) -> str:
    if not isinstance(call_id, str) or not _CALL_ID.fullmatch(call_id):
        raise UsageError(f"call_id {call_id!r:.80}: use letters, digits and _ . -, at most 64, beginning with a letter or digit")
    return call_id

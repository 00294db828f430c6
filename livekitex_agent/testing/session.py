"""A call under test: the real session of one agent in this process, in virtual time.

How it works. The call and all around it (`simulated_system`) are on an event loop of their own, in a thread of its own, which runs only
while the test waits for something: between two runs no time passes in the call. The test's own loop, and its time, are untouched.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager
from types import TracebackType
from typing import ClassVar, Final, Self, TypeVar

from actors import InlineAgentSession
from livekitex_agent.call_handle import CallHandle
from livekitex_agent.program import ProgramPlace
from livekitex_agent.testing.caller import Utterance, in_time, time_line
from livekitex_agent.testing.run_result import RunResult
from livekitex_agent.testing.simulated_system import SimulatedSystem, SimulationLoop
from livekitex_agent.voice.agent import Agent
from livekitex_agent.voice.mocking import Mock
from protocols import (
    BYTES_PER_SAMPLE,
    SESSION_RATE_HZ,
    AudioPushed,
    CallEnded,
    ConversationState,
    EventPushed,
    SessionEvent,
    SessionUnavailableError,
    UsageError,
)
from supervision import Actor

T = TypeVar("T")

TIMEOUT_S: Final = 120.0
"""Virtual seconds that a run may take by default."""
QUIET_S: Final = 3.0
"""So long after the caller's last audio a run of audio may be over: endpointing waits less by default."""
STILL_S: Final = 0.5
LOOK_EVERY_S: Final = 0.05
MAX_AUDIO_PIECES: Final = 100_000
"""Of the agent's audio that is kept; beyond it the oldest is dropped."""

KillWhen = type[SessionEvent] | Callable[[SessionEvent], bool] | float
"""An event's class, what accepts an event, or seconds from the beginning of the run."""


class TestSession:
    """A call with ``agent``, or of the program at a place, to be entered with ``async with``; used from one event loop.

    When it is entered the call has greeted. ``seed`` chooses among everything that may happen at one instant: a failure repeats under its
    seed. ``max_restarts`` is how often its process may be killed in a minute (5).

    The agent's providers and tools are the real ones of the agent: give it those of `livekitex_agent.testing.fakes`, or its own. What they
    wait for by asyncio takes virtual time and no real time; what they do in threads or over sockets takes both. All incarnations are in
    this process, so what a tool keeps in a module's variables survives a kill here, as nowhere else.
    """

    __test__: ClassVar[bool] = False  # for pytest: it is no test

    def __init__(self, agent: Agent | ProgramPlace, *, seed: int = 0, call_id: str = "test", max_restarts: int = 5) -> None:
        if not isinstance(agent, Agent | ProgramPlace):
            raise UsageError(f"agent is a {type(agent).__name__}: give an Agent(instructions=...), or a ProgramPlace(place=...)")
        self._agent = agent
        self._seed = seed
        self._call_id = call_id
        self._max_restarts = max_restarts
        self._journal = tempfile.TemporaryDirectory(prefix="livekitex-test-")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="simulation")
        self._events: list[EventPushed] = []
        self._audio: list[AudioPushed] = []
        self._kills: list[KillWhen] = []
        self._loop: SimulationLoop
        self._system: SimulatedSystem
        self._readers: tuple[asyncio.Task[None], ...] = ()
        self._work: asyncio.Task[None] | None = None
        self.greeting: RunResult
        """What happened before the first run."""

    async def __aenter__(self) -> Self:
        """Start the call.

        Raises:
            LivekitexError: the agent cannot work; the text names the cure.
        """
        try:
            await asyncio.wrap_future(self._thread.submit(self._begin))
            self.greeting = await self._run(self._open)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None) -> None:
        """End the call, and all around it."""
        if failure is not None:
            failure.add_note(self._system.sim.report())
        await self._close()

    # What the test does.

    async def run(
        self,
        *,
        user_input: str | None = None,
        audio: Sequence[Utterance] | Utterance | None = None,
        command: Callable[[CallHandle], Awaitable[object]] | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> RunResult:
        """Say something as the caller, and let the call go on until it is answered.

        ``user_input`` is text. ``audio`` is what he lets be heard, with times; the run is over `QUIET_S` after the last of it, or when the
        agent has nothing more to say after that. ``command`` is done with the call before he is heard, as in `perform`.

        Raises:
            UsageError: not one of the two is given, or an utterance is out of order.
            TimeoutError: it is not over after ``timeout_s`` of virtual time; the text tells what the call did.
            LivekitexError: the call does not take it.
        """
        if (user_input is None) is (audio is None):
            raise UsageError("a run has user_input or audio: give one of them")
        if command is not None and audio is None:
            raise UsageError("command goes with audio: for anything else there is perform()")
        if user_input is not None:
            return await self.perform(lambda call: call.send_text(user_input), given=user_input, timeout_s=timeout_s)
        line = time_line([audio] if isinstance(audio, Utterance) else audio or ())
        return await self._run(lambda: self._hear(line, command), timeout_s=timeout_s)

    async def perform(
        self, command: Callable[[CallHandle], Awaitable[object]], *, given: str = "", timeout_s: float = TIMEOUT_S
    ) -> RunResult:
        """Do something else with the call, as ``lambda call: call.say("Hello.")``, and let it go on until nothing happens any more.

        The coroutine runs on the call's loop, in its time. Raises as `run`, and what ``command`` raises.
        """

        async def work() -> None:
            await command(self._system.handle)
            await self._rest()

        return await self._run(work, given=given, timeout_s=timeout_s)

    async def advance(self, seconds: float) -> RunResult:
        """Let so much time pass in the call."""
        return await self._run(lambda: asyncio.sleep(seconds), timeout_s=seconds + TIMEOUT_S)

    async def kill(self) -> RunResult:
        """Kill the process of the call's session, and let its next incarnation come up and go on until nothing happens any more.

        Raises:
            UsageError: there is none, since the call is over.
        """

        async def work() -> None:
            if self._over or not self._system.kill_session():
                raise UsageError("there is no session to kill: the call is over")
            await self._rest()

        return await self._run(work)

    def kill_when(self, *when: KillWhen) -> None:
        """Have the session killed within the next run: once for each of ``when``, one after the other.

        Each is an event's class, a function that accepts an event, or seconds from the beginning of that run. The run goes on through it.
        """
        self._kills += when

    @contextmanager
    def mock_tools(self, mocks: Mapping[str, Mock]) -> Iterator[None]:
        """Within this context let tools do something else: a function (sync or async) of their parameters, or an exception to raise.

        The model's arguments are checked against the real tool's schema before its mock is called. An agent that the call is handed to has
        its tools once it has the call.

        Raises:
            UsageError: the agent has no such tool, or the function wants what the tool is not given.
        """
        with self._loop.mocks.holding(mocks, self._loop.tools):
            yield

    # What the test sees.

    @property
    def events(self) -> Sequence[EventPushed]:
        """All events of the call so far."""
        return tuple(self._events)

    @property
    def audio(self) -> Sequence[AudioPushed]:
        """The agent's audio so far, as it was played; at most the newest `MAX_AUDIO_PIECES` pieces."""
        return tuple(self._audio)

    @property
    def now_s(self) -> float:
        """The call's time in seconds."""
        return self._system.sim.clock.monotonic()

    # Inside.

    def _begin(self) -> None:
        asyncio.set_event_loop(None)
        self._loop = SimulationLoop()

        self._loop.run_until_complete(self._make_system())

    async def _make_system(self) -> None:
        self._system = SimulatedSystem(
            self._loop,
            seed=self._seed,
            call_id=self._call_id,
            journal_dir=self._journal.name,
            max_restarts=self._max_restarts,
            on_end=_vanish,
        )

    async def _open(self) -> None:
        self._readers = (self._loop.create_task(self._read_events()), self._loop.create_task(self._read_audio()))
        await self._system.start_call(self._agent.to_wire())
        await self._rest()

    async def _read_events(self) -> None:
        async with aclosing(self._system.handle.events()) as events:
            async for pushed in events:
                self._events.append(pushed)
                if self._kills and not isinstance(self._kills[0], float | int) and _accepts(self._kills[0], pushed.event):
                    del self._kills[0]
                    self._loop.call_soon(self._system.kill_session)

    async def _read_audio(self) -> None:
        async with aclosing(self._system.handle.audio()) as pieces:
            async for piece in pieces:
                self._audio.append(piece)
                del self._audio[:-MAX_AUDIO_PIECES]

    async def _hear(self, line: bytes, command: Callable[[CallHandle], Awaitable[object]] | None) -> None:
        """Let the caller be heard, and then be silent until nothing happens any more."""
        if command is not None:
            await command(self._system.handle)
        over_s = self._loop.time() + len(line) / BYTES_PER_SAMPLE / SESSION_RATE_HZ + QUIET_S
        async with aclosing(in_time(line)) as frames:
            async for frame in frames:
                await self._system.handle.stream_audio(frame, SESSION_RATE_HZ)
                if self._loop.time() >= over_s and await self._idle():
                    return

    async def _rest(self) -> None:
        """Wait until nothing has happened for `STILL_S` and nobody has the turn."""
        happened = -1
        since_s = self._loop.time()
        while self._loop.time() < since_s + STILL_S or not await self._idle():
            if happened != (happened := len(self._events) + len(self._audio)):
                since_s = self._loop.time()
            await asyncio.sleep(LOOK_EVERY_S)

    @property
    def _over(self) -> bool:
        return bool(self._events) and isinstance(self._events[-1].event, CallEnded)

    async def _idle(self) -> bool:
        """Whether the call waits for its caller, or is over."""
        if self._over:
            return True
        try:
            info = await self._system.handle.info()
        except SessionUnavailableError as failure:
            return not failure.retryable
        return info.state == ConversationState.IDLE

    async def _run(self, work: Callable[[], Awaitable[object]], *, given: str = "", timeout_s: float = TIMEOUT_S) -> RunResult:
        """Let the call go on while ``work`` is done on its loop."""
        first, began_s = len(self._events), self._loop.time()
        failures = list[BaseException]()
        done = asyncio.wrap_future(self._thread.submit(self._run_in_thread, work, timeout_s, failures.append))
        try:
            await asyncio.shield(done)
        except asyncio.CancelledError:
            self._loop.call_soon_threadsafe(lambda: self._work is not None and self._work.cancel())
            await asyncio.wait([done])
            raise
        if failures:
            raise failures[0]
        return RunResult(pushed=tuple(self._events[first:]), seconds=self._loop.time() - began_s, given=given)

    def _run_in_thread(self, work: Callable[[], Awaitable[object]], timeout_s: float, failed: Callable[[BaseException], None]) -> None:
        loop = self._loop
        loop.set_exception_handler(lambda _loop, details: failed(details.get("exception") or RuntimeError(details["message"])))
        timers = [loop.call_later(when, self._system.kill_session) for when in self._kills if isinstance(when, float | int)]
        self._kills = [when for when in self._kills if not isinstance(when, float | int)]
        self._work = loop.create_task(self._in_time(work, timeout_s))
        try:
            loop.run_until_complete(self._work)
        finally:
            self._work = None
            for timer in timers:
                timer.cancel()

    async def _in_time(self, work: Callable[[], Awaitable[object]], timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await work()
        except TimeoutError:
            raise TimeoutError(f"the run was not over after {timeout_s:g} s\n{self._system.sim.report()}") from None

    async def _close(self) -> None:
        await asyncio.shield(asyncio.wrap_future(self._thread.submit(self._end)))
        self._thread.shutdown()
        self._journal.cleanup()

    def _end(self) -> None:
        loop = self._loop
        loop.run_until_complete(self._system.stop())
        loop.run_until_complete(_cancel_all())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _accepts(when: KillWhen, event: SessionEvent) -> bool:
    if isinstance(when, type):
        return isinstance(event, when)
    return callable(when) and bool(when(event))


def _vanish(actor: Actor) -> None:
    if isinstance(actor, InlineAgentSession):
        actor.vanish()

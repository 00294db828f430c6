"""The synchronous twin: the same names without ``await``, for scripts and threads that have no event loop.

Every call is handed to one event loop in a thread of its own, which does the work; nothing is done twice here. Calls come from any thread.
What an asynchronous iterator is there, is an iterator here, whose ``for`` loop blocks.
"""

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Mapping
from functools import partial
from types import TracebackType
from typing import Any, Concatenate, Final, ParamSpec, Protocol, Self, TypeVar, overload

from livekitex_agent.call_handle import DEFAULT_TIMEOUT_S
from livekitex_agent.call_handle import CallHandle as AsyncCallHandle
from livekitex_agent.callbacks import Callback, Kinds
from livekitex_agent.client.stop_signals import StopSignals
from livekitex_agent.options import SystemOptions
from livekitex_agent.program import ProgramPlace
from livekitex_agent.speech_handle import SpeechHandle as AsyncSpeechHandle
from livekitex_agent.system import AgentSystem as AsyncSystem
from livekitex_agent.voice.agent import Agent
from protocols import AudioCleared, AudioPushed, EventPushed, SessionEvent, SpeechOutcome, SystemUnavailableError, UsageError

CLEAN_UP_S: Final = 5.0
"""How long what is cancelled at the end may take."""

C = TypeVar("C", bound=Callback)
P = ParamSpec("P")
R = TypeVar("R")
W_co = TypeVar("W_co", covariant=True)


class _Loop:
    """An event loop in a thread of its own, which a fork of the process does not have."""

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._loop = asyncio.new_event_loop()
        self._gate = threading.Lock()
        self._closing = False
        self._thread = threading.Thread(target=self._loop.run_forever, name="livekitex", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """Run ``work`` there and wait for it; what interrupts the waiting (Ctrl-C) cancels it.

        Raises:
            UsageError: this is a fork of the process that the loop runs in.
            SystemUnavailableError: the loop was closed.
        """
        if self.foreign:
            work.close()
            raise UsageError("the system belongs to the process that this one is a fork of: fork first, then start one here")
        with self._gate:  # what is handed over is seen by `close`, or refused: the loop never ends before it
            if self._closing:
                work.close()
                raise SystemUnavailableError("the system was stopped")
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def iterate(self, generator: AsyncGenerator[R]) -> Iterator[R]:
        """The items of ``generator``, which is closed with the iterator."""
        try:
            while True:
                try:
                    item = self.run(_next(generator))
                except StopAsyncIteration:
                    return
                yield item
        finally:
            if not self.foreign:
                self.run(generator.aclose())

    @property
    def events(self) -> asyncio.AbstractEventLoop:
        """The loop itself."""
        return self._loop

    @property
    def foreign(self) -> bool:
        """Whether this process is a fork of the one that the loop runs in."""
        return os.getpid() != self._owner

    @property
    def closed(self) -> bool:
        """Whether it has ended."""
        return self._loop.is_closed()

    def close(self) -> None:
        """Have everything that still runs there clean up, for `CLEAN_UP_S` at most, then end the loop and its thread."""
        with self._gate:
            self._closing = True
        asyncio.run_coroutine_threadsafe(_cancel_others(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        ended, _ = await asyncio.wait(others, timeout=CLEAN_UP_S)
        for task in ended:
            if not task.cancelled():
                task.exception()  # it has been looked at: asyncio need not log it


async def _next(generator: AsyncGenerator[R]) -> R:
    return await anext(generator)


class _Twin(Protocol[W_co]):
    @property
    def _loop(self) -> _Loop: ...
    @property
    def _wrapped(self) -> W_co: ...


def _blocking(method: Callable[Concatenate[W_co, P], Coroutine[Any, Any, R]]) -> Callable[Concatenate[_Twin[W_co], P], R]:
    """The method of a twin that runs ``method`` of what it wraps, and blocks until it is done."""

    def blocking(twin: _Twin[W_co], /, *args: P.args, **kwargs: P.kwargs) -> R:
        return twin._loop.run(method(twin._wrapped, *args, **kwargs))  # noqa: SLF001 - a twin is a friend

    blocking.__doc__ = method.__doc__
    return blocking


class SpeechHandle:
    """The handle of something that the agent was asked to say: see `livekitex_agent.SpeechHandle`."""

    def __init__(self, wrapped: AsyncSpeechHandle, loop: _Loop) -> None:
        self._wrapped = wrapped
        self._loop = loop

    @property
    def command_id(self) -> str:
        """The id of the command."""
        return self._wrapped.command_id

    @property
    def interrupted(self) -> bool:
        """Whether it was stopped before its end; False as long as `wait_for_playout` has not told."""
        return self._wrapped.interrupted

    @property
    def speech_id(self) -> str:
        """The id that events name it by: see `livekitex_agent.SpeechHandle`."""
        return self._wrapped.speech_id

    @property
    def source(self) -> str:
        """``say`` or ``generate_reply``."""
        return self._wrapped.source

    @property
    def outcome(self) -> SpeechOutcome | None:
        """How it ended; None as long as that is not known: see `livekitex_agent.SpeechHandle`."""
        return self._wrapped.outcome

    def done(self) -> bool:
        """Whether it has ended: see `livekitex_agent.SpeechHandle`."""
        return self._wrapped.done()

    def add_done_callback(self, callback: "Callable[[SpeechHandle], object]") -> None:
        """Have ``callback`` called with this handle, in a thread of its own, once it has ended."""

        def done(_wrapped: AsyncSpeechHandle) -> None:
            threading.Thread(target=callback, args=(self,), name="livekitex callback", daemon=True).start()

        self._loop.run(self._add_done_callback(done))

    wait_for_playout = _blocking(AsyncSpeechHandle.wait_for_playout)
    interrupt = _blocking(AsyncSpeechHandle.interrupt)

    async def _add_done_callback(self, callback: Callable[[AsyncSpeechHandle], None]) -> None:
        self._wrapped.add_done_callback(callback)


def _speaking(
    method: Callable[Concatenate[AsyncCallHandle, P], Coroutine[Any, Any, AsyncSpeechHandle]],
) -> Callable[Concatenate[_Twin[AsyncCallHandle], P], SpeechHandle]:
    """As `_blocking`, for a method that gives the handle of a speech."""
    blocking = _blocking(method)

    def speaking(twin: _Twin[AsyncCallHandle], /, *args: P.args, **kwargs: P.kwargs) -> SpeechHandle:
        return SpeechHandle(blocking(twin, *args, **kwargs), twin._loop)  # noqa: SLF001 - a twin is a friend

    speaking.__doc__ = method.__doc__
    return speaking


class CallHandle:
    """The handle of one call: see `livekitex_agent.CallHandle`."""

    def __init__(self, wrapped: AsyncCallHandle, loop: _Loop) -> None:
        self._wrapped = wrapped
        self._loop = loop

    @property
    def call_id(self) -> str:
        """The call's id, the same through all its incarnations."""
        return self._wrapped.call_id

    send_text = _blocking(AsyncCallHandle.send_text)
    say = _speaking(AsyncCallHandle.say)
    generate_reply = _speaking(AsyncCallHandle.generate_reply)
    stream_audio = _blocking(AsyncCallHandle.stream_audio)
    commit_audio = _blocking(AsyncCallHandle.commit_audio)
    cancel_response = _blocking(AsyncCallHandle.cancel_response)
    update_instructions = _blocking(AsyncCallHandle.update_instructions)
    update_chat_context = _blocking(AsyncCallHandle.update_chat_context)
    history = _blocking(AsyncCallHandle.history)
    end = _blocking(AsyncCallHandle.end)
    info = _blocking(AsyncCallHandle.info)
    wait_for = _blocking(AsyncCallHandle.wait_for)

    @overload
    def on(self, kinds: Kinds, /, *, from_number: int | None = None) -> Callable[[C], C]: ...
    @overload
    def on(self, kinds: Kinds, callback: C, /, *, from_number: int | None = None) -> C: ...
    def on(self, kinds: Kinds, callback: C | None = None, /, *, from_number: int | None = None) -> C | Callable[[C], C]:
        """Have ``callback`` called, in a thread, for each event of these classes: see `livekitex_agent.CallHandle.on`."""
        if callback is None:
            return partial(self._on, kinds, from_number)
        return self._on(kinds, from_number, callback)

    def off(self, callback: Callback) -> None:
        """Call ``callback`` no more: see `livekitex_agent.CallHandle.off`."""
        self._loop.run(self._off(callback))

    def events(self, from_number: int = 1, *, kinds: Kinds = SessionEvent) -> Iterator[EventPushed]:
        """The call's events from ``from_number`` on: see `livekitex_agent.CallHandle.events`."""
        return self._loop.iterate(self._wrapped.events(from_number, kinds=kinds))

    def audio(self) -> Iterator[AudioPushed]:
        """The agent's audio from now on: see `livekitex_agent.CallHandle.audio`."""
        return self._loop.iterate(self._wrapped.audio())

    def background_audio(self) -> Iterator[AudioPushed]:
        """The sound beside the agent's speech from now on: see `livekitex_agent.CallHandle.background_audio`."""
        return self._loop.iterate(self._wrapped.background_audio())

    def playback(self) -> Iterator[AudioPushed | AudioCleared]:
        """The agent's audio from now on, and what is recalled of it: see `livekitex_agent.CallHandle.playback`."""
        return self._loop.iterate(self._wrapped.playback())

    def _on(self, kinds: Kinds, from_number: int | None, callback: C) -> C:
        self._loop.run(self._put_on(kinds, from_number, callback))
        return callback

    async def _put_on(self, kinds: Kinds, from_number: int | None, callback: Callback) -> None:
        self._wrapped.on(kinds, callback, from_number=from_number)

    async def _off(self, callback: Callback) -> None:
        self._wrapped.off(callback)


class AgentSystem:
    """A running system: see `livekitex_agent.AgentSystem`. Made by `AgentSystem.start`; a context manager that stops it."""

    def __init__(self, wrapped: AsyncSystem, loop: _Loop) -> None:
        self._wrapped = wrapped
        self._loop = loop
        self._stopping = threading.RLock()  # a signal's handler may stop, too

    @classmethod
    def start(cls, options: SystemOptions | None = None, *, root: Mapping[str, Any] | None = None) -> Self:
        """Start a system and return once it is up: see `livekitex_agent.AgentSystem.start`."""
        loop = _Loop()
        try:
            return cls(loop.run(_start(options, root)), loop)
        except BaseException:
            loop.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def launcher_pid(self) -> int:
        """The process id of the launcher."""
        return self._wrapped.launcher_pid

    def start_session(self, agent: Agent | ProgramPlace, call_id: str | None = None, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> CallHandle:
        """Start a call: see `livekitex_agent.AgentSystem.start_session`."""
        return CallHandle(self._loop.run(self._wrapped.start_session(agent, call_id, timeout_s=timeout_s)), self._loop)

    def session(self, call_id: str) -> CallHandle:
        """Another handle for a call that was started."""
        return CallHandle(self._loop.run(self._session(call_id)), self._loop)

    which_children = _blocking(AsyncSystem.which_children)
    count_children = _blocking(AsyncSystem.count_children)
    tree = _blocking(AsyncSystem.tree)
    status = _blocking(AsyncSystem.status)
    health_url = _blocking(AsyncSystem.health_url)
    convert_audio = _blocking(AsyncSystem.convert_audio)
    drain = _blocking(AsyncSystem.drain)
    wait_ended = _blocking(AsyncSystem.wait_ended)

    def serve_forever(self) -> None:
        """Serve until the system ends or this process is asked to: see `livekitex_agent.AgentSystem.serve_forever`; on the main thread."""
        with StopSignals(self._loop.events) as signals:
            self._loop.run(self._wrapped.serve(signals))

    def stop(self) -> None:
        """End everything in order; returns when no process of the system is left. Doing it twice, from any threads, does no harm."""
        if self._loop.foreign:
            return
        with self._stopping:
            if not self._loop.closed:
                self._loop.run(self._wrapped.stop())
                self._loop.close()

    async def _session(self, call_id: str) -> AsyncCallHandle:
        return self._wrapped.session(call_id)


async def _start(options: SystemOptions | None, root: Mapping[str, Any] | None) -> AsyncSystem:
    return await AsyncSystem.start(options, root=root)

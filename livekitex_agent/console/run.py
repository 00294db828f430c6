"""One call in the terminal, from its start to its end: what is said goes in, what happens is shown, and its process is killed when asked.

How it works. The events of the call are shown (`transcript`, `screen`), and told to two pure functions: when a caller with prepared lines
says the next (`scripted_caller`), and when the process is to be killed (`killer`). Keys and lines come from `keyboard`, audio from
recordings (`microphone`) or from the machine's devices (`sound_devices`).
"""

import asyncio
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from livekitex_agent.call_handle import CallHandle
from livekitex_agent.console import killer as killers
from livekitex_agent.console import scripted_caller as callers
from livekitex_agent.console.entries import Entry, Kind
from livekitex_agent.console.keyboard import keys_pressed, read_line
from livekitex_agent.console.killer import KillAt, Killer
from livekitex_agent.console.line_editor import HOTKEYS, Act, act_of
from livekitex_agent.console.loudspeaker import Loudspeaker
from livekitex_agent.console.microphone import Microphone
from livekitex_agent.console.recorder import Recorder
from livekitex_agent.console.screen import Screen, Status
from livekitex_agent.console.scripted_caller import Next, ScriptedCaller
from livekitex_agent.console.sound_devices import SoundDevices
from livekitex_agent.console.transcript import lines_of
from livekitex_agent.console.utterances import Utterance
from protocols import (
    AgentMessage,
    AudioPushed,
    CallEnded,
    Clock,
    ConfigurationError,
    EventPushed,
    LivekitexError,
    Restarted,
    SessionEvent,
    SessionUnavailableError,
    StateChanged,
    UnavailableError,
    UserInputSettled,
    UserInputTranscribed,
)

TICK_S: Final = 0.02
END_S: Final = 10.0
"""For a call to take its end, which one takes at once that is not between two processes."""
FAILED: Final = "failed"
"""How the reason of a call's end begins that has failed."""
TYPE_KEYS: Final = "Ctrl-K or /kill kills the process, Ctrl-D or /quit ends"
TALK_KEYS: Final = "k kills the process, q ends"


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """How the caller talks: ``by_text``, or ``spoken`` recordings in their order, or else by the ``devices``.

    ``interactive`` is whether somebody sits at the terminal of standard input; by text without him, its lines are said one after the other.
    The process is killed by itself when the conversation is at ``kill_at`` (None: never), ``kills`` times. ``record`` is the file for both
    voices.
    """

    by_text: bool = False
    spoken: Sequence[Utterance] = ()
    devices: SoundDevices | None = None
    interactive: bool = False
    kill_at: KillAt | None = None
    kills: int = 1
    record: Path | None = None


class ConsoleCall:
    """The call of ``handle``, talked to as ``talk`` says."""

    def __init__(self, handle: CallHandle, talk: Talk, screen: Screen, clock: Clock) -> None:
        self.problems: list[str] = []
        self._handle = handle
        self._talk = talk
        self._screen = screen
        self._clock = clock
        self._began = clock.monotonic()
        self._status = Status(typed="" if talk.by_text else None, keys=TYPE_KEYS if talk.by_text else TALK_KEYS)
        self._recorder = Recorder() if talk.record is not None else None
        self._loudspeaker = Loudspeaker(talk.devices.loudspeaker_hz) if talk.devices is not None else None
        self._is_scripted = bool(talk.spoken) or (talk.by_text and not talk.interactive)
        self._caller = ScriptedCaller(since_s=self._began)
        self._lines = 0
        self._killer = None if talk.kill_at is None else Killer(kill_at=talk.kill_at, left=talk.kills, first_line=1, by_text=talk.by_text)
        self._spoken = deque(talk.spoken)
        self._microphone: Microphone | None = None
        self._killed_at_s: float | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ending = False

    async def run(self) -> list[str]:
        """The whole call; returns what went wrong with it, nothing if it went well.

        Raises:
            ConfigurationError: a device cannot be opened, or the recording not be written.
        """
        self._soon(self._look(), self._listen())
        async with self._talking():
            await self._follow()
        if self._killer is not None and self._killer.left:
            self.problems.append(f"{self._killer.left} of {self._talk.kills} kills did not take place: it was never {self._killer.kill_at}")
        if self._killed_at_s is not None:
            self.problems.append("the killed call did not come back")
        if self._recorder is not None and self._talk.record is not None:
            seconds = self._recorder.write(self._talk.record)
            self.note(Kind.NOTE, f"{seconds:.0f} s recorded in {self._talk.record} (left: caller, right: agent)")
        return self.problems

    def note(self, kind: Kind, text: str) -> None:
        """Show something."""
        self._screen.add(Entry(at_s=self._clock.monotonic() - self._began, kind=kind, text=text))

    @asynccontextmanager
    async def _talking(self) -> AsyncIterator[None]:
        """All that goes on beside the events, until they end."""
        with ExitStack() as stack:
            if self._talk.interactive:
                stack.enter_context(self._interrupted_gently())
                hotkeys = {} if self._talk.by_text else HOTKEYS
                stack.enter_context(keys_pressed(sys.stdin.fileno(), hotkeys, self._typed, self._given))
            if self._talk.devices is not None and self._loudspeaker is not None:
                self._soon(self._hear(stack.enter_context(self._talk.devices.opened(self._loudspeaker)), self._talk.devices.microphone_hz))
            if self._talk.spoken:
                rate_hz = self._talk.spoken[0].rate_hz
                self._microphone = Microphone(self._handle, self._clock, rate_hz, heard=lambda pcm: self._record_caller(pcm, rate_hz))
                self._soon(self._microphone.run())
            if self._is_scripted:
                self._soon(self._say_lines())
            if self._killer is not None:
                self._soon(self._kill_in_time())
            try:
                yield
            finally:
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)

    @contextmanager
    def _interrupted_gently(self) -> Iterator[None]:
        """Ctrl-C hangs up; a second one ends at once."""
        loop = asyncio.get_running_loop()

        def hang_up() -> None:
            loop.remove_signal_handler(signal.SIGINT)
            self._given(Act.QUIT)

        loop.add_signal_handler(signal.SIGINT, hang_up)
        try:
            yield
        finally:
            loop.remove_signal_handler(signal.SIGINT)

    async def _follow(self) -> None:
        """Show the call's events to their end, or until something beside them has failed."""
        following = asyncio.ensure_future(self._take_events())
        try:
            await asyncio.wait([following, self._failed], return_when=asyncio.FIRST_COMPLETED)
            if self._failed.done():
                self._failed.result()
            await following
        except LivekitexError as failure:
            if isinstance(failure, ConfigurationError):
                raise
            self.problems.append(str(failure))
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def _take_events(self) -> None:
        async for pushed in self._handle.events():
            self._take(pushed)

    async def _listen(self) -> None:
        async for piece in self._handle.playback():
            now = self._clock.monotonic()
            if self._loudspeaker is not None:
                self._loudspeaker.take_in(piece)
            if isinstance(piece, AudioPushed):
                self._caller = callers.heard_something(self._caller, now)
                if self._recorder is not None:
                    self._recorder.agent(now - self._began, piece)

    async def _hear(self, heard: "asyncio.Queue[bytes]", rate_hz: int) -> None:
        while True:
            pcm = await heard.get()
            self._record_caller(pcm, rate_hz)
            await self._handle.stream_audio(pcm, rate_hz)

    async def _say_lines(self) -> None:
        while True:
            match callers.decide(self._caller, self._clock.monotonic()):
                case Next.SPEAK:
                    await self._say_next()
                case Next.GIVE_UP:
                    self.problems.append(f"nothing happened for {callers.LIMIT_S:.0f} s while it was {self._caller.state}")
                    await self._end()
                case Next.WAIT:
                    pass
            await asyncio.sleep(TICK_S)

    async def _say_next(self) -> None:
        self._caller = callers.began_line(self._caller, self._clock.monotonic())
        if not self._talk.by_text:
            if not self._spoken:
                await self._end()
            elif self._microphone is not None:
                self._lines += 1
                utterance = self._spoken.popleft()
                self.note(Kind.NOTE, f"{utterance.label} is played")
                self._microphone.say(utterance, self._line_finished)
            return
        line = await read_line()
        given = Act.QUIT if line is None else act_of(line)
        if given is not None and not isinstance(given, Act):
            self._lines += 1
            await self._send(given)
            self._line_finished()
        elif given is Act.KILL:
            self._kill("as its caller asked")  # the next line waits until it is back
        else:
            self._given(given)
            self._line_finished()

    async def _kill_in_time(self) -> None:
        while self._killer is not None and self._killer.left:
            self._killer, kill = killers.decide(self._killer, self._lines, self._clock.monotonic())
            if kill:
                self._kill(f"while {self._killer.kill_at}")
            await asyncio.sleep(TICK_S)

    def _typed(self, text: str) -> None:
        self._show(typed=text if self._talk.by_text else None)

    def _given(self, given: str | Act | None) -> None:
        """A line, or an act, by key or by line."""
        if isinstance(given, str) and not isinstance(given, Act):
            given = act_of(given)
        match given:
            case Act.KILL:
                self._kill("as its caller asked")
            case Act.QUIT:
                self._soon(self._end())
            case str() as text if self._talk.by_text:
                self._lines += 1
                self._soon(self._send(text))
            case _:
                pass

    async def _send(self, text: str) -> None:
        try:
            await self._handle.send_text(text)
        except LivekitexError as failure:
            self.note(Kind.ERROR, f'"{text}" was not taken: {failure}')
            if self._is_scripted:
                self.problems.append(f'"{text}" was not taken')

    async def _end(self) -> None:
        if self._ending:
            return
        self._ending = True
        try:
            await self._handle.cancel_response(timeout_s=END_S)
            await self._handle.end("caller hung up", timeout_s=END_S)
        except UnavailableError as failure:
            if failure.retryable and not self._failed.done():  # else it has ended by itself, as was wanted
                text = f"the call takes no end within {END_S:.0f} s (has its program started a session?): it is ended with the system"
                self._failed.set_exception(SessionUnavailableError(text))

    def _kill(self, why: str) -> None:
        os_pid = self._status.os_pid
        if os_pid is None:
            self.note(Kind.NOTE, "there is no process to kill just now: the call is between two")
            return
        with suppress(ProcessLookupError):  # it died by itself, which its supervisor knows
            os.kill(os_pid, signal.SIGKILL)
        self._killed_at_s = self._clock.monotonic()
        self._show(os_pid=None)
        self.note(Kind.KILL, f"SIGKILL to process {os_pid}, the call's session, {why}")

    def _take(self, pushed: EventPushed) -> None:
        now = self._clock.monotonic()
        event: SessionEvent = pushed.event
        took = "" if self._killed_at_s is None else f", {(now - self._killed_at_s) * 1000:.0f} ms after the kill"
        for kind, text in lines_of(event):
            self.note(kind, f"{text}{took}" if kind is Kind.BACK else text)
        match event:
            case StateChanged(new=new):
                self._caller = callers.saw_state(self._caller, new, now)
                if self._killer is not None:
                    self._killer = killers.saw_state(self._killer, new, self._lines, now)
                self._show(state=new, heard="")
            case AgentMessage(interrupted=False):
                self._caller = callers.heard_reply(self._caller, now)
            case UserInputTranscribed(text=text) | UserInputSettled(text=text):
                self._show(heard=text)
            case Restarted():
                self._came_back(now)
            case CallEnded(reason=reason) if reason.startswith(FAILED):
                self.problems.append(f"the call has {reason}")
            case _:
                pass
        self._show(incarnation=pushed.incarnation)

    def _came_back(self, now: float) -> None:
        self._killed_at_s = None
        self._caller = callers.heard_something(self._caller, now)
        if self._talk.by_text:
            self._line_finished()
        self._show(os_pid=None)
        self._soon(self._look())

    async def _look(self) -> None:
        self._show(os_pid=(await self._handle.info()).os_pid)

    def _line_finished(self) -> None:
        self._caller = callers.finished_line(self._caller, self._clock.monotonic())

    def _show(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of `Status`
        status = replace(self._status, **changes)
        if status != self._status:
            self._status = status
            self._screen.show(status)

    def _record_caller(self, pcm: bytes, rate_hz: int) -> None:
        if self._recorder is not None:
            self._recorder.caller(self._clock.monotonic() - self._began, pcm, rate_hz)

    def _soon(self, *works: Coroutine[Any, Any, None]) -> None:
        for work in works:
            task = asyncio.ensure_future(work)
            self._tasks.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        """Something beside the events is over. That the call is, they tell; whatever else failed ends the console."""
        self._tasks.discard(task)
        if task.cancelled() or (failure := task.exception()) is None or isinstance(failure, UnavailableError):
            return
        if not self._failed.done():
            self._failed.set_exception(failure)

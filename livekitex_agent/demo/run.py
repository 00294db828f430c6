"""The demo: one phone order, spoken, with a kill in its middle. Wires the pure parts of this folder to a real system.

How it works. A second voice speaks the caller's lines into a telephone line that never stops (`voice`, `console.microphone`). The events
of the call go to three pure functions: what the caller says next (`caller`), whether the session's process is to be killed now
(`console.killer`), and how the call went (`outcome`). What they answer is performed here, and shown (`screen`) and recorded
(`console.recorder`).
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from livekitex_agent.call_handle import CallHandle
from livekitex_agent.console import killer as killers
from livekitex_agent.console.entries import Entry, Kind
from livekitex_agent.console.killer import KillAt, Killer
from livekitex_agent.console.microphone import Microphone
from livekitex_agent.console.recorder import Recorder
from livekitex_agent.console.transcript import lines_of
from livekitex_agent.console.utterances import Utterance
from livekitex_agent.demo import caller as callers
from livekitex_agent.demo import outcome as outcomes
from livekitex_agent.demo.agent import phone_order_agent
from livekitex_agent.demo.caller import Act, Caller
from livekitex_agent.demo.outcome import Outcome
from livekitex_agent.demo.screen import Screen
from livekitex_agent.options import SystemOptions
from livekitex_agent.system import AgentSystem
from protocols import (
    AgentMessage,
    Clock,
    ConfigurationError,
    EventPushed,
    LivekitexError,
    Restarted,
    StateChanged,
    SystemClock,
    UserMessage,
)

TICK_S: Final = 0.02
LIMIT_S: Final = 240.0
"""A call that has not ended by itself after this time is hung up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What the caller says, as audio where ``spoken`` is given, else as text, and when the session is killed meanwhile."""

    lines: Sequence[str]
    spoken: Sequence[Utterance] = ()
    kill_at: KillAt = KillAt.SPEAKING
    kills: int = 1
    first_kill_line: int = 4


async def run_call(script: Script, options: SystemOptions, screen: Screen, wav: Path | None) -> Outcome:
    """Start a system, make the call, and stop the system again; the recording goes to ``wav``.

    Raises:
        ConfigurationError, MissingExtraError, SystemUnavailableError: the system cannot start here; the text names the cure.
    """
    async with AgentSystem.start(options) as system:
        session = await system.start_session(phone_order_agent())
        call = _Call(script, system, session, screen, SystemClock())
        outcome = await call.run()
    return outcome if wav is None else _write(call, outcome, wav)


def _write(call: "_Call", outcome: Outcome, wav: Path) -> Outcome:
    try:
        seconds = call.recorder.write(wav)
    except ConfigurationError as failure:  # the disk is full by now; how the call went is still worth telling
        return replace(outcome, unrecorded=str(failure))
    call.note(Kind.NOTE, f"{seconds:.0f} s recorded in {wav} (left: caller, right: agent)")
    return outcome


class _Call:
    def __init__(self, script: Script, system: AgentSystem, session: CallHandle, screen: Screen, clock: Clock) -> None:
        self.recorder = Recorder()
        self._script = script
        self._system = system
        self._session = session
        self._screen = screen
        self._clock = clock
        self._began = clock.monotonic()
        self._caller = Caller(lines=script.lines, since_s=self._began)
        self._killer = Killer(kill_at=script.kill_at, left=script.kills, first_line=script.first_kill_line)
        self._outcome = Outcome()
        self._os_pid = 0
        self._tasks: set[asyncio.Task[None]] = set()
        rate_hz = script.spoken[0].rate_hz if script.spoken else 0
        self._microphone = Microphone(session, clock, rate_hz, heard=self._record_caller) if script.spoken else None

    async def run(self) -> Outcome:
        """The whole call; whoever of its parts fails ends it."""
        await self._look()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LIMIT_S):
                await self._talk()
        return self._outcome

    def note(self, kind: Kind, text: str) -> None:
        """Show something."""
        self._screen.add(Entry(at_s=self._clock.monotonic() - self._began, kind=kind, text=text))

    async def _talk(self) -> None:
        background = [self._listen(), self._act()]
        if self._microphone is not None:
            background.append(self._microphone.run())
        tasks = [asyncio.ensure_future(work) for work in background]
        try:
            async for pushed in self._session.events():
                self._take(pushed)
        except LivekitexError as failure:
            self.note(Kind.NOTE, str(failure))
        finally:
            for task in (*tasks, *self._tasks):
                task.cancel()
            for result in await asyncio.gather(*tasks, *self._tasks, return_exceptions=True):
                if isinstance(result, Exception) and not isinstance(result, LivekitexError):
                    raise result

    async def _listen(self) -> None:
        async for pushed in self._session.audio():
            now = self._clock.monotonic()
            self.recorder.agent(now - self._began, pushed)
            self._outcome = outcomes.after_audio(self._outcome, now - self._began)
            self._caller = callers.heard_something(self._caller, now)

    async def _act(self) -> None:
        while True:
            now = self._clock.monotonic()
            self._killer, kill = killers.decide(self._killer, self._caller.next_line, now)
            if kill:
                self._kill(now)
            self._caller, act = callers.decide(self._caller, now)
            if act is Act.SPEAK:
                await self._speak(self._caller.next_line - 1)
            elif act is Act.HANG_UP:
                await self._session.end("caller hung up")
            await asyncio.sleep(TICK_S)

    async def _speak(self, index: int) -> None:
        self.note(Kind.CALLER, self._script.lines[index])
        if self._microphone is not None:
            self._microphone.say(self._script.spoken[index], self._line_finished)
        else:
            await self._session.send_text(self._script.lines[index])
            self._line_finished()

    def _line_finished(self) -> None:
        self._caller = callers.finished_line(self._caller, self._clock.monotonic())

    def _kill(self, now: float) -> None:
        self._outcome = outcomes.after_kill(self._outcome, self._os_pid, now - self._began)
        os.kill(self._os_pid, signal.SIGKILL)
        self.note(Kind.KILL, f"SIGKILL to process {self._os_pid}, the call's session, while {self._killer.kill_at}")

    def _take(self, pushed: EventPushed) -> None:
        now = self._clock.monotonic()
        self._outcome = outcomes.after_event(self._outcome, pushed, now - self._began)
        match pushed.event:
            case UserMessage(text=text):
                self.note(Kind.NOTE, f'understood: "{text}"')
            case Restarted(reason=reason, incarnation=incarnation):
                last = self._outcome.kills[-1:]
                took = f", {last[0].back_s * 1000:.0f} ms after the kill" if last and last[0].back_s is not None else ""
                self.note(Kind.BACK, f"incarnation {incarnation} of the call has its conversation again{took} (the last one: {reason})")
                self._soon(self._look())
            case event:
                for kind, text in lines_of(event):
                    self.note(kind, text)
        match pushed.event:
            case StateChanged(new=new):
                self._killer = killers.saw_state(self._killer, new, self._caller.next_line, now)
            case AgentMessage(text=text, interrupted=False):
                self._caller = callers.heard_reply(self._caller, text, now)
            case _:
                pass

    async def _look(self) -> None:
        self._os_pid = (await self._session.info()).os_pid
        self._screen.tree((await self._system.tree()).lines())

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _record_caller(self, pcm: bytes) -> None:
        self.recorder.caller(self._clock.monotonic() - self._began, pcm, self._script.spoken[0].rate_hz)

"""One call, several handles that send it numbered texts, and somebody who kills its processes all the while: what came of it is counted.

The brain answers the text n by "This is n." and, where the text asks for it, after a tool that leaves a line in a file.
"""

import asyncio
import json
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from livekitex_agent import Agent, AgentSystem, CallHandle, RunContext
from protocols import (
    LLM,
    AgentMessage,
    CallDelta,
    ChatContext,
    ChatMessage,
    ChatOptions,
    CommandDone,
    EventPushed,
    EventsMissed,
    LLMEvent,
    ProviderRef,
    Restarted,
    Role,
    SessionEvent,
    SessionUnavailableError,
    TextDelta,
    ToolReturned,
    ToolSchema,
    TurnFailed,
    UserMessage,
)

YIELDS: Final = 20
"""Turns of the event loop that a word of a reply takes."""
EVENTS: Final = 8
"""About as many as a turn has: so many more may pass before a kill, so it falls into any part of a turn."""
TOOL_EVERY: Final = 5
AT_ONCE: Final = 12
"""Texts of one handle that wait for their answer."""
PATIENCE_S: Final = 60.0
SESSION: Final = "agent_session"
JOB: Final = "job_context"
"""Lives in the process of the job's supervisor, which dies with it."""


async def note(number: int, path: str, context: RunContext) -> str:
    """Write a line into a file."""
    append(path, number)
    await _work()
    context.user_data[str(number)] = context.incarnation
    return f"noted {number}"


class Echo(LLM):
    """Asked ``text 7`` it says "This is 7.", asked ``note 10`` the same after the tool of that name."""

    def __init__(self, path: str) -> None:
        self.path = path

    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        what, number = next(message.text for message in reversed(context.messages) if message.role is Role.USER).split()
        if what in {tool.name for tool in tools} and isinstance(context.items[-1], ChatMessage):
            arguments = json.dumps({"number": int(number), "path": self.path})
            yield CallDelta(call_id="1", name=what, arguments=arguments)
            return
        for word in ("This ", "is ", f"{number}."):
            await _work()
            yield TextDelta(text=word)


def echo(options: Mapping[str, Any]) -> LLM:
    """The factory."""
    return Echo(options["path"])


def word_of(number: int) -> str:
    """Before the text of this number: whether it asks for the tool."""
    return "note" if number % TOOL_EVERY == 0 else "text"


def agent_of(notes: Path) -> Agent:
    """The agent whose tool writes into ``notes``."""
    llm = ProviderRef(factory="support.command_fire:echo", options={"path": str(notes)})
    return Agent.text(instructions="Answer.", tools=[note], llm=llm)


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL of the process with this role, so many events after so many texts have been answered."""

    answered: int
    events: int
    role: str


def plan(seed: int, *, texts: int, kills: int, job_kills: int = 0, apart: bool = True) -> tuple[Kill, ...]:
    """Kills at random, spread over the texts in their order; two at a time if not ``apart``."""
    rng = random.Random(seed)
    roles = [SESSION] * kills + [JOB] * job_kills
    rng.shuffle(roles)
    share = texts / (len(roles) + 1)
    firsts = [index if apart else index - index % 2 for index in range(len(roles))]
    return tuple(Kill(int(share * (at + rng.random())), rng.randrange(EVENTS), role) for at, role in zip(firsts, roles, strict=True))


@dataclass
class Fought:
    """What every handle saw, and what was left of the call in the end."""

    texts: int
    apart: bool
    records: list[list[EventPushed]]
    unavailable: int
    killed: Counter[str]
    after_all: int
    """Kills that came when all texts had been answered."""
    notes: Counter[int]
    user_data: Mapping[str, int]
    late: Mapping[int, list[EventPushed]]
    """What handles saw that came in the end and read from this number on."""

    def events(self) -> Iterator[SessionEvent]:
        """Those of the first handle."""
        return (pushed.event for pushed in self.records[0])

    @property
    def restarts(self) -> int:
        return sum(isinstance(event, Restarted) for event in self.events())

    @property
    def answers(self) -> dict[int, list[str]]:
        """Text by text: the replies, in whatever turns; of a turn that was given up none."""
        turns = {event.turn_id: int(event.text.split()[1]) for event in self.events() if isinstance(event, UserMessage)}
        found: dict[int, list[str]] = {number: [] for number in range(self.texts)}
        for pushed in self.records[0]:
            if isinstance(pushed.event, AgentMessage) and pushed.turn_id in turns and not pushed.event.interrupted:
                found[turns[pushed.turn_id]].append(pushed.event.text)
        return found

    @property
    def given_up(self) -> Counter[int]:
        """The texts whose turn is journalled as failed."""
        return Counter(int(event.text.split()[1]) for event in self.events() if isinstance(event, TurnFailed) and event.text)

    def broken(self) -> list[str]:
        """Every promise that was not kept, in words."""
        return [
            *self._commands(),
            *self._tools(),
            *(wrong for index in range(len(self.records)) for wrong in self._record(index)),
            *self._late(),
        ]

    def _commands(self) -> Iterator[str]:
        given_up = self.given_up
        done = Counter(event.command_id for event in self.events() if isinstance(event, CommandDone))
        heard = Counter(int(event.text.split()[1]) for event in self.events() if isinstance(event, UserMessage))
        for number, answers in self.answers.items():
            if len(answers) + given_up[number] != 1 or (given_up[number] and self.apart) or not set(answers) <= {f"This is {number}."}:
                yield f"text {number} was answered by {answers}, given up {given_up[number]} times"
            if (heard[number], done[command_id(number)]) != (1, 1):
                yield f"text {number} was taken {heard[number]} times, done {done[command_id(number)]} times"

    def _tools(self) -> Iterator[str]:
        known = {event.result.split()[1] for event in self.events() if isinstance(event, ToolReturned) and event.ok}
        for number, times in self.notes.items():
            if times != 1:
                yield f"the tool ran {times} times for text {number}"
        if known != self.user_data.keys():
            yield f"results and user data differ in {sorted(known ^ self.user_data.keys())}"
        if not {int(number) for number in known} <= self.notes.keys():
            yield "a tool returned that did not run"

    def _record(self, index: int) -> Iterator[str]:
        record = self.records[index]
        numbers = [pushed.number for pushed in record]
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"handle {index + 1}: numbers {[(a, b) for a, b in pairwise(numbers) if b != a + 1]}"
        if record != self.records[0]:
            yield f"handle {index + 1} saw something else than handle 1"
        for before, after in pairwise(record):
            between = isinstance(after.event, Restarted) and after.event.incarnation == after.incarnation
            if (before.incarnation != after.incarnation) is not between:
                yield f"handle {index + 1}: no Restarted between events {before.number} and {after.number}"

    def _late(self) -> Iterator[str]:
        known = {pushed.number: pushed for pushed in self.records[0]}
        for wanted, record in self.late.items():
            end = wanted
            for pushed in record:
                count = pushed.event.count if isinstance(pushed.event, EventsMissed) else 1
                if pushed.number - count + 1 != end:
                    yield f"a handle from {wanted} on: {count} events up to {pushed.number} after {end - 1}"
                if not isinstance(pushed.event, EventsMissed) and pushed != known.get(pushed.number):
                    yield f"a handle from {wanted} on saw another event {pushed.number}"
                end = pushed.number + 1


def command_id(number: int) -> str:
    return f"text-{number}"


class Fight:
    """The fight for one call; `run` gives what came of it.

    Texts are sent as the kills go on, so that all kills find some to answer. With ``apart`` no two kills fall into one turn: before the
    next one a text is answered in the new life. ``word`` is what stands before each number.
    """

    def __init__(
        self,
        system: AgentSystem,
        notes: Path,
        *,
        texts: int,
        handles: int = 3,
        apart: bool = True,
        word: Callable[[int], str] = word_of,
    ) -> None:
        self._system = system
        self._notes = notes
        self._word = word
        self._texts = texts
        self._handles = handles
        self._apart = apart
        self._share = 0.0
        self._events = self._answered = self._released = self._after_all = 0
        self._restored = self._recovered = True
        self._progress = asyncio.Condition()
        self._unavailable = 0
        self._dead: set[int] = set()

    async def run(self, kills: Sequence[Kill], call_id: str = "") -> Fought:
        """Fight for the call of this id; for a new one if none is given."""
        self._share = self._texts / (len(kills) + 1)
        await self._release(0, len(kills))
        call_id = call_id or (await self._system.start_session(agent_of(self._notes))).call_id
        sessions = [self._system.session(call_id) for _ in range(self._handles)]
        records: list[list[EventPushed]] = [[] for _ in sessions]
        rooms = [asyncio.Semaphore(AT_ONCE) for _ in sessions]
        async with asyncio.timeout(PATIENCE_S + self._texts + len(kills)), asyncio.TaskGroup() as tasks:
            reading = [tasks.create_task(self._read(*each)) for each in zip(sessions, records, rooms, range(self._handles), strict=True)]
            killing = tasks.create_task(self._kill_all(call_id, kills))
            for each in zip(sessions, rooms, range(self._handles), strict=True):
                tasks.create_task(self._send(*each))
            await self._until(lambda: self._answered == self._texts)
            await killing
            last, newest = self._system.session(call_id), records[0][-1].number
            late = {number: await _catch_up(self._system.session(call_id), number, newest) for number in (1, newest // 2, newest)}
            user_data = json.loads((await last.info(timeout_s=PATIENCE_S)).user_data_json)
            await last.end()
            await asyncio.gather(*reading)
        lines = self._notes.read_text("ascii").split() if self._notes.exists() else []
        killed = Counter(kill.role for kill in kills)
        return Fought(
            self._texts, self._apart, records, self._unavailable, killed, self._after_all, Counter(map(int, lines)), user_data, late
        )

    async def _send(self, session: CallHandle, room: asyncio.Semaphore, first: int) -> None:
        for number in range(first, self._texts, self._handles):
            await room.acquire()
            await self._until(partial(self._may_send, number))
            text = f"{self._word(number)} {number}"
            while True:
                try:
                    await session.send_text(text, command_id=command_id(number))
                    break
                except SessionUnavailableError:
                    self._unavailable += 1

    async def _read(self, session: CallHandle, record: list[EventPushed], room: asyncio.Semaphore, own: int) -> None:
        async for pushed in session.events():
            if not pushed.event.kept:
                continue
            record.append(pushed)
            done = pushed.event.command_id if isinstance(pushed.event, CommandDone) else ""
            if done.startswith("text-") and int(done.removeprefix("text-")) % self._handles == own:
                room.release()
            if own == 0:
                async with self._progress:
                    self._events += 1
                    self._answered += done.startswith("text-")
                    self._restored = self._restored or isinstance(pushed.event, Restarted)
                    self._recovered = self._recovered or (self._restored and done != "")
                    self._progress.notify_all()

    async def _until(self, reached: Callable[[], bool]) -> None:
        async with self._progress:
            await self._progress.wait_for(reached)

    async def _kill_all(self, call_id: str, kills: Sequence[Kill]) -> None:
        for number, kill in enumerate(kills, 1):
            await self._until(partial(self._due, kill))
            await self._until(partial(self._passed, self._events + kill.events))
            pid = await self._process(call_id, kill.role)
            self._dead.add(pid)
            self._restored = self._recovered = False
            self._after_all += self._answered == self._texts
            os.kill(pid, signal.SIGKILL)
            await self._release(number, len(kills))

    async def _release(self, killed: int, kills: int) -> None:
        """Let as many texts be sent as belong to the kills so far and the next two."""
        async with self._progress:
            self._released = self._texts if killed >= kills - 1 else int((killed + 2) * self._share)
            self._progress.notify_all()

    def _may_send(self, number: int) -> bool:
        return number < self._released

    def _due(self, kill: Kill) -> bool:
        recovered = self._recovered or (self._restored and self._answered >= self._released)
        return self._answered >= kill.answered and (recovered or not self._apart)

    def _passed(self, events: int) -> bool:
        return self._events >= events or self._answered >= self._released

    async def _process(self, call_id: str, role: str) -> int:
        """The living process of this role."""
        while True:
            seen = self._events
            children = await self._system.which_children(f"job/{call_id}", timeout_s=PATIENCE_S)
            for child in children:
                if child.id.startswith(role) and child.state == "running" and child.os_pid not in self._dead:
                    return child.os_pid
            await self._until(lambda: self._events > seen)  # noqa: B023 - awaited within this turn of the loop


async def _catch_up(session: CallHandle, from_number: int, newest: int) -> list[EventPushed]:
    """What a new handle is told, from a number on to the newest event."""
    record = []
    async for pushed in session.events(from_number):
        if pushed.event.kept:
            record.append(pushed)
        if pushed.number >= newest:
            break
    return record


async def _work() -> None:
    for _ in range(YIELDS):
        await asyncio.sleep(0)


def append(path: str, number: int) -> None:
    """One line, in one write."""
    with open(path, "a", encoding="ascii") as file:  # noqa: PTH123 - buffered, written at its end
        file.write(f"{number}\n")

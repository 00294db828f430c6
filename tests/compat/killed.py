"""The compared programs in a real system, each killed in each of its conversation's states: `python tests/compat/killed.py [NAME…]`.

A program runs once without a kill, and tells each state that its conversation comes to (`inside`). Then it runs once for each of them: when
it comes to the state, SIGKILL ends the call's process, and the caller goes on. How what it came to is judged, `verdicts` says.

The last line is `KEPT n  UNKNOWN TOOL n  SPLIT REPLY n  OF ONE LIFE n  OTHER n`; the exit code is 0 only if the last number is 0.
"""

import argparse
import asyncio
import contextlib
import importlib
import importlib.util
import json
import sys
import tempfile
import time
import types
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
if importlib.util.find_spec("livekitex_agent") is None:  # where it is installed, nothing of the checkout is imported
    sys.path.insert(0, str(HERE.parents[1]))

import compare  # noqa: E402
import folders  # noqa: E402
from verdicts import KINDS, OF_ONE_LIFE, Outcome, State, judge  # noqa: E402

from livekitex_agent import AgentSystem, WorkerOptions  # noqa: E402
from livekitex_agent.program import ProgramPlace  # noqa: E402
from protocols import AgentSentence, CallEnded, Restarted, Role, SessionUnavailableError, ToolCalled, ToolReturned  # noqa: E402

QUIET = 0.3  # seconds without a change after which all has been said
PATIENCE = 30.0  # seconds that a step waits
FRAME_S = 0.02
TRIES = 3
LEFT_OUT = {"44_run_and_expect": "a test within the call: what it expects and its mocks are of the life that they are made in"}
END = "the end of the job has come"
_AS_IT_IS = ("inside.py", "records.py")
_INSTALLED = "\n\nimport sys  # noqa: E402\n\nimport inside  # noqa: E402\n\ninside.install(sys.modules[__name__])\n"


class Run:
    """One call of the program, with at most one kill."""

    def __init__(self, system: AgentSystem, folder: Path, name: str, caller: Sequence[Any], kill: State | None) -> None:
        self._system, self._name, self._caller = system, name, caller
        self._folder = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=folder))
        facts = {"folder": str(self._folder), "kill": kill}
        self._place = ProgramPlace(place=str(folder / f"{name}.py"), metadata=json.dumps(facts))
        self._events: list[Any] = []
        self._changed = 0.0
        self._ended = False
        self._utterance = 0
        self._waited: Counter[str] = Counter()
        self._failures: list[str] = []

    async def outcome(self) -> Outcome:
        """Go through the call."""
        self._call = await self._system.start_session(self._place)
        watching = asyncio.ensure_future(self._watch())
        await self._within("the beginning", self._quiet())
        for number, step in enumerate(self._caller):
            await self._within(f"step {number} ({step.kind} {step.words})", self._step(step, number))
        await self._within("the end", self._end())
        watching.cancel()
        told = {told["session"]: told["items"] for told in self._lines("items")}
        if 0 not in told:
            self._failures.append("the session has not closed")
        counts: Counter[str] = Counter()
        states: list[State] = []
        for _, state in self._lines("states"):
            counts[state] += 1
            states.append((state, counts[state]))
        return Outcome(
            states=states,
            items=told,
            tools=[(call_id, name) for _, call_id, name in self._lines("tools")],
            failures=self._failures,
            killed=(self._folder / "killed").exists(),
            at_work=self._at_work(),
            said=self._said(),
        )

    def _said(self) -> list[str]:
        """The agent's sentences, as they began to be heard."""
        return [event.text for event in self._events if isinstance(event, AgentSentence)]

    def _at_work(self) -> list[str]:
        """The tools that the call had begun, and of which it knew no outcome, when the process died; none before it did."""
        begun: dict[str, str] = {}
        for event in self._events:
            match event:
                case ToolCalled(call_id=call_id, name=name):
                    begun[call_id] = name
                case ToolReturned(call_id=call_id):
                    begun.pop(call_id, None)
                case Restarted():
                    return list(begun.values())
        return []

    async def _within(self, what: str, work: Any) -> None:
        try:
            await asyncio.wait_for(work, PATIENCE)
        except TimeoutError:
            self._failures.append(f"{what}: not within its time")
        except SessionUnavailableError as failure:
            if not self._ended:
                self._failures.append(f"{what}: {failure}")

    def _lines(self, name: str) -> list[Any]:
        file = self._folder / name
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    async def _watch(self) -> None:
        async for pushed in self._call.events():
            self._changed = time.monotonic()
            self._events.append(pushed.event)
            self._ended = self._ended or isinstance(pushed.event, CallEnded)

    async def _end(self) -> None:
        await self._call.end()
        await _true(lambda: self._ended and any(state == END for _, state in self._lines("states")))

    async def _step(self, step: Any, number: int) -> None:
        match step.kind:
            case "text":
                await self._call.send_text(step.words)
            case "speech":
                before = await self._messages()
                await self._speak(step)
                while step.wait and await self._messages() <= before:  # noqa: ASYNC110 - of a history
                    await asyncio.sleep(QUIET / 3)
            case "pause":
                await asyncio.sleep(step.seconds)
            case "until":
                words = " ".join(map(str, step.matching.values()))
                await self._until(f"the agent is {words}" if step.words == "agent_state_changed" else words)
            case "noted":
                await self._noted(step.words)
            case "do":
                hand = f"{number} {[each.kind for each in self._caller[:number]].count('do')}"
                (self._folder / "hand").write_text(hand)
                done = self._folder / "hand-done"
                await _true(lambda: done.exists() and done.read_text() == hand)
        if step.wait and step.kind in {"text", "speech", "do"}:
            await self._quiet()

    async def _speak(self, step: Any) -> None:
        self._utterance += 1
        fakes = importlib.import_module("fakes")  # as the programs have it
        for level, seconds in ((self._utterance, step.seconds), (0, 1.0)):
            for _ in range(round(seconds / FRAME_S)):
                await self._call.stream_audio(bytes(fakes.audio_frame(level, FRAME_S).data), fakes.CALLER_RATE)
                await asyncio.sleep(FRAME_S)

    async def _messages(self) -> int:
        """How many of the caller's messages the history has."""
        return sum(item.role is Role.USER for item in (await self._call.history()).messages)

    async def _until(self, wanted: str) -> None:
        """Until the call comes to it; where that was what the process died in, until nothing happens any more."""
        self._waited[wanted] += 1
        while self._come_to().count(wanted) < self._waited[wanted]:
            died = (self._folder / "killed").exists()
            await (self._quiet() if died else asyncio.sleep(0.01))
            if died:
                return

    async def _noted(self, what: str) -> None:
        """Until the program has noted it; where the process died in what was to note it, until nothing happens any more."""
        while not any(what in map(str, noted) for noted in self._lines("notes")):
            died = (self._folder / "killed").exists() and (self._at_work() or self._name in OF_ONE_LIFE)
            await (self._quiet() if died else asyncio.sleep(0.01))
            if died:
                return

    def _come_to(self) -> list[str]:
        """The states that the call has come to and gone on from: not the one that it died in."""
        lives: dict[int, list[str]] = {1: [], 2: []}
        for life, state in self._lines("states"):
            lives[life].append(state)
        return [*(lives[1][:-1] if (self._folder / "killed").exists() else lives[1]), *lives[2]]

    async def _quiet(self) -> None:
        """Until nothing is said, thought or told for a while by the process that is there."""
        self._changed = time.monotonic()
        states = self._folder / "states"
        while not self._ended:
            size = states.stat().st_size if states.exists() else 0
            info = await self._call.info()
            lives = 2 if (self._folder / "killed").exists() else 1
            await asyncio.sleep(QUIET / 3)
            if not states.exists() or states.stat().st_size != size or info.state != "idle" or info.incarnation < lives:
                self._changed = time.monotonic()
            elif time.monotonic() - self._changed > QUIET:
                return


async def _true(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - of files and of events
        await asyncio.sleep(0.01)


def _caller(program: Path) -> Sequence[Any]:
    """The steps of a program, which is imported for them in the form of this package."""
    spec = importlib.util.spec_from_file_location(f"caller_of_{program.stem}", program)
    assert spec is not None and spec.loader is not None  # noqa: PT018 - a file that exists
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CALLER


@contextlib.contextmanager
def _imported_from(folder: Path) -> Iterator[None]:
    """Programs are found in ``folder``; in this process, which reads their callers' steps, they are not listened to."""
    nobody = types.ModuleType("inside")
    nobody.install = lambda _fakes: None  # type: ignore[attr-defined]
    before = {name: sys.modules.pop(name, None) for name in ("fakes", "inside")}
    sys.modules["inside"] = nobody
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name, module in before.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module


@dataclass(frozen=True)
class Row:
    """How a program does that is killed in a state; of one that fails unkilled, the state is None."""

    program: str
    state: State | None
    kind: str
    different: str = ""
    killed: Outcome = field(default_factory=Outcome)

    def __str__(self) -> str:
        state = "unkilled" if self.state is None else f"{self.state[0]}, {self.state[1]}"
        return f"  {self.kind:12} {state}{self.different and ': '}{self.different}"


async def table(names: Sequence[str], *, jobs: int, states: Mapping[str, Sequence[State]] | None = None) -> AsyncIterator[list[Row]]:
    """The rows of each of these programs, as soon as they are there; of all states that it comes to, or of these."""
    with folders.folder() as folder, _imported_from(folder):
        for source in (*(HERE / name for name in _AS_IT_IS), HERE / "fakes.py", *(HERE / "programs" / f"{name}.py" for name in names)):
            text = source.read_text() if source.name in _AS_IT_IS else compare.with_our_imports(source.read_text())
            (folder / source.name).write_text(text + (_INSTALLED if source.name == "fakes.py" else ""))
        places = asyncio.Semaphore(jobs)
        async with AgentSystem.start(WorkerOptions(journal_dir=folder / "journal", log_level="error")) as system:

            async def outcome(name: str, kill: State | None) -> Outcome:
                async with places:
                    return await Run(system, folder, name, _caller(folder / f"{name}.py"), kill).outcome()

            async def row(name: str, unkilled: Outcome, state: State) -> Row:
                for _ in range(TRIES):  # some are come to by chance: two loops run beside each other
                    killed = await outcome(name, state)
                    if killed.killed or killed.failures:
                        break
                return Row(name, state, *judge(name, unkilled, killed), killed)

            async def rows(name: str) -> list[Row]:
                unkilled = await outcome(name, None)
                if unkilled.failures:
                    return [Row(name, None, "OTHER", f"{unkilled.failures}")]
                wanted = unkilled.states if states is None else states[name]
                return await asyncio.gather(*(row(name, unkilled, state) for state in wanted))

            for each in asyncio.as_completed(list(map(rows, names))):
                yield await each


async def run(names: Sequence[str], *, jobs: int, verbose: bool) -> Counter[str]:
    """Print the table; ``verbose`` with the items of what is not kept."""
    counts: Counter[str] = Counter()
    async for rows in table(names, jobs=jobs):
        print(f"{rows[0].program}: {len(rows)} states")
        for row in rows:
            counts[row.kind] += 1
            print(row)
            if verbose and row.kind != "KEPT":
                print("".join(f"        {item}\n" for item in row.killed.items.get(0, [])), end="")
        sys.stdout.flush()
    return counts


def main() -> int:
    """The whole table, or the rows of the names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--jobs", type=int, default=4, help="calls at a time (default 4, at most 7: a system holds 8 programs)")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    every = [program.stem for program in sorted((HERE / "programs").glob("*.py"))]
    names = [name for name in every if any(name.startswith(wanted) for wanted in options.names or [""])]
    if not options.names:
        names = [name for name in names if name not in LEFT_OUT]
        print("".join(f"left out: {name}: {reason}\n" for name, reason in LEFT_OUT.items()), end="")
    counts = asyncio.run(run(names, jobs=options.jobs, verbose=options.verbose))
    print("  ".join(f"{kind} {counts[kind]}" for kind in KINDS))
    return 1 if counts["OTHER"] else 0


if __name__ == "__main__":
    sys.exit(main())

"""The compared programs in a real system, each killed in each of its conversation's states: `python tests/compat/killed.py [NAME…]`.

A program runs once without a kill, and tells each state that its conversation comes to (`inside`). Then it runs once for each of them: when
it comes to the state, SIGKILL ends the call's process, and the caller goes on. The items must be the same, but for the named two: the
output of a tool that was running, and a reply that was split. No tool may run more often, and no reply be said more often.

An unknown outcome is that: the output of a call that was at work when the process died, and no other's, has the text of `OUTCOME_UNKNOWN`,
and what the agent makes of it is another answer; from the caller's next message on the items are the same again, but where what the tool
does changes what comes after (`TURNS`, by name). A split reply is that: one message, whose words are those of two.
The last line is `KEPT n  UNKNOWN TOOL n  SPLIT REPLY n  OTHER n`; the exit code is 0 only if the last number is 0.
"""

import argparse
import asyncio
import importlib
import importlib.util
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE)]

import compare  # noqa: E402
import folders  # noqa: E402
import records  # noqa: E402

from actors.agent_session.core.tools import OUTCOME_UNKNOWN  # noqa: E402
from livekitex_agent import AgentSystem, WorkerOptions  # noqa: E402
from livekitex_agent.program import ProgramPlace  # noqa: E402
from protocols import CallEnded, Restarted, Role, SessionUnavailableError, ToolCalled, ToolReturned  # noqa: E402

QUIET = 0.3  # seconds without a change after which all has been said
PATIENCE = 12.0  # seconds that a step waits
FRAME_S = 0.02
END = "the end of the job has come"
TURNS = {
    "10_on_exit": "it hands the call on",
    "17_handoff_return": "it hands the call on",
    "18_handoff_with_context": "it hands the call on",
    "20_task_on_enter": "it completes a task",
    "21_task_in_tool": "it awaits a task, which is left",
    "22_task_group": "it completes a task",
    "23_user_data": "it counts, and hands the call on",
    "26_update_instructions": "it changes the instructions",
    "27_update_tools": "it changes the tools",
    "36_chat_context": "it changes what the agent knows",
    "44_run_and_expect": "it hands the call on",
    "49_shutdown": "it ends the call",
    "52_session_tools": "it hands the call on",
    "55_agent_models": "it hands the call on",
    "60_task_fails": "it completes a task",
}
KINDS = ("KEPT", "UNKNOWN TOOL", "SPLIT REPLY", "OTHER")
_AS_IT_IS = ("inside.py", "records.py")
_INSTALLED = "\n\nimport sys  # noqa: E402\n\nimport inside  # noqa: E402\n\ninside.install(sys.modules[__name__])\n"

State = tuple[str, int]
"""A state, and the how-manieth time that a conversation comes to it."""


@dataclass
class Outcome:
    """What a run left."""

    states: list[State] = field(default_factory=list)
    items: dict[int, list[Any]] = field(default_factory=dict)
    tools: list[Any] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    killed: bool = False
    at_work: list[str] = field(default_factory=list)


class Run:
    """One call of the program, with at most one kill."""

    def __init__(self, system: AgentSystem, folder: Path, name: str, caller: Sequence[Any], kill: State | None) -> None:
        self._system, self._caller = system, caller
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
        return Outcome(states, told, self._lines("tools"), self._failures, (self._folder / "killed").exists(), self._at_work())

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
                await _true(lambda: any(step.words in map(str, noted) for noted in self._lines("notes")) or bool(self._at_work()))
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
        self._waited[wanted] += 1
        await _true(lambda: self._come_to().count(wanted) >= self._waited[wanted])

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


def judge(name: str, unkilled: Outcome, killed: Outcome) -> tuple[str, str]:
    """One of `KINDS`, and what is different."""
    if killed.failures or not killed.killed:
        return "OTHER", f"failures: {killed.failures}" if killed.failures else "it was not killed: the state was not come to"
    twice = [call for call, times in Counter(tuple(call[1:]) for call in killed.tools).items() if times > 1]
    if twice:
        return "OTHER", f"run twice: {twice}"
    wanted, found = unkilled.items[0], killed.items[0]
    if _of_time(found) == _of_time(wanted):
        return "KEPT", ""
    if killed.at_work:
        problem = _unknown_outcome(wanted, found, killed.at_work, turns=name in TURNS)
        return ("UNKNOWN TOOL", "") if problem is None else ("OTHER", f"tools at work {killed.at_work}: {problem}")
    if any(_joined(found, place) == wanted for place in range(len(found) - 1)):
        return "SPLIT REPLY", ""
    return "OTHER", compare.facts.first_difference(wanted, found)


def _of_time(items: Sequence[Any]) -> list[Any]:
    """The items, without how much of a reply was heard that the caller has interrupted: that is a matter of when he did."""
    return [item | {"content": [records.CUT]} if item.get("interrupted") else item for item in items]


def _unknown_outcome(wanted: Sequence[Any], found: Sequence[Any], at_work: Sequence[str], *, turns: bool) -> str | None:
    """What is different beside the outcomes of the tools ``at_work`` and what the agent says of them; None: nothing."""
    unknown = [item["name"] for item in found if item["type"] == "function_call_output" and item["output"] == OUTCOME_UNKNOWN]
    if not unknown or Counter(unknown) - Counter(at_work):
        return f"of unknown outcome are {unknown}"
    place = next(place for place, item in enumerate(found) if item.get("output") == OUTCOME_UNKNOWN)
    begun = next(
        before
        for before in range(place, -1, -1)
        if found[before]["type"] == "function_call" and found[before]["call"] == found[place]["call"]
    )
    if found[: begun + 1] != wanted[: begun + 1]:
        return compare.facts.first_difference(wanted[: begun + 1], found[: begun + 1])
    if [item["content"] for item in found if item.get("role") == "user"] != [
        item["content"] for item in wanted if item.get("role") == "user"
    ]:
        return "the caller's messages are not the same"
    calls = Counter(item["call"] for item in found if item["type"] == "function_call")
    if calls != Counter(item["call"] for item in found if item["type"] == "function_call_output") or any(
        times > 1 for times in calls.values()
    ):
        return "a call has no output, or more than one"
    if turns:
        return None
    rest, rest_wanted = _from_next_message(found, begun), _from_next_message(wanted, begun)
    return None if rest == rest_wanted else f"from the next message on{compare.facts.first_difference(rest_wanted, rest)}"


def _from_next_message(items: Sequence[Any], begun: int) -> list[Any]:
    return list(items[next((place for place in range(begun, len(items)) if items[place].get("role") == "user"), len(items)) :])


def _joined(items: Sequence[Any], place: int) -> list[Any] | None:
    """The items with the reply that was split at ``place`` put together; None if none was."""
    first, second = items[place], items[place + 1]
    if not all(item.get("role") == "assistant" for item in (first, second)) or not first["interrupted"]:
        return None
    whole = second | {"content": [" ".join([*first["content"], *second["content"]])]}
    return [*items[:place], whole, *items[place + 2 :]]


def _caller(program: Path) -> Sequence[Any]:
    """The steps of a program, which is imported for them in the form of this package."""
    spec = importlib.util.spec_from_file_location(f"caller_of_{program.stem}", program)
    assert spec is not None and spec.loader is not None  # noqa: PT018 - a file that exists
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CALLER


async def table(names: Sequence[str], *, jobs: int, verbose: bool = False) -> Counter[str]:
    """Run and kill the programs of these names; print a line for each run."""
    counts: Counter[str] = Counter()
    with folders.folder() as folder:
        sys.path.insert(0, str(folder))
        for source in (*(HERE / name for name in _AS_IT_IS), HERE / "fakes.py", *(HERE / "programs" / f"{name}.py" for name in names)):
            text = source.read_text() if source.name in _AS_IT_IS else compare.with_our_imports(source.read_text())
            (folder / source.name).write_text(text + (_INSTALLED if source.name == "fakes.py" else ""))
        callers = {name: _caller(folder / f"{name}.py") for name in names}
        places = asyncio.Semaphore(jobs)
        async with AgentSystem.start(WorkerOptions(journal_dir=folder / "journal", log_level="error")) as system:

            async def outcome(name: str, kill: State | None) -> Outcome:
                async with places:
                    return await Run(system, folder, name, callers[name], kill).outcome()

            async def rows(name: str) -> list[str]:
                unkilled = await outcome(name, None)
                found = [f"{name}: {len(unkilled.states)} states{f', FAILED: {unkilled.failures}' if unkilled.failures else ''}"]
                if unkilled.failures:
                    counts["OTHER"] += 1
                if verbose:
                    found += [f"    {items}" for items in unkilled.items.get(0, [])]

                async def row(state: State) -> str:
                    killed = await outcome(name, state)
                    kind, different = judge(name, unkilled, killed)
                    counts[kind] += 1
                    told = f"  {kind:12} {state[0]}, {state[1]}: {different}"
                    if verbose and kind != "KEPT":
                        told += "".join(f"\n        {items}" for items in killed.items.get(0, []))
                    return told

                return found + await asyncio.gather(*map(row, unkilled.states))

            for each in asyncio.as_completed(list(map(rows, names))):
                print("\n".join(await each), flush=True)
    return counts


def main() -> int:
    """The whole table, or the rows of the names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--jobs", type=int, default=4, help="calls at a time (default 4)")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    every = [program.stem for program in sorted((HERE / "programs").glob("*.py"))]
    names = [name for name in every if not options.names or any(name.startswith(wanted) for wanted in options.names)]
    counts = asyncio.run(table(names, jobs=options.jobs, verbose=options.verbose))
    print("  ".join(f"{kind} {counts[kind]}" for kind in KINDS))
    return 1 if counts["OTHER"] else 0


if __name__ == "__main__":
    sys.exit(main())

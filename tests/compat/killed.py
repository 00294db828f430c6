"""The compared programs in a real system, each killed in each of its conversation's states: `python tests/compat/killed.py [NAME…]`.

A program runs once without a kill; its changes of the agent's state are the places. Then it runs once for each place: when the state is
reached, SIGKILL ends the call's process, and the caller goes on. The items must be the same, but for the named two: a reply that was split
at the death, and the output of a tool whose outcome is unknown. What programs note goes to a file: what notes its run twice is found.
Programs that need a hand inside the process (a step `do`, a second session) or end their own job are left out, by name.
The last line is `SAME n SPLIT m UNKNOWN u OTHER k`; the exit code is 0 only if k is 0.
"""

import argparse
import asyncio
import importlib
import importlib.util
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE)]

import compare  # noqa: E402

from livekitex_agent import AgentSystem  # noqa: E402
from livekitex_agent.program import ProgramPlace  # noqa: E402
from protocols import AgentStateChanged, CallEnded, ConversationItemAdded, EventPushed  # noqa: E402

LEFT_OUT = {
    "41_push_to_talk": "the caller's hand is inside",
    "46_two_sessions": "a call has one session",
    "47_drain": "the program closes its session",
    "48_aclose": "the program closes its session",
    "49_shutdown": "the program ends its job",
    "56_disallow_interruptions": "the caller's hand is inside",
}
QUIET = 0.3
PATIENCE = 15.0
FRAME_S = 0.02
UNKNOWN = "unknown outcome"
NOTES_TO_A_FILE = """

def note(*what):
    from livekitex_agent import get_job_context

    with open(json.loads(get_job_context().job.metadata)["notes"], "a") as file:
        print(json.dumps(list(what), default=str), file=file)
"""


@dataclass
class Outcome:
    """What a run left."""

    items: list[Any]
    places: list[str]
    notes: list[Any]
    failures: list[str] = field(default_factory=list)


class Run:
    """One call of the program, with at most one kill."""

    def __init__(self, system: AgentSystem, folder: Path, name: str, caller: Sequence[Any], kill_at: int | None) -> None:
        self._system, self._place, self._caller, self._kill_at = system, folder / f"{name}.py", caller, kill_at
        self._notes = folder / f"{name}.{kill_at}.notes"
        self._events: list[EventPushed] = []
        self._waited: set[int] = set()
        self._changed = 0.0
        self._state = "initializing"
        self.places: list[str] = []
        self.failures: list[str] = []
        self._utterance = 0
        self._killed = asyncio.Event()

    async def outcome(self) -> Outcome:
        place = ProgramPlace(place=str(self._place), metadata=json.dumps({"notes": str(self._notes)}))
        self.call = await self._system.start_session(place)
        watching = asyncio.ensure_future(self._watch())
        await self._quiet()
        for step in self._caller:
            try:
                await asyncio.wait_for(self._step(step), PATIENCE)
            except (TimeoutError, RuntimeError) as failure:
                self.failures.append(f"{step.kind} {step.words}: {failure or 'not within its time'}")
        await self._quiet()
        items = [_item(item) for item in (await self.call.history()).items]
        await self.call.end()
        await asyncio.wait([watching], timeout=PATIENCE)
        watching.cancel()
        notes = [json.loads(line) for line in self._notes.read_text().splitlines()] if self._notes.exists() else []
        return Outcome(items, self.places, notes, self.failures)

    async def _watch(self) -> None:
        async for pushed in self.call.events():
            self._events.append(pushed)
            self._changed = time.monotonic()
            if isinstance(pushed.event, CallEnded):
                return
            if isinstance(pushed.event, AgentStateChanged):
                self._state = pushed.event.new
                self.places.append(pushed.event.new)
                if len(self.places) - 1 == self._kill_at and not self._killed.is_set():
                    self._killed.set()
                    os.kill((await self.call.info()).os_pid, signal.SIGKILL)

    async def _step(self, step: Any) -> None:
        match step.kind:
            case "text":
                await self.call.send_text(step.words)
            case "speech":
                self._utterance += 1
                fakes = importlib.import_module("fakes")  # as the programs have it
                for level, seconds in ((self._utterance, step.seconds), (0, 1.0)):
                    for _ in range(round(seconds / FRAME_S)):
                        await self.call.stream_audio(bytes(fakes.audio_frame(level, FRAME_S).data), fakes.CALLER_RATE)
                        await asyncio.sleep(FRAME_S)
            case "pause":
                await asyncio.sleep(step.seconds)
            case "until":
                await self._until(step)
            case "noted":
                await self._true(lambda: self._notes.exists() and json.dumps(step.words) in self._notes.read_text())
        if step.wait and step.kind in {"text", "speech"}:
            await self._quiet()

    async def _until(self, step: Any) -> None:
        def came() -> bool:
            for number, pushed in enumerate(self._events):
                event = pushed.event
                state = isinstance(event, AgentStateChanged) and step.words == "agent_state_changed"
                fits = state and event.new == step.matching.get("new_state", event.new)
                if (
                    fits or (isinstance(event, ConversationItemAdded) and step.words == "conversation_item_added")
                ) and number not in self._waited:
                    self._waited.add(number)
                    return True
            return step.words not in {"agent_state_changed", "conversation_item_added"}

        await self._true(came)

    @staticmethod
    async def _true(condition: Any) -> None:
        while not condition():  # noqa: ASYNC110 - of a file and of events
            await asyncio.sleep(0.01)

    async def _quiet(self) -> None:
        self._changed = time.monotonic()
        await self._true(lambda: self._state in {"listening", "idle"} and time.monotonic() - self._changed > QUIET)


def _item(item: Any) -> Any:
    """An item of the history, as plain data without ids and times."""
    kind = type(item).__name__
    match kind:
        case "ChatMessage":
            return [kind, str(item.role), item.text, item.interrupted]
        case "FunctionCall":
            return [kind, item.name, json.loads(item.arguments or "{}")]
        case "FunctionCallOutput":
            return [kind, item.name, item.output]
        case "AgentHandoff":
            return [kind, item.old_agent, item.new_agent]
    return [kind]


def joined(items: Sequence[Any]) -> tuple[list[Any], bool]:
    """The items with a reply that was split put together, and whether one was."""
    found: list[Any] = []
    split = False
    for item in items:
        before = found[-1] if found else [""]
        if item[0] == before[0] == "ChatMessage" and item[1] == before[1] == "assistant" and before[3]:
            found[-1] = [*before[:2], f"{before[2].rstrip()} {item[2].lstrip()}", item[3]]
            split = True
        else:
            found.append(list(item))
    return found, split


def judge(unkilled: Outcome, killed: Outcome) -> tuple[str, str]:
    """SAME, SPLIT, UNKNOWN or OTHER, and what is different."""
    if killed.failures:
        return "OTHER", f"failures: {killed.failures}"
    twice = Counter(map(json.dumps, killed.notes)) - Counter(map(json.dumps, unkilled.notes))
    if killed.items == unkilled.items:
        return ("OTHER", f"noted more often: {dict(twice)}") if twice else ("SAME", "")
    together, split = joined(killed.items)
    plain, _ = joined(unkilled.items)
    if split and together == plain:
        return "SPLIT", ""
    if any(item[0] == "FunctionCallOutput" and UNKNOWN in str(item[2]) for item in killed.items):
        return "UNKNOWN", ""
    return "OTHER", compare.facts.first_difference(plain, together)


def _caller(program: Path) -> Sequence[Any]:
    """The steps of a program, which is imported for them in the form of this package."""
    spec = importlib.util.spec_from_file_location(f"caller_of_{program.stem}", program)
    assert spec is not None and spec.loader is not None  # noqa: PT018 - a file that exists
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CALLER


async def table(names: Sequence[str], places: int | None = None) -> Counter[str]:
    """Run and kill the programs of these names; print a line for each run. ``places`` bounds the kills of a program."""
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="compat-killed-") as made:
        folder = Path(made)
        sys.path.insert(0, made)
        for source in (HERE / "fakes.py", *(HERE / "programs" / f"{name}.py" for name in names)):
            more = NOTES_TO_A_FILE if source.name == "fakes.py" else ""
            (folder / source.name).write_text(compare.with_our_imports(source.read_text()) + more)
        async with AgentSystem.start() as system:
            for name in names:
                caller = _caller(folder / f"{name}.py")
                unkilled = await Run(system, folder, name, caller, None).outcome()
                print(f"{name}: {len(unkilled.places)} places{f', failures: {unkilled.failures}' if unkilled.failures else ''}", flush=True)
                for place in range(len(unkilled.places))[:places]:
                    kind, different = judge(unkilled, await Run(system, folder, name, caller, place).outcome())
                    counts[kind] += 1
                    print(f"  {kind:8} killed at {place} ({unkilled.places[place]}) {different}", flush=True)
    return counts


def main() -> int:
    """The whole table, or the rows of the names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    every = [program.stem for program in sorted((HERE / "programs").glob("*.py"))]
    names = options.names or [name for name in every if name not in LEFT_OUT]
    for name, reason in LEFT_OUT.items():
        print(f"left out: {name}: {reason}")
    counts = asyncio.run(table(names))
    print(f"SAME {counts['SAME']} SPLIT {counts['SPLIT']} UNKNOWN {counts['UNKNOWN']} OTHER {counts['OTHER']}")
    return 1 if counts["OTHER"] else 0


if __name__ == "__main__":
    sys.exit(main())

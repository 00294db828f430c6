"""Runs programs in this process under one package, and prints a record of each run: `driver.py PACKAGE TIMES PROGRAM…`.

The first program is run once more before, unrecorded: what the package imports at its first call is not what is compared.
"""

import asyncio
import contextlib
import contextvars
import importlib
import importlib.util
import inspect
import json
import logging
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import records

QUIET = 0.1  # seconds without an event after which all has been said
PATIENCE = 5.0  # seconds that a step waits; then the record says so and the call goes on
RUN_PATIENCE = 30.0
END = "the caller has hung up"


class Call:
    """One run: the program's sessions, what they tell, and the caller."""

    def __init__(self, program: Any, package: str, io: Any) -> None:
        self.program = program
        self.package = package
        self.io = io
        self.sessions: list[Any] = []
        self.closed: list[Any] = []
        self.started = asyncio.Event()
        self.log: list[tuple[str, Any]] = []
        self.failures: list[str] = []
        self.context = contextvars.copy_context()
        self.changed = 0.0
        self._calls = records.Ids()
        self._waited: set[int] = set()
        self._raw: list[tuple[str, Any]] = []
        self._utterance = 0
        self._by_time = False

    # What the sessions tell.

    def attach(self, session: Any) -> None:
        """A session is about to start: listen to it and connect the caller."""
        self.sessions.append(session)
        self.context = contextvars.copy_context()  # the job's: what the caller causes happens in it
        first = len(self.sessions) == 1
        for kind in records.EVENTS:
            session.on(kind, lambda event, kind=kind: self.tell(kind, event, first))
        session.on("close", lambda _: self.closed.append(session))
        if first and getattr(self.program, "AUDIO", False):
            self.io.connect(session)
        elif first:
            self.io.connect_text(session)

    def tell(self, kind: str, event: Any, first: bool) -> None:
        self.changed = time.monotonic()
        if kind == "metrics_collected":
            self._by_time = event.metrics.type in {"vad_metrics", "eou_metrics"}
        if self._by_time and kind in {"metrics_collected", "session_usage_updated"}:  # how many there are is a matter of how long it took
            return
        self._raw.append((kind, event))
        name, said = records.event(kind, event, self._calls)
        self.log.append((name if first else f"{name} of another session", said))

    # What the caller does.

    async def go_through(self, steps: Sequence[Any]) -> None:
        for number, step in enumerate(steps):
            try:
                await asyncio.wait_for(self._step(step), PATIENCE)
            except TimeoutError:
                self.failures.append(f"step {number} ({step.kind} {step.words}) did not end within {PATIENCE:g} s")

    async def settle(self) -> None:
        """Until all is said that the beginning has caused."""
        try:
            await asyncio.wait_for(self.quiet(), PATIENCE)
        except TimeoutError:
            states = [one.agent_state for one in self.sessions]
            self.failures.append(f"after {PATIENCE:g} s the beginning is not over: {states}, {self.session.current_speech}")

    @property
    def session(self) -> Any:
        return self.sessions[0]

    async def _step(self, step: Any) -> None:
        await getattr(self, f"_{step.kind}")(step)
        if step.wait and step.kind in {"text", "speech", "do"}:
            await self.quiet()

    async def _text(self, step: Any) -> None:
        with contextlib.suppress(RuntimeError):  # what cannot be interrupted is heard to its end
            await self.session.interrupt()
        handle = self.session.generate_reply(user_input=step.words)
        if step.wait:
            await handle

    async def _speech(self, step: Any) -> None:
        self._utterance += 1
        await self.io.microphone.speak(self._utterance, step.seconds)
        if step.wait:
            await self._event("conversation_item_added", {"item__role": "user"})

    @staticmethod
    async def _pause(step: Any) -> None:
        await asyncio.sleep(step.seconds)

    async def _until(self, step: Any) -> None:
        await self._event(step.words, step.matching)

    async def _noted(self, step: Any) -> None:
        await _true(lambda: any(step.words in map(str, noted) for noted in self.io.notes))

    async def _do(self, step: Any) -> None:
        result = step.action(self.session)
        if inspect.isawaitable(result):
            await result

    async def _event(self, kind: str, matching: dict[str, Any]) -> None:
        """Wait for an event that has not been waited for: it may have come already."""

        def came() -> bool:
            for number, (name, event) in enumerate(self._raw):
                fits = name == kind and all(_attribute(event, path) == value for path, value in matching.items())
                if fits and number not in self._waited:
                    self._waited.add(number)
                    return True
            return False

        await _true(came)

    async def quiet(self) -> None:
        """Until nothing is said, thought or told for a while."""

        def silent() -> bool:
            open_sessions = [one for one in self.sessions if one not in self.closed]
            resting = all(one.agent_state in {"listening", "idle"} and one.current_speech is None for one in open_sessions)
            return resting and time.monotonic() - self.changed > QUIET

        self.changed = time.monotonic()
        await _true(silent)

    # What is compared.

    def record(self, requests: list[dict[str, Any]], notes: list[Any]) -> dict[str, Any]:
        kinds: dict[str, list[Any]] = {}
        for kind, said in self.log:
            kinds.setdefault(kind, []).append(said)
        return records.plain(
            {
                "items": [records.items(session.history.items, records.Ids()) for session in self.sessions],
                "asked": records.asked(requests),
                "schemas": records.schemas(requests),
                "notes": notes,
                "screen": list(self.io.screen.lines),
                "events": {kind: said for kind, said in kinds.items() if kind != "model_asked"},
                "orders": records.orders(self.log),
                "log": self.log,
                "failures": self.failures,
            }
        )


def _attribute(of: Any, path: str) -> Any:
    """An attribute, or one of an attribute: update__type."""
    for name in path.split("__"):
        of = getattr(of, name, None)
    return of


async def _true(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - of two packages, neither of which tells when
        await asyncio.sleep(0.003)


def load(path: Path, number: int) -> Any:
    """The program's module, made anew."""
    spec = importlib.util.spec_from_file_location(f"program_{number}_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


async def run(package: str, path: Path, number: int) -> dict[str, Any]:
    """One run of the program, from its import to the job's end."""
    fakes = importlib.import_module("fakes")
    job = importlib.import_module("job_peer" if package == "livekit.agents" else "job_ours")
    fakes.NOTES.clear()
    fakes.ASKED.clear()
    program = load(path, number)
    agents = importlib.import_module(package)
    server = next(value for value in vars(program).values() if isinstance(value, agents.AgentServer))
    call = Call(program, package, job.Line(fakes.NOTES))
    fakes.ON_ASKED = lambda: call.log.append(("model_asked", {}))
    start = agents.AgentSession.start

    async def connected(self: Any, agent: Any, **options: Any) -> Any:
        options.pop("room", None)
        call.attach(self)
        result = await start(self, agent, **options)
        call.started.set()
        return result

    agents.AgentSession.start = connected
    try:
        async with job.running(server, END, call.io) as over:
            waits = [asyncio.ensure_future(call.started.wait()), over]
            await asyncio.wait(waits, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
            if call.started.is_set():
                await call.settle()
                steps = asyncio.create_task(call.go_through(getattr(program, "CALLER", [fakes.text("hello")])), context=call.context)
                await asyncio.wait([steps, over], return_when=asyncio.FIRST_COMPLETED)
                steps.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await steps
    finally:
        agents.AgentSession.start = start
    return call.record(fakes.ASKED, fakes.NOTES)


def recorded(package: str, path: Path, number: int) -> dict[str, Any]:
    """A run's record; of a program that cannot be run, what went wrong."""
    began = time.monotonic()
    try:
        record = asyncio.run(asyncio.wait_for(run(package, path, number), RUN_PATIENCE))
    except Exception as exception:  # noqa: BLE001 - whatever a package or a program raises is its record
        traceback.print_exc()
        record = {"failures": [f"{type(exception).__name__}: {exception}"]}
    return {"program": path.stem, "seconds": round(time.monotonic() - began, 3), "record": record}


def main() -> None:
    """The command."""
    package, times, programs = sys.argv[1], int(sys.argv[2]), [Path(name) for name in sys.argv[3:]]
    records_out, sys.stdout = sys.stdout, sys.stderr
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    recorded(package, programs[0], 0)
    for program in programs:
        for number in range(1, times + 1):
            print(f"-- {program.stem}, run {number}", file=sys.stderr)
            print(json.dumps(recorded(package, program, number)), file=records_out, flush=True)


if __name__ == "__main__":
    main()

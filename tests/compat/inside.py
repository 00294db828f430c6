"""What goes into a call's process with a program that is to be killed there: it writes down each state that the conversation comes to, and
ends the process by SIGKILL in the one that it was told.

`install` is called where `fakes` is imported, before the call's process is forked. Where the call is written down is in its job's metadata:
``{"folder": …, "kill": [STATE, N] | null}``: the N-th time that STATE is come to, in the first life.
"""

import asyncio
import contextvars
import functools
import inspect
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import records

from livekitex_agent import Agent, AgentSession, JobContext, get_job_context
from livekitex_agent.program.tools import ProgramTool

MIDST_S = 0.03
HOOKS = ("on_enter", "on_exit", "on_user_turn_completed")
ACTIONS: list[Callable[[Any], Any]] = []
SESSIONS: list[Any] = []
TASKS: set[Any] = set()
LOCK = threading.Lock()


def _job() -> dict[str, Any]:
    return json.loads(get_job_context().job.metadata)


def _append(name: str, what: Any) -> None:
    with Path(_job()["folder"], name).open("a") as file:
        print(json.dumps(what, default=str), file=file)


def _life() -> int:
    return 2 if Path(_job()["folder"], "killed").exists() else 1


def at(state: str) -> None:
    """The conversation has come to this state."""
    job = _job()
    folder = Path(job["folder"])
    states, killed = folder / "states", folder / "killed"
    with LOCK:
        life = _life()
        _append("states", [life, state])
        reached = sum(json.loads(line) == [1, state] for line in states.read_text().splitlines())
        if life == 1 and job["kill"] == [state, reached]:
            killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(10)


def _around(function: Any, label: Callable[..., str], *, begins: str, ends: str) -> Any:
    @functools.wraps(function)
    async def wrapped(*arguments: Any, **named: Any) -> Any:
        at(f"{label(*arguments)} {begins}")
        returned = await function(*arguments, **named)
        at(f"{label(*arguments)} {ends}")
        return returned

    return wrapped


def _hooked(cls: type) -> None:
    for name in HOOKS:
        if name in vars(cls):
            label = functools.partial(lambda hook, agent, *_: f"{hook} of {type(agent).__name__}", name)
            setattr(cls, name, _around(vars(cls)[name], label, begins="begins", ends="ends"))


def _listen(session: Any, number: int) -> None:
    def of(told: str) -> str:
        return told if number == 0 else f"{told} of another session"

    def agent(event: Any) -> None:
        at(of(f"the agent is {event.new_state}"))
        if event.new_state == "speaking":
            asyncio.get_running_loop().call_later(MIDST_S, lambda: session.agent_state == "speaking" and at(of("in the midst of a speech")))

    def item(event: Any) -> None:
        at(of(" ".join(["item", event.item.type, *filter(None, [getattr(event.item, "role", None)])])))

    def tool(event: Any) -> None:
        at(of(f"{event.update.type} {getattr(event.update, 'status', '')}".strip()))

    def closed(_: Any) -> None:
        calls = records.Ids()
        items = {"session": number, "items": [plain_item(one, calls) for one in session.history.items]}
        _append("items", items)
        at(of("closed"))

    session.on("agent_state_changed", agent)
    session.on("user_state_changed", lambda event: at(of(f"the caller is {event.new_state}")))
    session.on("conversation_item_added", item)
    session.on("tool_execution_updated", tool)
    session.on("close", closed)


def plain_item(of: Any, calls: Any) -> Any:
    """As `records.item`, with what was heard of a reply that was interrupted."""
    plain = records.item(of, calls)
    return plain | {"content": [part.strip() for part in of.content if isinstance(part, str)]} if of.type == "message" else plain


async def _hand(session: Any, folder: Path) -> None:
    """Do what the caller's hand is to do: again, if the process died in it."""
    wanted, done = folder / "hand", folder / "hand-done"
    while True:
        if wanted.exists() and (number := wanted.read_text()) and not (done.exists() and done.read_text() == number):
            at(f"the hand does {ACTIONS[int(number.split()[1])].__name__}")
            if inspect.isawaitable(result := ACTIONS[int(number.split()[1])](session)):
                await result
            done.write_text(number)
        await asyncio.sleep(0.01)


def _have_a_hand(session: Any, folder: Path) -> None:
    TASKS.add(asyncio.create_task(_hand(session, folder), context=contextvars.Context()))


def install(fakes: Any) -> None:
    """Have the programs of this process tell where they are."""

    def note(*what: Any) -> None:
        _append("notes", list(what))

    make_step = fakes.do

    def do(action: Callable[..., Any]) -> Any:
        ACTIONS.append(action)
        return make_step(action)

    fakes.note, fakes.do = note, do
    fakes.ON_ASKED = lambda: at("the model is asked")
    _after_first(fakes.FakeLLMStream, "_send", "the model answers")
    audio_of = fakes.FakeTTS.audio_of

    def voiced(self: Any, words: str) -> bytes:
        at("words are made a voice")
        return audio_of(self, words)

    fakes.FakeTTS.audio_of = voiced
    start = AgentSession.start

    @functools.wraps(start)
    async def started(self: Any, agent: Any, **options: Any) -> Any:
        number = len(SESSIONS)
        SESSIONS.append(self)
        of = "" if number == 0 else " of another session"
        at(f"a session starts{of}")
        _listen(self, number)
        result = await start(self, agent, **options)
        if number == 0:
            asyncio.get_running_loop().call_soon(_have_a_hand, self, Path(_job()["folder"]))  # from without: no part of the entrypoint
        at(f"a session has started{of}")
        return result

    AgentSession.start = started

    def made(cls: type, **options: Any) -> None:
        super(Agent, cls).__init_subclass__(**options)
        _hooked(cls)

    Agent.__init_subclass__ = classmethod(made)
    run = ProgramTool._call

    async def called(self: Any, arguments_json: str, context: Any) -> Any:
        _append("tools", [_life(), context.function_call.call_id, self.schema.name])
        at(f"the tool {self.schema.name} runs")
        returned = await run(self, arguments_json, context)
        at(f"the tool {self.schema.name} has run")
        return returned

    ProgramTool._call = called
    JobContext.run_shutdown_callbacks = _around(
        JobContext.run_shutdown_callbacks, lambda *_: "the end of the job", begins="begins", ends="has come"
    )


def _after_first(cls: type, name: str, state: str) -> None:
    """Come to the state after the first call of a method of each object."""
    method = getattr(cls, name)

    def wrapped(self: Any, *arguments: Any, **named: Any) -> Any:
        result = method(self, *arguments, **named)
        if not getattr(self, f"_first{name}", False):
            setattr(self, f"_first{name}", True)
            at(state)
        return result

    setattr(cls, name, wrapped)

"""One call on SimRuntime: its processes die at any step, messages are lost, late and doubled, handles come late and sleep."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

from actors.agent_session import SHARED_MEMORY_BYTES
from actors.agent_session.core.tools import NOT_RUN, OUTCOME_UNKNOWN
from actors.journal import UnknownRecord
from actors.worker_manager.arguments import WorkerManagerArguments
from actors.worker_manager.job_spec import job_spec
from protocols import (
    AgentMessage,
    CallEnded,
    CommandAccepted,
    CommandDone,
    EventPushed,
    EventsMissed,
    GetSession,
    Restarted,
    SendText,
    SessionEvent,
    SessionInfo,
    StartJob,
    Subscribe,
    Subscribed,
    ToolCalled,
    ToolReturned,
    TurnFailed,
    UserMessage,
)
from supervision import ChildSpec, Restart, SimRuntime, SupervisorFlags, supervisor_args
from supervision.sim.faults import Rule
from support import sim_session
from support.scripted_providers import agent
from support.scripted_tools import wire
from support.sim_session import CALL, SESSION, Disk, SimHandle

SUPERVISOR = "supervision:Supervisor"
ACTORS = {"supervisor": SUPERVISOR, "job_context": "actors.job_context:JobContext", "agent_session": "support.sim_session:SimSession"}
VICTIMS = (*[SESSION] * 5, f"job_context/{CALL}", f"job/{CALL}", "registry")
BUDGET = SupervisorFlags(max_restarts=1_000, max_seconds=60)
FRAIL = (EventPushed, SendText, CommandAccepted, Subscribe, Subscribed)
HANDLES = 3
TEXTS = 3


class Fire:
    """One call under one seed: its world, and what must be true of it in the end."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.rules: list[Rule] = []
        self.disk: Disk = sim_session.new_disk("/disk")
        verbs = ("say {}", "say {}", "use {} look", "use {} order", "use {} look order")
        self.texts = {f"h{handle}-{n}": self.rng.choice(verbs).format(f"h{handle}-{n}") for handle in range(HANDLES) for n in range(TEXTS)}

    def tree(self) -> dict[str, Any]:
        tools = [wire("block", idempotent=True) | {"name": "look"}, wire("block") | {"name": "order"}]
        options = {"journal_dir": "/disk", "run_id": "run", "retention_s": 0.0}
        worker = WorkerManagerArguments(actors=ACTORS, max_restarts=1_000, session_memory_bytes=SHARED_MEMORY_BYTES)
        job = job_spec(StartJob(job_id=CALL, agent=agent(tools=tools), options=options), worker)
        registry = ChildSpec(id="registry", name="registry", actor="supervision:Registry", is_registry=True)
        return supervisor_args(BUDGET, (registry, replace(job, restart=Restart.TRANSIENT), *map(self.handle, range(HANDLES))))

    def handle(self, number: int) -> ChildSpec:
        commands = [[key, text] for key, text in self.texts.items() if key.startswith(f"h{number}-")]
        args = {"commands": commands, "from": (1, 1, 30)[number], "naps": (0, 25, 0)[number]}
        return ChildSpec(id=f"handle/{number}", actor="support.sim_session:SimHandle", args=args)

    def handles(self, sim: SimRuntime) -> list[SimHandle]:
        actors = [sim.actor(f"handle/{number}") for number in range(HANDLES)]
        return [actor for actor in actors if isinstance(actor, SimHandle)]

    def kill(self, sim: SimRuntime) -> None:
        sim.run_for(self.rng.choice((0.0, 0.03)) * self.rng.random())
        for _ in range(self.rng.randrange(40)):
            sim.advance()
        victim = self.rng.choice(VICTIMS)
        if sim.is_alive(victim):
            sim.kill(victim)

    def hurt_messages(self, sim: SimRuntime) -> None:
        what, times = self.rng.choice(FRAIL), self.rng.randrange(1, 4)
        match self.rng.randrange(6):
            case 0:
                self.rules.append(sim.drop(message=what, times=times))
            case 1:
                self.rules.append(sim.duplicate(message=what, times=times))
            case 2:
                self.rules.append(sim.delay(self.rng.uniform(0.001, 0.3), message=what, times=times))
            case _:
                pass

    def run(self, sim: SimRuntime, hurts: int) -> None:
        sim.start(SUPERVISOR, self.tree(), actor_id="root")
        handles = self.handles(sim)
        for _ in range(hurts):
            self.kill(sim)
            self.hurt_messages(sim)
        sim.run_until(lambda: self.texts.keys() <= self.disk.done, within_s=300.0, what="all answers")
        for rule in self.rules:
            rule.lift()
        sim.run_for(1.0)  # who was killed last is back
        sim.run_until(lambda: sim.is_alive(SESSION) and all(map(self.up_to_date, handles)), within_s=300.0, what="whole records")
        info = sim.ask(SESSION, GetSession(), timeout_s=60.0)
        assert isinstance(info, SessionInfo)
        self.user_data = json.loads(info.user_data_json).get("done", [])
        self.until = max(self.disk.told)
        handles[0].end_call()
        if hurts:
            self.kill(sim)
        sim.run_until(lambda: not sim.is_alive(f"job/{CALL}") and self.disk.removed, within_s=60.0, what="the end of the job")
        sim.settle()
        assert any(sim_session.finished(handle.record) for handle in handles)
        for handle in handles:
            assert not handle.failures
            self.check_record(handle)
        self.check_events()
        self.check_commands()
        self.check_tools()

    def up_to_date(self, handle: SimHandle) -> bool:
        return handle.idle and handle.next_number > max(self.disk.told)

    def events(self) -> Iterator[SessionEvent | UnknownRecord]:
        return (self.disk.told[number].event for number in sorted(self.disk.told))

    def check_events(self) -> None:
        told = [self.disk.told[number] for number in sorted(self.disk.told)]
        assert [happened.number for happened in told] == list(range(1, len(told) + 1))
        assert isinstance(told[-1].event, CallEnded)
        for before, after in pairwise(told):
            new_life = isinstance(after.event, Restarted) and after.event.incarnation == after.incarnation
            assert (before.incarnation != after.incarnation) is new_life

    def check_record(self, handle: SimHandle) -> None:
        first = 30 if handle.context.self_ref.id == "handle/2" else 1
        for pushed in handle.record:
            if isinstance(pushed.event, EventsMissed):
                assert pushed.number - pushed.event.count + 1 == first
            else:
                assert (pushed.number, pushed.event) == (first, self.disk.told[first].event)
            first = pushed.number + 1
        assert first > self.until

    def check_commands(self) -> None:
        events = list(self.events())
        done = Counter(event.command_id for event in events if isinstance(event, CommandDone))
        assert done == Counter([*self.texts, "end"])
        turns = {event.turn_id: event.text for event in events if isinstance(event, UserMessage)}
        assert sorted(turns.values()) == sorted(self.texts.values())
        failed = Counter(event.turn_id for event in events if isinstance(event, TurnFailed))
        told = self.disk.told.values()
        answered = Counter(it.turn_id for it in told if isinstance(it.event, AgentMessage) and not it.event.interrupted)
        for turn, text in turns.items():
            assert failed[turn] + answered[turn] == 1, text

    def check_tools(self) -> None:
        events = list(self.events())
        names = {event.call_id: event.name for event in events if isinstance(event, ToolCalled)}
        runs: Counter[str] = Counter()
        for (_, call_id), times in self.disk.ran.items():
            runs[call_id] += times
        returned = {event.call_id: event.result for event in events if isinstance(event, ToolReturned)}
        assert self.user_data == [event.call_id for event in events if isinstance(event, ToolReturned) and event.ok]
        for call_id, name in names.items():
            assert returned[call_id] in {"done", OUTCOME_UNKNOWN}
            if name == "order":
                assert runs[call_id] == 1 or (runs[call_id] == 0 and returned[call_id] == OUTCOME_UNKNOWN)
        assert all(result == NOT_RUN for call_id, result in returned.items() if call_id not in names)

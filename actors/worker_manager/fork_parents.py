"""Has `jobs` begin and end the fork parents of programs, and asks them whether they are of the code of now. `generations` decides."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from actors.worker_manager.arguments import WorkerManagerArguments
from actors.worker_manager.generations import (
    Begin,
    Check,
    Generations,
    Plan,
    Refuse,
    Take,
    UnderWay,
    all_gone,
    begun,
    checked,
    gone,
    serial_in,
    stays,
    to_end,
    want,
)
from actors.worker_manager.outcomes import is_down
from actors.worker_manager.workload import Workload
from protocols import CheckProgram, ChildResult, Message, ProgramChecked, Ref, StartChild, TerminateChild
from supervision import ChildSpec, ChildType, Context, DynamicFlags, Restart, dynamic_args

log = logging.getLogger("livekitex.worker_manager")

LOAD_TIMEOUT_MS: Final = 60_000
"""How long a program's import and setup may take together; then it is ended, and whoever waits for a call of it is told."""

STANDSTILL_MS: Final = 10_000
"""How long they may stand still in it, without a moment of processor time; the deadline of a generation's heartbeats later, too."""

CHECK_TIMEOUT_S: Final = 5.0
"""How long a generation may take to say whether it is of the code of now; one that does not say takes no new calls."""

MAX_RESTARTS: Final = 10
MAX_SECONDS: Final = 10
"""As of any partition; the trees of calls are temporary, so nothing counts against it."""

CALLERS: Final = ("gateway", "worker_manager")


class ForkParents:
    """Those of all programs of this node.

    ``workload`` gives what is known now. ``up`` is told of a generation that has got up, ``take`` of one from which its program's waiting
    calls are to be forked, ``refuse`` of a program whose waiting calls cannot start, and why.
    """

    def __init__(
        self,
        context: Context,
        arguments: WorkerManagerArguments,
        workload: Callable[[], Workload],
        *,
        up: Callable[[str, Ref], None],
        take: Callable[[str], None],
        refuse: Callable[[str, str], None],
    ) -> None:
        self._context = context
        self._arguments = arguments
        self._workload = workload
        self._up = up
        self._take = take
        self._refuse = refuse
        self._sources: dict[str, dict[str, str]] = {}
        self._state = Generations()

    def want(self, program: str, source: dict[str, str]) -> None:
        """A call of ``program``, which is at ``source``, waits for a generation; ``take`` or ``refuse`` follows, maybe at once."""
        self._sources[program] = source
        now = self._workload()
        self._state, plan = want(self._state, program, now.partitions, now.busy)
        self._perform(program, plan)

    def end_idle(self) -> None:
        """Have those end that have no calls and are to take none."""
        now = self._workload()
        self._state, over = to_end(self._state, now.partitions, now.busy)
        for generation in over:
            self._end(generation)

    def gone(self, generation: str) -> None:
        """One has ended."""
        self._state = gone(self._state, generation)

    def all_gone(self) -> None:
        """`jobs` has ended, and they with it."""
        self._state = all_gone(self._state)

    def _perform(self, program: str, plan: Plan) -> None:
        match plan:
            case UnderWay():
                pass
            case Check(generation=generation):
                to = self._workload().partitions[generation]
                self._context.ask(to, CheckProgram(), timeout_s=CHECK_TIMEOUT_S, then=partial(self._checked, program, generation))
            case Begin():
                self._begin(program, plan)
            case Take(generation=generation):
                self._take(generation)
            case Refuse(result=result):
                self._refuse(program, result)

    def _checked(self, program: str, generation: str, answer: Message | None) -> None:
        current = isinstance(answer, ProgramChecked) and not answer.changed
        if not current:
            changed = answer.changed if isinstance(answer, ProgramChecked) else "it does not answer"
            log.info("a program has changed", extra={"generation": generation, "changed": changed})
        now = self._workload()
        self._state, plan = checked(self._state, generation, now.partitions, now.busy, current=current)
        self._perform(program, plan)
        self.end_idle()

    def _begin(self, program: str, plan: Begin) -> None:
        if plan.instead_of:
            self._end(plan.instead_of)
        source = self._sources[program]
        args: dict[str, Any] = dynamic_args(
            DynamicFlags(max_restarts=MAX_RESTARTS, max_seconds=MAX_SECONDS, max_children=self._arguments.max_jobs),
            may_start=[name for role, name in self._arguments.actors.items() if role != "generation"],
            callers=CALLERS,
        )
        spec = ChildSpec(
            id=plan.generation,
            name=plan.generation,
            title=f"program {program.rpartition('-')[0]} {serial_in(plan.generation)}",
            actor=self._arguments.actors["generation"],
            args={**args, "program": {**source, "mode": str(plan.mode)}},
            type=ChildType.SUPERVISOR,
            restart=Restart.TEMPORARY,
            start_timeout_ms=LOAD_TIMEOUT_MS,
            heartbeat_ms=STANDSTILL_MS,
        )
        then = partial(self._begun, program, plan.generation)
        self._context.ask_name("jobs", StartChild(spec=spec.to_wire()), timeout_s=LOAD_TIMEOUT_MS / 1000 + CHECK_TIMEOUT_S, then=then)

    def _begun(self, program: str, generation: str, answer: Message | None) -> None:
        match answer:
            case ChildResult(result="ok", ref=Ref() as ref):
                result = "ok"
                self._up(generation, ref)
            case ChildResult(result=result):
                result = _in_words(result, self._sources[program]["place"])
            case _:
                result = f"{generation}: jobs did not answer"
        now = self._workload()
        self._state, plan = begun(self._state, generation, result, now.partitions, now.busy)
        self._perform(program, plan)
        self.end_idle()

    def _end(self, generation: str) -> None:
        log.info("a program's fork parent ends", extra={"generation": generation})
        message = TerminateChild(child_id=generation, uid="")
        self._context.ask_name("jobs", message, timeout_s=LOAD_TIMEOUT_MS / 1000, then=partial(self._ended, generation))

    def _ended(self, generation: str, answer: Message | None) -> None:
        if answer is None or not is_down(answer):
            self._state = stays(self._state, generation)


def _in_words(result: str, place: str) -> str:
    """A start that was ended for its length says what it is about; everything else says so itself."""
    if result == "error:timeout":
        return f"error:InvalidAgentError: {place}: its import and setup took more than {LOAD_TIMEOUT_MS // 1000} s and were ended"
    if result.endswith(":hung"):
        return f"error:InvalidAgentError: {place}: its import or setup stood still for {STANDSTILL_MS // 1000} s and was ended"
    return result

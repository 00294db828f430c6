"""Which fork parent the calls of a program come from: its generations. Pure.

A program is imported and set up once, in a fork parent of its own, and each of its calls is forked from that. New code is a new generation:
at each start the newest generation is asked whether its files are still those that it loaded; if not, the next one is begun and takes all
new calls, while those that run stay where they are, and come back there as long as it lives. A generation ends when it is not the newest,
or not of the code of now, and its last call is over.

A generation is a partition with a name of its own: ``partition/<stem>-<key>.<serial>``. All that has to be known of it is in that name, so
a WorkerManager that is new finds those that run, and asks the newest as ever. What this state holds besides is what is under way.
"""

import re
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import PurePath
from typing import Any, Final

from protocols import StartJob

MAX_GENERATIONS: Final = 8
"""Generations that live at a time, of all programs. For a further one the idle one that was used longest ago ends; if all have calls, the
start is refused."""

LEAVES: Final = "program_leaves:"
"""How the reason of a start begins that failed because import or setup leave what no fork may have (see `Mode`)."""

FULL: Final = "error:max_generations"

_NAME: Final = re.compile(r"partition/(?P<program>.+-[0-9a-f]{8})\.(?P<serial>[0-9]+)")
_MAX_STEM: Final = 40


class Mode(StrEnum):
    """How much of a program is done before the fork: what leaves no thread and no descriptor behind; the rest in each call's process."""

    SETUP = "setup"
    """Its import, and its setup function."""
    IMPORT = "import"
    """Its import."""
    NOTHING = "nothing"


class Step(StrEnum):
    """What is under way for a program."""

    CHECK = "check"
    BEGIN = "begin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Generations:
    """What is under way, and what is known of generations that are to end.

    ``steps`` are by program, each with the generation that it is about; ``outdated`` are generations of other code than that of now,
    ``ending`` those that were asked to end. ``serials`` are the last numbers given, by program. ``uses`` counts the starts, ``used`` tells
    at which of them a program was used last.
    """

    steps: Mapping[str, tuple[Step, str, Mode]] = field(default_factory=dict)
    outdated: frozenset[str] = frozenset()
    ending: frozenset[str] = frozenset()
    serials: Mapping[str, int] = field(default_factory=dict)
    uses: int = 0
    used: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UnderWay:
    """What was asked for is under way already."""


@dataclass(frozen=True, slots=True)
class Check:
    """Ask this generation whether it is of the code of now."""

    generation: str


@dataclass(frozen=True, slots=True)
class Begin:
    """Begin this generation; first have ``instead_of`` end, if there is one."""

    generation: str
    mode: Mode
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class Take:
    """The waiting calls of the program are forked from this generation."""

    generation: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """The waiting calls of the program cannot start, for this reason (as a partition's answer)."""

    result: str


Plan = UnderWay | Check | Begin | Take | Refuse


def source_of(job: StartJob | None) -> dict[str, str] | None:
    """Where the program of a job is: its ``place``, and the name of its ``server`` there. None for a job whose agent is plain data."""
    program: Any = None if job is None else job.agent.get("program")
    if not isinstance(program, Mapping) or not isinstance(program.get("place"), str):
        return None
    return {"place": program["place"], "server": str(program.get("server", ""))}


def program_of(job: StartJob | None) -> str:
    """The program of a job, as it stands in the names of its generations; empty for a job whose agent is plain data."""
    source = source_of(job)
    if source is None:
        return ""
    stem = re.sub(r"[^A-Za-z0-9_.-]", "_", PurePath(source["place"]).name)[:_MAX_STEM] or "program"
    return f"{stem}-{zlib.crc32(':'.join(source.values()).encode('utf-8', 'surrogatepass')):08x}"


def generation_name(program: str, serial: int) -> str:
    """The name of a generation's fork parent."""
    return f"partition/{program}.{serial}"


def program_in(partition: str) -> str:
    """The program whose generation a partition is; empty for a partition of calls with plain data."""
    found = _NAME.fullmatch(partition)
    return "" if found is None else found["program"]


def serial_in(partition: str) -> int:
    """The number of a generation; 0 for what is none."""
    found = _NAME.fullmatch(partition)
    return 0 if found is None else int(found["serial"])


def newest(program: str, running: Collection[str]) -> str:
    """The newest generation of a program among those that run; empty: there is none."""
    return max((name for name in running if program_in(name) == program), key=serial_in, default="")


def want(state: Generations, program: str, running: Collection[str], busy: Collection[str]) -> tuple[Generations, Plan]:
    """A call of ``program`` is to be forked. ``running`` are the partitions, ``busy`` those that have calls, or may get one."""
    state = replace(state, uses=state.uses + 1, used={**state.used, program: state.uses + 1})
    if program in state.steps:
        return state, UnderWay()
    generation = newest(program, running)
    if generation and generation not in state.outdated | state.ending:
        return _with_step(state, program, (Step.CHECK, generation, Mode.SETUP)), Check(generation)
    return _begin(state, program, running, busy, Mode.SETUP)


def checked(
    state: Generations, generation: str, running: Collection[str], busy: Collection[str], *, current: bool
) -> tuple[Generations, Plan]:
    """A generation has said whether it is of the code of now; who does not answer is not ``current``."""
    program = program_in(generation)
    step = state.steps.get(program)
    if step is None or step[:2] != (Step.CHECK, generation):
        return state, UnderWay()
    state = _without_step(state, program)
    if current and generation in running and generation not in state.ending:
        return state, Take(generation)
    state = replace(state, outdated=state.outdated | {generation})
    return _begin(state, program, running, busy, Mode.SETUP)


def begun(state: Generations, generation: str, result: str, running: Collection[str], busy: Collection[str]) -> tuple[Generations, Plan]:
    """The attempt to begin a generation has come to ``result``: ``ok``, or why it did not come up."""
    program = program_in(generation)
    step = state.steps.get(program)
    if step is None or step[:2] != (Step.BEGIN, generation):
        return state, UnderWay()
    state = _without_step(state, program)
    if result == "ok":
        return state, Take(generation)
    _, leaves, what = result.partition(LEAVES)
    less = Mode.IMPORT if what.startswith(Mode.SETUP) else Mode.NOTHING
    if leaves and step[2] is not Mode.NOTHING and step[2] is not less:
        return _begin(state, program, running, busy, less)
    return state, Refuse(result)


def to_end(state: Generations, running: Collection[str], busy: Collection[str]) -> tuple[Generations, tuple[str, ...]]:
    """The generations that have no calls any more and are to take none: to be told to end now."""
    involved = {step[1] for step in state.steps.values()}
    over = tuple(
        name
        for name in sorted(running)
        if program_in(name)
        and name not in state.ending
        and name not in involved
        and name not in busy
        and (name in state.outdated or name != newest(program_in(name), running))
    )
    return replace(state, ending=state.ending | set(over)), over


def gone(state: Generations, generation: str) -> Generations:
    """A generation has ended; one that was being asked will not answer."""
    step = state.steps.get(program_in(generation))
    if step is not None and step[:2] == (Step.CHECK, generation):
        state = _without_step(state, program_in(generation))
    return replace(state, outdated=state.outdated - {generation}, ending=state.ending - {generation})


def all_gone(state: Generations) -> Generations:
    """Whoever begins and ends generations has ended, with all of them: nothing is under way any more."""
    return replace(state, steps={}, outdated=frozenset(), ending=frozenset())


def stays(state: Generations, generation: str) -> Generations:
    """Nobody knows whether a generation that was to end has ended: it may be told so again."""
    return replace(state, ending=state.ending - {generation})


def _begin(state: Generations, program: str, running: Collection[str], busy: Collection[str], mode: Mode) -> tuple[Generations, Plan]:
    begins = {step[1] for step in state.steps.values() if step[0] is Step.BEGIN}
    alive = ({name for name in running if program_in(name)} | begins) - state.ending
    instead_of = ""
    if len(alive) >= MAX_GENERATIONS:
        involved = {step[1] for step in state.steps.values()}
        idle = [name for name in alive if name not in busy and name not in involved]
        if not idle:
            return state, Refuse(FULL)
        instead_of = min(idle, key=lambda name: (state.used.get(program_in(name), 0), serial_in(name), name))
        state = replace(state, ending=state.ending | {instead_of})
    serial = max(state.serials.get(program, 0), serial_in(newest(program, running))) + 1
    state = replace(state, serials={**state.serials, program: serial})
    generation = generation_name(program, serial)
    return _with_step(state, program, (Step.BEGIN, generation, mode)), Begin(generation, mode, instead_of)


def _with_step(state: Generations, program: str, step: tuple[Step, str, Mode]) -> Generations:
    return replace(state, steps={**state.steps, program: step})


def _without_step(state: Generations, program: str) -> Generations:
    return replace(state, steps={name: step for name, step in state.steps.items() if name != program})

"""Generations of programs on SimRuntime: programs that a test changes, breaks, or slows down, without any file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from protocols import CheckProgram, InvalidAgentError, Message, ProgramChecked, abnormal
from supervision import DynamicSupervisor, StopStart
from support import sim_tree

GENERATION: Final = f"{__name__}:SimGeneration"
ACTORS: Final = {**sim_tree.JOB_ACTORS, "generation": GENERATION}


@dataclass
class Programs:
    """The programs of a simulation, by place: version of the code, which are broken, which modes leave a thread, how long they load."""

    version: dict[str, int] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    leaves: dict[str, set[str]] = field(default_factory=dict)
    load_s: dict[str, float] = field(default_factory=dict)
    loaded: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    """What each generation's incarnation has loaded, by its uid: place, version and mode."""


PROGRAMS = Programs()


class SimGeneration(DynamicSupervisor):
    """Loads a program of `PROGRAMS`."""

    def on_start(self, args: Mapping[str, Any]) -> None:
        described = dict(args)
        program = described.pop("program")
        self._ready = False
        self.context.acknowledge_start()
        self.context.defer_start()
        self.context.after(PROGRAMS.load_s.get(program["place"], 0.01), lambda: self._load(program, described))

    def _load(self, program: Mapping[str, str], described: Mapping[str, Any]) -> None:
        place, mode = program["place"], program["mode"]
        if place in PROGRAMS.broken:
            raise InvalidAgentError(f"{place}: its import failed")
        if mode in PROGRAMS.leaves.get(place, ()):
            raise StopStart(abnormal(f"program_leaves:{mode}: thread t"))
        self._place, self._version = place, PROGRAMS.version.get(place, 1)
        PROGRAMS.loaded[self.context.self_ref.uid] = (place, self._version, mode)
        self._ready = True
        super().on_start(described)

    def on_message(self, message: Message) -> None:
        if isinstance(message, CheckProgram) and self._ready:
            changed = self._place if self._version != PROGRAMS.version.get(self._place, 1) else ""
            self.context.reply(ProgramChecked(changed=changed))
        elif self._ready:
            super().on_message(message)

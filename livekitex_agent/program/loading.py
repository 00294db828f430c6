"""How a program becomes a server in this process: its import, the choice of what it describes, and its setup.

The one state of this module is the programs that this process has loaded. A call's process is born with those of its fork parent.
"""

import ast
import asyncio
import importlib
import inspect
import logging
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from actors import load_reference
from livekitex_agent.job import JobProcess
from livekitex_agent.program.source_files import is_installed
from livekitex_agent.worker import AgentServer, Entrypoint, RtcSession, WorkerOptions
from protocols import InvalidAgentError, LivekitexError, reseed_generators

log = logging.getLogger("livekitex.program")

DEFINE_ONE: Final = "define `server = AgentServer()` at its top level, and decorate the entrypoint with `@server.rtc_session()`"

_loaded: dict[tuple[str, str], "LoadedProgram"] = {}


@dataclass(kw_only=True)
class LoadedProgram:
    """A program in this process. ``process`` is what its setup was given, or will be."""

    place: str
    server: AgentServer
    process: JobProcess
    is_set_up: bool = False
    pid: int = 0

    def session_for(self, agent_name: str) -> RtcSession:
        """The entrypoint for the jobs of ``agent_name``.

        Raises:
            InvalidAgentError: there is none, or it is not clear which.
        """
        try:
            return self.server.session_for(agent_name)
        except LivekitexError as failure:
            raise InvalidAgentError(f"{self.place}: {failure}") from failure

    def set_up(self) -> None:
        """Run the program's setup function, if that was not done yet, here or in the fork parent. Blocks as long as it does.

        Raises:
            InvalidAgentError: it failed; the text says where.
        """
        if self.is_set_up:
            return
        setup = self.server.setup_fnc
        with _blaming(self.place, "its setup_fnc failed"):
            result = None if setup is None else setup(self.process)
            if inspect.iscoroutine(result):
                asyncio.run(result)
        self.is_set_up = True


def load_program(place: str, server: str = "") -> LoadedProgram:
    """The program at ``place`` (the absolute path of a script, or a module's name), imported once in a process and its fork parent.

    A script runs under a name of its own, not as ``__main__``, and finds the modules beside it. ``server`` names what describes the program
    there: an `AgentServer`, `WorkerOptions` with an entrypoint, or an entrypoint. Without a name it is the only server, else the only such
    options, else the function ``entrypoint`` or the only async function of one argument; with a function goes what the file gives to
    ``WorkerOptions(prewarm_fnc=...)``, or one that is named ``prewarm``.

    The first time in a fork, the random generators are seeded anew. Blocks as long as the import does.

    Raises:
        InvalidAgentError: it cannot be imported, or describes no program or several; the text names file, line and cure.
    """
    program = _loaded.get((place, server))
    if program is None:
        program = _loaded[place, server] = _load(place, server)
    elif program.pid != os.getpid():
        program.pid = os.getpid()
        reseed_generators()
    return program


def _load(place: str, server: str) -> LoadedProgram:
    if place.startswith("/"):
        folder = str(Path(place).parent)
        if folder not in sys.path:
            sys.path.insert(0, folder)
    with _blaming(place, "its import failed"):
        module = sys.modules[load_reference(f"{place}:__name__")]
    found = _described_by(_named(module, place, server), place, module) if server else _found_in(module, place)
    with _blaming(place, "a module of its preload_modules cannot be imported"):
        for name in found.settings.preload_modules or ():
            importlib.import_module(name)
    return LoadedProgram(place=place, server=found, process=JobProcess(http_proxy=found.settings.http_proxy), pid=os.getpid())


def _named(module: ModuleType, place: str, server: str) -> Any:  # noqa: ANN401 - whatever it is
    found = getattr(module, server, None)
    if found is None:
        raise InvalidAgentError(f"{place} defines no {server}: {DEFINE_ONE}")
    return found


def _described_by(found: Any, place: str, module: ModuleType) -> AgentServer:  # noqa: ANN401 - whatever it is
    if isinstance(found, AgentServer):
        return found
    if isinstance(found, WorkerOptions):
        with _blaming(place, "its WorkerOptions describe no program"):
            return AgentServer.from_server_options(found)
    if inspect.iscoroutinefunction(found):
        return _around(found, module)
    raise InvalidAgentError(f"{place}: {found!r:.80} is no AgentServer, no WorkerOptions and no async function: {DEFINE_ONE}")


def _found_in(module: ModuleType, place: str) -> AgentServer:
    values = list({id(value): value for value in vars(module).values()}.values())
    servers = [value for value in values if isinstance(value, AgentServer)]
    options = [value for value in values if isinstance(value, WorkerOptions) and value.entrypoint_fnc is not None]
    entrypoints = [value for value in values if inspect.iscoroutinefunction(value) and _is_entrypoint(value, module)]
    named = [function for function in entrypoints if function.__name__ == "entrypoint"]
    for kind in (servers, options, named or entrypoints):
        if len(kind) > 1:
            raise InvalidAgentError(f"{place} describes {len(kind)} programs: say which one by the name of its AgentServer")
        if kind:
            return _described_by(kind[0], place, module)
    raise InvalidAgentError(f"{place} describes no program: {DEFINE_ONE}")


def _is_entrypoint(function: Callable[..., Any], module: ModuleType) -> bool:
    parameters = list(inspect.signature(function).parameters.values())
    return function.__module__ == module.__name__ and len(parameters) == 1 and parameters[0].kind is parameters[0].POSITIONAL_OR_KEYWORD


def _around(entrypoint: Entrypoint, module: ModuleType) -> AgentServer:
    prewarm = getattr(module, _prewarm_name(module), None)
    server = AgentServer(setup_fnc=prewarm if callable(prewarm) else None)
    server.rtc_session(entrypoint)
    return server


def _prewarm_name(module: ModuleType) -> str:
    """The name of what the file gives to its `WorkerOptions` as ``prewarm_fnc``, maybe where it is run as a script; else ``prewarm``."""
    tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
    words = [word for node in ast.walk(tree) if isinstance(node, ast.Call) for word in node.keywords]
    return next((word.value.id for word in words if word.arg == "prewarm_fnc" and isinstance(word.value, ast.Name)), "prewarm")


class _blaming:  # noqa: N801 - a context manager, used as a function
    """Say of what the user's code raises that it is ``what`` of the program at ``place``, and where it happened."""

    def __init__(self, place: str, what: str) -> None:
        self._place = place
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, failure: BaseException | None, _trace: object) -> None:
        if failure is None or not isinstance(failure, Exception | SystemExit):
            return
        if isinstance(failure, InvalidAgentError):
            failure = failure.__cause__ or failure  # what a reference was not found for
        log.warning("%s", self._what, exc_info=failure, extra={"place": self._place})
        text = str(failure).strip().split("\n", 1)[0]
        told = f"{type(failure).__name__}: {text}" if text else type(failure).__name__
        cure = ": install it where the system runs" if isinstance(failure, ModuleNotFoundError) else ""
        raise InvalidAgentError(f"{self._place}: {self._what}: {told} ({_where(failure, self._place)}){cure}") from failure


def _where(failure: BaseException, place: str) -> str:
    """``file:line`` of the user's code that raised: the innermost that is not of an installed library."""
    if isinstance(failure, SyntaxError) and failure.filename:
        return f"{failure.filename}:{failure.lineno}"
    frames = traceback.extract_tb(failure.__traceback__)
    own = [frame for frame in frames if not is_installed(frame.filename)]
    return f"{own[-1].filename}:{own[-1].lineno}" if own else place

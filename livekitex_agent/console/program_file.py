"""What a file holds that can take a call: found by reading it, and only where that does not tell by running it.

How it works. A program is started by its place, and its call's process imports it; here it need not run at all. So the file is read: who is
given to ``run_app``, else which names of its top level are an `AgentServer`, a `WorkerOptions` or an `Agent`. An agent of plain data does
travel, and is loaded.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from protocols import ConfigurationError

DEFAULT_FILE: Final = "agent.py"
"""What is taken where no file is named, in the current folder: `livekitex init` writes it."""


class Holds(StrEnum):
    """What the name in the file is."""

    PROGRAM = "program"
    AGENT = "agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramFile:
    """A file with its absolute ``path``, and the ``name`` in it of what takes the call (empty: the only program that there is)."""

    path: str
    holds: Holds
    name: str


_MAKERS: Final[Mapping[str, Holds]] = {
    "AgentServer": Holds.PROGRAM,
    "WorkerOptions": Holds.PROGRAM,
    "Agent": Holds.AGENT,
    "text": Holds.AGENT,
}


def find_program(file: Path | None) -> ProgramFile:
    """What takes the call in ``file`` (None: `DEFAULT_FILE`).

    Raises:
        ConfigurationError: there is no such file, or nothing in it that takes calls; the text names the cure.
    """
    path = (Path(DEFAULT_FILE) if file is None else file).absolute()
    try:
        source = path.read_text("utf-8")
        tree = ast.parse(source, str(path))
    except OSError as failure:
        cure = "name the program's file, or write one: livekitex init NAME"
        raise ConfigurationError(f"{path}: {failure.strerror}: {cure}") from failure
    except (SyntaxError, ValueError) as failure:
        line = getattr(failure, "lineno", None)
        raise ConfigurationError(f"{path}{f':{line}' if line else ''}: this is no Python: {failure}") from failure
    found = _run(tree) or _named(tree) or _unnamed(tree)
    if found is None:
        raise ConfigurationError(
            f"{path}: nothing in it takes a call: give its top level a server = AgentServer() with an rtc_session, "
            "WorkerOptions(entrypoint_fnc=...), or an agent = Agent(...)"
        )
    return ProgramFile(path=str(path), holds=found[0], name=found[1])


def _run(tree: ast.Module) -> tuple[Holds, str] | None:
    """What the file gives to ``run_app``: a name of its top level, options that name an entrypoint, or what only its import tells."""
    tops = {name for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign) for name in _targets(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and last_name(node.func) == "run_app" and node.args:
            match node.args[0]:
                case ast.Name(id=name):
                    return Holds.PROGRAM, name if name in tops else ""
                case ast.Call() as made if name := _entrypoint(made):
                    return Holds.PROGRAM, name
    return None


def _targets(node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        if isinstance(target, ast.Name):
            yield target.id


def _named(tree: ast.Module) -> tuple[Holds, str] | None:
    """The names of the top level, those of programs before those of agents, and of these one that is called ``agent`` first."""
    found = list(_assigned(tree))
    programs = [(kind, name) for kind, name in found if kind is Holds.PROGRAM]
    agents = sorted((one for one in found if one[0] is Holds.AGENT), key=lambda one: one[1] != "agent")
    return next(iter([*programs, *agents]), None)


def _unnamed(tree: ast.Module) -> tuple[Holds, str] | None:
    """A program whose server is made by something else than its class, or that is an entrypoint alone: whoever imports it finds it."""
    for node in tree.body:
        if isinstance(node, ast.AsyncFunctionDef) and (len(node.args.args) == 1 or "rtc_session" in map(last_name, node.decorator_list)):
            return Holds.PROGRAM, ""
    return None


def _assigned(tree: ast.Module) -> Iterator[tuple[Holds, str]]:
    classes = dict(_MAKERS) | {
        node.name: Holds.AGENT
        for node in tree.body
        if isinstance(node, ast.ClassDef) and any(last_name(base) == "Agent" for base in node.bases)
    }
    for node in tree.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=func))
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Call(func=func))
            ) if (maker := last_name(func)) in classes and (maker != "text" or _last_but_one(func) == "Agent"):
                yield classes[maker], name
            case _:
                pass


def _entrypoint(made: ast.Call) -> str:
    if last_name(made.func) != "WorkerOptions":
        return ""
    return next((word.value.id for word in made.keywords if word.arg == "entrypoint_fnc" and isinstance(word.value, ast.Name)), "")


def last_name(node: ast.expr) -> str:
    """``node``'s name, without the module or the object that it is of, nor what it is subscripted with; empty if it has none."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=value):
            return last_name(value)
        case _:
            return ""


def _last_but_one(node: ast.expr) -> str:
    return last_name(node.value) if isinstance(node, ast.Attribute) else ""

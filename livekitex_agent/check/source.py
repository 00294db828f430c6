"""A program as it stands in its files: which classes are agents, which functions run again after a death. Pure, but for reading them."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from livekitex_agent.console.program_file import last_name

Function = ast.FunctionDef | ast.AsyncFunctionDef

AGENT_CLASSES: Final = frozenset({"Agent", "AgentTask"})
REPLAYED_HOOKS: Final = frozenset({"on_enter", "on_exit", "on_user_turn_completed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file: ``stands_for`` are the dotted names that its imports give to names, ``functions`` those of its top level and classes."""

    path: str
    tree: ast.Module
    stands_for: Mapping[str, str]
    functions: Mapping[str, Function]
    agents: frozenset[str]

    def dotted(self, node: ast.expr) -> str:
        """The name of ``node`` written out in full, as far as imports tell; empty if it is none."""
        match node:
            case ast.Name(id=name):
                return self.stands_for.get(name, name)
            case ast.Attribute(value=value, attr=attr):
                return f"{head}.{attr}" if (head := self.dotted(value)) else ""
            case ast.Subscript(value=value):
                return self.dotted(value)
            case _:
                return ""

    def is_agent(self, node: ast.expr) -> bool:
        """Whether ``node`` names a class of agents."""
        return isinstance(node, ast.Name) and node.id in self.agents

    def entrypoints(self) -> frozenset[str]:
        """The functions that are run for a job."""
        found = {name for name, function in self.functions.items() if any(map(_serves_jobs, function.decorator_list))}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                found |= {word.value.id for word in node.keywords if word.arg == "entrypoint_fnc" and isinstance(word.value, ast.Name)}
                if isinstance(node.func, ast.Attribute) and node.func.attr == "rtc_session":
                    found |= {argument.id for argument in node.args[:1] if isinstance(argument, ast.Name)}
        return frozenset(found & self.functions.keys())

    def replayed(self) -> Mapping[str, str]:
        """The functions that run again after a death, each with why: entrypoints, hooks, idempotent tools, and what these call."""
        found = dict.fromkeys(self.entrypoints(), "the entrypoint runs again after a death")
        for name, function in self.functions.items():
            owner, _, method = name.rpartition(".")
            if owner in self.agents and method in REPLAYED_HOOKS:
                found[name] = f"{method} runs again after a death, unless it had returned"
            elif any(map(_is_idempotent, function.decorator_list)):
                found[name] = "an idempotent tool that was cut off runs again"
        waiting = list(found)
        while waiting:
            name = waiting.pop()
            for called in self._called_by(name):
                if called not in found:
                    found[called] = found[name]
                    waiting.append(called)
        return found

    def user_data(self) -> Iterator[tuple[int, str]]:
        """The classes of the sessions' user data, as far as they are named: a line, and the class."""
        made = {
            node.targets[0].id: node.value
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Call)
        }
        for node in ast.walk(self.tree):
            if not isinstance(node, ast.Call) or self.dotted(node.func).rpartition(".")[2] != "AgentSession":
                continue
            for value in [word.value for word in node.keywords if word.arg == "userdata"]:
                given = made.get(value.id) if isinstance(value, ast.Name) else value
                if isinstance(given, ast.Call) and isinstance(given.func, ast.Name):
                    yield value.lineno, given.func.id

    def _called_by(self, name: str) -> Iterator[str]:
        owner = name.rpartition(".")[0]
        for node in own_nodes(self.functions[name]):
            match node:
                case ast.Call(func=ast.Name(id=called)) if called in self.functions:
                    yield called
                case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=attr)) if f"{owner}.{attr}" in self.functions:
                    yield f"{owner}.{attr}"
                case _:
                    pass


def own_nodes(function: Function) -> Iterator[ast.AST]:
    """What a function runs itself: not the functions and lambdas inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop(0)
        yield node
        if not isinstance(node, Function | ast.Lambda | ast.ClassDef):
            waiting[:0] = ast.iter_child_nodes(node)


def read_program(path: Path) -> list[Source]:
    """The file, and those beside it that it imports.

    Raises:
        OSError, SyntaxError, ValueError: a file cannot be read, or is no Python.
    """
    folder, found, waiting = path.parent, dict[Path, ast.Module](), [path]
    while waiting:
        file = waiting.pop()
        found[file] = tree = ast.parse(file.read_text("utf-8"), str(file))
        waiting += [one for one in _beside(folder, tree) if one not in found and one not in waiting]
    bases = {node.name: node for tree in found.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    agents = frozenset(name for name in bases if _is_agent(name, bases, frozenset()))
    return [_source(file, tree, agents) for file, tree in found.items()]


def _source(file: Path, tree: ast.Module, agents: frozenset[str]) -> Source:
    stands_for: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                stands_for |= {alias.asname: alias.name for alias in names if alias.asname}
            case ast.ImportFrom(module=module, names=names):
                stands_for |= {alias.asname or alias.name: f"{module or ''}.{alias.name}" for alias in names}
            case _:
                pass
    functions: dict[str, Function] = {node.name: node for node in tree.body if isinstance(node, Function)}
    for top in tree.body:
        if isinstance(top, ast.ClassDef):
            functions |= {f"{top.name}.{node.name}": node for node in top.body if isinstance(node, Function)}
    return Source(path=str(file), tree=tree, stands_for=stands_for, functions=functions, agents=agents)


def _beside(folder: Path, tree: ast.Module) -> Iterator[Path]:
    for node in ast.walk(tree):
        names: list[str] = []
        match node:
            case ast.Import(names=aliases):
                names = [alias.name for alias in aliases]
            case ast.ImportFrom(module=str(module), level=0):
                names = [module]
            case _:
                pass
        for name in names:
            place = folder.joinpath(*name.split("."))
            yield from (file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file())


def _is_agent(name: str, classes: Mapping[str, ast.ClassDef], seen: frozenset[str]) -> bool:
    if name in seen or name not in classes:
        return name in AGENT_CLASSES
    return any(_is_agent(last_name(base), classes, seen | {name}) for base in classes[name].bases)


def _serves_jobs(decorator: ast.expr) -> bool:
    return last_name(decorator.func if isinstance(decorator, ast.Call) else decorator) == "rtc_session"


def _is_idempotent(decorator: ast.expr) -> bool:
    if not isinstance(decorator, ast.Call) or last_name(decorator.func) != "function_tool":
        return False
    return any(word.arg == "idempotent" and ast.unparse(word.value) == "True" for word in decorator.keywords)

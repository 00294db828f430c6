"""Agents that cannot be made again. Pure.

Those that the entrypoint makes are made again by its rerun. Any other is made again of its class and its arguments, so the class must stand
at the top level, and the arguments must be what can be written down.
"""

import ast
from collections.abc import Iterator
from typing import Final

from livekitex_agent.check.findings import Finding, Kind
from livekitex_agent.check.source import Function, Source, own_nodes

RESOURCES: Final = frozenset(
    {
        "aiohttp.ClientSession",
        "asyncio.Condition",
        "asyncio.Event",
        "asyncio.Future",
        "asyncio.Lock",
        "asyncio.Queue",
        "asyncio.Semaphore",
        "httpx.AsyncClient",
        "httpx.Client",
        "open",
        "openai.AsyncOpenAI",
        "openai.OpenAI",
        "requests.Session",
        "socket.socket",
        "sqlite3.connect",
        "threading.Condition",
        "threading.Event",
        "threading.Lock",
        "threading.RLock",
    }
)
"""What makes something that is of its process alone."""
REMADE: Final = frozenset({"chat_ctx"})
"""Arguments that are put onto the new agent, whatever they were."""
CURE: Final = "make it in the entrypoint, or keep it in user data, or give its class plain arguments"


def agents_lost(source: Source) -> Iterator[Finding]:
    """The agents that are made outside the entrypoint of what cannot be captured."""
    remade = source.entrypoints()
    for name, function in source.functions.items():
        if name in remade:
            continue
        inner = {node.name for node in ast.walk(function) if isinstance(node, Function | ast.ClassDef) and node is not function}
        held = dict(_bound(source, function))
        for node in own_nodes(function):
            if isinstance(node, ast.Call) and source.is_agent(node.func):
                yield from _judge(source, node, inner, held)


def _judge(source: Source, made: ast.Call, inner: set[str], held: dict[str, str]) -> Iterator[Finding]:
    cls = ast.unparse(made.func)
    if cls in inner:
        yield _finding(source, made, f"{cls} is a class inside a function, and cannot be found again", "move the class to the top level")
    given = [("", argument) for argument in made.args] + [(word.arg or "", word.value) for word in made.keywords]
    for name, value in given:
        if name not in REMADE and (why := _uncapturable(source, value, inner, held)):
            what = f"{name}={ast.unparse(value)}" if name else ast.unparse(value)
            yield _finding(source, value, f"{cls}({what:.60}) cannot be made again: {why}", CURE)


def _uncapturable(source: Source, value: ast.expr, inner: set[str], held: dict[str, str]) -> str:
    match value:
        case ast.Lambda():
            return "a lambda stays in its process"
        case ast.GeneratorExp():
            return "an iterator stays in its process"
        case ast.Name(id=name) if name in inner:
            return f"{name} is defined inside a function"
        case ast.Name(id=name) if name in held:
            return f"{held[name]} is of its process alone"
        case ast.Call(func=func) if (dotted := source.dotted(func)) in RESOURCES:
            return f"{dotted} is of its process alone"
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return next(filter(None, (_uncapturable(source, part, inner, held) for part in parts)), "")
        case ast.Dict(values=parts):
            return next(filter(None, (_uncapturable(source, part, inner, held) for part in parts)), "")
        case _:
            return ""


def _bound(source: Source, function: Function) -> Iterator[tuple[str, str]]:
    """The names in a function that stand for something of its process."""
    for node in own_nodes(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=func)) if (dotted := source.dotted(func)) in RESOURCES:
                yield name, dotted
            case ast.withitem(context_expr=ast.Call(func=func), optional_vars=ast.Name(id=name)) if (
                dotted := source.dotted(func)
            ) in RESOURCES:
                yield name, dotted
            case _:
                pass


def _finding(source: Source, node: ast.expr, found: str, cure: str) -> Finding:
    return Finding(path=source.path, line=node.lineno, kind=Kind.AGENT, found=found, cure=cure)

"""Effects outside the conversation in code that runs again after a death, and is not ``once``. Pure."""

import ast
from collections.abc import Iterator
from typing import Final

from livekitex_agent.check.findings import Finding, Kind
from livekitex_agent.check.source import Source, own_nodes

CALLS: Final = frozenset(
    {
        *(f"{library}.{verb}" for library in ("requests", "httpx") for verb in ("post", "put", "patch", "delete")),
        *(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen")),
        *("asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell", "os.system"),
        *(f"os.{name}" for name in ("remove", "unlink", "rename", "replace", "rmdir", "mkdir", "makedirs")),
        *(f"shutil.{name}" for name in ("copy", "copyfile", "copytree", "move", "rmtree")),
    }
)
VERBS: Final = frozenset({"post", "put", "patch", "delete"})
"""Methods that change something at an address, if what they are given first is one."""
METHODS: Final = frozenset({"send_email", "send_mail", "sendmail", "send_message", "send_sms", "publish", "write_text", "write_bytes"})
STATEMENTS: Final = ("insert", "update", "delete", "create", "drop", "alter", "replace", "merge")
WRITING: Final = frozenset("wax+")
ONCE_BY_ITSELF: Final = frozenset({"api", "room"})
"""What a job's context has of the server: requests that change something are once already."""


def effects_repeated(source: Source) -> Iterator[Finding]:
    """What is done outside the conversation, and done again after a death."""
    for name, why in source.replayed().items():
        for node in own_nodes(source.functions[name]):
            if isinstance(node, ast.Call) and (effect := _effect(source, node)):
                key = effect.partition("(")[0].rpartition(".")[2]
                yield Finding(
                    path=source.path,
                    line=node.lineno,
                    kind=Kind.EFFECT,
                    found=f"{effect} in {name}: {why}, and so does this",
                    cure=f'put it into a function and await ctx.once("{key}", function, ...)',
                )


def _effect(source: Source, call: ast.Call) -> str:
    """What the call does outside, by its name; empty if nothing is known of it."""
    dotted = source.dotted(call.func)
    if dotted in CALLS:
        return dotted
    if dotted == "open":
        mode = call.args[1] if len(call.args) > 1 else next((word.value for word in call.keywords if word.arg == "mode"), None)
        writes = isinstance(mode, ast.Constant) and bool(WRITING & set(str(mode.value)))
        return f"open(…, {mode.value!r})" if writes and isinstance(mode, ast.Constant) else ""
    if not isinstance(call.func, ast.Attribute) or ONCE_BY_ITSELF & set(_chain(call.func.value)):
        return ""
    method, first = call.func.attr, call.args[0] if call.args else None
    if method in METHODS or (method in VERBS and first is not None and _is_address(first)):
        return ast.unparse(call.func)
    if method in {"execute", "executemany"} and isinstance(first, ast.Constant) and str(first.value).strip().lower().startswith(STATEMENTS):
        return ast.unparse(call.func)
    return ""


def _chain(node: ast.expr) -> Iterator[str]:
    while isinstance(node, ast.Attribute):
        yield node.attr
        node = node.value


def _is_address(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=str(text)):
            return text.startswith(("http", "/"))
        case ast.JoinedStr():
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return "url" in name.lower()
        case _:
            return False

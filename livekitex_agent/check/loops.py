"""What runs on the program's event loop, and so waits with whatever blocks it; and what blocks it. Pure."""

import ast
from collections.abc import Iterator
from typing import Final

from livekitex_agent.check.findings import Finding, Kind
from livekitex_agent.check.source import Source, own_nodes

NODES: Final = frozenset({"stt_node", "llm_node", "tts_node", "transcription_node", "realtime_audio_output_node"})
PROVIDERS: Final = frozenset({"vad", "stt", "llm", "tts", "turn_detection", "turn_detector"})
TAKE_PROVIDERS: Final = frozenset({"AgentSession", "Agent", "AgentTask", "super().__init__", "update_options"})
WAITS: Final = "it runs on the program's loop, and waits when that is blocked"
OURS: Final = ("livekitex_agent.providers.", "livekitex_agent.inference.")
REFERENCES: Final = frozenset({"livekitex_agent.ProviderRef", "livekitex_agent.provider"})
"""What makes a reference: the provider itself is made beside the audio."""
BLOCKING: Final = frozenset(
    {
        "time.sleep",
        "urllib.request.urlopen",
        "os.system",
        *(f"requests.{name}" for name in ("get", "post", "put", "patch", "delete", "request")),
        *(f"httpx.{name}" for name in ("get", "post", "put", "patch", "delete", "request")),
        *(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output")),
    }
)


def on_the_programs_loop(source: Source) -> Iterator[Finding]:
    """Nodes that are overridden, and providers that are not ours."""
    for name, function in source.functions.items():
        owner, _, method = name.rpartition(".")
        if owner in source.agents and method in NODES:
            yield _waits(source, function.lineno, f"{name} is overridden: {WAITS}")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and _takes_providers(source, node.func):
            for word in node.keywords:
                if word.arg in PROVIDERS and isinstance(word.value, ast.Call) and (made := _not_ours(source, word.value)):
                    yield _waits(source, word.value.lineno, f"{word.arg}={made}(...) is a plugin or your own: {WAITS}")


def blocks(source: Source) -> Iterator[Finding]:
    """Calls that block the program's loop while they wait."""
    for name, function in source.functions.items():
        if not isinstance(function, ast.AsyncFunctionDef):
            continue
        for node in own_nodes(function):
            if isinstance(node, ast.Call) and (dotted := source.dotted(node.func)) in BLOCKING:
                cure = (
                    "await asyncio.sleep(...)" if dotted == "time.sleep" else f"await asyncio.to_thread({dotted}, ...), or a tool with def"
                )
                found = f"{dotted} in {name} blocks the program's loop while it waits"
                yield Finding(path=source.path, line=node.lineno, kind=Kind.BLOCK, found=found, cure=cure)


def _takes_providers(source: Source, func: ast.expr) -> bool:
    return ast.unparse(func) == "super().__init__" or source.dotted(func).rpartition(".")[2] in TAKE_PROVIDERS or source.is_agent(func)


def _not_ours(source: Source, made: ast.Call) -> str:
    """The name of what makes a provider that is not ours; empty if it is."""
    dotted = source.dotted(made.func)
    return "" if dotted.startswith(OURS) or dotted in REFERENCES else dotted


def _waits(source: Source, line: int, found: str) -> Finding:
    return Finding(path=source.path, line=line, kind=Kind.LOOP, found=found, cure="none is needed, as long as nothing blocks that loop")

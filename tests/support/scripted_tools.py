"""Tools of the scripted agent."""

import threading
from pathlib import Path
from typing import Any

from actors.tools import RunContext
from support.scripted_providers import agent


def remember(context: RunContext, word: str) -> str:
    """Remember a word.

    Args:
        word: What to remember.
    """
    words = context.user_data.setdefault("words", [])
    words.append(word)
    return f"{len(words)} words"


def leave_line(context: RunContext, path: str) -> str:
    """Leave a line that outlives the process.

    Args:
        path: Of the file.
    """
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(f"life {context.incarnation}\n")
    return f"left in life {context.incarnation}"


def finish(context: RunContext) -> str:
    """End the call."""
    context.end_call("all said")
    return "good bye"


def block() -> str:
    """Never return."""
    threading.Event().wait()
    return "never"


class Successor:
    """An agent that the call is handed to; ``model`` is another one than that of `scripted_providers.agent`."""

    def __init__(self, name: str, *, greeting: str = "", model: str = "llm") -> None:
        self._wire = agent(name=name, greeting=greeting, tools=[wire("remember"), wire("transfer")], instructions=f"You are {name}.")
        self._wire["llm"] = {"factory": f"support.scripted_providers:{model}", "options": {}}

    def to_wire(self) -> dict[str, Any]:
        return self._wire


def transfer(to: str) -> tuple[Successor, str]:
    """Hand the call to another agent; "nowhere" cannot be made, and "late" only once it is let.

    Args:
        to: Its name.
    """
    successor = Successor(
        to, greeting="Host here." if to == "host" else "", model={"nowhere": "no_such_model", "late": "late_llm"}.get(to, "other_llm")
    )
    return successor, f"transferred to {to}"


def wire(name: str, *, idempotent: bool = False, timeout_ms: int = 30_000) -> dict[str, Any]:
    """A tool of this module as it travels."""
    words = {"remember": "word", "leave_line": "path", "transfer": "to"}
    properties = {words[name]: {"type": "string"}} if name in words else {}
    return {
        "source": f"support.scripted_tools:{name}",
        "name": name,
        "description": "",
        "parameters": {"type": "object", "properties": properties, "required": list(properties)},
        "timeout_ms": timeout_ms,
        "idempotent": idempotent,
    }

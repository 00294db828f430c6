"""A conversation as a model reads it that is to say something of it: a line for each item."""

from collections.abc import Iterable
from typing import Any

from livekitex_agent.llm.chat_items import AgentConfigUpdate, AgentHandoff, ChatMessage, FunctionCall, FunctionCallOutput

__all__ = ["transcript"]


def transcript(items: Iterable[Any]) -> str:
    """All ``items``: who said what, which function was called, what came of it, who has the call, what the agent was told."""
    return "\n".join(map(_line, items))


def _line(item: Any) -> str:  # noqa: ANN401 - a `ChatItem`
    match item:
        case ChatMessage(role=role, interrupted=interrupted):
            return f"{role}: {(item.text_content or '').strip()}{' [interrupted]' if interrupted else ''}"
        case FunctionCall(name=name, arguments=arguments):
            return f"[function call: {name}({arguments})]"
        case FunctionCallOutput(output=output, is_error=is_error):
            return f"[function {'error' if is_error else 'output'}: {output}]"
        case AgentHandoff(old_agent_id=old, new_agent_id=new):
            return f"[agent handoff: {old} -> {new}]"
        case AgentConfigUpdate():
            changed = {"instructions": item.instructions, "tools_added": item.tools_added, "tools_removed": item.tools_removed}
            return f"[agent config: {', '.join(f'{name}={value!r}' for name, value in changed.items() if value)}]"
        case _:
            return f"[{item.type}]"

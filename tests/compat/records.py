"""What is compared of a run: items and events as plain data, without ids, times and measurements.

Two spellings of one thing are one: blanks around a message's text, and the tool choice "auto", which is what services take where none is
said.
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

Plain = Any
EVENTS = (
    "agent_state_changed",
    "user_state_changed",
    "user_input_transcribed",
    "user_transcription_timeout",
    "conversation_item_added",
    "agent_false_interruption",
    "function_tools_executed",
    "metrics_collected",
    "session_usage_updated",
    "speech_created",
    "tool_execution_updated",
    "error",
    "close",
)
CUT = "(as much as was heard)"  # in a reply that was interrupted: measured, not scripted


class Ids:
    """Ids as numbers in the order of their appearance: which belongs to which is compared, what they are is not."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def __call__(self, of: str) -> int:
        return self._numbers.setdefault(of, len(self._numbers) + 1)


def item(of: Any, calls: Ids) -> Plain:
    """An item of a chat context."""
    match of.type:
        case "message":
            content = [part.strip() if isinstance(part, str) else str(getattr(part, "type", part)) for part in of.content]
            content = [CUT] if of.interrupted else [part for part in content if part != "cache_breakpoint"]
            return {"type": "message", "role": of.role, "content": content, "interrupted": of.interrupted}
        case "function_call":
            return {"type": "function_call", "call": calls(of.call_id), "name": of.name, "arguments": json.loads(of.arguments or "{}")}
        case "function_call_output":
            return {
                "type": "function_call_output",
                "call": calls(of.call_id),
                "name": of.name,
                "output": of.output,
                "is_error": of.is_error,
            }
        case "agent_handoff":
            return {"type": "agent_handoff", "old": of.old_agent_id, "new": of.new_agent_id}
        case "agent_config_update":
            told = {"instructions": of.instructions and str(of.instructions), "added": of.tools_added, "removed": of.tools_removed}
            return {"type": "agent_config_update", **{key: value for key, value in told.items() if value}}
    return {"type": of.type}


def items(of: Iterable[Any], calls: Ids) -> Plain:
    """The items of a chat context, in order."""
    return [item(one, calls) for one in of]


def asked(requests: Iterable[dict[str, Any]]) -> Plain:
    """The requests that language models got: what providers send of them. What a request shares with the one before it is counted."""
    found, before = [], []
    for request in requests:
        now = items((one for one in request["items"] if one.type in {"message", "function_call", "function_call_output"}), Ids())
        same = next((number for number, (old, new) in enumerate(zip(before, now, strict=False)) if old != new), min(len(before), len(now)))
        tools = sorted(schema["function"]["name"] for schema in request["schemas"])
        found.append({"as before": same, "then": now[same:], "tools": tools, "tool_choice": request["tool_choice"] or "auto"})
        before = now
    return found


def schemas(requests: Iterable[dict[str, Any]]) -> Plain:
    """The schema of each tool as the model saw it first."""
    found: dict[str, Plain] = {}
    for request in requests:
        for schema in request["schemas"]:
            found.setdefault(schema["function"]["name"], schema["function"])
    return found


def _named(of: Any, names: Iterable[str]) -> Plain:
    return {name: getattr(of, name, None) for name in names}


_COUNTS = {
    "llm_metrics": ("completion_tokens", "prompt_tokens", "total_tokens", "cancelled"),
    "tts_metrics": ("characters_count", "streamed", "cancelled"),
    "stt_metrics": ("streamed",),
    "llm_usage": ("provider", "model", "input_tokens", "output_tokens"),
    "tts_usage": ("provider", "model", "characters_count"),
    "stt_usage": ("provider", "model"),
}


def counts(of: Any) -> Plain:
    """Metrics or usage of a model: what is counted, not what is timed."""
    return {"type": of.type, **_named(of, _COUNTS.get(of.type, ()))}


def event(kind: str, of: Any, calls: Ids) -> tuple[str, Plain]:
    """An event's kind (finer where kinds are made at unrelated times) and what it says."""
    match kind:
        case "agent_state_changed" | "user_state_changed":
            return kind, f"{of.old_state} → {of.new_state}"
        case "user_input_transcribed":
            return f"{kind}:{'final' if of.is_final else 'interim'}", of.transcript
        case "conversation_item_added":
            return kind, item(of.item, calls)
        case "function_tools_executed":
            said = {"calls": items(of.function_calls, calls), "outputs": items(of.function_call_outputs, calls)}
            return kind, {**said, "reply": of.has_tool_reply, "handoff": of.has_agent_handoff}
        case "metrics_collected":
            return f"{kind}:{of.metrics.type}", counts(of.metrics)
        case "speech_created" | "agent_false_interruption":
            return kind, _named(of, ["source", "user_initiated"] if kind == "speech_created" else ["resumed"])
        case "tool_execution_updated":
            return kind, _execution(of.update, calls)
        case "error" | "close":
            return kind, _ending(of)
    return kind, None


def _ending(of: Any) -> Plain:
    if of.type == "close":
        return {"reason": str(getattr(of.reason, "value", of.reason)), "error": of.error is not None}
    error = getattr(of.error, "error", of.error)
    return {"error": type(error).__name__, **_named(of.error, ["type", "recoverable"])}


def _execution(of: Any, calls: Ids) -> Plain:
    match of.type:
        case "tool_call_started":
            return {"type": of.type, "call": calls(of.function_call.call_id), "name": of.function_call.name}
        case "tool_call_updated":
            return {"type": of.type, "call": calls(of.call_id), "message": of.message, "silent": of.silent}
        case "tool_call_ended":
            return {"type": of.type, "call": calls(of.call_id), "message": of.message, "status": of.status}
    return {"type": of.type, "updates": len(of.update_ids), "status": of.status}


def plain(of: Any) -> Plain:
    """What a program noted, as JSON; addresses, and versions in links of errors, are nobody's promise."""
    written = json.dumps(of, default=str)
    written = re.sub(r" at 0x[0-9a-f]+", "", written)
    written = re.sub(r"program_\d+_", "", written)
    return json.loads(re.sub(r"errors\.pydantic\.dev/[0-9.]+/", "errors.pydantic.dev/", written))


# What happens before what. The events of the two kinds, in their common order, must be the same.

Label = Callable[[str, Plain], str | None]


def _is(wanted: str, **matching: Any) -> Label:
    def label(kind: str, said: Plain) -> str | None:
        if kind != wanted or (matching and not (isinstance(said, dict) and all(said.get(key) == value for key, value in matching.items()))):
            return None
        return " ".join((wanted, *(str(value) for value in matching.values())))

    return label


def _state(wanted: str) -> Label:
    return lambda kind, said: f"agent {wanted}" if kind == "agent_state_changed" and said.endswith(f"→ {wanted}") else None


BEFORE: dict[str, tuple[Label, ...]] = {
    "what is heard, the caller's message": (_is("user_input_transcribed:final"), _is("conversation_item_added", role="user")),
    "the caller's message, the state thinking": (_is("conversation_item_added", role="user"), _state("thinking")),
    "a speech, the state speaking": (_is("speech_created"), _state("speaking")),
    "the state speaking, the reply's item": (_state("speaking"), _is("conversation_item_added", role="assistant")),
    "a tool's start, its end, the report": (
        _is("tool_execution_updated", type="tool_call_started"),
        _is("tool_execution_updated", type="tool_call_ended"),
        _is("function_tools_executed"),
    ),
    "the report of tools, the reply's item": (_is("function_tools_executed"), _is("conversation_item_added", role="assistant")),
    "a hand-off, what the new agent says": (
        _is("conversation_item_added", type="agent_handoff"),
        _is("speech_created"),
        _is("conversation_item_added", role="assistant"),
    ),
    "an item, the close": (_is("conversation_item_added"), _is("close")),
    "the request, the reply's item": (_is("model_asked"), _is("conversation_item_added", role="assistant")),
}


def orders(log: Iterable[tuple[str, Plain]]) -> dict[str, list[str]]:
    """Of each named order, its events as they came."""
    log = list(log)
    found: dict[str, list[str]] = {}
    for name, labels in BEFORE.items():
        came = [next((made for label in labels if (made := label(kind, said))), None) for kind, said in log]
        if sequence := [one for one in came if one]:
            found[name] = sequence
    return found

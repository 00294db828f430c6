"""The brain of an agent whose script names no language model: rules made from its tools, for the offline rule model.

Each tool is an intent that its name and the first sentence of its description are examples of; text, whole numbers and choices among its
parameters are asked for. It is enough to try a tool by voice without a key; for a conversation, give the agent a language model.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from actors import rule_llm
from protocols import LLM, ChatContext, ChatOptions, LLMEvent, ToolSchema

_SLOT_TYPES: Final = {"string": "text", "integer": "number"}
_GREETING_WORDS: Final = ["hello", "hi there", "good morning", "good evening"]


def rules_for(tools: Sequence[ToolSchema]) -> dict[str, Any]:
    """The options of ``actors.providers.offline:rule_llm`` for these tools.

    A tool that needs an argument of another type than text, whole number or choice cannot be called by rules and is left out.
    """
    vocabularies: dict[str, dict[str, list[str]]] = {}
    intents = [_intent(tool, vocabularies) for tool in tools if _callable_by_rules(tool)]
    hello = {"name": "livekitex_hello", "examples": _GREETING_WORDS, "say": "Hello. What can I do for you?"}
    return {
        "intents": [*intents, hello],
        "vocabularies": vocabularies,
        "results": {intent["name"]: {"say": "{result}"} for intent in intents},
    }


def _callable_by_rules(tool: ToolSchema) -> bool:
    required = tool.parameters.get("required", ())
    return all(_slot_type(tool.parameters["properties"][name]) for name in required)


def _intent(tool: ToolSchema, vocabularies: dict[str, dict[str, list[str]]]) -> dict[str, Any]:
    spoken = tool.name.replace("_", " ").replace("-", " ")
    first_sentence = tool.description.split("\n", 1)[0].split(". ", 1)[0].rstrip(".")
    slots: dict[str, Any] = {}
    for name, schema in tool.parameters["properties"].items():
        if name in tool.parameters.get("required", ()):
            slots[name] = _slot(tool.name, name, schema, vocabularies)
    return {
        "name": tool.name,
        "examples": list(dict.fromkeys(filter(None, [spoken, first_sentence.lower()]))),
        "slots": slots,
        "call": {"tool": tool.name, "arguments": {name: f"{{{name}}}" for name in slots}},
    }


def _slot(tool: str, name: str, schema: Mapping[str, Any], vocabularies: dict[str, dict[str, list[str]]]) -> dict[str, Any]:
    spoken = name.replace("_", " ")
    slot: dict[str, Any] = {"type": _slot_type(schema), "ask": f"What is the {spoken}?"}
    if slot["type"] == "choice":
        slot["of"] = f"{tool}.{name}"
        vocabularies[slot["of"]] = {value: [value] for value in schema["enum"]}
    elif slot["type"] == "text":
        slot["after"] = [spoken, "of", "for"]
    return slot


def _slot_type(schema: Mapping[str, Any]) -> str:
    """The rules' name for a parameter's type; empty for one that rules cannot fill."""
    if "enum" in schema:
        return "choice" if all(isinstance(value, str) for value in schema["enum"]) else ""
    return _SLOT_TYPES.get(schema.get("type", ""), "")


class ToolRulesLLM(LLM):
    """The brain of a program's agent that names none: its rules are made from the tools that each request offers.

    ``options`` are further ones of ``actors.providers.offline:rule_llm``.

    Raises:
        MissingExtraError: the extra ``offline`` is not installed.
        ConfigurationError: an option is unknown or wrong.
    """

    label = "rules"

    def __init__(self, options: Mapping[str, Any] | None = None) -> None:
        self._options = dict(options or {})
        self._made_for: tuple[ToolSchema, ...] = ()
        self._llm = self._make(())

    def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        """See `LLM.chat`; raises as the rule model's does."""
        if tuple(tools) != self._made_for:
            self._made_for = tuple(tools)
            self._llm = self._make(self._made_for)
        return self._llm.chat(context, tools, options)

    def _make(self, tools: Sequence[ToolSchema]) -> LLM:
        return rule_llm({**rules_for(tools), **self._options})

"""An agent that is plain data, as a script gives it to a call: checked, and in the form in which it travels."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from actors import FunctionTool, reference_to, tool_to_wire
from livekitex_agent.call_options import CallOptions
from livekitex_agent.default_brain import rules_for
from protocols import (
    MAX_AGENT_NAME_CHARS,
    MAX_GREETING_CHARS,
    MAX_INSTRUCTIONS_CHARS,
    Instructions,
    InvalidAgentError,
    InvalidToolError,
    MessageTooLargeError,
    ProviderRef,
    ToolSchema,
    UsageError,
    pack,
    require_no_secret,
    well_formed,
)

Tool = FunctionTool | Callable[..., Any]
Provider = ProviderRef | Callable[..., Any]
"""Where a provider comes from: a reference, or the function (or class) itself, which takes the options and gives the provider."""

OFFLINE_VAD: Final = ProviderRef(factory="actors.providers.vad:silero", options={"min_silence_ms": 100})
OFFLINE_STT: Final = ProviderRef(factory="actors.providers.offline:moonshine_stt", options={})
OFFLINE_TURN_DETECTOR: Final = ProviderRef(factory="actors.providers.smart_turn:smart_turn", options={"threshold": 0.9})
OFFLINE_TTS: Final = ProviderRef(factory="actors.providers.offline:hibari_tts", options={})
OFFLINE_LLM: Final = "actors.providers.offline:rule_llm"

_DEFAULTS: Final = CallOptions()
_PROVIDERS: Final = ("vad", "stt", "turn_detector", "llm", "tts")


def provider(factory: Callable[..., Any], **options: Any) -> ProviderRef:  # noqa: ANN401 - any plain data
    """A provider that ``factory``, a function or class of yours, makes of ``options`` (plain data) in the call's process.

    It takes a map of them, or each as a keyword if it takes nothing else. It travels as a tool does, by where it is defined: at the top
    level of a module or of the script.

    Raises:
        InvalidAgentError: it has no place where another process finds it; the text names the cure.
    """
    try:
        return ProviderRef(factory=reference_to(factory), options=options)
    except InvalidToolError as failure:
        raise InvalidAgentError(f"provider: {failure}") from failure


@dataclass(frozen=True, kw_only=True)
class AgentDescription:
    """An agent that travels as it is, checked where it is made.

    ``instructions`` (at most 64,000 characters) tell the language model who it is; `Instructions` may differ with and
    without a voice. ``name`` (at most 64) is what events call it
    (`AgentChanged`). ``tools`` are functions that it may call: plain ones, or
    made by `function_tool`.
    One that returns an agent, alone or with its result (``return billing, "transferred"``), hands the call to it, in the call's own
    voice: it goes on with that agent's greeting, or else its model.
    They travel to the call's process by where they are defined, so each stands at the top level of a module or of the script.
    ``greeting`` (at most 16,000 characters) is said when the call begins (empty: nothing).

    ``vad``, ``stt`` and ``tts`` hear and speak: the offline ones of the extra ``offline`` by default, None for none. ``turn_detector``
    tells whether a caller who pauses has finished: by default an offline one beside the offline ``vad``, and none beside another. ``llm``
    thinks: by default rules made from the tools, which need no key. Each may be a function or class of yours
    instead, see `provider`.

    ``options`` are the call's settings: `CallOptions`, or a dict of that shape, or of the names that travel (`call_options`).

    Raises:
        InvalidAgentError: a field is malformed, or an option a secret, which would stand in the journal; the text names it and the cure.
        InvalidToolError: a tool cannot be one, or cannot travel; the text names the cure.
    """

    instructions: str | Instructions
    name: str = "agent"
    tools: Sequence[Tool] = ()
    greeting: str = ""
    vad: Provider | None = OFFLINE_VAD
    stt: Provider | None = OFFLINE_STT
    tts: Provider | None = OFFLINE_TTS
    turn_detector: Provider | None = OFFLINE_TURN_DETECTOR
    llm: Provider | None = None
    options: CallOptions | Mapping[str, Any] = field(default=_DEFAULTS, hash=False)
    _wire: dict[str, Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.instructions, Instructions):
            object.__setattr__(self, "instructions", self.instructions.render("text" if self.tts is None else "audio"))
        _require_text("instructions", self.instructions, MAX_INSTRUCTIONS_CHARS)
        if not str(self.instructions).strip():
            raise InvalidAgentError("instructions are empty: tell the model in a sentence who it is and what it does")
        _require_text("greeting", self.greeting, MAX_GREETING_CHARS)
        _require_text("name", self.name, MAX_AGENT_NAME_CHARS)
        if not self.name.strip():
            raise InvalidAgentError("name is empty: give it one, or leave it out")
        for name in _PROVIDERS:
            object.__setattr__(self, name, _reference(name, getattr(self, name)))
        if self.stt is None and self.vad is not None:
            raise InvalidAgentError("stt is None and vad is not: to hear it needs an stt, and to read text neither")
        if self.vad is None and self.stt == OFFLINE_STT:
            raise InvalidAgentError(
                "vad is None, and the offline stt finds no turns by itself: leave vad out, or to read text say stt=None"
            )
        if self.turn_detector is OFFLINE_TURN_DETECTOR and self.vad != OFFLINE_VAD:
            object.__setattr__(self, "turn_detector", None)  # the default goes with the default
        if self.turn_detector is not None and self.vad is None:
            raise InvalidAgentError("it has a turn_detector and hears nothing: give it a vad and an stt, or turn_detector=None")
        object.__setattr__(self, "options", CallOptions.of(self.options))
        tools = _tools_to_wire(self.tools)
        object.__setattr__(self, "tools", tuple(self.tools))
        object.__setattr__(self, "_wire", self._to_wire(tools))
        _require_fits(self._wire)

    def to_wire(self) -> dict[str, Any]:
        """The agent as it travels to its session: a plain map, with each tool as a reference."""
        return dict(self._wire)

    def _to_wire(self, tools: list[dict[str, Any]]) -> dict[str, Any]:
        providers = {name: _provider_to_wire(getattr(self, name)) for name in _PROVIDERS}
        if self.llm is None:
            schemas = [ToolSchema(name=tool["name"], description=tool["description"], parameters=tool["parameters"]) for tool in tools]
            providers["llm"] = {"factory": OFFLINE_LLM, "options": rules_for(schemas)}
        return {
            "name": well_formed(self.name).strip(),
            "instructions": well_formed(str(self.instructions)),
            "greeting": well_formed(self.greeting),
            "tools": tools,
            **providers,
            "options": CallOptions.of(self.options).to_wire(),
        }


def _tools_to_wire(tools: object) -> list[dict[str, Any]]:
    if isinstance(tools, str | bytes | Mapping) or not isinstance(tools, Sequence):
        raise InvalidAgentError(f"tools is a {type(tools).__name__}: give a list of functions, tools=[look_up, order]")
    wires: dict[str, dict[str, Any]] = {}
    for tool in tools:
        if not isinstance(tool, FunctionTool) and not callable(tool):
            raise InvalidToolError(f"tools holds {tool!r:.60}: give functions, tools=[look_up, order]")
        wire = tool_to_wire(tool)
        if wire["name"] in wires:
            raise InvalidAgentError(f"tools holds two of the name {wire['name']}: give one another name, function_tool(name=...)")
        wires[wire["name"]] = wire
    return list(wires.values())


def _provider_to_wire(ref: ProviderRef | None) -> dict[str, Any] | None:
    return None if ref is None else {"factory": ref.factory, "options": dict(ref.options)}


def _require_text(name: str, value: object, longest: int) -> None:
    if not isinstance(value, str):
        raise InvalidAgentError(f"{name} is a {type(value).__name__}: give text")
    if len(value) > longest:
        raise InvalidAgentError(f"{name} has {len(value)} characters, the limit is {longest}: shorten it")


def _require_map(name: str, value: object) -> None:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise InvalidAgentError(f"{name} is no map with text keys: give a dict")


def _reference(name: str, given: object) -> ProviderRef | None:
    """The provider as it travels: functions as references, and references checked."""
    if given is None:
        return None
    if not isinstance(given, ProviderRef):
        if not callable(given):
            raise InvalidAgentError(
                f"{name} is a {type(given).__name__}: give a function of yours, ProviderRef(factory='module:name', options={{}}), or None"
            )
        return provider(given)
    place, _, factory = given.factory.rpartition(":")
    if place == "__main__":
        raise InvalidAgentError(f"{name}.factory {given.factory!r:.60} means another script elsewhere: give {name}=provider({factory})")
    is_module = all(part.isidentifier() for part in place.split("."))
    if not (is_module or place.startswith("/")) or not all(part.isidentifier() for part in factory.split(".")):
        raise InvalidAgentError(f"{name}.factory {given.factory!r:.60} is no 'module:name' of a function that makes the provider")
    _require_map(f"{name}.options", given.options)
    require_no_secret(f"{name}.options", given.options)
    return given


def _require_fits(wire: dict[str, Any]) -> None:
    try:
        pack(Any, wire)
    except MessageTooLargeError as failure:
        raise InvalidAgentError(f"the agent is too large to travel ({failure}): shorten its options and its providers'") from failure
    except UsageError as failure:
        raise InvalidAgentError(f"options travel as plain data, and one does not: {failure}") from failure

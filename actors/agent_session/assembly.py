"""From a blueprint to what a session works with: its providers, its tools, and what its core is told."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from actors.agent_session.blueprint import Blueprint
from actors.agent_session.core import SessionConfig
from actors.agent_session.core.inputs import AgentReady
from actors.agent_session.engine import Providers, Services
from actors.providers import make_llm, make_stt, make_tts, make_turn_detector, make_vad
from actors.tools import FunctionTool, load_reference, load_tool
from protocols import (
    LLM,
    STT,
    ConfigurationError,
    InvalidAgentError,
    ModelUsage,
    ProviderKind,
    ProviderRef,
    TokenEstimator,
    ToolEntry,
    label_of,
)

T = TypeVar("T")
Load = Callable[[str], Any]

DIGEST_CHARS: Final = 6
"""Of a digest of a provider's options: enough to tell a node's providers apart."""


def make_providers(blueprint: Blueprint, begin: Callable[[str], None]) -> Providers:
    """The call's providers, warm where they can be; slow where their models are not loaded yet. ``begin`` is told of each step before it.

    Raises:
        MissingExtraError, ConfigurationError: as their factories do.
    """

    def made(kind: ProviderKind, make: Callable[[ProviderRef, Load], T]) -> T:
        ref = blueprint.providers[kind]
        begin(f"making the {kind} {ref.factory}")
        return make(ref, load_reference)

    refs = blueprint.providers
    providers = Providers(
        llm=made(ProviderKind.LLM, make_llm),
        vad=made(ProviderKind.VAD, make_vad) if ProviderKind.VAD in refs else None,
        stt=made(ProviderKind.STT, make_stt) if ProviderKind.STT in refs else None,
        turn_detector=made(ProviderKind.TURN_DETECTOR, make_turn_detector) if ProviderKind.TURN_DETECTOR in refs else None,
        tts=made(ProviderKind.TTS, make_tts) if ProviderKind.TTS in refs else None,
    )
    if providers.stt is not None and blueprint.turns.endpointing.by_stt:
        _require_turns(providers.stt, beginnings=providers.vad is None)
    for kind, provider in ((ProviderKind.VAD, providers.vad), (ProviderKind.TURN_DETECTOR, providers.turn_detector)):
        if provider is not None:
            begin(f"warming up the {kind} {refs[kind].factory}")
            provider.prewarm()
    return providers


def _require_turns(stt: STT, *, beginnings: bool) -> None:
    """Refuse a recogniser that is to find turns and cannot."""
    capabilities = stt.capabilities
    if not (capabilities.streaming and capabilities.end_of_turn):
        raise ConfigurationError(
            f"the agent: turn_detection='stt' needs an stt whose streams find the end of a turn, and {label_of(stt)} does not say so"
            " (STTCapabilities.end_of_turn): give the agent another stt, or a vad and turn_detection='vad'"
        )
    if beginnings and not capabilities.start_of_speech:
        raise ConfigurationError(
            f"the agent: without a vad the stt has to tell where speech begins, and {label_of(stt)} does not say that it does"
            " (STTCapabilities.start_of_speech): give the agent a vad"
        )


def make_model(blueprint: Blueprint) -> LLM:
    """The agent's language model alone; raises as `make_providers`, and `ConfigurationError` if it does not say how it counts tokens."""
    llm = make_llm(blueprint.providers[ProviderKind.LLM], load_reference)
    _tokens_of(llm)
    return llm


def make_tools(blueprint: Blueprint) -> dict[str, FunctionTool]:
    """The agent's tools by name.

    Raises:
        InvalidAgentError: a reference leads nowhere, or two tools have one name.
        InvalidToolError: what it leads to cannot be a tool.
    """
    tools: dict[str, FunctionTool] = {}
    for wire in blueprint.tools:
        tool = load_tool(wire)
        if tool.schema.name in tools:
            raise InvalidAgentError(f"two tools are called {tool.schema.name}: give one another name")
        tools[tool.schema.name] = tool
    return tools


def make_entries(blueprint: Blueprint) -> tuple[ToolEntry, ...]:
    """The agent's tools as the tool registry knows them."""
    return tuple(
        ToolEntry(name=wire["name"], description=wire["description"], parameters=wire["parameters"], source=wire["source"])
        for wire in blueprint.tools
    )


def name_services(blueprint: Blueprint) -> Services:
    """What the providers and tools stand for: two agents with the same provider and options share its circuit breaker.

    Options may hold what nobody should read: of these there is a digest only.
    """

    def named(kind: ProviderKind) -> str:
        ref = blueprint.providers.get(kind)
        if ref is None:
            return ""
        options = json.dumps(ref.options, sort_keys=True, default=repr) if ref.options else ""
        return f"{kind} {ref.factory}" + (f" {hashlib.sha256(options.encode()).hexdigest()[:DIGEST_CHARS]}" if options else "")

    return Services(
        llm=named(ProviderKind.LLM),
        stt=named(ProviderKind.STT),
        tts=named(ProviderKind.TTS),
        turn_detector=named(ProviderKind.TURN_DETECTOR),
        tools={wire["name"]: f"tool {wire['source']}" for wire in blueprint.tools},
    )


def agent_ready(token: int, blueprint: Blueprint, providers: Providers, tools: dict[str, FunctionTool]) -> AgentReady:
    """What the core is told of an agent that the call is handed to."""
    return AgentReady(
        token=token,
        agent=blueprint.agent,
        instructions=blueprint.instructions,
        greeting=blueprint.greeting,
        tools=tuple(tools),
        idempotent=_idempotent(tools),
        models=_models(blueprint),
        tokens=_tokens_of(providers.llm),
        audio_in=providers.stt is not None,
        voice_rate_hz=providers.rate_hz,
        resume_false_interruption=blueprint.turns.resume_false_interruption,
        min_interruption_words=blueprint.turns.min_interruption_words,
        preemptive_generation=blueprint.turns.preemptive_generation,
    )


def _idempotent(tools: dict[str, FunctionTool]) -> frozenset[str]:
    return frozenset(name for name, tool in tools.items() if tool.idempotent)


def _tokens_of(llm: LLM) -> TokenEstimator:
    tokens: object = llm.tokens
    if isinstance(tokens, TokenEstimator):
        return tokens
    raise ConfigurationError(f"{label_of(llm)}: tokens is a {type(tokens).__name__}: give TokenEstimator(characters_per_token=...)")


def make_setup(blueprint: Blueprint, providers: Providers, tools: dict[str, FunctionTool], *, journal_path: str) -> SessionConfig:
    """What the core is told."""
    return SessionConfig(
        call_id=blueprint.call_id,
        agent=blueprint.agent,
        instructions=blueprint.instructions,
        greeting=blueprint.greeting,
        apology=blueprint.turns.apology,
        repeat=blueprint.turns.repeat,
        farewell=blueprint.turns.farewell,
        farewell_reason=blueprint.farewell_reason,
        tools=tuple(tools),
        idempotent=_idempotent(tools),
        audio_in=providers.stt is not None,
        by_hand=blueprint.turns.endpointing.manual,
        voice=providers.tts is not None,
        voice_rate_hz=providers.rate_hz,
        max_tool_rounds=blueprint.turns.max_tool_rounds,
        max_context_tokens=blueprint.turns.max_context_tokens,
        tokens=_tokens_of(providers.llm),
        language=blueprint.turns.language,
        resume_false_interruption=blueprint.turns.resume_false_interruption,
        min_interruption_words=blueprint.turns.min_interruption_words,
        preemptive_generation=blueprint.turns.preemptive_generation,
        mute=blueprint.turns.mute,
        os_pid=os.getpid(),
        journal_path=journal_path,
        models=_models(blueprint),
    )


def _models(blueprint: Blueprint) -> tuple[ModelUsage, ...]:
    """What the call's models are called where their usage is told."""
    refs = blueprint.providers.items()
    return tuple(
        ModelUsage(kind=str(kind), provider=_named(ref.options, "provider") or ref.factory, model=_named(ref.options, "model"))
        for kind, ref in refs
    )


def _named(options: Mapping[str, Any], what: str) -> str:
    """The model that a provider is told to use, or whose it is, where its options say so."""
    named = options.get(what, "")
    return named if isinstance(named, str) else ""

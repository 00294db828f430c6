"""From a session and its agent to what the call works with: providers, tools, words and options."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from actors import Blueprint, Parts, Providers, plan_turns
from livekitex_agent.program.agent_context import kept
from livekitex_agent.program.nodes import AgentLLM, NodeVoice, NoLLM, TransformedTTS
from livekitex_agent.program.providers import VADAdapter, default_vad, is_ours, provider_given
from livekitex_agent.program.tools import program_tools
from livekitex_agent.types import NOT_GIVEN
from livekitex_agent.voice.agent import Agent
from livekitex_agent.voice.turn import kept_options, turn_options
from protocols import TTS, ChatContext, ProviderKind, ProviderRef

if TYPE_CHECKING:
    from livekitex_agent.program.session_activity import SessionActivity

MAX_AEC_WARMUP_S: Final = 30.0
LEAST_SPEECH_MS: Final = 50
"""Of voice that is speech, where the program's own detector says what speech is: it has left out shorter noise as it was told to."""


def make_parts(activity: "SessionActivity", agent: Agent) -> Parts:
    """What the call works with while ``agent`` has it.

    Raises:
        LivekitexError: a provider, a tool or an option is wrong; the text names it and the cure.
    """
    made: dict[ProviderKind, Any] = {}
    refs: dict[ProviderKind, ProviderRef] = {}
    given = {kind: given_provider(activity, agent, kind) for kind in ProviderKind}
    if _needs_vad(activity, agent, given):
        given[ProviderKind.VAD] = activity.derived.of(activity.session, "default vad", None, default_vad)
    for kind, provider in given.items():
        activity.metrics.heard.listen(provider)
        activity.errors.heard.listen(provider)
        if provider is not None:
            made[kind], refs[kind] = _made(activity, _holder(activity, agent, kind), kind, provider)
    inner = made.pop(ProviderKind.LLM, None)
    llm = activity.derived.of(agent, "llm_node", inner, lambda: AgentLLM(activity, agent, inner))
    activity.models[agent] = llm
    if (node := activity.hearing.node_of(agent, made.get(ProviderKind.STT))) is not None:
        made[ProviderKind.STT], refs[ProviderKind.STT] = provider_given(ProviderKind.STT, node, activity.providers)
    if (voice := _voice(activity, agent, made.get(ProviderKind.TTS), refs)) is not None:
        made[ProviderKind.TTS] = voice
    refs.setdefault(ProviderKind.LLM, ProviderRef(factory=f"{NoLLM.__module__}:{NoLLM.__qualname__}", options={}))
    tools = program_tools(activity, agent, [*activity.session.tools, *agent.tools])
    # A voice of the program's own is asked for nothing but what is to be said: it is paid for, and tells what it was asked for.
    keeps_apology = is_ours(given[ProviderKind.TTS]) and not agent._overrides("tts_node")
    providers = Providers(
        llm=llm,
        keeps_apology=keeps_apology,
        audio_rate_hz=activity.audio_rate.hz,
        **{str(kind): provider for kind, provider in made.items()},
    )
    detected = isinstance(made.get(ProviderKind.VAD), VADAdapter)
    blueprint = _blueprint(activity, agent, refs, tools, {"min_speech_ms": LEAST_SPEECH_MS} if detected else {})
    return Parts(blueprint=blueprint, providers=providers, tools=tools, context=_known(agent))


def _needs_vad(activity: "SessionActivity", agent: Agent, given: dict[ProviderKind, Any]) -> bool:
    """Whether a detector of voice is to be there that the program has not given.

    As in LiveKit where nothing is said of one; and where there is to be none, but nothing else could tell where the caller's words are.
    """
    if given[ProviderKind.VAD] is not None or not (given[ProviderKind.STT] is not None or agent._overrides("stt_node")):
        return False
    asked = (agent._providers.get("vad", NOT_GIVEN), activity.session._providers.get("vad", NOT_GIVEN))
    if ProviderKind.VAD not in activity.overrides and all(vad is NOT_GIVEN for vad in asked):
        return True
    stt = given[ProviderKind.STT]
    streams = stt is None or getattr(getattr(stt, "capabilities", None), "streaming", True)
    return not streams or _turns(activity, agent).get("turn_detection") in ("vad", "manual")


def _turns(activity: "SessionActivity", agent: Agent) -> dict[str, Any]:
    """How turns are taken while ``agent`` has the call, as the program says it."""
    session = activity.session
    return turn_options(session._turn_handling, session._flat) | turn_options(agent._turn_handling, agent._flat)


def _voice(activity: "SessionActivity", agent: Agent, tts: TTS | None, refs: dict[ProviderKind, ProviderRef]) -> TTS | None:
    """The voice of ``agent``: ``tts`` behind its node and the session's transforms."""
    activity.voices[agent] = voice = tts
    if agent._overrides("tts_node"):
        node = activity.derived.of(agent, "tts_node", tts, lambda: NodeVoice(activity, tts))
        voice, refs[ProviderKind.TTS] = provider_given(ProviderKind.TTS, node, activity.providers)
    transforms = activity.session._text_transforms
    if voice is None or not transforms:
        return voice
    untransformed = voice
    return activity.derived.of(agent, "transformed tts", voice, lambda: TransformedTTS(untransformed, transforms))


def _made(activity: "SessionActivity", holder: object, kind: ProviderKind, given: object) -> tuple[Any, ProviderRef]:
    return activity.derived.of(holder, str(kind), given, lambda: provider_given(kind, given, activity.providers))


def _holder(activity: "SessionActivity", agent: Agent, kind: ProviderKind) -> object:
    """Who has the provider that `given_provider` gives."""
    own = kind not in activity.overrides and agent._providers.get(str(kind), NOT_GIVEN) is not NOT_GIVEN
    return agent if own else activity.session


def _known(agent: Agent) -> ChatContext:
    """What ``agent`` knows of the conversation when it gets the call: what it was given."""
    return kept(agent._chat_ctx)  # the first one runs by the session already, of which nothing is known yet


def words_of(agent: Agent, *, voice: bool) -> str:
    """The instructions of ``agent``, in a call that has a voice or not."""
    given = agent.instructions
    return given if isinstance(given, str) else given.render(modality="audio" if voice else "text")


def given_provider(activity: "SessionActivity", agent: Agent, kind: ProviderKind) -> Any:  # noqa: ANN401 - whatever the program gave
    """The provider that ``agent`` has, or its session has for it; None if neither has one."""
    overrides = activity.overrides
    if kind in overrides:
        return overrides[kind]
    own = agent._providers.get(str(kind), NOT_GIVEN)
    shared = activity.session._providers.get(str(kind), NOT_GIVEN)
    given = shared if own is NOT_GIVEN else own
    return None if given is NOT_GIVEN else given


def _blueprint(
    activity: "SessionActivity", agent: Agent, refs: dict[ProviderKind, ProviderRef], tools: dict[str, Any], defaults: dict[str, Any]
) -> Blueprint:
    session = activity.session
    options = kept_options(defaults | _turns(activity, agent), hears=ProviderKind.STT in refs)
    if session._aec_warmup is not NOT_GIVEN:
        options["aec_warmup_s"] = min(max(session._aec_warmup or 0.0, 0.0), MAX_AEC_WARMUP_S)
    options["max_tool_rounds"] = session._max_tool_steps
    voice = ProviderKind.TTS in refs
    options |= session._background if voice else {}
    entries = tuple(
        {"name": name, "description": tool.schema.description, "parameters": tool.schema.parameters, "source": f"program:{name}"}
        for name, tool in tools.items()
    )
    return replace(
        activity.call.blueprint,
        agent=agent.id,
        instructions=words_of(agent, voice=voice),
        tools=entries,
        providers=refs,
        turns=plan_turns(options, refs),
    )

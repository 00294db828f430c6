"""What a session is started with: its arguments, checked before anything is begun.

How it works. A session's arguments are plain data, for they travel, stand in the call's journal, and outlive the program that wrote them.
Here they become a `Blueprint`: frozen, typed, complete, with every default in its place; nothing behind this module looks at the plain data
again. Some defaults depend on who else is there (a turn detector ends pauses sooner), so they are decided here and nowhere else. Nothing is
made yet: what the blueprint names, `assembly` makes. After a hand-off `successor` gives the blueprint with which the call goes on.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from actors.agent_session.background_options import BackgroundOptions, read_background
from actors.journal import CallDescription
from actors.providers import OptionReader
from actors.turn_taking import DuckingOptions, EndpointingOptions, MuteStrategy
from protocols import MAX_AGENT_NAME_CHARS, ConfigurationError, InvalidAgentError, ProviderKind, ProviderRef, require_no_secret

_DEFAULT_APOLOGY: Final = "I am sorry, something went wrong with that. Please go on."
_DEFAULT_REPEAT: Final = "I am sorry, I did not hear all of that. Could you say it again?"
_DEFAULT_FAREWELL: Final = "I am sorry, a technical problem ends this call. Please call again."
_MAX_SENTENCE: Final = 300
_MOST_CONTEXT_TOKENS: Final = 10_000_000
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_LONGEST_DELAY_MS: Final = 10_000
_DUCKING: Final = DuckingOptions()
AEC_WARMUP_S: Final = 3.0
"""Echo cancellation learns from what it hears: in the agent's first seconds its own voice is likelier than an interruption."""
_LONGEST_TURN_S: Final = 25.0
"""As `caller_turn.MAX_TURN_MS`: no more of one is kept."""
_DETECTIONS: Final = ("detector", "vad", "stt", "manual")
_LONGEST_BY_STT_MS: Final = 3_000
"""Recognisers that find the ends of turns let a pause be longer than a detector of the voice should."""
_DEFAULT_NAME: Final = "agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnOptions:
    """How the turn is taken. All are options of the agent.

    ``language`` is the caller's, as a BCP 47 tag ("en"; empty: it is not known). ``min_speech_ms`` of voice are speech (250).
    ``endpointing`` says when the caller's turn is over: ``min_endpointing_delay_ms`` after his last voice (250 with a turn detector, 500
    without), or ``max_endpointing_delay_ms`` (1,500) where the detector finds that he has not finished. ``turn_detection`` is "detector"
    (the default where there is one), "vad" (the least delay holds), "stt" (the default without a vad: the recogniser finds the end of a
    turn, the least delay before it is one; where it says nothing, a pause of 3,000 is one) or "manual" (only `CommitAudio` ends a turn);
    None is the default.
    After ``max_user_turn_s`` (25, the most that is kept), or with ``max_user_turn_words`` (0: no such limit; a streaming recogniser knows
    them), his turn is ended, told of (`UserTurnExceeded`), and answered with a reply that he does not interrupt.
    ``min_interruption_ms`` of voice interrupt the agent (500), unless they are fewer than ``min_interruption_words`` (0: it does not matter
    how many). Before that is known, ``interruption_duck_ms`` of voice duck the agent (60) and ``interruption_pause_ms`` pause it (190).
    For
    ``aec_warmup_s`` after the agent is heard first in a call it may hear itself (3; 0: its input never hears its output, as audio that a
    script streams): then only words interrupt, and not its own. ``max_tool_rounds`` bounds how often the model may
    ask for tools within a turn (8). With ``resume_false_interruption`` (true) a reply that the caller speaks over is held, and goes on if
    he said nothing but that he listens ("mm", "okay"). With ``preemptive_generation`` (true) the model is asked in the pause that may end
    the caller's turn. While what ``mute`` names (nothing; ``first_speech``, ``tools``, ``always``) the caller is not listened to.
    ``max_context_tokens`` is the budget of instructions and history (0: none), beyond which the oldest turns are summed up.
    ``apology`` is said when a turn had to be given up, ``repeat`` when the caller has to say something again, ``farewell`` when the call is
    given up.
    """

    language: str
    min_speech_ms: int
    min_interruption_ms: int
    min_interruption_words: int
    max_user_turn_s: float
    max_user_turn_words: int
    ducking: DuckingOptions
    aec_warmup_s: float
    background: BackgroundOptions
    endpointing: EndpointingOptions
    max_tool_rounds: int
    max_context_tokens: int
    resume_false_interruption: bool
    preemptive_generation: bool
    mute: frozenset[MuteStrategy]
    apology: str
    repeat: str
    farewell: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """A session as its arguments describe it.

    ``agent`` is the agent's name. ``journal`` is the folder of the call's journal (None: it has none), and ``description`` what it says of
    the call. ``last_end`` is why the call had to be started again, ``farewell_reason`` why this incarnation is only to say so and end it
    (empty: neither is so). ``redactor`` names what keeps things from leaving the process (empty: nothing does).
    ``program`` says where the program is that makes the agent (None: the agent is plain data); then all that is the agent's is empty.
    """

    call_id: str
    agent: str
    instructions: str
    greeting: str
    tools: tuple[Mapping[str, Any], ...]
    providers: Mapping[ProviderKind, ProviderRef]
    turns: TurnOptions
    journal: Path | None
    description: CallDescription
    last_end: str = ""
    farewell_reason: str = ""
    redactor: str = ""
    program: Mapping[str, Any] | None = None


def read_blueprint(args: Mapping[str, Any], wall_s: float) -> Blueprint:
    """The blueprint in an actor's arguments: ``call_id``, ``agent`` (on the wire) and ``options``. The call begins at ``wall_s``.

    Raises:
        InvalidAgentError: the agent is malformed, or holds a secret; the text names the field.
        ConfigurationError: an option is unknown or out of range.
    """
    call_id, agent, options = args["call_id"], args["agent"], args.get("options", {})
    if not isinstance(call_id, str) or not call_id or not all(char.isalnum() or char in "-_." for char in call_id) or call_id[0] == ".":
        raise ConfigurationError(f"call_id {call_id!r:.80}: use letters, digits, '-', '_' and '.'")
    program = _program(agent)
    providers = {} if program is not None else _providers(agent)
    journal_dir = options.get("journal_dir")
    settings = dict(agent.get("options") or {})
    redactor = _redactor(settings.pop("redactor", options.get("redactor", "")))
    return Blueprint(
        call_id=call_id,
        agent=_name(agent),
        instructions=_text(agent, "instructions"),
        greeting=_text(agent, "greeting"),
        tools=tuple(agent.get("tools", ())),
        providers=providers,
        turns=plan_turns(settings, providers),
        journal=None if journal_dir is None else Path(journal_dir) / call_id,
        description=CallDescription.of_start(call_id, agent, options, wall_s),
        last_end=str(options.get("last_end", "")),
        farewell_reason=str(options.get("farewell_reason", "")),
        redactor=redactor,
        program=program,
    )


def _program(agent: Mapping[str, Any]) -> Mapping[str, Any] | None:
    program = agent.get("program")
    if program is not None and (not isinstance(program, Mapping) or not isinstance(program.get("runner"), str)):
        raise InvalidAgentError(f"program is {program!r:.80}: give {{'runner': 'module:name'}} and what that takes")
    return program


def _redactor(name: object) -> str:
    if not isinstance(name, str) or (name not in ("", "patterns") and ":" not in name):
        raise ConfigurationError(f"redactor={name!r:.80}: use 'patterns', 'module:name' of a function that makes one, or '' for none")
    return name


def successor(blueprint: Blueprint, agent: Mapping[str, Any]) -> Blueprint:
    """The blueprint of the call once it was handed to ``agent``: that one's name, words, tools and language model, and all else as it is.

    Raises:
        InvalidAgentError: the agent is malformed or holds a secret, or has options of its own, another voice or recognition than the call.
    """
    name, providers = _name(agent), _providers(agent)
    if agent.get("options"):
        raise InvalidAgentError(f"the agent {name} has options: after a hand-off those of the call hold, so leave them out")
    for kind, ref in providers.items():
        if kind is not ProviderKind.LLM and ref != blueprint.providers.get(kind):
            raise InvalidAgentError(f"the agent {name} has another {kind} than the call, which keeps its own: give it the same, or none")
    require_no_secret("llm", providers[ProviderKind.LLM].options)
    return replace(
        blueprint,
        agent=name,
        instructions=_text(agent, "instructions"),
        greeting=_text(agent, "greeting"),
        tools=tuple(agent.get("tools", ())),
        providers={**blueprint.providers, ProviderKind.LLM: providers[ProviderKind.LLM]},
    )


def _providers(agent: Mapping[str, Any]) -> dict[ProviderKind, ProviderRef]:
    providers = {kind: ref for kind in ProviderKind if (ref := _provider(agent, kind)) is not None}
    if ProviderKind.LLM not in providers:
        raise InvalidAgentError("the agent has no llm: give it one")
    if ProviderKind.VAD in providers and ProviderKind.STT not in providers:
        raise InvalidAgentError("the agent has a vad and no stt: to hear it needs an stt")
    if ProviderKind.TURN_DETECTOR in providers and ProviderKind.VAD not in providers:
        raise InvalidAgentError("the agent has a turn_detector and hears nothing: give it a vad and an stt, or no turn_detector")
    return providers


def _name(agent: Mapping[str, Any]) -> str:
    name = agent.get("name", _DEFAULT_NAME)
    if not isinstance(name, str) or not 0 < len(name.strip()) <= MAX_AGENT_NAME_CHARS:
        raise InvalidAgentError(f"name is {name!r:.80}: give text of 1 to {MAX_AGENT_NAME_CHARS} characters")
    return name.strip()


def _text(agent: Mapping[str, Any], name: str) -> str:
    value = agent.get(name, "")
    if not isinstance(value, str):
        raise InvalidAgentError(f"{name} is a {type(value).__name__}: give text")
    return value


def _provider(agent: Mapping[str, Any], kind: ProviderKind) -> ProviderRef | None:
    wire = agent.get(kind)
    if wire is None:
        return None
    if not isinstance(wire, Mapping) or not isinstance(wire.get("factory"), str):
        raise InvalidAgentError(f"{kind} is {wire!r:.80}: give {{'factory': 'module:name', 'options': {{}}}}")
    return ProviderRef(factory=wire["factory"], options=wire.get("options") or {})


def plan_turns(options: Mapping[str, Any], providers: Collection[ProviderKind]) -> TurnOptions:
    """How a call with these ``providers`` handles turns, by the options of its agent as they travel.

    Raises:
        ConfigurationError: an option is unknown or out of range.
    """
    reader = OptionReader("the agent", options)
    turns = TurnOptions(
        min_speech_ms=reader.integer("min_speech_ms", 250, lowest=50, highest=2_000),
        language=_language(reader),
        endpointing=_endpointing(reader, providers),
        min_interruption_ms=reader.integer("min_interruption_ms", 500, lowest=50, highest=10_000),
        min_interruption_words=reader.integer("min_interruption_words", 0, lowest=0, highest=1_000),
        max_user_turn_s=reader.number("max_user_turn_s", _LONGEST_TURN_S, lowest=1, highest=_LONGEST_TURN_S),
        max_user_turn_words=reader.integer("max_user_turn_words", 0, lowest=0, highest=1_000),
        ducking=_ducking(reader),
        aec_warmup_s=reader.number("aec_warmup_s", AEC_WARMUP_S, lowest=0, highest=30),
        background=read_background(reader, voice=ProviderKind.TTS in providers),
        max_tool_rounds=reader.integer("max_tool_rounds", 8, lowest=0, highest=50),
        max_context_tokens=reader.integer("max_context_tokens", 0, lowest=0, highest=_MOST_CONTEXT_TOKENS),
        resume_false_interruption=reader.flag("resume_false_interruption", default=True),
        preemptive_generation=reader.flag("preemptive_generation", default=True),
        mute=_mute(reader),
        apology=_sentence(reader, "apology", _DEFAULT_APOLOGY),
        repeat=_sentence(reader, "repeat", _DEFAULT_REPEAT),
        farewell=_sentence(reader, "farewell", _DEFAULT_FAREWELL),
    )
    reader.finish()
    return turns


def _ducking(reader: OptionReader) -> DuckingOptions:
    duck_ms = reader.integer("interruption_duck_ms", _DUCKING.duck_ms, lowest=0, highest=_LONGEST_DELAY_MS)
    pause_ms = reader.integer("interruption_pause_ms", max(_DUCKING.pause_ms, duck_ms), lowest=0, highest=_LONGEST_DELAY_MS)
    if pause_ms < duck_ms:
        raise reader.error("interruption_pause_ms", pause_ms, f"at least interruption_duck_ms={duck_ms}")
    return DuckingOptions(duck_ms=duck_ms, pause_ms=pause_ms)


def _mute(reader: OptionReader) -> frozenset[MuteStrategy]:
    value = reader.anything("mute", ())
    names = (value,) if isinstance(value, str) else value
    known = {str(strategy) for strategy in MuteStrategy}
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) and name in known for name in names):
        raise reader.error("mute", value, f"a list of {', '.join(sorted(known))}")
    return frozenset(MuteStrategy(name) for name in names)


def _language(reader: OptionReader) -> str:
    value = reader.anything("language", "en")
    if not isinstance(value, str) or (value and not _LANGUAGE.fullmatch(value)):
        raise reader.error("language", value, 'a tag as "en", "en-US" or "pt-BR", or "" where it is not known')
    return value


def _endpointing(reader: OptionReader, providers: Collection[ProviderKind]) -> EndpointingOptions:
    detector, alone = ProviderKind.TURN_DETECTOR in providers, ProviderKind.STT in providers and ProviderKind.VAD not in providers
    default = "detector" if detector else "stt" if alone else "vad"
    wanted = reader.anything("turn_detection")
    detection = default if wanted is None else wanted
    if detection not in _DETECTIONS:
        raise reader.error("turn_detection", wanted, f"None or one of {', '.join(_DETECTIONS)}")
    if detection == "detector" and not detector:
        raise ConfigurationError("the agent: turn_detection='detector' needs one: give it a turn_detector, or leave the option out")
    if detection == "stt" and ProviderKind.STT not in providers:
        raise ConfigurationError("the agent: turn_detection='stt' needs an stt, and it has none: give it one, or leave the option out")
    if detection != "stt" and alone:
        raise ConfigurationError(f"the agent: turn_detection={detection!r} needs a vad, and it has none: give it one, or use 'stt'")
    predicted, by_stt = detection == "detector", detection == "stt"
    least = reader.integer("min_endpointing_delay_ms", 250 if predicted else 500, lowest=0, highest=_LONGEST_DELAY_MS)
    usual = _LONGEST_BY_STT_MS if by_stt else 1_500
    longest = reader.integer("max_endpointing_delay_ms", max(usual, least), lowest=0, highest=_LONGEST_DELAY_MS)
    if longest < least:
        raise reader.error("max_endpointing_delay_ms", longest, f"at least min_endpointing_delay_ms={least}")
    return EndpointingOptions(
        min_delay_ms=least,
        max_delay_ms=longest,
        predicted=predicted,
        by_stt=by_stt,
        transcribed=False,
        manual=detection == "manual",
    )


def _sentence(reader: OptionReader, name: str, default: str) -> str:
    value = reader.anything(name, default)
    if not isinstance(value, str) or not 0 < len(value.strip()) <= _MAX_SENTENCE:
        raise reader.error(name, value, f"a sentence of at most {_MAX_SENTENCE} characters")
    return value.strip()

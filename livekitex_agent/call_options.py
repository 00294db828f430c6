"""The settings of a call, typed: turn handling, interruption, tools, limits, degradation. Groups and fields have LiveKit's names.

What is left out (None) is the session's default, which stands beside each field. A plain dict of the same shape will do as well, and so
will one of the names that travel (`WIRE_NAMES`: ``{"min_endpointing_delay_ms": 300}``), in which a call's options stand in its journal.
What a value may be, the session checks when the call is started (`ConfigurationError`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Final, Literal, Self

from protocols import InvalidAgentError

TurnDetection = Literal["detector", "vad", "stt", "manual"]
MuteWhile = Literal["first_speech", "tools", "always"]


def _travels_as(name: str) -> Any:  # noqa: ANN401 - as `field`, which it stands for
    return field(default=None, metadata={"wire": name})


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointingOptions:
    """How long the caller may pause: his turn is over ``min_delay_ms`` after his last voice, or ``max_delay_ms`` where he has not finished.

    By default 250 with a turn detector and 500 without, and 1,500, or 3,000 where the recogniser finds the ends of turns. Whether he has
    finished, only a detector can tell; without one the least delay holds.
    """

    min_delay_ms: int | None = _travels_as("min_endpointing_delay_ms")
    max_delay_ms: int | None = _travels_as("max_endpointing_delay_ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class PreemptiveGenerationOptions:
    """Whether the model is asked in the pause that may end the caller's turn (true)."""

    enabled: bool | None = _travels_as("preemptive_generation")


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnHandlingOptions:
    """When the caller has the turn, and when it is over.

    ``turn_detection``: who finds its end ("detector" where there is one, else "vad", without one "stt"; "manual": `commit_audio` alone).
    "stt" needs a recogniser whose capabilities say that it does (`STTCapabilities.end_of_turn`).
    ``min_speech_ms`` of voice are speech (250). ``language`` is the caller's, a BCP 47 tag ("en"; "": it is not known). ``mute`` lists when
    he is not listened to (never): until the first speech is over, while tools run, while the agent has the turn.
    """

    turn_detection: TurnDetection | None = _travels_as("turn_detection")  # noqa: RUF009 - it makes a field
    endpointing: EndpointingOptions = EndpointingOptions()
    preemptive_generation: PreemptiveGenerationOptions = PreemptiveGenerationOptions()
    min_speech_ms: int | None = _travels_as("min_speech_ms")
    language: str | None = _travels_as("language")
    mute: Sequence[MuteWhile] | None = _travels_as("mute")


@dataclass(frozen=True, slots=True, kw_only=True)
class InterruptionOptions:
    """What the caller's voice does to the agent's.

    ``min_duration_ms`` of it interrupt (500), unless they are fewer than ``min_words`` (0: it does not matter). With
    ``resume_false_interruption`` (true) a reply that he speaks over is held, and goes on if he said nothing that counts. Before that is
    known, ``duck_ms`` make the agent softer (60) and ``pause_ms`` silent (190), until the voice is over or decided upon. For
    ``aec_warmup_s`` (3) after it is heard first its own voice may come back, before the caller's echo cancellation has learnt: then words
    interrupt that are not its own, as soon as they are understood, and nothing else (0: it never comes back, as with audio that a script
    streams).
    """

    min_duration_ms: int | None = _travels_as("min_interruption_ms")
    min_words: int | None = _travels_as("min_interruption_words")
    resume_false_interruption: bool | None = _travels_as("resume_false_interruption")
    duck_ms: int | None = _travels_as("interruption_duck_ms")
    pause_ms: int | None = _travels_as("interruption_pause_ms")
    aec_warmup_s: float | None = _travels_as("aec_warmup_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOptions:
    """How often the model may ask for tools within a turn (``max_rounds``, 8)."""

    max_rounds: int | None = _travels_as("max_tool_rounds")


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitOptions:
    """What the conversation may take.

    ``max_context_tokens`` for instructions and history, beyond which the model sums up the oldest turns (0: no such limit). A turn of the
    caller's of ``max_user_turn_s`` (25, at most), or of ``max_user_turn_words`` (0: no limit) where the recogniser streams, is ended and
    answered (`UserTurnExceeded`); he does not interrupt that answer.
    """

    max_context_tokens: int | None = _travels_as("max_context_tokens")
    max_user_turn_s: float | None = _travels_as("max_user_turn_s")
    max_user_turn_words: int | None = _travels_as("max_user_turn_words")


@dataclass(frozen=True, slots=True, kw_only=True)
class DegradationOptions:
    """What is said where nothing better can be: a turn was given up (``apology``), has to be said again, the call is given up."""

    apology: str | None = _travels_as("apology")
    repeat: str | None = _travels_as("repeat")
    farewell: str | None = _travels_as("farewell")


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundAudioOptions:
    """WAV files of at most 60 s beside the agent's speech: through the call, and while it works and says nothing; volumes 0.2 and 0.3."""

    ambient_sound: str | None = _travels_as("ambient_sound")
    ambient_volume: float | None = _travels_as("ambient_volume")
    thinking_sound: str | None = _travels_as("thinking_sound")
    thinking_volume: float | None = _travels_as("thinking_volume")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """The settings of a call. ``redactor`` keeps card numbers and the like out of journal, log and events: "patterns", or "module:name"."""

    turn_handling: TurnHandlingOptions = TurnHandlingOptions()
    interruption: InterruptionOptions = InterruptionOptions()
    tools: ToolOptions = ToolOptions()
    limits: LimitOptions = LimitOptions()
    degradation: DegradationOptions = DegradationOptions()
    background_audio: BackgroundAudioOptions = BackgroundAudioOptions()
    redactor: str | None = _travels_as("redactor")

    @classmethod
    def of(cls, given: object) -> Self:
        """The options that ``given`` are: some, or a dict of their shape or of the names that travel.

        Raises:
            InvalidAgentError: it is neither, or names what is no option; the text lists those that are.
        """
        if isinstance(given, cls):
            return given
        flat = {name: value for name, value in _map("options", given).items() if name in WIRE_NAMES}
        nested = {name: value for name, value in _map("options", given).items() if name not in flat}
        options: Self = _merged(_read(cls, "options", nested), flat)
        return options

    def to_wire(self) -> dict[str, Any]:
        """What travels, and stands in the call's journal: the fields that are set, by `WIRE_NAMES`."""
        return dict(_set(self))


def _names(cls: type[Any], path: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for one in fields(cls):
        wire = one.metadata.get("wire")
        found |= {wire: path + one.name} if wire else _names(type(one.default), f"{path}{one.name}.")
    return found


WIRE_NAMES: Final[Mapping[str, str]] = _names(CallOptions)
"""The name under which each field travels, and its place in `CallOptions`."""


def _set(options: object) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for one in fields(options):  # type: ignore[arg-type]  # one of the classes above
        value = getattr(options, one.name)
        if "wire" not in one.metadata:
            found += _set(value)
        elif value is not None:
            found.append((one.metadata["wire"], list(value) if isinstance(value, tuple) else value))
    return found


def _read(cls: type[Any], place: str, given: object) -> Any:  # noqa: ANN401 - of the class that is asked for
    if isinstance(given, cls):
        return given
    known = {one.name: one for one in fields(cls)}
    values = _map(place, given)
    for name in values:
        if name not in known:
            raise InvalidAgentError(f"{place} has no option {name}: it knows {', '.join(known)}")
    groups = {name: type(one.default) for name, one in known.items() if is_dataclass(one.default)}
    return cls(**{name: _read(groups[name], f"{place}.{name}", value) if name in groups else value for name, value in values.items()})


def _merged(options: Any, flat: Mapping[str, Any]) -> Any:  # noqa: ANN401 - one of the classes above, and the same
    values = {}
    for one in fields(options):
        before = getattr(options, one.name)
        values[one.name] = flat.get(one.metadata["wire"], before) if "wire" in one.metadata else _merged(before, flat)
    return type(options)(**values)


def _map(place: str, given: object) -> Mapping[str, Any]:
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise InvalidAgentError(f"{place} is a {type(given).__name__}: give CallOptions(...), or a dict of the same shape")
    return given

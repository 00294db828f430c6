"""What a session's journal holds, and in which form: the table of its records (see `actors.journal.records` for how it may change).

Optional are those that a version may pass over without doing anything wrong by the caller; all others are critical.
"""

from typing import Final, cast

from actors.agent_session.core import Entry
from actors.agent_session.core.entries import (
    AgentBegan,
    AnswerMeasured,
    AnswerTold,
    CallClosed,
    CallerBegan,
    CallerDropped,
    CallerKept,
    CallFailed,
    Checkpoint,
    CommandTaken,
    FactRecorded,
    HandedOff,
    Happened,
    HistorySummarised,
    HookRan,
    IncarnationBegan,
    IncarnationEnded,
    RoundEnded,
    SentenceBegun,
    SentenceWritten,
    SetBack,
    StoredEvent,
    SummaryBegun,
    ToolBegun,
    ToolEnded,
    ToolReported,
    ToolsUpdated,
    TurnClosed,
    TurnOpened,
    TurnResumed,
    TurnStopped,
    TurnSuspended,
    UserDataRecorded,
)
from actors.agent_session.core.memory import (
    Accepted,
    AgentChange,
    CallerSpeech,
    DetachedRun,
    Heard,
    Memory,
    Outcome,
    Report,
    Round,
    Sentence,
    Spoken,
    Turn,
    TurnHandoff,
    TurnSource,
)
from actors.agent_session.history_records import FUNCTION_CALL, FUNCTION_CALLS, HISTORY, MESSAGE
from actors.journal import FLAG, INTEGER, MAP, NUMBER, TEXT, Kind, Records, RecordType, choice, derived_record, many, maybe, nested
from protocols import (
    CancelResponse,
    ChatContext,
    CommitAudio,
    DecodeError,
    EndCall,
    ExtendSpeech,
    GenerateReply,
    InterruptedBy,
    ModelUsage,
    Say,
    SendText,
    SpeechPriority,
    ToolChoice,
    UpdateChatContext,
    UpdateInstructions,
    event_types,
)

_SOURCE: Final = choice(
    {
        TurnSource.TEXT: "text",
        TurnSource.AUDIO: "audio",
        TurnSource.SAY: "say",
        TurnSource.GENERATE_REPLY: "generate_reply",
        TurnSource.UNANSWERED: "unanswered",
        TurnSource.GREETING: "greeting",
        TurnSource.REPEAT: "repeat",
        TurnSource.APOLOGY: "apology",
        TurnSource.FAREWELL: "farewell",
    },
)

_TOOL_CHOICE: Final = choice({ToolChoice.AUTO: "auto", ToolChoice.NONE: "none", ToolChoice.REQUIRED: "required"})

_STOPPED_BY: Final = choice({by: by.value for by in InterruptedBy})
_CHANGE: Final = choice({AgentChange.REPLACE: "replace", AgentChange.ENTER: "enter", AgentChange.LEAVE: "leave"})

COMMANDS: Final = Records(
    RecordType(SendText, "send_text", command_id=TEXT, text=TEXT),
    RecordType(
        Say,
        "say",
        command_id=TEXT,
        text=TEXT,
        written=maybe(TEXT).default(None),
        allow_interruptions=FLAG.default(True),
        priority=INTEGER.default(int(SpeechPriority.NORMAL)),
        deadline_s=NUMBER.default(1_800.0),
        open=FLAG.default(False),
        audio=FLAG.default(False),
        in_history=FLAG.default(True),
    ),
    RecordType(
        ExtendSpeech,
        "extend_speech",
        command_id=TEXT,
        speech_id=TEXT,
        text=TEXT.default(""),
        written=maybe(TEXT).default(None),
        last=FLAG.default(False),
    ),
    RecordType(
        GenerateReply,
        "generate_reply",
        command_id=TEXT,
        instructions=TEXT.default(""),
        user_input=TEXT.default(""),
        allow_interruptions=FLAG.default(True),
        priority=INTEGER.default(int(SpeechPriority.NORMAL)),
        tools=maybe(many(TEXT)).default(None),
        tool_choice=_TOOL_CHOICE.default(ToolChoice.AUTO),
        required_tool=TEXT.default(""),
        context=maybe(HISTORY).default(None),
        deadline_s=NUMBER.default(1_800.0),
    ),
    RecordType(CommitAudio, "commit_audio", command_id=TEXT, discard=FLAG.default(False), reply=FLAG.default(True)),
    RecordType(UpdateInstructions, "update_instructions", command_id=TEXT, instructions=TEXT),
    RecordType(UpdateChatContext, "update_chat_context", command_id=TEXT, context=HISTORY),
    RecordType(CancelResponse, "cancel_response", command_id=TEXT, speech_id=TEXT.default(""), force=FLAG.default(True)),
    RecordType(EndCall, "end_call", command_id=TEXT, reason=TEXT),
)
"""One that is not known cannot be acted on: whoever sent it was told that it would be."""
_COMMAND: Final = COMMANDS.one_of()

EVENTS: Final = Records(*(derived_record(cls, cls.NAME) for cls in event_types() if cls.KEPT))
"""One that is not known keeps its number; subscribers are told that they miss it."""

_SENTENCE_WRITTEN: Final = nested(derived_record(Sentence, "sentence"))
_SENTENCE: Final = Kind(
    lambda value: value.text if value.written is None else _SENTENCE_WRITTEN.encode(value),
    lambda value: Sentence(value) if isinstance(value, str) else _SENTENCE_WRITTEN.decode(value),
)
"""Its text alone where it is written as it is said."""
_ROUND: Final = nested(
    RecordType(
        Round,
        "round",
        sentences=many(_SENTENCE).default(()),
        calls=FUNCTION_CALLS.default(()),
        ended=FLAG.default(False),
        ended_wall_s=NUMBER.default(0.0),
        space=TEXT.default(""),
        metrics=MAP.default({}),
    )
)
_OUTCOME: Final = nested(
    RecordType(
        Outcome,
        "outcome",
        call_id=TEXT,
        result=TEXT,
        is_error=FLAG.default(False),
        wall_s=NUMBER.default(0.0),
        reply=FLAG.default(True),
        hands_off=FLAG.default(False),
        detached=FLAG.default(False),
    )
)
_HANDOFF: Final = nested(
    RecordType(TurnHandoff, "handoff", rounds=INTEGER, old_agent=TEXT.default(""), new_agent=TEXT, wall_s=NUMBER.default(0.0))
)
_TURN: Final = nested(
    RecordType(
        Turn,
        "turn",
        turn_id=TEXT,
        source=_SOURCE,
        text=TEXT,
        speech_id=TEXT.default(""),
        command_id=TEXT.default(""),
        asked_wall_s=NUMBER.default(0.0),
        opened_wall_s=NUMBER.default(0.0),
        instructions=TEXT.default(""),
        allow_interruptions=FLAG.default(True),
        tools=maybe(many(TEXT)).default(None),
        tool_choice=_TOOL_CHOICE.default(ToolChoice.AUTO),
        required_tool=TEXT.default(""),
        owner=TEXT.default(""),
        deadline_wall_s=NUMBER.default(0.0),
        audio=FLAG.default(False),
        in_history=FLAG.default(True),
        metrics=MAP.default({}),
        rounds=many(_ROUND).default(()),
        begun_calls=many(TEXT).default(()),
        outcomes=many(_OUTCOME).default(()),
        starts=many(INTEGER).default(()),
        deaths=many(TEXT).default(()),
        handoffs=many(_HANDOFF).default(()),
        agents=INTEGER.default(0),
        hooked_wall_s=NUMBER.default(0.0),
        message=maybe(MESSAGE).default(None),
        context=maybe(HISTORY).default(None),
        dropped=FLAG.default(False),
        heard=maybe(nested(derived_record(Heard, "heard"))).default(None),
        stopped_by=maybe(_STOPPED_BY).default(None),
        told=many(TEXT).default(()),
        reported=INTEGER.default(0),
        reports=many(TEXT).default(()),
        meanwhile=many(TEXT).default(()),
    )
)
_EVENT: Final = EVENTS.one_of(or_unknown=True)
_OTHERS: Final = (
    RecordType(IncarnationBegan, "incarnation_began", incarnation=INTEGER),
    RecordType(IncarnationEnded, "incarnation_ended", critical=False, reason=TEXT, clean=FLAG),
    RecordType(SetBack, "set_back", next_event=INTEGER),
    RecordType(
        Happened,
        "event",
        number=INTEGER,
        incarnation=INTEGER,
        wall_s=NUMBER,
        event=_EVENT,
        turn_id=TEXT.default(""),
        speech_id=TEXT.default(""),
    ),
    RecordType(
        CommandTaken,
        "command_taken",
        command=_COMMAND,
        position=INTEGER,
        speech_id=TEXT.default(""),
        owner=TEXT.default(""),
        wall_s=NUMBER.default(0.0),
    ),
    RecordType(FactRecorded, "fact_recorded", key=TEXT, value_json=maybe(TEXT)),
    RecordType(UserDataRecorded, "user_data_recorded", user_data_json=TEXT),
    RecordType(
        TurnOpened,
        "turn_opened",
        turn_id=TEXT,
        source=_SOURCE,
        text=TEXT,
        speech_id=TEXT.default(""),
        command_id=TEXT.default(""),
        asked_wall_s=NUMBER.default(0.0),
        heard_until=INTEGER.default(0),
        instructions=TEXT.default(""),
        allow_interruptions=FLAG.default(True),
        tools=maybe(many(TEXT)).default(None),
        tool_choice=_TOOL_CHOICE.default(ToolChoice.AUTO),
        required_tool=TEXT.default(""),
        owner=TEXT.default(""),
        deadline_wall_s=NUMBER.default(0.0),
        audio=FLAG.default(False),
        in_history=FLAG.default(True),
        wall_s=NUMBER.default(0.0),
        metrics=MAP.default({}),
        context=maybe(HISTORY).default(None),
        reports=many(TEXT).default(()),
    ),
    RecordType(SentenceWritten, "sentence_written", text=TEXT, written=maybe(TEXT).default(None)),
    RecordType(RoundEnded, "round_ended", calls=FUNCTION_CALLS.default(()), wall_s=NUMBER.default(0.0), space=TEXT.default("")),
    RecordType(ToolBegun, "tool_begun", call_id=TEXT),
    RecordType(
        ToolEnded,
        "tool_ended",
        call_id=TEXT,
        result=TEXT,
        user_data_json=TEXT,
        end_call=TEXT.default(""),
        hand_off=TEXT.default(""),
        ok=FLAG.default(True),
        wall_s=NUMBER.default(0.0),
        reply=FLAG.default(True),
        detached=FLAG.default(False),
    ),
    RecordType(
        ToolReported,
        "tool_reported",
        call_id=TEXT,
        result=TEXT,
        user_data_json=TEXT,
        final=FLAG.default(False),
        end_call=TEXT.default(""),
        ok=FLAG.default(True),
        wall_s=NUMBER.default(0.0),
        reply=FLAG.default(True),
    ),
    RecordType(
        HandedOff,
        "handed_off",
        done=FLAG,
        old_agent=TEXT.default(""),
        new_agent=TEXT.default(""),
        wall_s=NUMBER.default(0.0),
        change=_CHANGE.default(AgentChange.REPLACE),
        agent=TEXT.default(""),
        levels=INTEGER.default(1),
        instructions=maybe(TEXT).default(None),
        tools=many(TEXT).default(()),
        context=maybe(HISTORY).default(None),
    ),
    RecordType(
        AgentBegan,
        "agent_began",
        agent=TEXT,
        instructions=maybe(TEXT).default(None),
        tools=many(TEXT).default(()),
        context=maybe(HISTORY).default(None),
        wall_s=NUMBER.default(0.0),
    ),
    RecordType(ToolsUpdated, "tools_updated", added=many(TEXT).default(()), removed=many(TEXT).default(()), wall_s=NUMBER.default(0.0)),
    RecordType(
        HookRan,
        "hook_ran",
        message=maybe(MESSAGE).default(None),
        context=maybe(HISTORY).default(None),
        stop=FLAG.default(False),
        wall_s=NUMBER.default(0.0),
        took_s=NUMBER.default(0.0),
    ),
    RecordType(SentenceBegun, "sentence_begun", critical=False, position=INTEGER),
    RecordType(TurnClosed, "turn_closed", sentences=INTEGER, tail=TEXT.default("")),
    RecordType(TurnSuspended, "turn_suspended", sentences=INTEGER, tail=TEXT.default(""), stopped_by=maybe(_STOPPED_BY).default(None)),
    RecordType(TurnStopped, "turn_stopped", turn_id=TEXT, by=_STOPPED_BY),
    RecordType(TurnResumed, "turn_resumed", turn_id=TEXT),
    RecordType(AnswerTold, "answer_told", critical=False, turn_id=TEXT, items=many(TEXT).default(()), outcomes=FLAG.default(False)),
    RecordType(AnswerMeasured, "answer_measured", critical=False, turn_id=TEXT, answer=INTEGER, metrics=MAP.default({})),
    RecordType(SummaryBegun, "summary_begun", until=TEXT),
    RecordType(HistorySummarised, "history_summarised", until=TEXT, text=TEXT),
    RecordType(CallerBegan, "caller_began", start=INTEGER),
    RecordType(CallerDropped, "caller_dropped", until=INTEGER),
    RecordType(CallerKept, "caller_kept", until=INTEGER, text=TEXT, wall_s=NUMBER.default(0.0), metrics=MAP.default({})),
    RecordType(CallFailed, "call_failed", reason=TEXT),
    RecordType(CallClosed, "call_closed"),
)
_ACCEPTED: Final = nested(
    RecordType(
        Accepted,
        "accepted",
        command=_COMMAND,
        position=INTEGER,
        speech_id=TEXT.default(""),
        owner=TEXT.default(""),
        deadline_wall_s=NUMBER.default(0.0),
    )
)
_DETACHED: Final = nested(
    RecordType(
        DetachedRun,
        "detached_run",
        call=FUNCTION_CALL,
        turn_id=TEXT,
        speech_id=TEXT,
        agents=INTEGER.default(0),
        updates=INTEGER.default(1),
        deaths=INTEGER.default(0),
    )
)
_MEMORY: Final = RecordType(
    Memory,
    "memory",
    incarnation=INTEGER.default(0),
    last_end=TEXT.default(""),
    ended_cleanly=FLAG.default(False),
    history=HISTORY.default(ChatContext()),
    turn=maybe(_TURN).default(None),
    suspended=many(_TURN).default(()),
    detached=many(_DETACHED).default(()),
    reports=many(nested(RecordType(Report, "report", call_id=TEXT, final=FLAG, agents=INTEGER.default(0)))).default(()),
    turns=INTEGER.default(0),
    speeches=INTEGER.default(0),
    calls=INTEGER.default(0),
    inbox=many(_ACCEPTED).default(()),
    seen=many(TEXT).default(()),
    spoken=many(nested(derived_record(Spoken, "spoken"))).default(()),
    facts=MAP.default({}),
    caller=maybe(nested(RecordType(CallerSpeech, "caller", start=INTEGER, deaths=INTEGER.default(0)))).default(None),
    heard_until=INTEGER.default(0),
    user_data_json=TEXT.default("{}"),
    agent=TEXT.default(""),
    instructions=maybe(TEXT).default(None),
    agents=many(TEXT).default(()),
    known=maybe(HISTORY).default(None),
    known_below=many(HISTORY).default(()),
    handing_to=TEXT.default(""),
    handing_deaths=INTEGER.default(0),
    summarising=TEXT.default(""),
    summary_deaths=INTEGER.default(0),
    ending=TEXT.default(""),
    closed=FLAG.default(False),
    next_event=INTEGER.default(1),
    usage=many(nested(derived_record(ModelUsage, "model_usage"))).default(()),
    unknown=many(Records(*_OTHERS).standing_alone()).default(()),
)
ENTRIES: Final = Records(*_OTHERS, RecordType(Checkpoint, "checkpoint", memory=nested(_MEMORY)))


def encode_entry(entry: Entry) -> bytes:
    """The body of an entry.

    Raises:
        UsageError: it holds a value of a wrong type.
    """
    return ENTRIES.encode(entry)


def stored_event(body: bytes) -> StoredEvent:
    """The event of a body that need not be read yet."""
    return StoredEvent(body, _event_of)


def decode_entry(body: bytes) -> Entry:
    """The entry of a body that any version wrote; `UnknownRecord` where this version does not know it and may go on without.

    Raises:
        DecodeError: this version cannot take up the call; or the bytes are no record.
    """
    return cast("Entry", ENTRIES.decode(body))


def _event_of(body: bytes) -> Happened | None:
    try:
        entry = decode_entry(body)
    except DecodeError:
        return None
    return entry if isinstance(entry, Happened) else None

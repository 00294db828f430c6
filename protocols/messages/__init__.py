"""Every message of the system, by area. `Message` is their closed union."""

from protocols.messages.breakers import (
    Breakers,
    BreakerState,
    CallOutcome,
    CallVerdict,
    GetBreakers,
    MayCall,
)
from protocols.messages.events import (
    AgentMessage,
    AgentSentence,
    CallEnded,
    CallStarted,
    CommandDone,
    EventsMissed,
    ReplyLatency,
    Restarted,
    SessionError,
    SessionEvent,
    StateChanged,
    ToolCalled,
    ToolReturned,
    TurnFailed,
    UserMessage,
)
from protocols.messages.health import (
    AudioConverted,
    AudioHandled,
    ConvertAudio,
    Figures,
    GetAudioConfiguration,
    GetFigures,
    GetHealthAddress,
    HealthAddress,
)
from protocols.messages.jobs import (
    SYSTEM_STOPPED,
    Drain,
    Drained,
    EndJob,
    GetJob,
    GetJobContext,
    GetWorkerStatus,
    JobContextInfo,
    JobEnded,
    JobInfo,
    JobStarted,
    JobState,
    Participant,
    ParticipantJoined,
    ParticipantLeft,
    SessionEnded,
    SessionStarted,
    StartJob,
    WorkerStatus,
)
from protocols.messages.lifecycle import (
    ErrorReply,
    ExitSignal,
    Ping,
    Pong,
    RegistryChanged,
)
from protocols.messages.registry import (
    Found,
    ListNames,
    Lookup,
    NameChanged,
    Names,
    RegisterName,
    UnregisterName,
    WatchNames,
)
from protocols.messages.session import (
    AudioAccepted,
    AudioPushed,
    CancelResponse,
    CommandAccepted,
    CommitAudio,
    EndCall,
    EventPushed,
    GetSession,
    HistoryItem,
    InjectFault,
    SendText,
    SessionCommand,
    SessionInfo,
    StreamAudio,
    Subscribe,
    Subscribed,
    Unsubscribe,
)
from protocols.messages.supervision import (
    ChildCounts,
    ChildInfo,
    Children,
    ChildResult,
    CountChildren,
    DeleteChild,
    GaveUp,
    RestartChild,
    StartChild,
    StopSupervisor,
    TerminateChild,
    WhichChildren,
)
from protocols.messages.tools import (
    ListTools,
    RegisterTools,
    ToolEntry,
    Tools,
    ToolsRegistered,
    ToolUsed,
    UnregisterTool,
)

Message = (
    ExitSignal
    | Ping
    | Pong
    | RegistryChanged
    | ErrorReply
    | StartChild
    | TerminateChild
    | RestartChild
    | DeleteChild
    | ChildResult
    | WhichChildren
    | Children
    | CountChildren
    | ChildCounts
    | GaveUp
    | StopSupervisor
    | RegisterName
    | UnregisterName
    | Lookup
    | Found
    | WatchNames
    | NameChanged
    | ListNames
    | Names
    | MayCall
    | CallVerdict
    | CallOutcome
    | GetBreakers
    | Breakers
    | RegisterTools
    | ToolsRegistered
    | UnregisterTool
    | ListTools
    | Tools
    | ToolUsed
    | StartJob
    | JobStarted
    | EndJob
    | JobEnded
    | GetWorkerStatus
    | WorkerStatus
    | GetJob
    | JobState
    | Drain
    | Drained
    | GetJobContext
    | JobContextInfo
    | ParticipantJoined
    | ParticipantLeft
    | SessionStarted
    | SessionEnded
    | GetFigures
    | Figures
    | GetHealthAddress
    | HealthAddress
    | ConvertAudio
    | AudioConverted
    | GetAudioConfiguration
    | AudioHandled
    | SendText
    | CommitAudio
    | CancelResponse
    | EndCall
    | CommandAccepted
    | StreamAudio
    | AudioAccepted
    | Subscribe
    | Unsubscribe
    | Subscribed
    | EventPushed
    | AudioPushed
    | GetSession
    | SessionInfo
    | InjectFault
)

__all__ = [
    "SYSTEM_STOPPED",
    "AgentMessage",
    "AgentSentence",
    "AudioAccepted",
    "AudioConverted",
    "AudioHandled",
    "AudioPushed",
    "BreakerState",
    "Breakers",
    "CallEnded",
    "CallOutcome",
    "CallStarted",
    "CallVerdict",
    "CancelResponse",
    "ChildCounts",
    "ChildInfo",
    "ChildResult",
    "Children",
    "CommandAccepted",
    "CommandDone",
    "CommitAudio",
    "ConvertAudio",
    "CountChildren",
    "DeleteChild",
    "Drain",
    "Drained",
    "EndCall",
    "EndJob",
    "ErrorReply",
    "EventPushed",
    "EventsMissed",
    "ExitSignal",
    "Figures",
    "Found",
    "GaveUp",
    "GetAudioConfiguration",
    "GetBreakers",
    "GetFigures",
    "GetHealthAddress",
    "GetJob",
    "GetJobContext",
    "GetSession",
    "GetWorkerStatus",
    "HealthAddress",
    "HistoryItem",
    "InjectFault",
    "JobContextInfo",
    "JobEnded",
    "JobInfo",
    "JobStarted",
    "JobState",
    "ListNames",
    "ListTools",
    "Lookup",
    "MayCall",
    "Message",
    "NameChanged",
    "Names",
    "Participant",
    "ParticipantJoined",
    "ParticipantLeft",
    "Ping",
    "Pong",
    "RegisterName",
    "RegisterTools",
    "RegistryChanged",
    "ReplyLatency",
    "RestartChild",
    "Restarted",
    "SendText",
    "SessionCommand",
    "SessionEnded",
    "SessionError",
    "SessionEvent",
    "SessionInfo",
    "SessionStarted",
    "StartChild",
    "StartJob",
    "StateChanged",
    "StopSupervisor",
    "StreamAudio",
    "Subscribe",
    "Subscribed",
    "TerminateChild",
    "ToolCalled",
    "ToolEntry",
    "ToolReturned",
    "ToolUsed",
    "Tools",
    "ToolsRegistered",
    "TurnFailed",
    "UnregisterName",
    "UnregisterTool",
    "Unsubscribe",
    "UserMessage",
    "WatchNames",
    "WhichChildren",
    "WorkerStatus",
]

"""Every message of the system, by area. `Message` is their closed union."""

from protocols.messages.breakers import *
from protocols.messages.health import *
from protocols.messages.jobs import *
from protocols.messages.lifecycle import *
from protocols.messages.programs import *
from protocols.messages.registry import *
from protocols.messages.session import *
from protocols.messages.supervision import *
from protocols.messages.tools import *

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
    | RequestPermit
    | Permit
    | ReportOutcome
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
    | CheckProgram
    | ProgramChecked
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
    | Say
    | ExtendSpeech
    | GenerateReply
    | CommitAudio
    | UpdateInstructions
    | UpdateChatContext
    | CancelResponse
    | EndCall
    | CommandAccepted
    | StreamAudio
    | AudioAccepted
    | StreamSpeech
    | SpeechStreamed
    | Subscribe
    | Unsubscribe
    | Subscribed
    | EventPushed
    | AudioPushed
    | AudioCleared
    | GetSession
    | SessionInfo
)

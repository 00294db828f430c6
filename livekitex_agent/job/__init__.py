"""The job as a program sees it: its facts, its process, and what it may ask of its call. LiveKit's names."""

from livekitex_agent.job.context import (
    JobContext,
    get_current_job_context,
    get_job_context,
    leave_job_context,
    set_job_context,
)
from livekitex_agent.job.facts import (
    AutoSubscribe,
    Job,
    JobAcceptArguments,
    JobExecutorType,
    JobType,
    ParticipantFacts,
    RoomFacts,
    RunningJobInfo,
)
from livekitex_agent.job.port import JobPort
from livekitex_agent.job.process import JobProcess
from livekitex_agent.job.report import SessionReport
from livekitex_agent.job.request import JobRequest
from livekitex_agent.job.room import LocalParticipant, Room
from livekitex_agent.job.tagger import Tagger

__all__ = [
    "AutoSubscribe",
    "Job",
    "JobAcceptArguments",
    "JobContext",
    "JobExecutorType",
    "JobPort",
    "JobProcess",
    "JobRequest",
    "JobType",
    "LocalParticipant",
    "ParticipantFacts",
    "Room",
    "RoomFacts",
    "RunningJobInfo",
    "SessionReport",
    "Tagger",
    "get_current_job_context",
    "get_job_context",
    "leave_job_context",
    "set_job_context",
]

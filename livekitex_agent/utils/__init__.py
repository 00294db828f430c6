"""LiveKit's helpers for programs and providers, by their names."""

from livekitex_agent.utils import aio, audio, http_context, misc
from livekitex_agent.utils.audio import AudioBuffer, AudioFrame, combine_frames, merge_frames
from livekitex_agent.utils.connection_pool import ConnectionPool
from livekitex_agent.utils.event_emitter import EventEmitter
from livekitex_agent.utils.log import log_exceptions
from livekitex_agent.utils.misc import (
    is_dev_mode,
    is_given,
    is_hosted,
    nodename,
    resolve_env_int,
    resolve_env_var,
    shortuuid,
    time_ms,
)

__all__ = [
    "AudioBuffer",
    "AudioFrame",
    "ConnectionPool",
    "EventEmitter",
    "aio",
    "audio",
    "combine_frames",
    "http_context",
    "is_dev_mode",
    "is_given",
    "is_hosted",
    "log_exceptions",
    "merge_frames",
    "misc",
    "nodename",
    "resolve_env_int",
    "resolve_env_var",
    "shortuuid",
    "time_ms",
]

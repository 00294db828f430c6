"""How often a session's providers are asked again, and how many failures it bears."""

from dataclasses import dataclass

from livekitex_agent.types import DEFAULT_API_CONNECT_OPTIONS, APIConnectOptions


@dataclass
class SessionConnectOptions:
    """For the providers of a session that are objects of the program's own; those of ours are asked again by the session's supervisors.

    A session to which these are given is closed by the failure of one kind of provider that follows ``max_unrecoverable_errors`` others
    without a success between them. Without, no failure closes it.
    """

    stt_conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    llm_conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    tts_conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    max_unrecoverable_errors: int = 3

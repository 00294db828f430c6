"""One HTTP client session for all that runs in a context: a job, or a block of code."""

import contextlib
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from typing import Final

import aiohttp

__all__ = ["http_session", "open"]

CONNECTIONS_PER_HOST: Final = 50
KEEP_ALIVE_S: Final = 120.0

_session: ContextVar[Callable[[], aiohttp.ClientSession] | None] = ContextVar("livekitex_http_session", default=None)


def http_session() -> aiohttp.ClientSession:
    """The session of this context; opened when it is first asked for, and closed with the job. It belongs to its event loop.

    It goes through the proxy of the job's server (``http_proxy``), or else that of the environment.

    Raises:
        RuntimeError: there is no context; the text says how to make one.
    """
    made = _session.get()
    if made is None:
        raise RuntimeError(
            "http_session() outside of a job: run this in an entrypoint, or inside "
            "'async with livekitex_agent.utils.http_context.open():', or give the provider an aiohttp.ClientSession of your own"
        )
    return made()


def _new_session_ctx() -> Callable[[], aiohttp.ClientSession]:
    """Begin a context; its session is made when it is first asked for, by the loop that asks."""
    sessions: list[aiohttp.ClientSession] = []

    def session() -> aiohttp.ClientSession:
        if not sessions or sessions[0].closed:
            connector = aiohttp.TCPConnector(limit_per_host=CONNECTIONS_PER_HOST, keepalive_timeout=KEEP_ALIVE_S)
            sessions[:] = [aiohttp.ClientSession(connector=connector, proxy=_proxy(), trust_env=True)]
        return sessions[0]

    _session.set(session)
    return session


def _proxy() -> str | None:
    from livekitex_agent.job import get_job_context  # the job's room tells events, as these utilities do

    job = get_job_context(required=False)
    return None if job is None else job.proc.http_proxy


async def _close_http_ctx() -> None:
    """End the context, and close its session."""
    made = _session.get()
    if made is not None:
        _session.set(None)
        await made().close()


@contextlib.asynccontextmanager
async def open() -> AsyncIterator[aiohttp.ClientSession]:  # noqa: A001 - LiveKit's name
    """A context for code outside of a job; within one it changes nothing."""
    made = _session.get()
    if made is not None:
        yield made()
        return
    session = _new_session_ctx()
    try:
        yield session()
    finally:
        await _close_http_ctx()

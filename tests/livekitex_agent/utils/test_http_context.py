"""One HTTP client session for all that runs in a context."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from livekitex_agent.job import Job, JobContext, JobProcess, RunningJobInfo, leave_job_context, set_job_context
from livekitex_agent.utils import http_context

pytestmark = pytest.mark.asyncio
PROXY = "http://proxy.example:3128"


@pytest.fixture
def in_a_job() -> Iterator[None]:
    port: Any = None  # nothing is asked of the call
    context = JobContext(proc=JobProcess(http_proxy=PROXY), info=RunningJobInfo(job=Job(id="c-1")), port=port)
    set_job_context(context)
    yield
    leave_job_context(context)


async def test_outside_of_a_context_it_says_how_to_make_one() -> None:
    with pytest.raises(RuntimeError, match=r"http_context\.open\(\)"):
        http_context.http_session()


async def test_a_context_within_another_has_the_same_session_and_does_not_close_it() -> None:
    async with http_context.open() as outer:
        async with http_context.open() as inner:
            assert http_context.http_session() is inner is outer
        assert not outer.closed
        assert http_context.http_session() is outer
    assert outer.closed
    with pytest.raises(RuntimeError, match="outside of a job"):
        http_context.http_session()


async def test_tasks_of_a_context_share_its_session_and_others_have_none() -> None:
    async def ask() -> Any:
        return http_context.http_session()

    before = asyncio.create_task(asyncio.sleep(0, http_context._session))
    async with http_context.open() as session:
        assert await asyncio.create_task(ask()) is session
    assert (await before).get() is None


async def test_a_session_that_was_closed_is_opened_anew() -> None:
    async with http_context.open() as first:
        await first.close()
        second = http_context.http_session()
        assert second is not first
        assert http_context.http_session() is second
    assert second.closed


async def test_a_block_that_fails_closes_its_session() -> None:
    with pytest.raises(ZeroDivisionError):
        async with http_context.open() as session:
            raise ZeroDivisionError
    assert session.closed


async def test_a_host_takes_so_many_connections_at_a_time() -> None:
    async with http_context.open() as session:
        assert session.connector is not None
        assert session.connector.limit_per_host == http_context.CONNECTIONS_PER_HOST


@pytest.mark.usefixtures("in_a_job")
async def test_in_a_job_it_goes_through_the_proxy_of_the_server() -> None:
    async with http_context.open() as session:
        assert str(session._default_proxy) == PROXY


async def test_without_a_job_it_goes_through_the_environments_proxy() -> None:
    async with http_context.open() as session:
        assert session._default_proxy is None
        assert session.trust_env

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from livekitex_agent.client import call_outcomes as call_outcomes_module
from livekitex_agent.client.call_outcomes import CallOutcomes
from livekitex_agent.client.connection import Connection
from livekitex_agent.gateway.frames import Request
from protocols import ErrorReply, GetJob, JobState, NameChanged, Ref
from support.fake_launcher import FakeTree, close_connection, open_connection

pytestmark = pytest.mark.asyncio

NAME = "agent_session/c"


def gone(reason: str = "killed", *, final: bool = True, name: str = NAME) -> NameChanged:
    return NameChanged(name=name, ref=None, reason=reason, final=final)


def back(life: int = 2) -> NameChanged:
    return NameChanged(name=NAME, ref=Ref(id=NAME, uid=str(life), address="there"))


class Harness:
    connection: Connection
    tree: FakeTree
    outcomes: CallOutcomes

    def __init__(self) -> None:
        self.told: asyncio.Queue[NameChanged] = asyncio.Queue()

    async def asked(self) -> Request:
        request = await self.tree.request(GetJob)
        assert (request.name, request.message) == ("worker_manager", GetJob(job_id="c"))
        return request

    async def answer(self, state: str, reason: str = "") -> None:
        self.tree.answer(await self.asked(), JobState(job_id="c", state=state, reason=reason))


@pytest_asyncio.fixture
async def harness(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Harness]:
    monkeypatch.setattr(call_outcomes_module, "PATIENCE_S", 0.01)
    monkeypatch.setattr(call_outcomes_module, "AGAIN_S", 0.01)
    harness = Harness()
    harness.connection, harness.tree = await open_connection(lambda _message: None)
    harness.outcomes = CallOutcomes(harness.connection, harness.told.put_nowait)
    yield harness
    harness.outcomes.close()
    await close_connection(harness.connection, harness.tree)


@pytest.mark.parametrize("change", [back(), gone("normal"), gone(name="worker_manager"), gone(name="job/c")])
async def test_what_is_certain_is_passed_on(harness: Harness, change: NameChanged) -> None:
    assert harness.outcomes.name_changed(change) == change
    await asyncio.sleep(0)
    assert harness.tree.quiet()


@pytest.mark.parametrize("final", [True, False])
@pytest.mark.parametrize(("state", "reason"), [("ended", "enough"), ("failed", "failed: it died too often")])
async def test_a_call_is_over_when_the_worker_manager_says_so(harness: Harness, final: bool, state: str, reason: str) -> None:
    assert harness.outcomes.name_changed(gone(final=final)) == gone(final=False)
    await harness.answer("running")
    await harness.answer("returning", "error:job/c ended (killed)")
    await harness.answer(state, reason)
    assert await harness.told.get() == gone(reason)


async def test_a_call_that_nobody_remembers_is_over_with_what_was_told_of_its_session(harness: Harness) -> None:
    harness.outcomes.name_changed(gone("error:KeyError: 'x'"))
    await harness.answer("unknown", "no call of this id is remembered")
    assert await harness.told.get() == gone("no call of this id is remembered; its session had ended for error:KeyError: 'x'")


async def test_who_does_not_answer_is_asked_again(harness: Harness) -> None:
    harness.outcomes.name_changed(gone())
    harness.tree.leave_unanswered(await harness.asked())
    harness.tree.answer(await harness.asked(), ErrorReply(error="SystemUnavailableError", text="restarts", retryable=True))
    await harness.answer("ended", "enough")
    assert (await harness.told.get()).reason == "enough"


async def test_a_call_that_comes_back_is_asked_for_no_more(harness: Harness) -> None:
    harness.outcomes.name_changed(gone())
    request = await harness.asked()
    assert harness.outcomes.name_changed(back()) == back()
    harness.tree.answer(request, JobState(job_id="c", state="ended", reason="of the life before"))
    harness.outcomes.name_changed(gone())
    await harness.answer("ended", "enough")
    assert (await harness.told.get()).reason == "enough"
    assert harness.told.empty()


async def test_the_end_of_the_system_is_the_end_of_all_questions(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    harness.outcomes.name_changed(gone())
    await harness.asked()
    harness.outcomes.name_changed(gone(final=False))
    harness.outcomes.close()
    harness.tree.launcher.exit()
    await harness.connection.ended
    refused = asyncio.Event()
    request = harness.connection.request

    def ask(*args: Any, **fields: Any) -> None:
        refused.set()
        request(*args, **fields)

    monkeypatch.setattr(harness.connection, "request", ask)
    harness.outcomes.name_changed(gone())
    await asyncio.wait_for(refused.wait(), 100)
    await asyncio.sleep(0)
    assert harness.told.empty()

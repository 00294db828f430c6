import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.journal import unreadable
from actors.worker_manager.returning import (
    AGAIN_S,
    FIRST_PAUSE_S,
    MAX_PAUSE_S,
    UNSEEN,
    Call,
    Ends,
    JournaledCall,
    Over,
    Return,
    Verdict,
    gone,
    heard,
    is_explained,
    job_of,
    not_up,
)
from protocols import MAX_REASON_CHARS, JournalError, StartJob
from supervision import RestartIntensity

JOB = StartJob(job_id="a", agent={"instructions": "sell pizza"}, options={"run_id": "run"})
BUDGET = RestartIntensity(max_restarts=2, max_seconds=60)
CALL = Call(job=JOB, was_up=True)
OPEN = JournaledCall(job=JOB, began_wall_s=3.0)
UNTOLD = Ends()
KILLED = Ends(tree="error:job/a ended (killed)")
SPENT = Ends(tree="shutdown", spent="agent_session/a ended (killed)")


def judged(
    call: Call,
    ends: Ends = UNTOLD,
    found: JournaledCall | None = OPEN,
    *,
    with_partition: bool = False,
    now: float = 0.0,
    awaited: bool = True,
    journaled: bool = True,
) -> tuple[Call, Verdict]:
    return gone(call, ends, found, BUDGET, now, with_partition=with_partition, awaited=awaited, journaled=journaled)


@pytest.mark.parametrize("found", [OPEN, None])
@pytest.mark.parametrize("with_partition", [True, False])
def test_a_call_whose_tree_died_comes_back_and_is_told_why(found: JournaledCall | None, with_partition: bool) -> None:
    call, verdict = judged(CALL, KILLED, found, with_partition=with_partition)
    assert verdict == Return()
    job = job_of(call)
    assert job is not None
    assert job == replace(JOB, options={"run_id": "run", "last_end": "error:job/a ended (killed)", "farewell_reason": ""})


def test_a_call_that_ended_unseen_comes_back_from_its_journal_alone() -> None:
    call, verdict = judged(Call(was_up=True), with_partition=True)
    assert (verdict, call.job, call.last_end) == (Return(), JOB, UNSEEN)


@pytest.mark.parametrize("reason", ["shutdown", "shutdown:fenced: a newer incarnation has taken up the call"])
def test_who_was_only_stopped_comes_back_if_the_call_is_open(reason: str) -> None:
    ends = Ends(tree="shutdown", session=reason)
    assert judged(CALL, ends)[1] == Return()
    assert judged(CALL, ends, None)[1] == Over("ended", reason)
    assert judged(CALL, ends, None, with_partition=True)[1] == Return()  # all of its partition was stopped: nobody meant the call


def test_a_call_that_closed_does_not_come_back() -> None:
    closed = replace(OPEN, ended=True, outcome="the caller hung up")
    normal = Ends(tree="shutdown", session="normal")
    assert judged(CALL, normal, None)[1] == Over("ended", "normal")
    assert judged(CALL, normal, closed)[1] == Over("ended", "the caller hung up")
    assert judged(CALL, KILLED, closed, with_partition=True)[1] == Over("ended", "the caller hung up")
    assert judged(CALL, normal, OPEN)[1] == Over("ended", "normal", release=True)  # its disk had failed it
    assert judged(CALL, Ends(tree="shutdown"), None)[1] == Over("ended", "shutdown")
    assert judged(CALL, KILLED, replace(closed, outcome="failed: no more"))[1] == Over("failed", "failed: no more")


def test_who_is_gone_without_a_word_and_without_his_journal_has_closed() -> None:
    assert judged(CALL, found=None)[1] == Over("ended", "it removed its journal")
    assert judged(CALL, found=None, journaled=False)[1] == Return()
    assert judged(CALL, found=None, with_partition=True)[1] == Return()


def test_a_call_of_another_run_is_left_to_it() -> None:
    assert judged(CALL, KILLED, replace(OPEN, ours=False))[1] == Over("ended", "another system has taken up the call")


def test_a_call_whose_journal_this_version_cannot_read_has_failed_and_its_journal_stays() -> None:
    unread = Ends(tree="shutdown", session=str(unreadable(JournalError("use the program that wrote it", retryable=False))))
    failed = Over("failed", "failed: journal: use the program that wrote it")
    for found, with_partition in itertools.product((None, OPEN, replace(OPEN, ours=False)), (False, True)):
        assert judged(CALL, unread, found, with_partition=with_partition)[1] == failed
    assert judged(replace(CALL, farewell_reason="no more"), unread, None)[1] == failed
    assert judged(replace(CALL, ending="enough"), unread, None)[1] == Over("ended", "enough", release=True)


def test_a_call_that_was_to_end_has_ended() -> None:
    assert judged(replace(CALL, ending="enough"), KILLED)[1] == Over("ended", "enough", release=True)


def test_a_call_whose_supervisor_gave_it_up_says_farewell() -> None:
    call, verdict = judged(CALL, SPENT)
    why = "it died too often (allowed are 2 in 60 s), the last time because agent_session/a ended (killed)"
    assert (verdict, call.farewell_reason, call.last_end) == (Return(), why, "error:agent_session/a ended (killed)")
    assert judged(call, KILLED)[1] == Over("failed", f"failed: {why}; it died of saying farewell too", release=True)
    assert not_up(call, "error:boom", BUDGET, 0.0)[1] == Over(
        "failed", f"failed: {why}; it could not say farewell (error:boom)", release=True
    )


def test_who_dies_with_his_partition_was_not_given_up() -> None:
    call, verdict = judged(CALL, SPENT, with_partition=True)
    assert (verdict, call.farewell_reason) == (Return(), "")


@pytest.mark.parametrize("ends", [KILLED, SPENT])
def test_what_nobody_remembers_has_failed(ends: Ends) -> None:
    _, verdict = judged(Call(was_up=True), ends, None, with_partition=ends is KILLED)
    assert isinstance(verdict, Over)
    assert (verdict.state, verdict.release) == ("failed", True)
    assert "nobody remembers what the call was started with" in verdict.reason
    assert job_of(Call()) is None


@given(st.lists(st.tuples(st.floats(0.0, 30.0), st.booleans()), min_size=1, max_size=30))
def test_within_its_budget_a_call_returns_then_it_says_farewell_then_it_has_failed(deaths: list[tuple[float, bool]]) -> None:
    call, now, returns = CALL, 0.0, list[float]()
    for pause_s, came_up in deaths:
        now += pause_s
        call, verdict = judged(call, KILLED, now=now) if came_up else not_up(call, "error:boom", BUDGET, now)
        if isinstance(verdict, Over):
            assert (verdict.state, verdict.release) == ("failed", True)
            return
        if call.farewell_reason:
            assert sum(now - then <= BUDGET.max_seconds + 1 for then in returns) >= BUDGET.max_restarts
            continue
        returns.append(now)
        assert sum(now - then < BUDGET.max_seconds for then in returns) <= BUDGET.max_restarts


def test_a_partition_that_ends_is_not_the_calls_fault() -> None:
    for call in (CALL, replace(CALL, farewell_reason="it died too often")):
        assert not_up(call, "exit:shutdown", BUDGET, 0.0) == (call, Return(AGAIN_S))


@pytest.mark.parametrize(
    ("call", "awaited", "comes_back"),
    [
        (Call(job=JOB), False, False),
        (Call(job=JOB), True, True),
        (Call(job=JOB, was_up=True), False, True),
        (Call(job=JOB, last_end="killed"), False, True),
    ],
)
def test_a_call_that_never_was_up_comes_back_if_somebody_waits_for_it(call: Call, awaited: bool, comes_back: bool) -> None:
    _, verdict = judged(call, KILLED, awaited=awaited)
    given_up = Over("ended", "nobody waited for its start any more", release=True)
    assert verdict == (Return() if comes_back else given_up)


@pytest.mark.parametrize(
    ("call", "ends", "with_partition", "explained"),
    [
        (CALL, UNTOLD, False, False),
        (CALL, Ends(tree="shutdown"), False, False),
        (CALL, KILLED, False, True),
        (CALL, UNTOLD, True, True),
        (replace(CALL, ending="enough"), UNTOLD, False, True),
        (Call(job=JOB), UNTOLD, False, True),
    ],
)
def test_what_is_judged_without_waiting_for_news(call: Call, ends: Ends, with_partition: bool, explained: bool) -> None:
    assert is_explained(call, ends, with_partition=with_partition) is explained


def test_who_does_not_come_up_waits_longer_each_time() -> None:
    call, pauses = CALL, []
    patient = RestartIntensity(max_restarts=10, max_seconds=60)
    for _ in range(10):
        call, verdict = not_up(call, "error:boom", patient, 0.0)
        assert isinstance(verdict, Return)
        pauses.append(verdict.pause_s)
    assert pauses[:3] == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]
    assert pauses[-1] == MAX_PAUSE_S


@given(st.text(max_size=3_000))
def test_reasons_stay_short_enough_to_travel(reason: str) -> None:
    call, _ = judged(CALL, replace(KILLED, tree=f"error:{reason}"))
    assert len(call.last_end) <= MAX_REASON_CHARS
    call, _ = judged(CALL, replace(SPENT, spent=reason or "x"))
    assert len(call.farewell_reason) <= MAX_REASON_CHARS


@pytest.mark.parametrize(
    ("ends", "whole"),
    [
        (UNTOLD, False),
        (KILLED, True),
        (SPENT, True),
        (Ends(tree="shutdown"), False),
        (Ends(session="normal"), False),
        (Ends(tree="shutdown", session="normal"), True),
    ],
)
def test_what_explains_an_end(ends: Ends, whole: bool) -> None:
    assert ends.whole is whole


@pytest.mark.parametrize(
    ("news", "ends"),
    [
        ([("job/a", "killed", True)], Ends(tree="error:job/a ended (killed)")),
        ([("job/a", "error:ValueError: x", True)], Ends(tree="error:job/a ended (error:ValueError: x)")),
        ([("job/a", "error:partition/0 ended", False)], Ends(tree="error:partition/0 ended")),
        ([("partition/0", "killed", False), ("job/a", "error:partition/0 ended", False)], Ends(tree="error:partition/0 ended (killed)")),
        ([("jobs", "killed", False), ("partition/0", "error:jobs ended", False)], Ends(tree="error:jobs ended (killed)")),
        ([("agent_session/a", "normal", True), ("job/a", "shutdown", True)], Ends(tree="shutdown", session="normal")),
        ([("agent_session/a", "error:job/a ended", False)], Ends()),
        ([("agent_session/a", "killed", False)], Ends()),
        ([("agent_session/a", "killed", True), ("job/a", "shutdown", True)], SPENT),
        (
            [("job_context/a", "killed", True), ("agent_session/a", "shutdown", True)],
            Ends(session="shutdown", spent="job_context/a ended (killed)"),
        ),
    ],
)
def test_what_the_registry_tells_of_ends(news: list[tuple[str, str, bool]], ends: Ends) -> None:
    told = Ends()
    for name, reason, final in news:
        told = heard(told, name, reason, final=final)
    assert told == ends

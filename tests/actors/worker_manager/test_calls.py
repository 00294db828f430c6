"""What is done for calls, by the answers of partitions and journals: those on time, those too late, and none."""

from actors.worker_manager.calls import END_TIMEOUT_S, NEWS_S, START_TIMEOUT_S, WATCHED
from actors.worker_manager.reconciler import RECONCILE_EVERY_S
from actors.worker_manager.returning import AGAIN_S, UNSEEN, JournaledCall
from protocols import (
    ChildInfo,
    Children,
    ChildResult,
    EndJob,
    GetJob,
    GetWorkerStatus,
    JobEnded,
    JobStarted,
    JobState,
    NameChanged,
    RegistryChanged,
    StartChild,
    TerminateChild,
    WatchNames,
    WorkerStatus,
)
from support.fake_context import ref
from support.lone_worker_manager import error, figures, gone_in, job, journaled, reconciled, start_again, started

P0 = ref("partition/0")


def test_it_watches_the_names_that_concern_it_in_each_new_registry() -> None:
    context, actor = started()
    watches = [(ref("registry"), WatchNames(prefix=prefix)) for prefix in WATCHED]
    assert context.sent == watches
    actor.on_registry_changed()
    assert context.sent == watches * 2
    context.registry = None
    actor.on_registry_changed()
    assert context.sent == watches * 2


def test_a_partition_that_does_not_say_whether_the_job_started_is_asked_again() -> None:
    context, actor = started()
    reconciled(context)
    replies = context.deliver(actor, job("a"))
    [ask] = context.take_asks()
    assert (ask.to, type(ask.message), ask.timeout_s) == (P0, StartChild, START_TIMEOUT_S)
    ask.then(None)
    assert error(replies[0]) == ("SystemUnavailableError", True)
    [answer] = context.deliver(actor, job("a"))
    assert error(answer) == ("SystemUnavailableError", True)
    reconciled(context, "a")
    assert context.deliver(actor, job("a")) == [JobStarted(job_id="a", partition="partition/0")]


def test_a_partition_that_does_not_say_whether_the_job_ended_is_asked_again() -> None:
    context, actor = started()
    reconciled(context, "a")
    replies = context.deliver(actor, EndJob(job_id="a"))
    [ask] = context.take_asks()
    assert (ask.message, ask.timeout_s) == (TerminateChild(child_id="job/a", uid="job/a-1"), END_TIMEOUT_S)
    ask.then(ChildResult(result="error:unsupported"))
    assert error(replies[0]) == ("SystemUnavailableError", True)
    reconciled(context)
    assert context.deliver(actor, EndJob(job_id="a")) == [JobEnded(job_id="a", reason="noproc")]


def test_late_answers_of_a_dead_partition_change_nothing() -> None:
    context, actor = started()
    reconciled(context, "b")
    context.deliver(actor, job("a"))
    context.deliver(actor, EndJob(job_id="b", reason="enough"))
    start, stop = context.take_asks()
    context.deliver(actor, NameChanged(name="partition/0", ref=None, reason="killed"))
    context.take_asks()[0].then(Children(children=()))
    start.then(ChildResult(result="ok", ref=ref("job/a")))
    stop.then(ChildResult(result="ok"))
    now = figures(context, actor)
    assert (now["jobs"], now["returning"], now["partitions"]) == (1, 1, 0)
    assert context.deliver(actor, GetJob(job_id="a")) == [
        JobState(job_id="a", state="returning", reason="error:partition/0 ended (killed)")
    ]
    assert context.deliver(actor, GetJob(job_id="b")) == [JobState(job_id="b", state="ended", reason="enough")]


def test_an_answer_without_a_life_is_no_start() -> None:
    context, actor = started()
    reconciled(context)
    replies = context.deliver(actor, job("a"))
    context.take_asks()[0].then(ChildResult(result="ok"))
    assert error(replies[0]) == ("SystemUnavailableError", True)


def test_a_second_life_of_a_job_is_stopped() -> None:
    context, _ = started()
    context.take_asks()[0].then(
        Children(
            children=tuple(
                ChildInfo(id=n, state="running", type="supervisor", title="", ref=ref(n)) for n in ("partition/0", "partition/1")
            )
        )
    )
    for number, ask in enumerate(context.take_asks()):
        life = ChildInfo(id="job/a", state="running", type="supervisor", title="", ref=ref("job/a", number))
        ask.then(Children(children=(life,)))
    assert context.sent[-1] == (ref("partition/1"), TerminateChild(child_id="", uid="job/a-1"))


def test_names_that_are_known_are_no_reason_to_look_again() -> None:
    context, actor = started()
    reconciled(context, "a")
    context.deliver(actor, NameChanged(name="job/a", ref=ref("job/a")))
    context.deliver(actor, RegistryChanged(registry=ref("registry")))
    assert context.take_asks() == []
    context.deliver(actor, NameChanged(name="job/b", ref=ref("job/b")))
    assert len(context.take_asks()) == 1


def test_the_open_calls_of_the_journals_that_nobody_runs_come_back() -> None:
    context, actor, shelf = journaled()
    early = context.deliver(actor, GetJob(job_id="b"))
    reconciled(context, "a")
    assert (early, figures(context, actor)["known"], shelf.reads) == ([], False, [])
    [told] = shelf.looks
    told(tuple(JournaledCall(job=job(job_id), began_wall_s=7.0) for job_id in ("a", "b")))
    ask, options = start_again(context, "b")
    assert (options["last_end"], options["farewell_reason"]) == (UNSEEN, "")
    assert early == [JobState(job_id="b", state="returning", reason=UNSEEN)]
    ask.then(ChildResult(result="ok", ref=ref("job/b")))
    [answer] = context.deliver(actor, GetWorkerStatus())
    assert isinstance(answer, WorkerStatus)
    assert [(info.job_id, info.started_wall_s) for info in answer.jobs] == [("a", 7.0), ("b", 7.0)]
    assert len(shelf.looks) == 1


def test_a_disk_that_does_not_answer_is_asked_again_and_holds_nobody_up() -> None:
    context, actor, shelf = journaled()
    early = context.deliver(actor, GetWorkerStatus())
    reconciled(context)
    shelf.looks[0](None)
    assert len(early) == 1
    context.advance(RECONCILE_EVERY_S)
    reconciled(context)
    shelf.looks[1]((JournaledCall(job=job("b")),))
    start_again(context, "b")
    assert len(shelf.looks) == 2


def test_the_journal_says_whether_a_call_is_over() -> None:
    context, actor, shelf = journaled()
    reconciled(context, "a", "b")
    shelf.looks[0](())
    gone_in(context, actor, "a")
    [(_, read_a)] = shelf.reads
    context.advance(NEWS_S)  # of the other nobody says why
    (_, (_, read_b)) = shelf.reads
    waiting = [context.deliver(actor, GetJob(job_id=job_id)) for job_id in "ab"]
    assert waiting == [[], []]
    read_a(JournaledCall(job=job("a"), ended=True, outcome="the caller hung up"))
    read_b(None)
    assert waiting[0] == [JobState(job_id="a", state="ended", reason="the caller hung up")]
    [state] = waiting[1]  # taken over from another life, and without a journal
    assert isinstance(state, JobState)
    assert (state.state, shelf.released) == ("failed", [("b", state.reason)])


def test_why_a_job_is_gone_may_be_told_later_than_that_it_is() -> None:
    context, actor, shelf = journaled()
    reconciled(context, "a")
    shelf.looks[0]((JournaledCall(job=job("a")),))
    context.advance(RECONCILE_EVERY_S)
    reconciled(context)
    waiting = context.deliver(actor, GetJob(job_id="a"))
    context.deliver(actor, NameChanged(name="agent_session/a", ref=None, reason="normal", final=True))
    assert shelf.reads == []
    context.deliver(actor, NameChanged(name="job/a", ref=None, reason="shutdown", final=True))
    [(_, read)] = shelf.reads
    read(None)
    assert waiting == [JobState(job_id="a", state="ended", reason="normal")]
    context.asks.clear()
    context.advance(NEWS_S)
    assert len(shelf.reads) == 1


def test_what_the_disk_says_too_late_changes_nothing() -> None:
    context, actor, shelf = journaled()
    reconciled(context, "a")
    shelf.looks[0](())
    gone_in(context, actor, "a")
    assert context.deliver(actor, EndJob(job_id="a", reason="enough")) == [JobEnded(job_id="a", reason="enough")]
    assert shelf.released == [("a", "enough")]
    [(_, told)] = shelf.reads
    told(JournaledCall(job=job("a")))
    assert context.take_asks() == []
    assert context.deliver(actor, GetJob(job_id="a")) == [JobState(job_id="a", state="ended", reason="enough")]


def test_a_call_that_does_not_start_is_disowned_and_one_that_is_ended_is_released() -> None:
    context, actor, shelf = journaled()
    reconciled(context)
    shelf.looks[0](())
    context.deliver(actor, job("a"))
    context.take_asks()[0].then(ChildResult(result="error:ValueError: no such model"))
    assert (shelf.disowned, shelf.released) == (["a"], [])
    context.deliver(actor, job("b"))
    context.take_asks()[0].then(ChildResult(result="ok", ref=ref("job/b")))
    context.deliver(actor, EndJob(job_id="b", reason="enough"))
    context.take_asks()[0].then(ChildResult(result="ok"))
    assert shelf.released == [("b", "enough")]


def test_a_partition_that_ends_is_not_the_calls_fault() -> None:
    context, actor, shelf = journaled()
    reconciled(context, "a")
    shelf.looks[0]((JournaledCall(job=job("a")),))
    gone_in(context, actor, "a")
    shelf.reads[0][1](JournaledCall(job=job("a")))
    for _ in range(20):
        ask, options = start_again(context, "a")
        assert options["farewell_reason"] == ""
        ask.then(ChildResult(result="exit:shutdown"))
        context.advance(AGAIN_S)
    assert figures(context, actor)["returning"] == 1


def test_a_start_that_nobody_waits_for_is_given_up() -> None:
    context, actor, shelf = journaled()
    reconciled(context)
    shelf.looks[0](())
    context.deliver(actor, job("a"))
    context.take_asks()[0].then(None)
    reconciled(context)
    shelf.reads[0][1](JournaledCall(job=job("a")))
    assert shelf.released == [("a", "nobody waited for its start any more")]
    assert figures(context, actor)["jobs"] == 0

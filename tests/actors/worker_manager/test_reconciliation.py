from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.worker_manager.reconciliation import (
    Conclusion,
    Observation,
    add_journaled,
    begin,
    concerned,
    conclude,
    is_news,
    jobs_of,
    partitions_of,
)
from actors.worker_manager.returning import Call, JournaledCall, Over
from actors.worker_manager.workload import (
    Job,
    Phase,
    Start,
    Stop,
    Workload,
    conclude_call,
    due,
    end,
    ended,
    not_started,
    place,
    returning,
    start,
    started,
    unsure,
    with_generation,
    without_partition,
)
from protocols import ChildInfo, Children, NameChanged, Ref, StartJob
from support.fake_context import ref

P0, P1 = ref("partition/0"), ref("partition/1")


def job(job_id: str, phase: Phase = Phase.RUNNING, *, to: Ref = P0, reconciliation: int = 0) -> Job:
    return Job(
        job_id=job_id, partition=to.id, to=to, phase=phase, uid=f"uid-{job_id}", reconciliation=reconciliation, call=Call(was_up=True)
    )


def offer(job_id: str) -> StartJob:
    return StartJob(job_id=job_id, agent={}, options={})


def load(*jobs: Job, known: bool = True) -> Workload:
    partitions = {P0.id: P0, P1.id: P1} if known else {}
    return begin(Workload(max_jobs=9, jobs={one.job_id: one for one in jobs}, partitions=partitions, reconciled=known, journals_read=True))


def reconciled(workload: Workload, p0: dict[str, str] | None, p1: dict[str, str] | None = None) -> tuple[Workload, Conclusion]:
    return conclude(workload, {P0.id: Observation(ref=P0, jobs=p0), P1.id: Observation(ref=P1, jobs={} if p1 is None else p1)})


def gone(workload: Workload) -> list[str]:
    return [one.job_id for one in workload.jobs.values() if one.phase is Phase.GONE]


def test_a_first_reconciliation_takes_over_what_runs() -> None:
    workload, conclusion = reconciled(load(known=False), {"a": "uid-a"}, {"b": "uid-b"})
    assert workload.known
    assert workload.jobs == {"a": job("a"), "b": job("b", to=P1)}
    assert workload.partitions == {P0.id: P0, P1.id: P1}
    assert conclusion == Conclusion()


def test_a_first_reconciliation_does_not_count_while_a_partition_is_silent() -> None:
    workload, _ = reconciled(load(known=False), None, {"b": "uid-b"})
    assert not workload.known
    assert workload.partitions == {P1.id: P1}
    workload, _ = reconciled(begin(workload), {"a": "uid-a"}, {"b": "uid-b"})
    assert (workload.known, sorted(workload.jobs)) == (True, ["a", "b"])


def test_without_partitions_nothing_runs() -> None:
    workload, _ = conclude(load(known=False), {})
    assert (workload.known, workload.jobs, workload.partitions) == (True, {}, {})


def test_a_silent_partition_keeps_its_jobs_and_takes_none() -> None:
    workload, conclusion = reconciled(load(job("a")), None)
    assert (workload.known, list(workload.jobs), list(workload.partitions)) == (True, ["a"], [P1.id])
    assert conclusion == Conclusion()


def test_if_no_partition_answers_the_jobs_go_to_the_busy_ones() -> None:
    workload, _ = conclude(load(), {P0.id: Observation(ref=P0, jobs=None), P1.id: Observation(ref=P1, jobs=None)})
    assert workload.partitions == {P0.id: P0, P1.id: P1}


def test_jobs_that_are_not_there_any_more_are_gone() -> None:
    workload, conclusion = reconciled(load(job("a"), job("b")), {"b": "uid-b"})
    assert (gone(workload), conclusion) == (["a"], Conclusion(gone={"a": False}))
    assert reconciled(begin(workload), {"b": "uid-b"}) == (begin(workload), Conclusion())  # told once


def test_a_job_that_got_up_since_the_reconciliation_began_is_not_judged_by_it() -> None:
    workload = load()
    workload, _ = start(workload, offer("a"))
    workload = started(workload, "a", "uid-a", 3.0)
    assert reconciled(workload, {})[0].jobs == workload.jobs
    assert gone(reconciled(begin(workload), {})[0]) == ["a"]


def test_a_job_that_went_since_the_reconciliation_began_is_not_taken_over_again() -> None:
    workload, _ = end(load(job("a")), "a", "enough")
    workload = ended(workload, "a")
    assert reconciled(workload, {"a": "uid-a"})[0].jobs == {}


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.ENDING])
def test_who_waits_for_an_answer_is_not_judged_but_gone_with_the_partition(phase: Phase) -> None:
    workload = load(job("a", phase))
    assert reconciled(workload, {})[0].jobs == workload.jobs
    for observations in ({}, {P0.id: Observation(ref=ref("partition/0", 2), jobs={})}):
        after, conclusion = conclude(workload, observations)
        assert (gone(after), conclusion) == (["a"], Conclusion(gone={"a": True}))


def test_a_start_that_is_seen_before_its_answer_is_no_stray() -> None:
    workload, _ = start(load(), offer("a"))
    assert reconciled(workload, {"a": "uid-a"}) == (workload, Conclusion())


def test_running_jobs_of_a_dead_partition_are_gone_with_it() -> None:
    after, conclusion = conclude(load(job("a"), job("b", to=P1)), {P1.id: Observation(ref=P1, jobs={"b": "uid-b"})})
    assert (gone(after), conclusion) == (["a"], Conclusion(gone={"a": True}))
    assert after.partitions == {P1.id: P1}


@pytest.mark.parametrize("phase", [Phase.GONE, Phase.RETURNING])
def test_a_call_without_processes_that_runs_after_all_is_taken_back(phase: Phase) -> None:
    workload, conclusion = reconciled(load(replace(job("a", phase), to=None)), {}, {"a": "uid-other"})
    assert workload.jobs == {"a": replace(job("a", to=P1), uid="uid-other")}
    assert conclusion == Conclusion()
    workload, conclusion = reconciled(load(replace(job("a", phase), to=None)), {"a": "uid-a"}, {"a": "uid-other"})
    assert conclusion == Conclusion(duplicates=(Stop(P1, "uid-other"),))


def test_the_open_calls_of_the_journals_are_known_and_those_that_nobody_runs_are_told() -> None:
    records = [JournaledCall(job=offer(job_id), began_wall_s=7.0) for job_id in ("a", "b")]
    workload, missing = add_journaled(replace(load(job("a"), job("c")), journals_read=False), records)
    assert (missing, gone(workload), workload.known) == (("b",), ["b"], True)
    assert {one.job_id: one.started_wall_s for one in workload.jobs.values()} == {"a": 7.0, "b": 7.0, "c": 0.0}
    assert workload.jobs["a"].call.job == offer("a")
    ended = conclude_call(workload, "b", Over("ended", "normal"))
    assert add_journaled(ended, records) == (ended, ())


def test_whom_the_end_of_a_name_concerns() -> None:
    workload = load(job("a"), job("b", to=P1))
    assert concerned(workload, "jobs") == ("a", "b")
    assert concerned(workload, "partition/1") == ("b",)
    assert concerned(workload, "job_context/a") == concerned(workload, "job/a") == ("a",)
    assert concerned(workload, "job/c") == concerned(workload, "worker_manager") == ()


def test_a_later_reconciliation_settles_what_is_unsure() -> None:
    starting, _ = start(load(), offer("a"))
    workload = unsure(starting, "a")
    assert reconciled(workload, {"a": "uid-a"}) == (workload, Conclusion())  # it began before the doubt
    assert reconciled(begin(workload), {"a": "uid-a"})[0].jobs["a"].phase is Phase.RUNNING
    assert reconciled(begin(workload), {"a": "uid-a"})[0].jobs["a"].uid == "uid-a"
    assert gone(reconciled(begin(workload), {})[0]) == ["a"]
    ending, _ = end(load(job("a")), "a", "enough")
    workload = begin(unsure(ending, "a"))
    assert reconciled(workload, {"a": "uid-a"})[0].jobs["a"].phase is Phase.RUNNING
    assert gone(reconciled(workload, {})[0]) == ["a"]


def test_a_second_life_of_a_job_is_stopped() -> None:
    workload, conclusion = reconciled(load(job("a")), {"a": "uid-a"}, {"a": "uid-other"})
    assert (workload.jobs, conclusion) == ({"a": job("a")}, Conclusion(duplicates=(Stop(P1, "uid-other"),)))
    workload, conclusion = reconciled(load(known=False), {"a": "uid-a"}, {"a": "uid-other"})
    assert (workload.jobs, conclusion) == ({"a": job("a")}, Conclusion(duplicates=(Stop(P1, "uid-other"),)))


def test_answers_are_read() -> None:
    def info(actor_id: str, *, up: bool = True) -> ChildInfo:
        return ChildInfo(id=actor_id, state="running", type="supervisor", title="", ref=ref(actor_id) if up else None)

    assert partitions_of(Children(children=(info("partition/0"), info("partition/1", up=False)))) == {P0.id: P0}
    assert jobs_of(Children(children=(info("job/a"), info("job/b", up=False), info("stranger")))) == {"a": "job/a-1"}


@pytest.mark.parametrize(
    ("change", "news"),
    [
        (NameChanged(name="job/a", ref=ref("job/a")), False),
        (NameChanged(name="job/b", ref=ref("job/b")), True),
        (NameChanged(name="job/a", ref=None, reason="normal", final=True), True),
        (NameChanged(name="partition/0", ref=P0), False),
        (NameChanged(name="partition/0", ref=ref("partition/0", 2)), True),
        (NameChanged(name="partition/0", ref=None, reason="killed"), True),
        (NameChanged(name="jobs", ref=ref("jobs")), True),
        (NameChanged(name="agent_session/a", ref=None, reason="normal", final=True), False),
        (NameChanged(name="job_context/b", ref=ref("job_context/b")), False),
    ],
)
def test_what_is_news(change: NameChanged, news: bool) -> None:
    assert is_news(load(job("a")), change) is news


@dataclass
class Partition:
    """One life of a partition: it does what it is asked in order, and its answers come in order."""

    ref: Ref
    mailbox: deque[tuple[str, str, int]] = field(default_factory=deque)  # what, job id or uid, number of the request
    running: dict[str, str] = field(default_factory=dict)  # uid -> job id
    answers: deque[tuple[int, str, str | dict[str, str]]] = field(default_factory=deque)


class Node:
    """Partitions that are slow, die and lose answers, under a WorkerManager that dies too."""

    def __init__(self) -> None:
        self.count = 0
        self.over: set[str] = set()  # lives that the WorkerManager was told to be over
        self.partitions = {name: Partition(self.fresh(name)) for name in (P0.id, P1.id)}
        self.restart_manager()
        self.come_to_rest()

    def fresh(self, name: str) -> Ref:
        self.count += 1
        return ref(name, self.count)

    def restart_manager(self) -> None:
        self.workload = Workload(max_jobs=2, journals_read=True)
        self.requests: dict[int, tuple[str, str, Ref]] = {}  # number -> what, job id, partition
        self.observations: dict[str, Observation | None] | None = None
        self.reconcile()

    def send(self, to: Ref, what: str, job_id: str, detail: str) -> None:
        self.count += 1
        self.requests[self.count] = (what, job_id, to)
        if self.partitions[to.id].ref == to:
            self.partitions[to.id].mailbox.append((what, detail, self.count))

    def offer(self, job_id: str) -> None:
        self.workload, decision = start(self.workload, offer(job_id))
        if isinstance(decision, Start):
            self.send(decision.to, "start", job_id, job_id)

    def stop(self, job_id: str) -> None:
        self.workload, decision = end(self.workload, job_id, "enough")
        if isinstance(decision, Stop):
            self.send(decision.to, "stop", job_id, decision.uid)

    def work(self, name: str, *, succeeds: bool) -> None:
        partition = self.partitions[name]
        while partition.mailbox:
            what, detail, number = partition.mailbox.popleft()
            if what == "reconciliation":
                partition.answers.append((number, "ok", {job_id: uid for uid, job_id in partition.running.items()}))
            elif what == "stop":
                partition.running.pop(detail, None)
                partition.answers.append((number, "ok", detail))
            elif succeeds:
                self.count += 1
                partition.running[f"uid-{self.count}"] = detail
                partition.answers.append((number, "ok", f"uid-{self.count}"))
            else:
                partition.answers.append((number, "error", ""))

    def hear(self, name: str, *, all_of_it: bool) -> None:
        answers = self.partitions[name].answers
        while answers:
            number, result, value = answers.popleft()
            if number in self.requests:
                self.answered(*self.requests.pop(number), result, value)
            if not all_of_it:
                break

    def hear_nothing(self, number: int) -> None:
        what, job_id, to = self.requests.pop(number)
        partition = self.partitions[to.id]
        partition.mailbox = deque(item for item in partition.mailbox if item[2] != number)  # nobody wants it any more
        self.answered(what, job_id, to, "silence", "")

    def answered(self, what: str, job_id: str, to: Ref, result: str, value: str | dict[str, str]) -> None:
        known = self.workload.jobs.get(job_id)
        if what == "reconciliation":
            self.told(to, value if isinstance(value, dict) else None)
        elif known is None or known.to != to or known.phase not in {Phase.STARTING, Phase.ENDING}:
            return
        elif result == "silence":
            self.workload = unsure(self.workload, job_id)
        elif what == "stop":
            self.over.add(known.uid)
            self.workload = ended(self.workload, job_id)
        elif result == "ok":
            self.workload = started(self.workload, job_id, str(value), 0.0)
        elif known.call.last_end:
            self.come_back(job_id)
        else:
            self.workload = not_started(self.workload, job_id)

    def come_back(self, job_id: str) -> None:
        """Nothing of the job runs: it was to end, or it returns."""
        call = self.workload.jobs[job_id].call
        if call.ending:
            self.workload = conclude_call(self.workload, job_id, Over("ended", call.ending))
        else:
            self.workload = returning(self.workload, job_id, replace(call, last_end="gone"), 0.0)

    def return_due(self) -> None:
        for job_id in due(self.workload, 0.0):
            self.workload, to = place(self.workload, job_id)
            if to is not None:
                self.send(to, "start", job_id, job_id)

    def reconcile(self) -> None:
        if self.observations is None:
            self.workload = begin(self.workload)
            self.observations = dict.fromkeys(self.partitions)
            for partition in list(self.partitions.values()):
                self.send(partition.ref, "reconciliation", "", "")

    def told(self, to: Ref, jobs: dict[str, str] | None) -> None:
        assert self.observations is not None
        self.observations[to.id] = Observation(ref=to, jobs=jobs)
        complete = {name: observation for name, observation in self.observations.items() if observation is not None}
        if len(complete) == len(self.observations):
            self.observations = None
            self.workload, conclusion = conclude(self.workload, complete)
            assert conclusion.duplicates == ()
            for job_id in conclusion.gone:
                self.come_back(job_id)
            self.return_due()

    def partition_restarts(self, name: str) -> None:
        self.partitions[name] = Partition(self.fresh(name))
        self.workload = without_partition(self.workload, name)

    def call_ends_by_itself(self, name: str) -> None:
        running = self.partitions[name].running
        if running:
            running.popitem()

    def come_to_rest(self) -> None:
        for _ in range(5):  # the reconciliation under way, one that settles the doubts, one after them, the returns, and their answers
            self.reconcile()
            for name in self.partitions:
                self.work(name, succeeds=True)
                self.hear(name, all_of_it=True)
            for number, (_, _, to) in sorted(self.requests.items()):
                if self.partitions[to.id].ref != to:
                    self.hear_nothing(number)

    def step(self, what: str, name: str, job_id: str, number: int) -> None:
        steps: dict[str, Callable[[], None]] = {
            "offer": lambda: self.offer(job_id),
            "stop": lambda: self.stop(job_id),
            "work": lambda: self.work(name, succeeds=number % 8 > 0),
            "hear": lambda: self.hear(name, all_of_it=number % 2 == 0),
            "silence": lambda: self.hear_nothing(sorted(self.requests)[number % len(self.requests)]) if self.requests else None,
            "reconciliation": self.reconcile,
            "restart": self.restart_manager,
            "partition": lambda: self.partition_restarts(name),
            "hang up": lambda: self.call_ends_by_itself(name),
        }
        for part in what.split(" and "):
            steps[part]()


WHAT = ["offer"] * 5 + ["stop"] * 3 + ["work"] * 3 + ["work and hear"] * 3 + ["hear"] * 4 + ["reconciliation"] * 3 + ["silence"] * 2
STEP = st.tuples(
    st.sampled_from([*WHAT, "restart", "partition", "hang up"]), st.sampled_from([P0.id, P1.id]), st.sampled_from("ab"), st.integers(0, 99)
)


@given(st.lists(STEP, min_size=30, max_size=60))
@settings(max_examples=150)
def test_whatever_is_slow_silent_or_dead_no_job_has_two_lives_and_after_a_while_all_is_known(
    steps: list[tuple[str, str, str, int]],
) -> None:
    node = Node()
    for step in steps:
        node.step(*step)
        lives = [job_id for partition in node.partitions.values() for job_id in partition.running.values()]
        assert len(lives) == len(set(lives)) <= 2
        assert not {job.uid for job in node.workload.jobs.values()} & node.over
    node.come_to_rest()
    truth = {job_id: (uid, partition.ref) for partition in node.partitions.values() for uid, job_id in partition.running.items()}
    assert node.workload.known
    assert {job_id: (job.uid, job.to) for job_id, job in node.workload.jobs.items()} == truth
    assert {job.phase for job in node.workload.jobs.values()} <= {Phase.RUNNING}
    assert node.workload.partitions == {name: partition.ref for name, partition in node.partitions.items()}


GENERATION = ref("partition/waiter.py-00000001.1")


def test_a_generation_that_got_up_since_the_reconciliation_began_is_not_judged_by_it() -> None:
    workload = with_generation(load(), GENERATION.id, GENERATION)
    workload = replace(workload, jobs={"a": job("a", Phase.STARTING, to=GENERATION)})
    workload, conclusion = reconciled(workload, {})
    assert (workload.partitions[GENERATION.id], workload.jobs["a"].phase, conclusion) == (GENERATION, Phase.STARTING, Conclusion())
    workload, conclusion = reconciled(begin(workload), {})
    assert GENERATION.id not in workload.partitions
    assert conclusion.gone == {"a": True}
    assert without_partition(with_generation(load(), GENERATION.id, GENERATION), GENERATION.id).new_partitions == {}


def test_a_generation_that_is_silent_still_runs_and_one_that_loads_does_not_yet() -> None:
    observations = {P0.id: Observation(ref=P0, jobs={}), GENERATION.id: Observation(ref=GENERATION, jobs=None)}
    workload, _ = conclude(load(), observations)
    assert workload.partitions == {P0.id: P0, GENERATION.id: GENERATION}
    rows = [ChildInfo(id=one.id, state=state, type="supervisor", title="", ref=one) for one, state in ((P0, "running"), (P1, "starting"))]
    assert partitions_of(Children(children=tuple(rows))) == {P0.id: P0}

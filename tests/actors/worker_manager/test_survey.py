from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.worker_manager.survey import Conclusion, Finding, begin, conclude, is_news, jobs_of, partitions_of
from actors.worker_manager.workload import (
    Job,
    Phase,
    Start,
    Stop,
    Workload,
    end,
    ended,
    not_started,
    start,
    started,
    unsure,
    without_partition,
)
from protocols import ChildInfo, Children, NameChanged, Ref
from support.fake_context import ref

P0, P1 = ref("partition/0"), ref("partition/1")


def job(job_id: str, phase: Phase = Phase.RUNNING, *, to: Ref = P0, survey: int = 0) -> Job:
    return Job(job_id=job_id, partition=to.id, to=to, phase=phase, uid=f"uid-{job_id}", survey=survey)


def load(*jobs: Job, known: bool = True) -> Workload:
    partitions = {P0.id: P0, P1.id: P1} if known else {}
    return begin(Workload(max_jobs=9, jobs={one.job_id: one for one in jobs}, partitions=partitions, known=known))


def surveyed(workload: Workload, p0: dict[str, str] | None, p1: dict[str, str] | None = None) -> tuple[Workload, Conclusion]:
    return conclude(workload, {P0.id: Finding(ref=P0, jobs=p0), P1.id: Finding(ref=P1, jobs={} if p1 is None else p1)})


def test_a_first_survey_takes_over_what_runs() -> None:
    workload, conclusion = surveyed(load(known=False), {"a": "uid-a"}, {"b": "uid-b"})
    assert workload.known
    assert workload.jobs == {"a": job("a"), "b": job("b", to=P1)}
    assert workload.partitions == {P0.id: P0, P1.id: P1}
    assert conclusion == Conclusion()


def test_a_first_survey_does_not_count_while_a_partition_is_silent() -> None:
    workload, _ = surveyed(load(known=False), None, {"b": "uid-b"})
    assert not workload.known
    assert workload.partitions == {P1.id: P1}
    workload, _ = surveyed(begin(workload), {"a": "uid-a"}, {"b": "uid-b"})
    assert (workload.known, sorted(workload.jobs)) == (True, ["a", "b"])


def test_without_partitions_nothing_runs() -> None:
    workload, _ = conclude(load(known=False), {})
    assert (workload.known, workload.jobs, workload.partitions) == (True, {}, {})


def test_a_silent_partition_keeps_its_jobs_and_takes_none() -> None:
    workload, conclusion = surveyed(load(job("a")), None)
    assert (workload.known, list(workload.jobs), list(workload.partitions)) == (True, ["a"], [P1.id])
    assert conclusion == Conclusion()


def test_if_no_partition_answers_the_jobs_go_to_the_busy_ones() -> None:
    workload, _ = conclude(load(), {P0.id: Finding(ref=P0, jobs=None), P1.id: Finding(ref=P1, jobs=None)})
    assert workload.partitions == {P0.id: P0, P1.id: P1}


def test_jobs_that_are_not_there_any_more_are_dropped() -> None:
    workload, conclusion = surveyed(load(job("a"), job("b")), {"b": "uid-b"})
    assert (list(workload.jobs), conclusion) == (["b"], Conclusion())


def test_a_job_that_got_up_since_the_survey_began_is_not_judged_by_it() -> None:
    workload = load()
    workload, _ = start(workload, "a")
    workload = started(workload, "a", "uid-a", 3.0)
    assert surveyed(workload, {})[0].jobs == workload.jobs
    assert surveyed(begin(workload), {})[0].jobs == {}


def test_a_job_that_went_since_the_survey_began_is_not_taken_over_again() -> None:
    workload, _ = end(load(job("a")), "a")
    workload = ended(workload, "a")
    assert surveyed(workload, {"a": "uid-a"})[0].jobs == {}


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.ENDING])
def test_who_waits_for_an_answer_is_not_judged_but_lost_with_the_partition(phase: Phase) -> None:
    workload = load(job("a", phase))
    assert surveyed(workload, {})[0].jobs == workload.jobs
    for findings in ({}, {P0.id: Finding(ref=ref("partition/0", 2), jobs={})}):
        after, conclusion = conclude(workload, findings)
        assert (after.jobs, conclusion) == ({}, Conclusion(lost=("a",)))
        assert after.refused == (phase is Phase.STARTING)


def test_a_start_that_is_seen_before_its_answer_is_no_stray() -> None:
    workload, _ = start(load(), "a")
    assert surveyed(workload, {"a": "uid-a"}) == (workload, Conclusion())


def test_running_jobs_of_a_dead_partition_are_dropped_and_nobody_waits_for_them() -> None:
    assert conclude(load(job("a")), {P1.id: Finding(ref=P1, jobs={})}) == (
        replace(load(), partitions={P1.id: P1}),
        Conclusion(),
    )


def test_a_later_survey_settles_what_is_unsure() -> None:
    starting, _ = start(load(), "a")
    workload = unsure(starting, "a")
    assert surveyed(workload, {"a": "uid-a"}) == (workload, Conclusion())  # it began before the doubt
    assert surveyed(begin(workload), {"a": "uid-a"})[0].jobs["a"].phase is Phase.RUNNING
    assert surveyed(begin(workload), {})[0].jobs == {}
    ending, _ = end(load(job("a")), "a")
    workload = begin(unsure(ending, "a"))
    assert surveyed(workload, {"a": "uid-a"})[0].jobs["a"].phase is Phase.RUNNING
    assert surveyed(workload, {})[0].jobs == {}


def test_a_second_life_of_a_job_is_stopped() -> None:
    workload, conclusion = surveyed(load(job("a")), {"a": "uid-a"}, {"a": "uid-other"})
    assert (workload.jobs, conclusion) == ({"a": job("a")}, Conclusion(strays=(Stop(P1, "uid-other"),)))
    workload, conclusion = surveyed(load(known=False), {"a": "uid-a"}, {"a": "uid-other"})
    assert (workload.jobs, conclusion) == ({"a": job("a")}, Conclusion(strays=(Stop(P1, "uid-other"),)))


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
        self.workload = Workload(max_jobs=2)
        self.requests: dict[int, tuple[str, str, Ref]] = {}  # number -> what, job id, partition
        self.findings: dict[str, Finding | None] | None = None
        self.survey()

    def send(self, to: Ref, what: str, job_id: str, detail: str) -> None:
        self.count += 1
        self.requests[self.count] = (what, job_id, to)
        if self.partitions[to.id].ref == to:
            self.partitions[to.id].mailbox.append((what, detail, self.count))

    def offer(self, job_id: str) -> None:
        self.workload, decision = start(self.workload, job_id)
        if isinstance(decision, Start):
            self.send(decision.to, "start", job_id, job_id)

    def stop(self, job_id: str) -> None:
        self.workload, decision = end(self.workload, job_id)
        if isinstance(decision, Stop):
            self.send(decision.to, "stop", job_id, decision.uid)

    def work(self, name: str, *, succeeds: bool) -> None:
        partition = self.partitions[name]
        while partition.mailbox:
            what, detail, number = partition.mailbox.popleft()
            if what == "survey":
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
        if what == "survey":
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
        else:
            self.workload = not_started(self.workload, job_id)

    def survey(self) -> None:
        if self.findings is None:
            self.workload = begin(self.workload)
            self.findings = dict.fromkeys(self.partitions)
            for partition in list(self.partitions.values()):
                self.send(partition.ref, "survey", "", "")

    def told(self, to: Ref, jobs: dict[str, str] | None) -> None:
        assert self.findings is not None
        self.findings[to.id] = Finding(ref=to, jobs=jobs)
        complete = {name: finding for name, finding in self.findings.items() if finding is not None}
        if len(complete) == len(self.findings):
            self.findings = None
            self.workload, conclusion = conclude(self.workload, complete)
            assert conclusion.strays == ()

    def partition_restarts(self, name: str) -> None:
        self.partitions[name] = Partition(self.fresh(name))
        self.workload = without_partition(self.workload, name)

    def call_ends_by_itself(self, name: str) -> None:
        running = self.partitions[name].running
        if running:
            running.popitem()

    def come_to_rest(self) -> None:
        for _ in range(3):  # the survey that is under way, one that settles the doubts, one that begins after them
            self.survey()
            for name in self.partitions:
                self.work(name, succeeds=True)
                self.hear(name, all_of_it=True)
            for number in sorted(self.requests):  # those to the dead
                self.hear_nothing(number)

    def step(self, what: str, name: str, job_id: str, number: int) -> None:
        steps: dict[str, Callable[[], None]] = {
            "offer": lambda: self.offer(job_id),
            "stop": lambda: self.stop(job_id),
            "work": lambda: self.work(name, succeeds=number % 8 > 0),
            "hear": lambda: self.hear(name, all_of_it=number % 2 == 0),
            "silence": lambda: self.hear_nothing(sorted(self.requests)[number % len(self.requests)]) if self.requests else None,
            "survey": self.survey,
            "restart": self.restart_manager,
            "partition": lambda: self.partition_restarts(name),
            "hang up": lambda: self.call_ends_by_itself(name),
        }
        for part in what.split(" and "):
            steps[part]()


WHAT = ["offer"] * 5 + ["stop"] * 3 + ["work"] * 3 + ["work and hear"] * 3 + ["hear"] * 4 + ["survey"] * 3 + ["silence"] * 2
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

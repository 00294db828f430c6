"""Who waits, for what, and what each is told when that happens, or does not."""

from dataclasses import replace

import pytest

from actors.worker_manager.requests import MAX_HELD, WAIT_S, Request, Requests
from actors.worker_manager.returning import Call
from actors.worker_manager.workload import Job, Phase, Question, Workload
from protocols import (
    CapacityError,
    Drained,
    EndJob,
    ErrorReply,
    GetJob,
    GetWorkerStatus,
    JobEnded,
    Message,
    StartJob,
)

START = StartJob(job_id="a", agent={}, options={})
END = EndJob(job_id="a", reason="enough")
FAILURE = ErrorReply.of(CapacityError("the partition is full"))
JOB = Job(job_id="a", partition="", to=None, phase=Phase.GONE, call=Call())
KNOWN = Workload(max_jobs=2, reconciled=True, journals_read=True)


class Desk:
    """Notes what is to be decided, and what is answered."""

    def __init__(self) -> None:
        self.handled: list[Question] = []
        self.answers: list[Message] = []
        self.requests = Requests(lambda request: self.handled.append(request.message))

    def request(self, message: Question = START, since_s: float = 0.0) -> Request:
        return Request(message, self.answers.append, since_s)

    def park(self, *messages: Question) -> None:
        for message in messages:
            self.requests.park(self.request(message))

    @property
    def errors(self) -> list[str]:
        return [answer.error for answer in self.answers if isinstance(answer, ErrorReply)]


def test_what_is_accepted_is_handled_and_what_names_no_job_is_refused() -> None:
    desk = Desk()
    accepted = [START, END, GetJob(job_id="a"), GetWorkerStatus()]
    for message in (*accepted, replace(START, job_id="a b"), EndJob(job_id=""), GetJob(job_id="../a")):
        desk.requests.accept(desk.request(message))
    assert (desk.handled, desk.errors) == (accepted, ["UsageError"] * 3)


@pytest.mark.parametrize("parked", [0, MAX_HELD // 2, MAX_HELD])
def test_so_many_are_held_and_no_more(parked: int) -> None:
    desk = Desk()
    for _ in range(MAX_HELD - parked):
        desk.requests.wait(desk.request())
    desk.park(*[START] * parked)
    assert desk.requests.held == MAX_HELD
    desk.requests.accept(desk.request())
    assert (desk.handled, desk.errors) == ([], ["SystemUnavailableError"])


def test_what_waits_for_the_calls_to_be_known_is_refused_when_its_time_is_over() -> None:
    desk = Desk()
    desk.requests.wait(desk.request(START, since_s=0.0))
    desk.requests.wait(desk.request(END, since_s=1.0))
    desk.requests.serve(known=False, now=WAIT_S)
    assert (desk.handled, desk.errors, desk.requests.held) == ([END], ["SystemUnavailableError"], 0)


def test_once_the_calls_are_known_it_is_decided_however_long_it_waited() -> None:
    desk = Desk()
    desk.requests.wait(desk.request())
    desk.requests.serve(known=True, now=2 * WAIT_S)
    assert (desk.handled, desk.answers) == ([START], [])


def test_a_start_that_failed_answers_those_who_wanted_it() -> None:
    desk = Desk()
    desk.park(START, END, START)
    desk.requests.settle("a", FAILURE)
    assert (desk.answers, desk.handled) == ([FAILURE, FAILURE], [END])


def test_an_end_answers_those_who_wanted_it() -> None:
    desk = Desk()
    desk.park(START, END, GetJob(job_id="a"))
    desk.requests.settle("a", down=True)
    assert (desk.answers, desk.handled) == ([JobEnded(job_id="a", reason="enough")], [START, GetJob(job_id="a")])


def test_otherwise_all_is_decided_anew_and_of_one_job_only() -> None:
    desk = Desk()
    desk.park(START, END, EndJob(job_id="b"))
    assert (desk.requests.awaits("a"), desk.requests.awaits("c")) == (True, False)
    desk.requests.settle("a")
    assert (desk.answers, desk.handled, desk.requests.held) == ([], [START, END], 1)
    assert not desk.requests.awaits("a")


def test_when_nobody_says_what_became_of_a_job_all_are_told() -> None:
    desk = Desk()
    desk.park(START, END)
    desk.requests.give_up("a", FAILURE)
    assert (desk.answers, desk.handled, desk.requests.held) == ([FAILURE, FAILURE], [], 0)


@pytest.mark.parametrize(
    ("workload", "late", "answers"),
    [
        (KNOWN, False, [Drained(jobs=0)]),
        (replace(KNOWN, jobs={"a": JOB}), False, []),
        (replace(KNOWN, journals_read=False), False, []),
        (replace(KNOWN, jobs={"a": JOB}), True, [Drained(jobs=1)]),
    ],
    ids=["no call is left", "one is", "it is not known", "its time is over"],
)
def test_a_drain_is_answered_after_the_last_call_or_at_its_time(workload: Workload, late: bool, answers: list[Message]) -> None:
    desk = Desk()
    assert desk.requests.drain(desk.answers.append)
    for _ in range(2):
        desk.requests.answer_drains(workload, late=late)
        assert desk.answers == answers


def test_drains_are_bounded() -> None:
    desk = Desk()
    assert all(desk.requests.drain(desk.answers.append) for _ in range(MAX_HELD))
    assert not desk.requests.drain(desk.answers.append)
    assert desk.errors == ["SystemUnavailableError"]


def test_at_the_end_everybody_is_told() -> None:
    desk = Desk()
    desk.requests.wait(desk.request())
    desk.park(START)
    desk.requests.drain(desk.answers.append)
    desk.requests.close()
    assert (desk.errors, desk.handled) == (["SystemUnavailableError"] * 3, [])

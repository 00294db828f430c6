from hypothesis import given
from hypothesis import strategies as st

from actors.job_context.facts import (
    MAX_PARTICIPANTS,
    MAX_TEXT_CHARS,
    JobFacts,
    joined,
    left,
    session_ended,
    session_started,
    stopped,
)
from actors.job_context.status import JobStatus
from protocols import MAX_WIRE_BYTES, Envelope, JobContextInfo, Participant, encode_envelope

FACTS = JobFacts(job_id="7f3a", room="shop", created_wall_s=3.0)


def someone(identity: str, name: str = "") -> Participant:
    return Participant(identity=identity, name=name, kind="standard")


def test_a_job_runs_and_completes() -> None:
    facts = session_started(FACTS, 1)
    assert (facts.status, facts.incarnations) == (JobStatus.RUNNING, 1)
    facts = session_started(facts, 2)
    assert (facts.status, facts.incarnations) == (JobStatus.RUNNING, 2)
    facts = session_ended(facts, "normal")
    assert (facts.status, facts.end_reason) == (JobStatus.COMPLETED, "normal")
    assert session_started(facts, 3).status is JobStatus.COMPLETED
    assert stopped(facts, "shutdown") == facts


def test_a_late_word_of_an_older_life_changes_nothing() -> None:
    facts = session_started(FACTS, 3)
    assert session_started(facts, 2) == facts
    assert session_started(FACTS, 0) == FACTS


def test_the_first_end_is_told() -> None:
    facts = session_ended(session_started(FACTS, 1), "error:ValueError: x")
    assert session_ended(facts, "normal") == facts
    assert (facts.status, facts.end_reason) == (JobStatus.FAILED, "error:ValueError: x")
    assert stopped(FACTS, "shutdown").status is JobStatus.TERMINATED


def test_a_call_that_is_given_up_has_failed_however_it_ends() -> None:
    given_up = session_started(JobFacts(job_id="7f3a", failure="it died too often"), 7)
    for facts in (session_ended(given_up, "failed: it died too often"), stopped(given_up, "shutdown")):
        assert facts.status is JobStatus.FAILED
        assert "it died too often" in facts.end_reason


def test_participants_come_and_go_in_order() -> None:
    facts = joined(joined(joined(FACTS, someone("b")), someone("a")), someone("b", "Bea"))
    assert facts.to_info() == JobContextInfo(
        job_id="7f3a", status="created", room="shop", participants=(someone("b", "Bea"), someone("a")), incarnations=0
    )
    assert list(left(left(facts, "b"), "nobody").participants) == ["a"]


def test_participants_are_bounded() -> None:
    facts = FACTS
    for number in range(MAX_PARTICIPANTS):
        facts = joined(facts, Participant(identity=f"{number:03}" + "é" * (MAX_TEXT_CHARS - 3), name="é" * 9_999, kind="é" * 9_999))
    assert joined(facts, someone("one more")).unlisted == 1
    assert joined(facts, next(iter(facts.participants.values()))).unlisted == 0
    assert joined(joined(FACTS, someone("")), someone("x" * (MAX_TEXT_CHARS + 1))).unlisted == 2
    answer = Envelope(message=facts.to_info(), message_id="m", to_id="i", to_uid="u")
    assert len(encode_envelope(answer)) < MAX_WIRE_BYTES
    assert len(session_ended(FACTS, "x" * 9_999).end_reason) == MAX_TEXT_CHARS


@given(st.lists(st.tuples(st.sampled_from(["joined", "left"]), st.sampled_from("abc")), max_size=30))
def test_who_is_in_the_room_is_who_joined_and_did_not_leave(steps: list[tuple[str, str]]) -> None:
    facts, model = FACTS, set[str]()
    for what, who in steps:
        if what == "joined":
            facts = joined(facts, someone(who))
            model.add(who)
        else:
            facts = left(facts, who)
            model.discard(who)
    assert set(facts.participants) == model
    assert facts.to_figures()["participants"] == len(model)

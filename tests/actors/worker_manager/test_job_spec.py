import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.worker_manager.arguments import WorkerManagerArguments
from actors.worker_manager.job_spec import job_spec, require_job_id
from protocols import InvalidSpecError, StartJob, UsageError
from supervision import ChildSpec, ChildType, Restart

OPTIONS = WorkerManagerArguments(
    actors={"supervisor": "supervision:Supervisor", "job_context": "actors.job_context:JobContext", "agent_session": "a.b:AgentSession"},
    heartbeat_ms=5_000,
)
AGENT = {"instructions": "sell pizza", "tools": []}


def test_the_tree_of_a_job() -> None:
    spec = job_spec(StartJob(job_id="7f3a", agent=AGENT, options={"room": "shop", "journal_dir": None}), OPTIONS)
    assert (spec.id, spec.name, spec.title) == ("job/7f3a", "job/7f3a", "job 7f3a")
    assert (spec.actor, spec.type, spec.restart) == ("supervision:Supervisor", ChildType.SUPERVISOR, Restart.TEMPORARY)
    assert spec.args["flags"] == {
        "strategy": "rest_for_one",
        "max_restarts": 5,
        "max_seconds": 60,
        "auto_shutdown": "any_significant",
        "backoff": None,
    }
    context, session = map(ChildSpec.from_wire, spec.args["children"])
    assert (context.name, context.title, context.restart) == ("job_context/7f3a", "job_context 7f3a", Restart.PERMANENT)
    assert context.args == {"job_id": "7f3a", "room": "shop", "failure": ""}
    assert (context.light, session.light, session.confined) == (True, False, True)
    assert (session.name, session.title, session.restart, session.significant) == (
        "agent_session/7f3a",
        "agent_session 7f3a",
        Restart.TRANSIENT,
        True,
    )
    assert session.args == {"call_id": "7f3a", "agent": AGENT, "options": {"room": "shop", "journal_dir": None}}
    assert session.memory_bytes == OPTIONS.session_memory_bytes
    assert {each.heartbeat_ms for each in (spec, context, session)} == {5_000}
    assert spec.start_timeout_ms


def test_a_farewell_has_one_life_and_the_call_has_failed() -> None:
    spec = job_spec(StartJob(job_id="7f3a", agent=AGENT, options={"farewell_reason": "it died too often"}), OPTIONS)
    assert spec.args["flags"]["max_restarts"] == 0
    assert spec.args["children"][0]["args"]["failure"] == "it died too often"


def test_a_room_is_a_text_or_nothing() -> None:
    spec = job_spec(StartJob(job_id="1", agent={}, options={"room": 3}), OPTIONS)
    assert spec.args["children"][0]["args"]["room"] == ""


def test_what_cannot_travel_is_refused() -> None:
    with pytest.raises(InvalidSpecError, match="msgpack"):
        job_spec(StartJob(job_id="1", agent={"tool": object()}, options={}), OPTIONS)


@given(st.text(max_size=70))
def test_an_id_fits_into_names_files_and_titles(job_id: str) -> None:
    fits = 0 < len(job_id) <= 64 and all(c.isascii() and (c.isalnum() or c in "_.-") for c in job_id)
    if fits:
        require_job_id(job_id)
    else:
        with pytest.raises(UsageError, match="no id of a job"):
            require_job_id(job_id)


@pytest.mark.parametrize("job_id", ["a" * 65, "a/b", "a b", "été", "", "a\n"])
def test_other_ids_are_refused(job_id: str) -> None:
    with pytest.raises(UsageError, match="use 1 to 64 letters"):
        require_job_id(job_id)

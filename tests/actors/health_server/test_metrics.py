from prometheus_client.parser import text_string_to_metric_families

from actors.health_server.metrics import CONTENT_TYPE, exposition
from actors.health_server.snapshot import PARTS, Node, Snapshot
from protocols import Breakers, BreakerState
from support.health_answers import healthy

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(snapshot: Snapshot) -> Samples:
    families = text_string_to_metric_families(exposition(snapshot).decode())
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def test_everything_that_was_counted_is_exposed() -> None:
    session = Node(id="agent_session/7f3a", type="worker", state="running")
    tree = Node(id="application", type="supervisor", state="running", children=(session, session))
    found = samples(Snapshot(wall_s=7.0, took_s=0.25, answers=healthy(), tree=tree))
    assert {key: value for key, value in found.items() if key[0] != "livekitex_up"} == {
        ("livekitex_ready", ()): 1.0,
        ("livekitex_collection_seconds", ()): 0.25,
        ("livekitex_jobs", ()): 1.0,
        ("livekitex_jobs_max", ()): 8.0,
        ("livekitex_jobs_accepted_total", ()): 3.0,
        ("livekitex_jobs_refused_total", ()): 2.0,
        ("livekitex_processes", (("role", "agent_session"), ("state", "running"))): 2.0,
        ("livekitex_processes", (("role", "application"), ("state", "running"))): 1.0,
        ("livekitex_tool_calls_total", (("tool", "price_of"),)): 4.0,
        ("livekitex_tool_failures_total", (("tool", "price_of"),)): 1.0,
        ("livekitex_tool_seconds_total", (("tool", "price_of"),)): 0.25,
        ("livekitex_breaker_state", (("service", "llm"), ("state", "closed"))): 1.0,
        ("livekitex_breaker_state", (("service", "llm"), ("state", "open"))): 0.0,
        ("livekitex_breaker_state", (("service", "llm"), ("state", "half_open"))): 0.0,
        ("livekitex_breaker_state", (("service", "stt"), ("state", "closed"))): 0.0,
        ("livekitex_breaker_state", (("service", "stt"), ("state", "open"))): 1.0,
        ("livekitex_breaker_state", (("service", "stt"), ("state", "half_open"))): 0.0,
        ("livekitex_breaker_failures", (("service", "llm"),)): 1.0,
        ("livekitex_breaker_failures", (("service", "stt"),)): 5.0,
        ("livekitex_audio_seconds_total", (("direction", "in"),)): 2.5,
        ("livekitex_audio_seconds_total", (("direction", "out"),)): 1.5,
        ("livekitex_audio_seconds_total", (("direction", "dropped"),)): 0.5,
        ("livekitex_audio_conversions_total", ()): 3.0,
        ("livekitex_audio_refused_total", ()): 1.0,
    }
    assert all(found["livekitex_up", (("part", part),)] == 1.0 for part in PARTS)


def test_nothing_is_made_up_for_who_did_not_answer() -> None:
    found = samples(Snapshot(wall_s=7.0, took_s=0.5))
    assert found == {
        **{("livekitex_up", (("part", part),)): 0.0 for part in PARTS},
        ("livekitex_ready", ()): 0.0,
        ("livekitex_collection_seconds", ()): 0.5,
    }


def test_odd_names_are_escaped() -> None:
    odd = 'say "hi"\n\\'
    breakers = Breakers(breakers=(BreakerState(service=odd, state="open", failures=2),))
    found = samples(Snapshot(wall_s=7.0, took_s=0.5, answers={"breakers": breakers}))
    assert found["livekitex_breaker_failures", (("service", odd),)] == 2.0


def test_nothing_else_of_the_process_shows_up() -> None:
    text = exposition(Snapshot(wall_s=7.0, took_s=0.5)).decode()
    assert "python_info" not in text
    assert CONTENT_TYPE.startswith("text/plain; version=0.0.4")

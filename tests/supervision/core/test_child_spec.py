from contextlib import suppress

import msgpack
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocols import KILLED, NORMAL, SHUTDOWN, ExitReason, InvalidSpecError, abnormal
from supervision.core import ChildSpec, ChildType, Restart, Shutdown
from supervision.core.child_spec import WORKER_SHUTDOWN_MS, WORKER_START_TIMEOUT_MS

args = st.dictionaries(st.text(max_size=5), st.one_of(st.none(), st.booleans(), st.integers(-1000, 1000), st.text(max_size=5)), max_size=3)


junk = st.dictionaries(st.sampled_from(["restart", "shutdown", "significant", "type", "title"]), st.integers() | st.text() | st.none())


@st.composite
def specs(draw: st.DrawFn) -> ChildSpec:
    restart = draw(st.sampled_from(Restart))
    return ChildSpec(
        id=draw(st.text(min_size=1, max_size=10)),
        actor=draw(st.sampled_from(["actors.health:HealthServer", "m:Outer.Inner"])),
        args=draw(args),
        restart=restart,
        significant=restart is not Restart.PERMANENT and draw(st.booleans()),
        type=draw(st.sampled_from(ChildType)),
        shutdown=draw(st.one_of(st.none(), st.sampled_from(Shutdown), st.integers(0, 10_000))),
        name=draw(st.text(max_size=5)),
        title=draw(st.text(max_size=5)),
        memory_bytes=draw(st.integers(0, 1000)),
        start_timeout_ms=draw(st.one_of(st.none(), st.integers(1, 1000))),
        heartbeat_ms=draw(st.one_of(st.none(), st.integers(1, 1000))),
        is_registry=draw(st.booleans()),
        confined=draw(st.booleans()),
    )


@given(specs())
@example(ChildSpec(id="a", actor="m:C"))
def test_it_travels_as_msgpack(spec: ChildSpec) -> None:
    assert ChildSpec.from_wire(msgpack.unpackb(msgpack.packb(spec.to_wire()))) == spec
    assert hash(spec) == hash(ChildSpec.from_wire(spec.to_wire()))


@given(st.one_of(st.none(), st.text(), st.integers(), junk.map(lambda fields: {"id": "a", "actor": "m:C"} | fields)))
def test_any_wire_value_is_a_specification_or_refused(wire: object) -> None:
    with suppress(InvalidSpecError):
        spec = ChildSpec.from_wire(wire)
        assert ChildSpec.from_wire(spec.to_wire()) == spec


def test_defaults_of_a_worker() -> None:
    spec = ChildSpec(id="a", actor="m:C")
    assert (spec.restart, spec.shutdown, spec.start_timeout_ms) == (Restart.PERMANENT, WORKER_SHUTDOWN_MS, WORKER_START_TIMEOUT_MS)
    assert (spec.grace_ms, spec.brutal) == (5_000, False)


def test_defaults_of_a_supervisor() -> None:
    spec = ChildSpec(id="a", actor="m:C", type=ChildType.SUPERVISOR)
    assert (spec.shutdown, spec.start_timeout_ms, spec.grace_ms) == (Shutdown.INFINITY, None, None)


def test_a_brutal_kill_grants_no_time() -> None:
    spec = ChildSpec(id="a", actor="m:C", shutdown=Shutdown.BRUTAL_KILL)
    assert (spec.brutal, spec.grace_ms) == (True, None)


def test_words_become_members() -> None:
    spec = ChildSpec.from_wire({"id": "a", "actor": "m:C", "restart": "transient", "type": "supervisor", "shutdown": "brutal_kill"})
    assert spec.restart is Restart.TRANSIENT
    assert spec.type is ChildType.SUPERVISOR
    assert spec.shutdown is Shutdown.BRUTAL_KILL


def test_arguments_cannot_be_changed_from_outside() -> None:
    mine = {"rate": 1}
    spec = ChildSpec(id="a", actor="m:C", args=mine)
    mine["rate"] = 2
    assert spec.args["rate"] == 1
    with pytest.raises(TypeError):
        spec.args["rate"] = 2  # type: ignore[index]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"id": ""}, "invalid_id:"),
        ({"id": 7}, "invalid_id:7"),
        ({"actor": "no_class"}, "invalid_actor:no_class"),
        ({"actor": ":C"}, "invalid_actor::C"),
        ({"actor": "a..b:C"}, "invalid_actor:a..b:C"),
        ({"args": []}, "invalid_args"),
        ({"args": {1: 2}}, "invalid_args"),
        ({"args": {"f": object()}}, "invalid_args"),
        ({"args": {"n": 2**70}}, "invalid_args"),
        ({"restart": "sometimes"}, "invalid_restart_type:sometimes"),
        ({"significant": 1}, "invalid_significant:1"),
        ({"significant": True}, "bad_combination:restart=permanent,significant=true"),
        ({"type": "boss"}, "invalid_child_type:boss"),
        ({"shutdown": -5}, "invalid_shutdown:-5"),
        ({"shutdown": "soon"}, "invalid_shutdown:soon"),
        ({"shutdown": 1.5}, "invalid_shutdown:1.5"),
        ({"name": 1}, "invalid_name:1"),
        ({"title": 1}, "invalid_title:1"),
        ({"memory_bytes": -1}, "invalid_memory_bytes:-1"),
        ({"start_timeout_ms": 0}, "invalid_start_timeout_ms:0"),
        ({"heartbeat_ms": 0}, "invalid_heartbeat_ms:0"),
        ({"is_registry": "yes"}, "invalid_is_registry:yes"),
        ({"confined": 1}, "invalid_confined:1"),
        ({"light": "yes"}, "invalid_light:yes"),
        ({"light": True, "type": "supervisor"}, "bad_combination:light=true,type"),
        ({"light": True, "confined": True}, "bad_combination:light=true,confined"),
        ({"light": True, "memory_bytes": 1}, "bad_combination:light=true,memory_bytes"),
        ({"colour": "red"}, "invalid_child_spec:colour"),
    ],
)
def test_it_is_refused_where_it_is_made(fields: dict[str, object], reason: str) -> None:
    with pytest.raises(InvalidSpecError) as caught:
        ChildSpec.from_wire({"id": "a", "actor": "m:C"} | fields)
    assert caught.value.reason == reason


def test_a_worker_may_be_light() -> None:
    assert ChildSpec.from_wire({"id": "a", "actor": "m:C", "light": True}).light


@pytest.mark.parametrize("missing", ["id", "actor"])
def test_what_every_child_needs(missing: str) -> None:
    wire = {"id": "a", "actor": "m:C"}
    del wire[missing]
    with pytest.raises(InvalidSpecError) as caught:
        ChildSpec.from_wire(wire)
    assert caught.value.reason == f"missing_{missing}"


def test_where_none_may_be_significant_that_is_said_first() -> None:
    wire = {"id": "a", "actor": "m:C", "significant": True}
    with pytest.raises(InvalidSpecError) as caught:
        ChildSpec.from_wire(wire, may_be_significant=False)
    assert caught.value.reason == "bad_combination:auto_shutdown=never,significant=true"
    with pytest.raises(InvalidSpecError) as caught:
        ChildSpec.from_wire(wire | {"restart": "sometimes"}, may_be_significant=False)
    assert caught.value.reason == "invalid_restart_type:sometimes"
    assert ChildSpec.from_wire({"id": "a", "actor": "m:C"}, may_be_significant=False).id == "a"


@pytest.mark.parametrize("reason", [NORMAL, SHUTDOWN, ExitReason.parse("shutdown:term"), abnormal("boom"), KILLED])
def test_who_is_restarted(reason: ExitReason) -> None:
    assert Restart.PERMANENT.applies(reason)
    assert Restart.TRANSIENT.applies(reason) is (reason in (abnormal("boom"), KILLED))
    assert not Restart.TEMPORARY.applies(reason)

from hypothesis import given
from hypothesis import strategies as st

from protocols import ChildCounts
from supervision.core import Child, Children, ChildType, Restart, Status
from supervision.core.effects import ChildRow
from support.machines import spec


def child(key: str, status: Status = Status.RUNNING, uid: str = "", **fields: object) -> Child:
    return Child(key=key, spec=spec(key, **fields), status=status, uid=uid)


def test_a_new_key_goes_last_and_a_known_one_keeps_its_place() -> None:
    family = Children().put(child("a")).put(child("b")).put(child("c")).put(child("a", Status.DOWN))
    assert [member.key for member in family] == ["a", "b", "c"]
    assert family["a"].status is Status.DOWN
    assert len(family) == 3
    assert family.get("b") == child("b")
    assert family.get("x") is None


def test_a_child_has_the_restart_type_of_its_specification() -> None:
    assert child("a", restart="transient").restart is Restart.TRANSIENT


def test_a_change_makes_a_new_value() -> None:
    before = Children().put(child("a"))
    after = before.remove("a")
    assert [len(before), len(after)] == [1, 0]


def test_a_life_is_known_while_it_runs_or_is_restarting() -> None:
    family = Children().put(child("a", uid="1"))
    assert family.living("1") == family.by_uid("1") == child("a", uid="1")
    assert family.put(child("a", Status.RESTARTING, "1")).living("1") is not None
    for over in (family.put(child("a", Status.STOPPED, "1")), family.put(child("a", Status.DOWN)), family.remove("a")):
        assert over.living("1") is None
    assert family.put(child("a", uid="2")).living("1") is None


def test_who_never_lived_has_no_life() -> None:
    assert Children().put(child("a", Status.RESTARTING)).living("") is None


def test_the_listing_is_youngest_first() -> None:
    family = Children()
    for member in (child("a", uid="1"), child("b", Status.RESTARTING, "2"), child("c", Status.STOPPED, "3"), child("d", Status.DOWN)):
        family = family.put(member)
    assert family.listing().rows == (
        ChildRow("d", "undefined", ChildType.WORKER, ""),
        ChildRow("c", "undefined", ChildType.WORKER, ""),
        ChildRow("b", "restarting", ChildType.WORKER, ""),
        ChildRow("a", "running", ChildType.WORKER, "", "1"),
    )


def test_the_counts() -> None:
    family = Children().put(child("a", uid="1")).put(child("b", uid="2", type=ChildType.SUPERVISOR)).put(child("c", Status.RESTARTING, "3"))
    assert family.counts() == ChildCounts(specs=3, active=2, supervisors=1, workers=2)
    assert family.counts(dead={"1"}).active == 1


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(Status), st.booleans())))
def test_it_is_an_ordered_map_with_an_index(changes: list[tuple[str, Status, bool]]) -> None:
    family, model = Children(), dict[str, Child]()
    for number, (key, status, remove) in enumerate(changes):
        if remove and key in model:
            family = family.remove(key)
            del model[key]
        elif not remove:
            model[key] = child(key, status, str(number))
            family = family.put(model[key])
        assert list(family) == list(model.values())
        for member in model.values():
            assert family.living(member.uid) == (member if member.status.has_process else None)

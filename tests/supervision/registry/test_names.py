from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from protocols import MAX_REASON_CHARS, MAX_WIRE_BYTES, Envelope, NameChanged, Ref, encode_envelope
from supervision.registry.names import (
    MAX_ADDRESS_BYTES,
    MAX_ENDED,
    MAX_NAME_BYTES,
    MAX_NAMES,
    MAX_WATCHES,
    Entry,
    NameTable,
    Notice,
    Step,
    register,
    unregister,
    watch,
)


def life(name: str, number: int = 1) -> Ref:
    return Ref(id=name, uid=f"{name}#{number}", address="127.0.0.1:1")


def changes(notices: Iterable[Notice], to: Ref | None = None) -> list[tuple[str, Ref | None, str, bool]]:
    return [(n.change.name, n.change.ref, n.change.reason, n.change.final) for n in notices if to in (None, n.to)]


def table_of(*names: str, owner: str = "") -> NameTable:
    table = NameTable()
    for name in names:
        table, _ = register(table, name, life(name), owner)
    return table


def test_a_name_is_found_until_it_ends() -> None:
    table = table_of("a")
    assert table.lookup("a") == life("a")
    table, _ = unregister(table, "a", life("a").uid, "normal", final=True)
    assert table.lookup("a") is None


def test_the_newest_life_has_the_name_and_the_end_of_an_older_one_is_ignored() -> None:
    table, _ = register(table_of("a"), "a", life("a", 2))
    assert unregister(table, "a", life("a", 1).uid, "killed", final=False) == (table, ())
    assert table.lookup("a") == life("a", 2)


def test_what_is_said_twice_is_no_news() -> None:
    table, _ = watch(table_of("a"), life("w"), "")
    assert register(table, "a", life("a")) == (table, ())


def test_the_late_word_of_the_dead_is_ignored() -> None:
    table, _ = unregister(table_of("a"), "a", life("a").uid, "killed", final=False)
    assert register(table, "a", life("a")) == (table, ())
    assert watch(table, life("a"), "") == (table, ())


def test_what_a_dead_supervisor_announces_is_dead_too_and_its_children_with_it() -> None:
    table, _ = unregister(table_of("a"), "a", life("a").uid, "killed", final=False)
    table, _ = register(table, "grandchild", life("grandchild"), owner=life("child").uid)
    table, _ = watch(table, life("w"), "")
    table, notices = register(table, "child", life("child"), owner=life("a").uid)
    assert (table.entries, changes(notices)) == ({}, [("grandchild", None, "error:child ended", False)])


def test_only_a_final_end_of_a_name_that_nobody_has_is_news() -> None:
    table, _ = watch(NameTable(), life("w"), "job/")
    assert unregister(table, "job/1", "u", "killed", final=False) == (table, ())
    assert unregister(table, "x" * (MAX_NAME_BYTES + 1), "u", "killed", final=True) == (table, ())
    _, notices = unregister(table, "job/1", "u", "killed", final=True)
    assert changes(notices) == [("job/1", None, "killed", True)]


def test_names_end_with_the_supervisor_that_announced_them() -> None:
    table = table_of("partition/0", "partition/1")
    table, _ = register(table, "job/1", life("job/1"), owner=life("partition/0").uid)
    table, _ = register(table, "agent_session/1", life("agent_session/1"), owner=life("job/1").uid)
    table, _ = watch(table, life("w"), "")
    table, notices = unregister(table, "partition/0", life("partition/0").uid, "killed", final=False)
    assert [found.name for found in table.list_names("").found] == ["partition/1"]
    assert changes(notices) == [
        ("partition/0", None, "killed", False),
        ("job/1", None, "error:partition/0 ended", False),
        ("agent_session/1", None, "error:partition/0 ended", False),
    ]


def test_a_replaced_supervisor_takes_its_children_along() -> None:
    table = table_of("s")
    table, _ = register(table, "child", life("child"), owner=life("s").uid)
    table, _ = watch(table, life("w"), "")
    table, notices = register(table, "s", life("s", 2))
    assert changes(notices) == [("s", life("s", 2), "", False), ("child", None, "error:s ended", False)]
    table, _ = register(table, "child", life("child", 2), owner=life("s", 2).uid)
    assert table.lookup("child") == life("child", 2)


def test_a_name_cannot_pass_to_a_dependent_of_its_earlier_life() -> None:
    table, _ = watch(table_of("s"), life("w"), "")
    table, notices = register(table, "s", life("s", 2), owner=life("s").uid)
    assert table.entries == {}
    assert changes(notices) == [("s", None, "error:s ended", False)]


def test_a_life_may_change_its_address() -> None:
    moved = Ref(id="a", uid=life("a").uid, address="127.0.0.1:2")
    table, _ = register(table_of("a"), "a", moved)
    assert table.lookup("a") == moved


def test_a_watcher_is_told_the_present_then_the_changes_of_its_prefix() -> None:
    table, notices = watch(table_of("job/2", "job/1", "other"), life("w"), "job/")
    assert changes(notices, life("w")) == [("job/1", life("job/1"), "", False), ("job/2", life("job/2"), "", False)]
    assert register(table, "other/2", life("other/2"))[1] == ()
    _, notices = register(table, "job/3", life("job/3"))
    assert changes(notices, life("w")) == [("job/3", life("job/3"), "", False)]


def test_overlapping_prefixes_tell_a_change_once() -> None:
    table, _ = watch(NameTable(), life("w"), "job/")
    table, _ = watch(table, life("w"), "jo")
    assert len(register(table, "job/1", life("job/1"))[1]) == 1


def test_asking_again_replaces_and_a_new_life_replaces_the_old_one() -> None:
    table, _ = watch(NameTable(), life("w"), "a")
    table, _ = watch(table, life("w"), "b")
    table, _ = watch(table, life("w"), "a")
    assert [w.prefix for w in table.watches] == ["b", "a"]
    table, _ = watch(table, life("w", 2), "c")
    assert [(w.watcher, w.prefix) for w in table.watches] == [(life("w", 2), "c")]


def test_the_watches_of_a_watcher_end_with_it() -> None:
    table, _ = watch(table_of("w"), life("w"), "")
    table, notices = unregister(table, "w", life("w").uid, "killed", final=False)
    assert (table.watches, notices) == ((), ())


def test_beyond_the_bound_the_oldest_watch_goes() -> None:
    table = NameTable()
    for number in range(MAX_WATCHES + 1):
        table, _ = watch(table, life(f"w{number}"), "")
    assert (len(table.watches), table.watches[0].watcher, table.watches_dropped) == (MAX_WATCHES, life("w1"), 1)


def test_beyond_the_bound_names_are_refused_but_lives_still_change() -> None:
    table = NameTable(entries={str(n): Entry(ref=life(str(n))) for n in range(MAX_NAMES)})
    table, notices = register(table, "one more", life("one more"))
    assert (len(table.entries), table.refused, notices) == (MAX_NAMES, 1, ())
    table, _ = register(table, "0", life("0", 2))
    assert table.lookup("0") == life("0", 2)


def test_overlong_texts_are_refused() -> None:
    for name, ref in [
        ("", life("a")),
        ("n" * (MAX_NAME_BYTES + 1), life("a")),
        ("a", Ref(id="i" * (MAX_NAME_BYTES + 1), uid="u", address="x")),
        ("a", Ref(id="a", uid="u" * (MAX_ADDRESS_BYTES + 1), address="x")),
        ("a", Ref(id="a", uid="u", address="x" * (MAX_ADDRESS_BYTES + 1))),
    ]:
        table, _ = register(NameTable(), name, ref)
        assert (table.entries, table.refused) == ({}, 1)
    table, _ = watch(NameTable(), life("w"), "p" * (MAX_NAME_BYTES + 1))
    assert (table.watches, table.refused) == ((), 1)


def test_a_long_reason_is_cut() -> None:
    table, _ = watch(table_of("a"), life("w"), "")
    _, notices = unregister(table, "a", life("a").uid, "x" * 10_000, final=True)
    assert len(notices[0].change.reason) == MAX_REASON_CHARS


def test_the_fullest_table_is_listed_in_pages_each_of_which_fits_into_a_message() -> None:
    def padded(number: int, length: int) -> str:
        return f"{number:04}" + "é" * ((length - 4) // 2)

    entries = {
        padded(n, MAX_NAME_BYTES): Entry(ref=Ref(id="i" * MAX_NAME_BYTES, uid="u" * MAX_ADDRESS_BYTES, address="x" * MAX_ADDRESS_BYTES))
        for n in range(MAX_NAMES)
    }
    table, listed, more = NameTable(entries=entries), list[str](), True
    while more:
        names = table.list_names("", listed[-1] if listed else "")
        assert len(encode_envelope(Envelope(message=names, message_id="m" * 64, to_id="i" * 128, to_uid="u" * 64))) <= MAX_WIRE_BYTES
        listed += [found.name for found in names.found]
        more = names.more
    assert listed == sorted(entries)


@pytest.mark.parametrize(
    ("prefix", "after", "listed"), [("", "a", ["b/1", "b/2"]), ("b/", "", ["b/1", "b/2"]), ("b/", "b/1", ["b/2"]), ("c", "", [])]
)
def test_a_list_begins_behind_a_name_and_holds_those_with_the_prefix(prefix: str, after: str, listed: list[str]) -> None:
    table = NameTable(entries={name: Entry(ref=life(name)) for name in ("b/2", "a", "b/1")})
    names = table.list_names(prefix, after)
    assert ([found.name for found in names.found], names.more) == (listed, False)


@given(st.integers(0, 3 * MAX_ENDED))
@settings(max_examples=5)
def test_the_memory_of_the_dead_is_bounded(deaths: int) -> None:
    table = NameTable()
    for number in range(deaths):
        table, _ = register(table, "a", life("a", number))
    assert len(table.ended) == min(max(0, deaths - 1), MAX_ENDED)


class RegistryMachine(RuleBasedStateMachine):
    """The table beside the plainest model: a tree of lives. Watchers rebuild the names from what they are told alone."""

    lives = Bundle("lives")

    @initialize(target=lives)
    def root(self) -> Ref:
        self.table = NameTable()
        self.model: dict[str, Ref] = {}  # the names of the living
        self.announced_by: dict[str, str] = {}  # uid -> uid of its supervisor
        self.dead: set[str] = set()
        self.views: dict[Ref, tuple[set[str], dict[str, Ref]]] = {}
        self.count = 0
        self.apply(register(self.table, "root", life("root")))
        self.model["root"] = life("root")
        return life("root")

    def apply(self, step: Step) -> None:
        self.table, notices = step
        for notice in notices:
            if notice.to not in self.views:
                raise AssertionError(f"{notice.to} did not ask")
            prefixes, view = self.views[notice.to]
            assert any(notice.change.name.startswith(prefix) for prefix in prefixes)
            if notice.change.ref is None:
                view.pop(notice.change.name, None)
            else:
                view[notice.change.name] = notice.change.ref

    def kill(self, uid: str) -> None:
        self.dead.add(uid)
        self.model = {name: ref for name, ref in self.model.items() if ref.uid != uid}
        for watcher in [watcher for watcher in self.views if watcher.uid == uid]:
            del self.views[watcher]
        for child in [child for child, owner in self.announced_by.items() if owner == uid and child not in self.dead]:
            self.kill(child)

    @rule(target=lives, owner=lives, name=st.sampled_from(["a", "ab", "b", "b/1", "c"]))
    def start(self, owner: Ref, name: str) -> Ref:
        self.count += 1
        new = life(name, self.count)
        self.apply(register(self.table, name, new, owner.uid))
        if owner.uid not in self.dead and name in self.model:
            self.kill(self.model[name].uid)
        if owner.uid in self.dead:
            self.dead.add(new.uid)
        else:
            self.model[name] = new
            self.announced_by[new.uid] = owner.uid
        return new

    @rule(ref=lives, final=st.booleans())
    def end(self, ref: Ref, final: bool) -> None:
        if ref.id == "root":
            return
        self.apply(unregister(self.table, ref.id, ref.uid, "killed", final=final))
        if self.model.get(ref.id) == ref:
            self.kill(ref.uid)

    @rule(ref=lives, owner=lives)
    def announce_again(self, ref: Ref, owner: Ref) -> None:
        if self.model.get(ref.id) == ref:
            before = self.table
            self.apply(register(self.table, ref.id, ref, owner.uid))
            assert self.table == before

    @rule(watcher=lives, prefix=st.sampled_from(["", "a", "b", "b/"]))
    def ask_to_watch(self, watcher: Ref, prefix: str) -> None:
        if watcher.uid in self.dead:
            return
        for other in [other for other in self.views if other.id == watcher.id and other != watcher]:
            del self.views[other]
        self.views.setdefault(watcher, (set(), {}))[0].add(prefix)
        self.apply(watch(self.table, watcher, prefix))

    @invariant()
    def names_are_the_models(self) -> None:
        assert {found.name: found.ref for found in self.table.list_names("").found} == self.model
        assert all(self.table.lookup(name) == ref for name, ref in self.model.items())

    @invariant()
    def what_watchers_know_is_true(self) -> None:
        for prefixes, view in self.views.values():
            assert view == {name: ref for name, ref in self.model.items() if any(map(name.startswith, prefixes))}


TestRegistryMachine = RegistryMachine.TestCase
TestRegistryMachine.settings = settings(max_examples=60, stateful_step_count=40)


def test_a_notice_is_the_message() -> None:
    _, notices = watch(table_of("a"), life("w"), "")
    assert notices[0].change == NameChanged(name="a", ref=life("a"))

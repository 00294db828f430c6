from protocols import (
    Figures,
    Found,
    GetFigures,
    GetSession,
    ListNames,
    Lookup,
    NameChanged,
    Names,
    RegisterName,
    UnregisterName,
    WatchNames,
)
from supervision.registry.actor import Registry
from support.fake_context import FakeContext, ref


def started() -> tuple[FakeContext, Registry]:
    context = FakeContext()
    registry = Registry(context)
    registry.on_start({})
    return context, registry


def test_it_answers_lookups_and_lists() -> None:
    context, registry = started()
    context.deliver(registry, RegisterName(name="b", ref=ref("b")), ref("supervisor"))
    context.deliver(registry, RegisterName(name="a", ref=ref("a")), ref("supervisor"))
    assert context.deliver(registry, Lookup(name="a")) == [Found(name="a", ref=ref("a"))]
    assert context.deliver(registry, Lookup(name="nobody")) == [Found(name="nobody", ref=None)]
    assert context.deliver(registry, ListNames(prefix="")) == [Names(found=(Found(name="a", ref=ref("a")), Found(name="b", ref=ref("b"))))]


def test_watchers_hear_the_present_and_then_each_change() -> None:
    context, registry = started()
    context.deliver(registry, RegisterName(name="a", ref=ref("a")), ref("supervisor"))
    context.deliver(registry, WatchNames(prefix=""), ref("watcher"))
    context.deliver(registry, UnregisterName(name="a", uid=ref("a").uid, reason="killed", final=True), ref("supervisor"))
    assert context.sent == [
        (ref("watcher"), NameChanged(name="a", ref=ref("a"))),
        (ref("watcher"), NameChanged(name="a", ref=None, reason="killed", final=True)),
    ]


def test_names_end_with_the_supervisor_that_sent_them() -> None:
    context, registry = started()
    context.deliver(registry, RegisterName(name="supervisor", ref=ref("supervisor")), ref("root"))
    context.deliver(registry, RegisterName(name="a", ref=ref("a")), ref("supervisor"))
    context.deliver(registry, UnregisterName(name="supervisor", uid=ref("supervisor").uid, reason="killed", final=False), ref("root"))
    assert context.deliver(registry, Lookup(name="a")) == [Found(name="a", ref=None)]


def test_it_counts_and_drops_what_is_not_for_it() -> None:
    context, registry = started()
    context.deliver(registry, RegisterName(name="", ref=ref("a")))
    assert context.deliver(registry, GetSession()) == []
    assert context.deliver(registry, GetFigures()) == [
        Figures(role="registry", figures={"names": 0, "watches": 0, "refused": 1, "watches_dropped": 0})
    ]


def test_who_gives_no_address_cannot_watch_or_own() -> None:
    context, registry = started()
    registry.on_message(WatchNames(prefix=""))
    registry.on_message(RegisterName(name="a", ref=ref("a")))
    assert context.sent == []
    assert context.deliver(registry, Lookup(name="a")) == [Found(name="a", ref=ref("a"))]

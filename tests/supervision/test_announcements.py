from protocols import NORMAL, RegisterName, RegistryChanged, UnregisterName
from supervision.announcements import Announcements
from support.fake_context import FakeContext, ref
from support.machines import spec

REGISTRY, ROOT, ME, CHILD, NESTED = ref("registry"), ref("root"), ref("me"), ref("child"), ref("nested")


def for_a_test(context: FakeContext) -> Announcements:
    return Announcements(context)  # type: ignore[arg-type]


def test_a_named_child_is_registered_while_it_lives() -> None:
    context = FakeContext(registry=REGISTRY)
    announcements = for_a_test(context)
    announcements.up(CHILD, spec("child", name="tools"))
    announcements.down(CHILD.uid, spec("child", name="tools"), NORMAL, final=True)
    assert context.sent == [
        (REGISTRY, RegisterName(name="tools", ref=CHILD)),
        (REGISTRY, UnregisterName(name="tools", uid=CHILD.uid, reason="normal", final=True)),
    ]


def test_a_child_without_a_name_is_nobodys_business() -> None:
    context = FakeContext(registry=REGISTRY)
    announcements = for_a_test(context)
    announcements.up(CHILD, spec("child"))
    announcements.down(CHILD.uid, spec("child"), NORMAL, final=True)
    assert context.sent == []


def test_without_a_registry_nobody_is_told() -> None:
    context = FakeContext()
    announcements = for_a_test(context)
    announcements.up(CHILD, spec("child", name="tools"))
    announcements.down(CHILD.uid, spec("child", name="tools"), NORMAL, final=True)
    announcements.registry_changed()
    assert context.sent == []


def test_the_supervisor_of_the_registry_hears_of_it_by_message() -> None:
    context = FakeContext(self_ref=ME)
    for_a_test(context).up(REGISTRY, spec("registry", is_registry=True))
    assert context.sent == [(ME, RegistryChanged(registry=REGISTRY))]


def test_a_new_registry_is_told_around_and_filled_again() -> None:
    context = FakeContext(self_ref=ME, parent=ROOT, registry=REGISTRY, sender=NESTED)
    announcements = for_a_test(context)
    announcements.up(NESTED, spec("nested"))
    announcements.up(CHILD, spec("child", name="tools"))
    context.sent.clear()
    announcements.registry_changed()
    changed = RegistryChanged(registry=REGISTRY)
    assert context.sent == [(CHILD, changed), (ROOT, changed), (REGISTRY, RegisterName(name="tools", ref=CHILD))]


def test_a_root_has_nobody_above() -> None:
    context = FakeContext(self_ref=ME, registry=REGISTRY, sender=ROOT)
    announcements = for_a_test(context)
    announcements.up(CHILD, spec("child"))
    announcements.registry_changed()
    assert context.sent == [(CHILD, RegistryChanged(registry=REGISTRY))]

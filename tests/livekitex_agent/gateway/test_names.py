from livekitex_agent.gateway.names import GONE, KnownNames
from protocols import Found, NameChanged, Ref


def ref(name: str, life: int = 1) -> Ref:
    return Ref(id=name, uid=f"{name}-{life}", address="here")


def test_a_name_is_its_newest_life_or_nobody() -> None:
    names = KnownNames().changed(NameChanged(name="a", ref=ref("a")))
    assert names.find("a") == ref("a")
    names = names.changed(NameChanged(name="a", ref=ref("a", 2)))
    assert names.find("a") == ref("a", 2)
    names = names.changed(NameChanged(name="a", ref=None)).changed(NameChanged(name="never", ref=None))
    assert names.find("a") is None


def test_a_new_registry_tells_who_has_gone_meanwhile() -> None:
    names = KnownNames().changed(NameChanged(name="a", ref=ref("a"))).changed(NameChanged(name="b", ref=ref("b")))
    names, gone = names.reconciled((Found(name="a", ref=ref("a")), Found(name="c", ref=ref("c"))))
    assert gone == (NameChanged(name="b", ref=None, reason=GONE),)
    assert (names.find("a"), names.find("b"), names.find("c")) == (ref("a"), None, None)

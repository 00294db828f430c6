from protocols import Ref


def test_two_lives_of_one_actor_at_one_address_are_not_the_same() -> None:
    assert Ref(id="a", uid="1", address="x") != Ref(id="a", uid="2", address="x")
    assert len({Ref(id="a", uid="1", address="x"), Ref(id="a", uid="1", address="x")}) == 1

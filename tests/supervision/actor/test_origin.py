from protocols import ExitSignal, RegisterName, RegistryChanged, StartChild, StopSupervisor, TerminateChild, UnregisterName
from supervision.actor import CONFINED_MAY_SEND
from supervision.actor.origin import Origin


def test_nothing_that_changes_what_belongs_to_others_may_be_said_by_user_code() -> None:
    changing = {ExitSignal, RegisterName, RegistryChanged, StartChild, StopSupervisor, TerminateChild, UnregisterName}
    assert not changing & set(CONFINED_MAY_SEND)


def test_a_simulated_and_a_real_end_of_a_connection_are_origins() -> None:
    from protocols import Ref
    from supervision.sim.items import SimOrigin
    from supervision.thespian_seam.address import EndpointAddress

    address = EndpointAddress.of("127.0.0.1", 1, "a", "a1", confined=True)
    me = Ref(id="a", uid="a1", address=str(address))
    ends: list[Origin] = [address, SimOrigin(ref=me, confined=True)]
    for end in ends:
        assert end.confined
        assert end.proves(me)
        assert not end.proves(Ref(id="b", uid="a1", address=me.address))
        assert not end.proves(Ref(id="a", uid="a2", address=me.address))
        assert not end.proves(Ref(id="a", uid="a1", address="127.0.0.1:2#00"))

from supervision.actor import Runtime
from supervision.sim.process import SimProcess


def test_a_simulated_process_is_a_runtime() -> None:
    properties = {"address", "clock", "entropy", "memory"}  # plain attributes of a process
    names = {name for name in vars(Runtime) if not name.startswith("_")}
    assert properties < names
    assert all(hasattr(SimProcess, name) for name in names - properties)

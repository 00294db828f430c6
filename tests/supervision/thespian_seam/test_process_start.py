from dataclasses import replace

from supervision.actor import ActorStart
from supervision.thespian_seam.acceptor import listen
from supervision.thespian_seam.options import SystemOptions
from supervision.thespian_seam.process_start import ProcessStart
from support.seam_endpoints import ENTROPY, KEY


def test_a4_a_process_owns_its_listener_its_pipe_its_memory_and_what_is_kept_for_all() -> None:
    listener, address = listen("127.0.0.1", "peer", ENTROPY.hex_id())
    options = SystemOptions(key=KEY, keep_fds=frozenset({99}))
    actor = ActorStart(actor_id="n", uid="u", actor="m:C")
    start = ProcessStart(actor=actor, options=options, admin=address, address=address, listener=listener, report_fd=97)
    assert start.fds == {listener.fileno(), 97, 99}
    assert replace(start, memory_fd=98).fds == {listener.fileno(), 97, 98, 99}
    listener.close()

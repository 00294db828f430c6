"""``python -m support.seam_launcher FD OPTIONS``: a system of processes for a test, told what to do on descriptor FD."""

import json
import sys

from supervision.actor import ActorStart
from supervision.thespian_seam import SystemOptions, run_launcher

if __name__ == "__main__":
    options = json.loads(sys.argv[2])
    if "key" in options:
        options["key"] = bytes.fromhex(options["key"])
    options["keep_fds"] = frozenset(options.get("keep_fds", ()))
    start = ActorStart(actor_id="gateway", uid="g1", actor="support.seam_actors:Gateway", args={"fd": int(sys.argv[1])}, title="launcher")
    system_options = SystemOptions(**options)
    del options  # with the key, which every child would inherit
    print("ended:", run_launcher(start, system_options), file=sys.stderr)

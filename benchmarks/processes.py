"""What an actor's process costs: ``python -m benchmarks.processes``.

Printed: round trips between two processes (alone, and from a hub with many peers), from the spawn of a child to its start, from
``kill -9`` to the notice of it, each beside a bare fork, and the memory that each process has for itself.
"""

import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.figures import HEADER, bare_fork_ms, row
from protocols import NORMAL, ExitReason, Message, Ping, Ref, SystemEntropy
from supervision import Actor, ActorStart, ChildEvent, ChildExited, ChildStarted, SystemOptions, run_launcher

ROUND_TRIPS = 2000
LIVES = 100
PEERS = 200
TIMEOUT_S = 10.0


class Gateway(Actor):
    """Starts the bench as the root, and ends with it."""

    trap_exit: ClassVar[bool] = True

    def on_start(self, args: Mapping[str, Any]) -> None:
        """Spawn the root."""
        self.context.spawn(ActorStart(actor_id="bench", uid="bench", actor="benchmarks.processes:Bench", args={"floor": args["floor"]}))

    def on_child(self, event: ChildEvent) -> None:
        """The bench is over."""
        if not isinstance(event, ChildStarted):
            self.context.exit(event.reason if isinstance(event, ChildExited) else NORMAL)


class Peer(Actor):
    """Answers pings, as every actor does."""


class Bench(Actor):
    """Measures one thing after the other, and prints."""

    trap_exit: ClassVar[bool] = True

    def on_start(self, args: Mapping[str, Any]) -> None:
        """Begin with the life of a child."""
        print(HEADER)
        print(row("fork and exit of a bare process", args["floor"]))
        self._starts_ms: list[float] = []
        self._notices_ms: list[float] = []
        self._peers: list[Ref] = []
        self._began = 0.0
        self._spawn()

    def _spawn(self) -> None:
        self._began = time.perf_counter()
        uid = self.context.entropy.hex_id()
        self.context.spawn(ActorStart(actor_id=f"peer/{uid}", uid=uid, actor="benchmarks.processes:Peer", title="peer"))

    def on_child(self, event: ChildEvent) -> None:
        """A child is up: kill it, or keep it as a peer. A child is down: the next."""
        took_ms = (time.perf_counter() - self._began) * 1000
        match event:
            case ChildStarted(os_pid=os_pid) if len(self._starts_ms) < LIVES:
                self._starts_ms.append(took_ms)
                self._began = time.perf_counter()
                os.kill(os_pid, signal.SIGKILL)
            case ChildStarted(ref=ref):
                self._peers.append(ref)
                self._started_peer()
            case _:
                self._notices_ms.append(took_ms)
                self._spawn()

    def _started_peer(self) -> None:
        if len(self._peers) == 1:
            print(row("spawn of a child to its start", self._starts_ms))
            print(row("kill -9 of a child to its notice", self._notices_ms))
            self._measure("round trip", self._peers, then=self._spawn)
        elif len(self._peers) < PEERS:
            self._spawn()
        else:
            self._measure(f"round trip, {PEERS} peers in turn", self._peers, then=self._print_memory)

    def _measure(self, what: str, peers: list[Ref], then: Callable[[], None]) -> None:
        figures_ms: list[float] = []

        def ask() -> None:
            began = time.perf_counter()

            def answered(_pong: Message | None) -> None:
                figures_ms.append((time.perf_counter() - began) * 1000)
                if len(figures_ms) < ROUND_TRIPS:
                    ask()
                else:
                    print(row(what, figures_ms[len(peers) :]))  # the first to each peer also connects
                    then()

            peer = peers[len(figures_ms) % len(peers)]
            self.context.ask(peer, Ping(probe=len(figures_ms)), timeout_s=TIMEOUT_S, then=answered)

        ask()

    def _print_memory(self) -> None:
        own_kb = [
            sum(int(line.split()[1]) for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines() if "Private" in line)
            for pid in map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text("ascii").split())
        ]
        print(f"memory of a process's own: median {sorted(own_kb)[len(own_kb) // 2] / 1024:.1f} MB of {len(own_kb)}", flush=True)
        self.context.exit(NORMAL)

    def terminate(self, reason: ExitReason) -> None:
        """Leave the peers to the kernel: they die with their parent."""


if __name__ == "__main__":
    floor = bare_fork_ms()
    run_launcher(
        ActorStart(actor_id="gateway", uid=SystemEntropy().hex_id(), actor="benchmarks.processes:Gateway", args={"floor": floor}),
        SystemOptions(),
    )

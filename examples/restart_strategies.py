"""The three restart strategies on one tree of real processes: the worker b dies, and this shows who has a new process afterwards."""

import asyncio
import os
import signal

from livekitex_agent import AgentSystem, Node
from supervision import Actor, ChildSpec, ChildType, Strategy, SupervisorFlags, supervisor_args


class Worker(Actor):
    """Does nothing; it can be killed all the same."""


def worker(name: str) -> ChildSpec:
    return ChildSpec(id=name, name=name, title=name, actor="restart_strategies:Worker")


def supervisor(strategy: Strategy) -> ChildSpec:
    workers = [worker(f"{strategy}/{name}") for name in "abc"]
    args = supervisor_args(SupervisorFlags(strategy=strategy), workers)
    return ChildSpec(id=strategy, name=strategy, title=strategy, actor="supervision:Supervisor", args=args, type=ChildType.SUPERVISOR)


def processes(tree: Node) -> dict[str, int]:
    return {node.name: node.os_pid for node in tree.walk() if node.state == "running"}


async def main() -> None:
    registry = ChildSpec(id="registry", name="registry", title="registry", actor="supervision:Registry", is_registry=True)
    args = supervisor_args(SupervisorFlags(), [registry, *map(supervisor, Strategy)])
    async with AgentSystem.start(root={"actor": "supervision:Supervisor", "args": args}) as system:
        print("\n".join((await system.tree()).lines()))
        for strategy in Strategy:
            before = processes(await system.tree(strategy))
            os.kill(before[f"{strategy}/b"], signal.SIGKILL)
            after = processes(await system.tree(strategy))
            while after.keys() != before.keys() or after[f"{strategy}/b"] == before[f"{strategy}/b"]:
                after = processes(await system.tree(strategy))
            new = [name.partition("/")[2] for name in before if after[name] != before[name]]
            print(f"{strategy}: b was killed, new processes: {', '.join(new)}")


if __name__ == "__main__":
    asyncio.run(main())

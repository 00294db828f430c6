"""The whole tree whose sessions are forked from generations of programs, with a session that only tells what it was born with.

A program for it defines ``VERSION``, and may leave in ``proc.userdata`` what it likes. To each text its session answers with `Facts`.
"""

import json
import os
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from livekitex_agent import CallHandle, WorkerOptions, composition
from livekitex_agent.program.loading import load_program
from protocols import AgentMessage, SendText
from support.echo_session import EchoSession
from support.echo_tree import children, echo_root

SESSION = f"{__name__}:ForkedSession"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """``parent`` is the process that the call's supervisor was forked from, ``random`` a number of Python's shared generator."""

    version: int
    userdata: dict[str, Any]
    pid: int
    parent: int
    random: float

    @classmethod
    async def of(cls, call: CallHandle, command_id: str) -> Self:
        """What the call's session was born with."""
        await call.send_text("what?", command_id=command_id)
        told = await call.wait_for(AgentMessage, lambda said: said.speech_id == command_id)
        return cls(**json.loads(told.text))


class ForkedSession(EchoSession):
    """See the module."""

    def on_start(self, args: Mapping[str, Any]) -> None:
        program = args["agent"]["program"]
        loaded = load_program(program["place"], program["server"])
        loaded.set_up()
        facts = Facts(
            version=loaded.session_for("").entrypoint.__globals__["VERSION"],
            userdata=loaded.process.userdata,
            pid=os.getpid(),
            parent=_parent_of(os.getppid()),
            random=random.random(),
        )
        self._told = json.dumps(asdict(facts))
        super().on_start({**args, "agent": {"instructions": ""}})

    def _act(self, command: Any, text: str) -> None:
        if isinstance(command, SendText) and text == "what?":
            self._push(AgentMessage(speech_id=command.command_id, text=self._told, interrupted=False))
        else:
            super()._act(command, text)


def forked_root(options: WorkerOptions) -> dict[str, Any]:
    """The whole tree with such sessions."""
    root = echo_root(options, SESSION)
    infrastructure, jobs = children(root)
    (worker_manager,) = (child for child in children(infrastructure) if child["id"] == "worker_manager")
    worker_manager["args"]["actors"]["generation"] = composition.GENERATION
    jobs["args"]["may_start"] = [composition.GENERATION, *worker_manager["args"]["actors"].values()]
    return root


def write_program(path: Path, version: int, *, top: str = "", setup: str = "pass") -> None:
    """A program at ``path``; ``top`` stands at its beginning, ``setup`` is the body of its setup function (one line)."""
    path.write_text(
        f"{top}\n"
        "from livekitex_agent.worker import AgentServer\n"
        f"VERSION = {version}\n"
        "server = AgentServer()\n"
        "def setup(proc):\n"
        f"    {setup}\n"
        "server.setup_fnc = setup\n"
        "@server.rtc_session()\n"
        "async def entrypoint(ctx):\n"
        "    pass\n" + "#" * version + "\n",
        "utf-8",
    )


def write_text(path: Path, text: str) -> None:
    """A program that is none."""
    path.write_text(text, "utf-8")


def _parent_of(pid: int) -> int:
    status = Path(f"/proc/{pid}/stat").read_text("ascii")
    return int(status.rpartition(")")[2].split()[1])

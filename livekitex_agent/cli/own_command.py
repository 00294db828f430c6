"""The command of a program's own script: ``python my_agent.py console``, as LiveKit's."""

import sys
from pathlib import Path

from actors import loading_script
from livekitex_agent.cli.app import run_command
from livekitex_agent.system import GUARD
from livekitex_agent.worker import AgentServer
from livekitex_agent.worker_options import WorkerOptions
from protocols import ConfigurationError


def run_own_command(server: object) -> None:
    """See `livekitex_agent.cli.run_app`."""
    if not isinstance(server, AgentServer | WorkerOptions):
        raise ConfigurationError(
            f"run_app was given a {type(server).__name__}: give it an AgentServer, or WorkerOptions(entrypoint_fnc=...)"
        )
    if script := loading_script():
        raise ConfigurationError(f"{script} runs its command when it is loaded, and a call's process loads it: put run_app under {GUARD}")
    file = getattr(sys.modules["__main__"], "__file__", None)
    if file is None or not Path(file).is_file():
        raise ConfigurationError("a call's process imports the program, and what is typed at a prompt cannot be imported: put it in a file")
    run_command(of_script=Path(file).resolve())

"""The command ``livekitex``, and the same of a program's own: ``cli.run_app(server)`` at the end of a script, as with LiveKit.

A call's process imports the program, and this with it, so nothing here loads what only a terminal needs.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livekitex_agent.worker import AgentServer
    from livekitex_agent.worker_options import WorkerOptions

__all__ = ["main", "run_app"]


def main() -> None:
    """Run the command line.

    Raises:
        SystemExit: always, with the exit code: 0, 1 when it could not be done, 2 for a mistake on the command line, 141 when whoever
            read the output has gone.
    """
    from livekitex_agent.cli.app import run_command

    run_command()


def run_app(server: "AgentServer | WorkerOptions") -> None:
    """Run the script's own command: ``console``, ``dev`` or ``start``, by its arguments, for the program in it.

    A call's process imports the script, so this stands under ``if __name__ == "__main__":``.

    Raises:
        SystemExit: always, as `main`.
        ConfigurationError: there is no script, since it was typed at a prompt, or a call's process has come here; the text names the cure.
    """
    from livekitex_agent.cli.own_command import run_own_command

    run_own_command(server)

"""``python my_agent.py download-files``: what LiveKit's plugins of the program load before they run, as builds of containers ask for."""

import sys
from typing import Any

import typer

from livekitex_agent.cli.streams import tell_failure
from protocols import UsageError


def download_files() -> None:
    """Have the program's plugins load what they need. What is not a plugin needs nothing: its models are inside its packages."""
    agents: Any = sys.modules.get("livekit.agents")  # the script has imported its plugins, and these it
    plugins = agents.Plugin.registered_plugins if agents is not None else ()
    for plugin in plugins:
        typer.echo(f"files of {plugin.package}")
        try:
            plugin.download_files()
        except Exception as failure:  # the plugin's own
            tell_failure("download-files", UsageError(f"{plugin.package}: {type(failure).__name__}: {failure}"))
            raise typer.Exit(1) from failure
    typer.echo(f"{len(plugins)} plugins have their files." if plugins else "There is nothing to load: the program imports no plugin.")

import importlib.metadata
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from livekitex_agent import cli


def test_the_version_is_the_distributions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "version", lambda name: f"{name} 1.2.3")
    done = CliRunner().invoke(cli.app, ["--version"])
    assert (done.exit_code, done.stdout) == (0, "livekitex-agent 1.2.3\n")


def test_a_checkout_that_is_not_installed_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(cli, "version", missing)
    assert "not installed" in CliRunner().invoke(cli.app, ["--version"]).stdout


def test_the_commands_are_listed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; from livekitex_agent.cli import main; main()", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "demo" in done.stdout

import importlib.metadata
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from livekitex_agent.cli.app import TABLES_FROM, make_app
from support import fresh


def test_the_version_is_the_distributions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: f"{name} 1.2.3")
    done = CliRunner().invoke(make_app(80), ["--version"])
    assert (done.exit_code, done.stdout) == (0, "livekitex-agent 1.2.3\n")


def test_a_checkout_that_is_not_installed_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert "not installed" in CliRunner().invoke(make_app(80), ["--version"]).stdout


@pytest.mark.parametrize("columns", [40, TABLES_FROM - 1, TABLES_FROM, 200])
@pytest.mark.parametrize("command", [(), ("demo",), ("doctor",), ("console",), ("check",), ("init",)], ids=" ".join)
def test_help_reads_well_at_any_width(columns: int, command: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(make_app(columns), [*command, "--help"], env={"COLUMNS": str(columns)}).stdout
    lines = shown.splitlines()
    assert max(map(len, lines)) <= columns
    assert "…" not in shown, "nothing is cut off"
    options = {
        "demo": "--wav --text --kill-at --kills --no-journal --out",
        "doctor": "--max-jobs --health-port --journal-dir --json",
        "check": "--json",
        "init": "NAME",
        "console": "--text --wav --kill-at --kills --record --out --llm --stt --tts --base-url --list-devices",
    }
    for word in options.get(" ".join(command), "demo doctor --version").split():
        assert word in shown
    assert ("╭" in shown) == (columns >= TABLES_FROM)


def test_it_is_run_as_a_module_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "livekitex_agent", "nonsense"], env=fresh.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "No such command 'nonsense'." in done.stderr

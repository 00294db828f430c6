"""What a container's build asks of a program: its plugins load their files, and a program without any needs none."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from livekitex_agent.cli.app import make_app


class Plugin:
    package = "livekit.plugins.fake"

    def __init__(self, failure: Exception | None = None) -> None:
        self.loaded, self._failure = 0, failure

    def download_files(self) -> None:
        self.loaded += 1
        if self._failure is not None:
            raise self._failure


def download(monkeypatch: pytest.MonkeyPatch, *plugins: Plugin) -> Any:
    monkeypatch.setitem(sys.modules, "livekit.agents", SimpleNamespace(Plugin=SimpleNamespace(registered_plugins=list(plugins))))
    return CliRunner().invoke(make_app(80, of_script=True), ["download-files"])


def test_each_plugin_loads_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    plugins = Plugin(), Plugin()
    done = download(monkeypatch, *plugins)
    assert (done.exit_code, [plugin.loaded for plugin in plugins]) == (0, [1, 1])
    assert done.stdout.endswith("2 plugins have their files.\n")


def test_a_program_without_plugins_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    done = download(monkeypatch)
    assert (done.exit_code, done.stdout) == (0, "There is nothing to load: the program imports no plugin.\n")


def test_a_plugin_that_cannot_load_them_fails_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    done = download(monkeypatch, Plugin(OSError("no network")))
    assert done.exit_code == 1
    assert "livekit.plugins.fake: OSError: no network" in done.output

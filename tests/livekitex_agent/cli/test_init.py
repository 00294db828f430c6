"""A new project runs at once, its tests pass, and nothing that is there is ever overwritten."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from livekitex_agent.cli.app import make_app
from livekitex_agent.cli.new_project import FILES, write_project
from protocols import ConfigurationError
from support import fresh


def run(*arguments: str, cwd: Path, said: str = "") -> subprocess.CompletedProcess[str]:
    variables = fresh.environment() | {"XDG_STATE_HOME": str(cwd.parent)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=cwd, env=variables, input=said, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.processes
def test_the_new_project_talks_offline_and_its_tests_pass(tmp_path: Path) -> None:
    done = run("-m", "livekitex_agent", "init", "shop", cwd=tmp_path)
    assert (done.returncode, "cd shop && livekitex console --text" in done.stdout) == (0, True), done.stderr
    folder = tmp_path / "shop"
    talked = run("-m", "livekitex_agent", "console", "--text", cwd=folder, said="price of a pizza\norder a salad\n/kill\norder a coffee\n")
    assert talked.returncode == 0, talked.stdout + talked.stderr
    assert "A pizza is 10 dollars." in talked.stdout
    assert "KILL" in talked.stdout
    assert "I have noted salad, coffee." in talked.stdout
    assert "That is 8 dollars." in talked.stdout
    tested = run("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=folder)
    assert tested.returncode == 0, tested.stdout
    assert "2 passed" in tested.stdout


def test_its_files_are_all_there_and_name_it(tmp_path: Path) -> None:
    folder = write_project("corner-shop", tmp_path)
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == set(FILES)
    assert "this is corner-shop." in (folder / "agent.py").read_text("utf-8")
    assert not [path for path in folder.rglob("*") if path.is_file() and "{{" in path.read_text("utf-8")]
    assert os.listdir(tmp_path) == ["corner-shop"]


def test_an_empty_folder_of_that_name_is_filled(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    assert (write_project("shop", tmp_path) / "agent.py").exists()


@pytest.mark.parametrize("there", ["file", "folder", "link"])
def test_nothing_is_overwritten(there: str, tmp_path: Path) -> None:
    if there == "file":
        (tmp_path / "shop").write_text("mine", "utf-8")
    elif there == "folder":
        (tmp_path / "shop").mkdir()
        (tmp_path / "shop" / "agent.py").write_text("mine", "utf-8")
    else:
        (tmp_path / "shop").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="is there already, and nothing is overwritten: use another name"):
        write_project("shop", tmp_path)
    assert os.listdir(tmp_path) == ["shop"]
    if there == "folder":
        assert (tmp_path / "shop" / "agent.py").read_text("utf-8") == "mine"


@pytest.mark.parametrize("name", ["", "Shop", "1shop", "a/b", "..", "-x", "my shop", "supervision", "actors", "x" * 65, "größe"])
def test_a_wrong_name_is_refused_with_the_cure(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="use small letters, digits, - and _, beginning with a letter, as in livekitex init shop"):
        write_project(name, tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="go to a folder that you may write to"):
        write_project("shop", tmp_path / "missing")
    done = CliRunner().invoke(make_app(80), ["init", "No"])
    assert done.exit_code == 2
    assert "as in livekitex init shop" in done.output

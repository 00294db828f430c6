"""The decision as a function, and real interpreters that find real intruders."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import livekitex_agent
from livekitex_agent.import_guard import NAMES, Found, complaint, require_own_packages

HOME = Path("/site")
OURS = Path(livekitex_agent.__file__).parents[1]


def judge(file: str | None, *, is_ours: bool = False, owner: str | None = None) -> str | None:
    found = Found(name="supervision", file=Path(file) if file else None, is_ours=is_ours)
    return complaint(found, owner, HOME)


def test_ours_at_its_place_is_right() -> None:
    assert judge("/site/supervision/__init__.py", is_ours=True) is None


@pytest.mark.parametrize(
    ("file", "is_ours", "owner", "expected"),
    [
        ("/site/supervision/__init__.py", False, "supervision 0.25.0", ["belongs to the distribution supervision 0.25.0", "venv"]),
        ("/other/supervision/__init__.py", False, "supervision 0.25.0", ["belongs to the distribution supervision 0.25.0", "venv"]),
        ("/home/me/supervision/__init__.py", False, None, ["your own /home/me/supervision ", "Rename it"]),
        ("/home/me/supervision.py", False, None, ["your own /home/me/supervision.py ", "Rename it"]),
        ("/site/supervision/__init__.py", False, None, ["something has overwritten", "venv"]),
        ("/other/supervision/__init__.py", True, None, ["another copy", "Remove one"]),
        (None, False, None, ["missing", "pip install --force-reinstall livekitex-agent"]),
    ],
)
def test_an_intruder_is_named_with_the_cure(file: str | None, is_ours: bool, owner: str | None, expected: list[str]) -> None:
    text = judge(file, is_ours=is_ours, owner=owner)
    assert text is not None
    assert [part for part in expected if part not in text] == []
    assert "'supervision'" in text


def test_here_all_is_well() -> None:
    require_own_packages()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A place like site-packages, with our packages in it."""
    folder = tmp_path / "site"
    for name in (*NAMES, "livekitex_agent"):
        shutil.copytree(OURS / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def import_ours(
    site: Path, *flags: str, code: str = "import livekitex_agent", folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONSAFEPATH", None)
    command = [sys.executable, *flags, "-c", code]
    return subprocess.run(command, cwd=folder or site.parent, env=environment, capture_output=True, text=True, timeout=300, check=False)


def install(site: Path, name: str, version: str, module: str) -> None:
    """What pip does when it installs a distribution with one package: it writes, and asks nobody."""
    package = site / module / "__init__.py"
    package.parent.mkdir(exist_ok=True)
    package.write_text("raise SystemExit('the intruder ran')")
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "RECORD").write_text(f"{module}/__init__.py,,\n{info.name}/METADATA,,\n{info.name}/RECORD,,\n")


def test_an_undisturbed_place_is_accepted(site: Path) -> None:
    done = import_ours(site)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", NAMES)
def test_another_distribution_that_overwrote_ours(site: Path, name: str) -> None:
    install(site, f"{name}-vision", "0.25.0", name)
    done = import_ours(site)
    assert done.returncode == 1
    assert f"ImportError: livekitex-agent needs the import name '{name}'" in done.stderr
    assert f"belongs to the distribution {name}-vision 0.25.0" in done.stderr
    assert "python3 -m venv .venv" in done.stderr


def test_another_distribution_in_front_of_ours(site: Path, tmp_path: Path) -> None:
    install(tmp_path / "site", "unrelated", "1.0", "unrelated")
    front = tmp_path / "front"
    front.mkdir()
    install(front, "supervision", "0.25.0", "supervision")
    done = import_ours(site, code=f"import sys; sys.path.insert(0, {str(front)!r}); import livekitex_agent")
    assert "belongs to the distribution supervision 0.25.0" in done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_of_the_users_own(site: Path, tmp_path: Path, name: str) -> None:
    project = tmp_path / "project"
    (project / name).mkdir(parents=True)
    (project / name / "__init__.py").write_text("raise SystemExit('the intruder ran')")
    done = import_ours(site, folder=project)
    assert done.returncode == 1
    assert f"your own {project / name} comes first on the import path and hides it. Rename it" in done.stderr


def test_a_module_of_the_users_own_that_is_imported_already(site: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "actors.py").write_text("")
    done = import_ours(site, folder=project, code="import actors, livekitex_agent")
    assert f"your own {project / 'actors.py'} comes first" in done.stderr


def test_a_mere_folder_of_that_name_does_no_harm(site: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "actors").mkdir(parents=True)
    assert import_ours(site, folder=project).returncode == 0


def test_a_missing_package_is_said(site: Path) -> None:
    shutil.rmtree(site / "actors")
    done = import_ours(site, "-S")  # the packages under test may be installed
    assert "ImportError: livekitex-agent needs the import name 'actors'" in done.stderr
    assert "pip install --force-reinstall livekitex-agent" in done.stderr

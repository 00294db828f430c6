"""The doctor's command: what it prints, for whom, and how it ends."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from livekitex_agent.cli.app import make_app
from livekitex_agent.doctor import examination
from livekitex_agent.doctor.findings import DEMO, Finding, cannot, ok, warning
from livekitex_agent.doctor.trials import JournalTrial
from livekitex_agent.options import SystemOptions
from protocols import ConfigurationError, SystemClock

FINE = [ok("python", "3.11.7"), warning("memory", "900 MB", "more [of it]")]
SECRET = "sk-do-not-show-me"


def doctor(*arguments: str, **variables: str) -> tuple[int, str]:
    result = CliRunner().invoke(make_app(80), ["doctor", *arguments], env={"NO_COLOR": None, "TERM": "xterm", **variables})
    return result.exit_code, result.output


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def find(*findings: Finding) -> None:
        monkeypatch.setattr("livekitex_agent.doctor.examine", lambda *_: iter(findings))

    return find


@pytest.mark.parametrize(
    ("more", "code", "last"),
    [
        ([], 0, "This machine can run livekitex demo, and systems of your own."),
        (
            [cannot("offline", "none", "pip install it", (DEMO,))],
            1,
            "This machine cannot run livekitex demo, because of: offline. It can run systems of your own.",
        ),
        ([cannot("loopback", "down", "up")], 1, "This machine cannot run livekitex demo or systems of your own, because of: loopback."),
    ],
)
def test_it_ends_with_what_can_run_and_says_it_by_its_code(found: Callable[..., None], more: list[Finding], code: int, last: str) -> None:
    found(*FINE, *more)
    ended, text = doctor()
    assert ended == code
    lines = text.splitlines()
    assert lines[:3] == ["ok       python       3.11.7", "warning  memory       900 MB", "                      cure: more [of it]"]
    assert lines[-2:] == ["", last]


def test_for_machines(found: Callable[..., None]) -> None:
    found(*FINE)
    code, text = doctor("--json")
    assert (code, json.loads(text)["can_demo"]) == (0, True)


def test_forty_columns(found: Callable[..., None]) -> None:
    found(*FINE, ok("journal", "a folder that is called by a name of many words, most of them long"))
    assert max(map(len, doctor(COLUMNS="40")[1].splitlines())) <= 40


def test_what_is_asked_for_wrongly_is_told() -> None:
    assert doctor("--max-jobs", "0") == (2, "livekitex doctor: max_jobs=0: use 1 to 1000\n")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two trials that take their time are over at once."""
    monkeypatch.setattr(examination.trials, "try_models", lambda _clock: ("", 1.0))
    monkeypatch.setattr(examination.trials, "try_start", lambda *_, talk: ("", 1.0, 0.5 if talk else None))


TERMINAL = examination.Terminal(is_terminal=False, width=80, colours=False, encoding="utf-8")
NAMES = [
    *("python", "system", "packages", "thespian", "processes", "cpus", "memory", "open files", "tasks", "file size", "loopback"),
    *("health port", "journal", "clock", "terminal", "offline", "start"),
]


def examine(**options: Any) -> Iterator[Finding]:
    return examination.examine(SystemOptions(**options), TERMINAL, SystemClock())


@pytest.mark.usefixtures("quick")
def test_this_machine_is_examined_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKIT_API_SECRET", SECRET)
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.chdir(tmp_path)
    found = list(examine(max_jobs=1, journal_dir=tmp_path / "calls"))
    assert [finding.name for finding in found] == NAMES
    assert not [finding for finding in found if finding.blocks]
    assert SECRET not in str(found)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("quick")
def test_where_something_is_missing_no_system_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "actors.py").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(examination, "require_thespian", _refuse)
    monkeypatch.setattr(examination.metadata, "version", _not_installed)
    monkeypatch.setattr(
        examination.trials, "try_journal", lambda folder: JournalTrial(folder=str(folder), filesystem="nfs", free=1 << 40, problem="")
    )
    found = {finding.name: finding for finding in examine(health_port=1)}
    assert "start" not in found
    assert "actors.py instead of ours" in found["packages"].found
    assert (found["thespian"].found, found["thespian"].cure) == ("no thespian", "pip install it")
    assert found["journal"].verdict == "cannot"


@pytest.mark.usefixtures("quick")
def test_a_user_without_a_home_is_told_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_path: Path) -> Path:
        raise RuntimeError

    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "expanduser", nobody)
    journal = next(finding for finding in examine(max_jobs=1) if finding.name == "journal")
    assert (journal.found, journal.cure[:18]) == ("this user has no home for the calls' journals", "set XDG_STATE_HOME")


def test_elsewhere_than_on_linux_nothing_more_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination.sys, "platform", "darwin")
    *_, last = examine()
    assert (last.name, last.verdict) == ("system", "cannot")
    assert "docker run" in last.cure


def _refuse() -> None:
    raise ConfigurationError("no thespian: pip install it")


def _not_installed(name: str) -> str:
    raise examination.metadata.PackageNotFoundError(name)

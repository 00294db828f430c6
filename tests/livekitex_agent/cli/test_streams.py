"""Whatever standard output is, the command prints what it can, and ends as a shell expects."""

import subprocess
import sys
from collections.abc import Mapping

import pytest

from livekitex_agent.cli.streams import plain, tell_failure, wants_ascii
from protocols import ConfigurationError
from support import fresh

COMMAND = """
import os, sys
from livekitex_agent.cli.streams import prepare_streams, run_to_its_end

def command():
    for _ in range(int(sys.argv[1])):
        print("├── größer … →")
    if sys.argv[2] == "raise":
        raise ValueError("a defect")
    sys.exit(int(sys.argv[2]))

run_to_its_end(command, prepare_streams(os.environ))
"""


def run(redirection: str, lines: int = 1, end: str = "0", **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a shell that says afterwards with which code it ended."""
    shell = f'"{sys.executable}" -c "$CODE" {lines} {end} {redirection}'
    return subprocess.run(["bash", "-c", shell], env=fresh.environment() | {"CODE": COMMAND} | variables, capture_output=True, check=False)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("├── a │ └── b", "|-- a | `-- b"),
        ("Grüße, naïve façade", "Grusse, naive facade"),
        ("1 → 2 … \u201c3\u201d \u20184\u2019 – ×", "1 -> 2 ... \"3\" '4' - x"),
        ("日本", "??"),
        ("a\u0308", "a"),
        ("plain", "plain"),
    ],
)
def test_letters_that_are_missing_have_a_likeness(text: str, told: str) -> None:
    assert plain(text) == told


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, False),
        ({"LC_ALL": "C"}, True),
        ({"LC_ALL": "POSIX"}, True),
        ({"LANG": "C"}, True),
        ({"LC_ALL": "", "LC_CTYPE": "C.UTF-8", "LANG": "C"}, False),
        ({"LC_ALL": "de_DE.UTF-8", "LANG": "C"}, False),
        ({"LC_ALL": "C", "PYTHONIOENCODING": "utf-8"}, False),
        ({"LC_ALL": "C", "PYTHONUTF8": "1"}, False),
        ({"LC_ALL": "C", "PYTHONUTF8": "0"}, True),
    ],
)
def test_who_asks_for_ascii(variables: Mapping[str, str], wanted: bool) -> None:
    assert wants_ascii(variables) is wanted


@pytest.mark.parametrize("variables", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii:strict"}], ids=str)
def test_an_ascii_terminal_is_shown_the_likeness(variables: Mapping[str, str]) -> None:
    done = run("", **variables)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"|-- grosser ... ->\n", b"")


def test_letters_that_are_there_stay() -> None:
    assert run("", PYTHONIOENCODING="latin-1").stdout.decode("latin-1") == "|-- größer ... ->\n"


@pytest.mark.parametrize(("lines", "unbuffered"), [(1, ""), (10_000, ""), (1, "1")])
def test_a_reader_who_has_gone_ends_it_without_a_word(lines: int, unbuffered: str) -> None:
    done = run("| true; exit ${PIPESTATUS[0]}", lines, PYTHONUNBUFFERED=unbuffered)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_told(unbuffered: str) -> None:
    done = run("> /dev/full", PYTHONUNBUFFERED=unbuffered)
    assert (done.returncode, done.stderr) == (1, b"livekitex: standard output cannot be written: No space left on device\n")


@pytest.mark.parametrize("redirection", [">&-", "<&- >&- 2>&-"])
def test_closed_streams_are_none_of_its_business(redirection: str) -> None:
    done = run(redirection, end="3")
    assert (done.returncode, done.stderr) == (3, b"")


def test_a_defect_keeps_its_traceback() -> None:
    done = run("", end="raise")
    assert done.returncode == 1
    assert done.stderr.endswith(b"ValueError: a defect\n")


def test_square_brackets_in_a_failure_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    tell_failure("demo", ValueError("pip install 'livekitex-agent[offline]'"))
    assert capsys.readouterr().err == "livekitex demo: pip install 'livekitex-agent[offline]'\n"


def test_a_failure_is_told_letter_by_letter(capsys: pytest.CaptureFixture[str]) -> None:
    tell_failure("console", ConfigurationError("--llm nobody:x: [bold]no"))
    assert capsys.readouterr().err == "livekitex console: --llm nobody:x: [bold]no\n"

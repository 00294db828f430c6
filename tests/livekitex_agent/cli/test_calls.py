"""``livekitex calls``: what it lists and prints, in lines for people and for machines, and what it says where there is nothing to print."""

import json
from pathlib import Path

import msgpack
import pytest
from typer.testing import CliRunner, Result

from actors import FileStore
from actors.journal import CallDescription
from livekitex_agent.cli.app import make_app

LINES = 200


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A journal_dir with an open call, one that has ended, and one that nothing can be read of."""
    store = FileStore(tmp_path / "calls")
    opened = store.claim("open-one", record("open-one").encode(), nonce="n")
    said = ["said", False, {"text": "hello\x1b[2J", "raw": b"\x01\xff", "at": msgpack.Timestamp(5)}]
    opened.append(1, [msgpack.packb(said), b"\xc1", msgpack.packb(["long", True, {"text": "x" * 500}])])
    opened.close()
    ended = store.claim("ended-one", record("ended-one").encode(), nonce="n")
    ended.end(1, record("ended-one", outcome="completed").encode())
    ended.close()
    store.claim("strange", b"\xc1", nonce="n").close()
    return tmp_path


def record(call_id: str, outcome: str = "") -> CallDescription:
    return CallDescription(call_id=call_id, run_id="r1", agent={}, options={}, began_wall_s=1.0, outcome=outcome)


def run(*words: str) -> Result:
    return CliRunner().invoke(make_app(LINES), ["calls", *words])


def test_it_lists_the_calls_for_people_and_for_machines(folder: Path) -> None:
    told = run("--journal-dir", str(folder))
    assert told.exit_code == 0
    lines = {line.split()[0]: line for line in told.stdout.splitlines()}
    assert sorted(lines) == ["ended-one", "open-one", "strange"]
    assert "state=open" in lines["open-one"]
    assert "began=1970-01-01T00:00:01.000+00:00" in lines["open-one"]
    assert "state=ended" in lines["ended-one"]
    assert "outcome=completed" in lines["ended-one"]
    assert "state=unreadable" in lines["strange"]
    machine = [json.loads(line) for line in run("--json", "--journal-dir", str(folder)).stdout.splitlines()]
    assert {(call["call_id"], call["state"], call["incarnation"]) for call in machine} == {
        ("open-one", "open", 1),
        ("ended-one", "ended", 1),
        ("strange", "unreadable", 1),
    }


def test_without_any_call_it_lists_nothing(tmp_path: Path) -> None:
    assert run("--journal-dir", str(tmp_path)).stdout == ""


def test_it_prints_a_call_without_control_characters_and_cuts_what_is_long_for_people_only(folder: Path) -> None:
    told = run("show", "open-one", "--journal-dir", str(folder)).stdout.splitlines()
    assert told[0].startswith("open-one")
    assert told[1].split() == ["1", "said", r"text=hello\x1b[2J", "raw=01ff", "at=Timestamp(seconds=5,", "nanoseconds=0)"]
    assert told[2].split() == ["2", "?", "bytes=c1"]
    assert told[3].endswith("x…")
    _, *records = (json.loads(line) for line in run("show", "open-one", "--json", "--journal-dir", str(folder)).stdout.splitlines())
    assert records == [
        {"type": "said", "critical": False, "text": "hello\x1b[2J", "raw": "01ff", "at": "Timestamp(seconds=5, nanoseconds=0)"},
        {"type": "", "bytes": "c1"},
        {"type": "long", "critical": True, "text": "x" * 500},
    ]


def test_a_look_at_a_live_call_disturbs_nothing(folder: Path) -> None:
    journal = FileStore(folder / "calls").claim("open-one", record("open-one").encode(), nonce="m")
    before = sorted((path.name, path.read_bytes()) for path in (folder / "calls" / "open-one").iterdir())
    assert run("show", "open-one", "--journal-dir", str(folder)).exit_code == 0
    assert run("--journal-dir", str(folder)).exit_code == 0
    assert sorted((path.name, path.read_bytes()) for path in (folder / "calls" / "open-one").iterdir()) == before
    assert journal.append(1, [b"on"]).confirmed
    journal.close()


def test_damage_is_told(folder: Path) -> None:
    segment = folder / "calls" / "open-one" / "1.0.log"
    data = bytearray(segment.read_bytes())
    data[-20] ^= 1
    segment.write_bytes(data)
    assert (
        "1.0.log is damaged" in json.loads(run("show", "open-one", "--json", "--journal-dir", str(folder)).stdout.splitlines()[0])["damage"]
    )


@pytest.mark.parametrize(("call_id", "text"), [("missing", "'missing' has no journal here"), ("../calls", "has no journal here")])
def test_a_call_without_a_journal_is_told_with_the_cure(folder: Path, call_id: str, text: str) -> None:
    told = run("show", call_id, "--journal-dir", str(folder))
    assert told.exit_code == 1
    assert text in told.stderr
    assert "livekitex calls lists those that have one" in told.stderr

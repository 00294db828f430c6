"""Damage of every kind: what a journal told is there, or it is said that something is missing; never anything else."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.journal import JournalFile, mending, opening
from support.journal_files import KINDS, Template, claim, entry, state_of, template


@dataclass(frozen=True)
class Damage:
    """What happens to the file with ``suffix`` at ``place`` (a share of its length; its header has a share of its own)."""

    suffix: str
    kind: str
    place: float
    mask: bytes = b""

    def do(self, path: Path) -> None:
        file = path.with_name(path.name + self.suffix)
        if not file.exists():
            return None
        data = bytearray(file.read_bytes())
        at = int(self.place * 1e6) if self.place < HEADER_SHARE else int(self.place * len(data))
        match self.kind:
            case "flip":
                for offset, value in enumerate(self.mask[: max(0, len(data) - at)]):
                    data[at + offset] ^= value
            case "blank":
                data[at : at + 6_000] = bytes(len(data[at : at + 6_000]))
            case "cut":
                del data[at if self.suffix else max(1, at) :]
            case _:
                return file.unlink()
        file.write_bytes(data)
        return None


HEADER_SHARE = 2e-4


@st.composite
def damages(draw: st.DrawFn, suffix: str) -> Damage:
    """Mostly flipped bytes. A file that is lost or empty, with nothing beside it, is like one that never was: that is left out."""
    kind = draw(st.sampled_from(["flip"] * 5 + ["blank", "cut"] + ["lose"] * (suffix == "-wal")))
    place = st.floats(HEADER_SHARE, 1, exclude_max=True)
    if kind != "cut" or suffix:
        place |= st.integers(0, 120).map(lambda at: at / 1e6)
    return Damage(suffix, kind, draw(place), draw(st.binary(min_size=1, max_size=5)))


@settings(max_examples=30)
@given(kind=st.sampled_from(KINDS), found=st.lists(damages("") | damages("-wal"), min_size=1, max_size=5))
def test_whatever_is_damaged_the_past_is_there_or_its_loss_is_told(kind: str, found: list[Damage]) -> None:
    with TemporaryDirectory() as folder:
        path = template(kind).put(Path(folder) / "c1.sqlite3")
        for damage in found:
            damage.do(path)
        check(path, template(kind))


def check(path: Path, whole: Template) -> None:
    """Open what is left of ``whole`` and judge it."""
    journal = JournalFile(path, claim())
    assert not journal.failure
    found = state_of(journal.bodies)
    kept = sorted(file.name for file in path.parent.glob("*.damaged-?"))
    if journal.report:
        assert kept == ["c1.sqlite3.damaged-1"]
        assert kept[0] in journal.report
        assert found.end in whole.ends
        assert set(found.events) <= {number for number in range(found.end) if number % 3 == 0}
        if journal.lost is not None and found.end:
            assert (journal.lost == 0) == (found.end == whole.end)
    else:
        assert journal.bodies == whole.bodies
        assert not kept
    assert journal.incarnation == 2 or (journal.report and not journal.bodies)
    journal.append([[entry(found.end)]])
    journal.close(delete=False)
    again = JournalFile(path, claim())
    assert (again.report, again.failure, again.lost) == ("", "", 0)
    assert state_of(again.bodies).end == found.end + 1
    again.close(delete=True)
    assert not list(path.parent.iterdir())


def flipped(path: Path, suffix: str, at: int) -> None:
    file = path.with_name(path.name + suffix)
    data = bytearray(file.read_bytes())
    data[at] ^= 0xFF
    file.write_bytes(data)


def test_a_destroyed_header_is_made_anew_and_nothing_is_lost(tmp_path: Path) -> None:
    path = template("file").put(tmp_path / "c1.sqlite3")
    path.write_bytes(b"\0" * 4_096 + path.read_bytes()[4_096:])
    journal = JournalFile(path, claim())
    assert "c1.sqlite3.damaged-1; nothing of the call's state is lost" in journal.report
    assert (journal.lost, state_of(journal.bodies).end) == (0, template("file").end)
    journal.close(delete=True)


def test_nothing_at_all_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "c1.sqlite3"
    path.write_bytes(b"this is no database, " * 300)
    journal = JournalFile(path, claim())
    assert (journal.bodies, journal.lost) == ((), None)
    assert "nothing of it could be read: what was said in the call so far is forgotten" in journal.report
    assert (tmp_path / "c1.sqlite3.damaged-1").read_bytes() == b"this is no database, " * 300
    journal.close(delete=True)
    assert not list(tmp_path.iterdir())


def test_the_report_is_told_until_a_life_has_written_that_it_was(tmp_path: Path) -> None:
    path = template("log").put(tmp_path / "c1.sqlite3")
    flipped(path, "-wal", len(template("log").files["-wal"]) - 2_000)
    reports = []
    for _ in range(3):
        journal = JournalFile(path, claim())
        reports.append((journal.report, journal.lost))
        if len(reports) == 2:
            journal.append([[entry(state_of(journal.bodies).end)]])
        journal.close(delete=False)
    assert reports[0] == reports[1]
    assert "the call is set back to the last state that could be read" in reports[0][0]
    assert reports[2] == ("", 0)


def test_the_newest_three_damaged_files_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "c1.sqlite3"
    for number in range(5):
        path.write_bytes(b"damage %d " % number * 1_000)
        JournalFile(path, claim()).close(delete=False)
    kept = sorted(file.name for file in tmp_path.glob("*.damaged-*"))
    assert kept == ["c1.sqlite3.damaged-3", "c1.sqlite3.damaged-4", "c1.sqlite3.damaged-5"]
    assert (tmp_path / kept[-1]).read_bytes().startswith(b"damage 4")


@pytest.mark.parametrize(
    ("step", "after"),
    [("_duplicate", True), ("last_good", False), ("last_good", True), ("_make", True), ("finish", False), ("finish", True)],
)
def test_whoever_is_killed_while_mending_leaves_it_to_the_next(tmp_path: Path, step: str, *, after: bool) -> None:
    """In a process of its own, which dies before or after each step."""
    path = template("log").put(tmp_path / "c1.sqlite3")
    flipped(path, "-wal", len(template("log").files["-wal"]) - 2_000)
    child = os.fork()
    if child == 0:
        done = getattr(mending, step)

        def die(*args: object) -> None:
            if path == args[0] and step == "finish" and not path.with_name("c1.sqlite3.mended").exists():
                return
            if after:
                done(*args)
            os.kill(os.getpid(), signal.SIGKILL)

        setattr(mending, step, die)
        if step == "finish":
            opening.finish = die  # type: ignore[attr-defined]
        JournalFile(path, claim())
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    check(path, template("log"))


def test_where_no_links_are_damaged_files_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_link(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", no_link)
    path = template("both").put(tmp_path / "c1.sqlite3")
    flipped(path, "-wal", 40_000)
    check(path, template("both"))


def test_a_file_beyond_all_bounds_is_not_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mending, "MAX_BYTES", 10_000)
    path = template("file").put(tmp_path / "c1.sqlite3")
    flipped(path, "", 5)
    journal = JournalFile(path, claim())
    assert (journal.bodies, journal.lost) == ((), None)
    journal.close(delete=True)

"""The files of a store: kills, claims at once, bad disks, links, other users, and lookers at every moment."""

import errno
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from actors.journal import FileStore
from actors.journal.format import OVERHEAD, batch, seed_of, start_of
from protocols import AppendResult, ClaimedJournal, Durability, JournalError, JournalStore
from support.journal_conformance import claim

PAST = (b"one", b"two", b"three" * 20)


class KilledError(BaseException):
    """The process is killed here."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture
def store(root: Path) -> JournalStore:
    return FileStore(root)


def begun(store: JournalStore) -> ClaimedJournal:
    journal = claim(store)
    for sequence, body in enumerate(PAST, 1):
        assert journal.append(sequence, [body]).confirmed
    return journal


def bodies(root: Path) -> tuple[bytes, ...]:
    found = FileStore(root).read("c1")
    assert found is not None
    assert found.report == ""
    return found.bodies


def names(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "c1").iterdir())


def test_folders_and_files_are_the_user_s_alone_and_a_loosened_mode_is_repaired(store: JournalStore, root: Path) -> None:
    begun(store).close()
    assert [oct(path.stat().st_mode & 0o777) for path in (root, root / "c1", root / "c1" / "1.0.log")] == ["0o700", "0o700", "0o600"]
    root.chmod(0o775)
    assert bodies(root) == PAST
    assert oct(root.stat().st_mode & 0o777) == "0o700"


def test_no_link_is_followed(store: JournalStore, root: Path, tmp_path: Path) -> None:
    begun(store).close()
    (tmp_path / "link").symlink_to(root)
    with pytest.raises(JournalError, match="is a link or no folder"):
        FileStore(tmp_path / "link").read("c1")
    assert "is a link or no folder" in claim(FileStore(tmp_path / "link")).failure
    (root / "c2").symlink_to(root / "c1")
    assert store.find("c2") is None
    assert claim(store, call_id="c2").failure
    victim = tmp_path / "victim"
    victim.write_text("as it was")
    (root / "c1" / "2.0.log").symlink_to(victim)
    journal = claim(store, "m")
    assert journal.incarnation == 3
    assert victim.read_text() == "as it was"
    journal.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_another_user_s_folder_is_refused(store: JournalStore, root: Path) -> None:
    begun(store).close()
    os.chown(root, 12345, -1)
    with pytest.raises(JournalError, match="belongs to the user 12345"):
        store.read("c1")
    with pytest.raises(JournalError, match="belongs to the user 12345"):
        FileStore(root).prepare()


@pytest.mark.parametrize("act", ["append", "checkpoint", "claim"])
def test_killed_after_every_byte_of_a_write_what_was_confirmed_is_there(tmp_path: Path, act: str, monkeypatch: pytest.MonkeyPatch) -> None:
    genuine, survived = os.write, 0
    length = sum(map(len, PAST)) + 10 * OVERHEAD
    for cut in range(length):
        root = tmp_path / str(cut)
        journal = begun(FileStore(root))

        def killed(descriptor: int, data: bytes, cut: int = cut) -> int:
            genuine(descriptor, bytes(data)[:cut])
            if cut < len(data):
                raise KilledError
            return len(data)

        monkeypatch.setattr(os, "write", killed)
        new: tuple[bytes, ...] = (b"four", b"five")
        try:
            if act == "append":
                journal.append(4, new)
            elif act == "checkpoint":
                journal.checkpoint(4, new)
            else:
                claim(FileStore(root), "m").close()
            done = True
        except KilledError:
            done = False
        monkeypatch.setattr(os, "write", genuine)
        after = {"append": (*PAST, *new), "checkpoint": new, "claim": PAST}[act]
        assert bodies(root) == (after if done else PAST)
        next_life = claim(FileStore(root), "next")
        assert next_life.past.bodies == (after if done else PAST)
        assert next_life.append(1, [b"on"]).confirmed
        assert len(list((root / "c1").glob("*.log"))) == 1
        next_life.close()
        journal.close()
        shutil.rmtree(root)
        survived += done
    assert survived


def test_damage_is_told_and_kept_aside_and_the_three_newest_of_it(store: JournalStore, root: Path) -> None:
    begun(store).close()
    for life in range(2, 7):
        (segment,) = (root / "c1").glob("*.log")
        data = bytearray(segment.read_bytes())
        data[-10] ^= 0x10  # in the last record's payload
        segment.write_bytes(data)
        journal = claim(store, str(life))
        assert journal.past.lost == 1
        assert f"{segment} is damaged" in journal.past.report
        assert "the newest 1 records are lost" in journal.past.report
        journal.append(1, [b"again"])
        journal.close()
    assert names(root) == ["3.0.damaged", "4.0.damaged", "5.0.damaged", "6.0.log"]  # of the damaged no other copy is kept
    assert FileStore(root).remove("c1")
    assert not (root / "c1").exists()


def rolled(root: Path) -> bytes:
    """A journal whose checkpoint has replaced a segment; gives the newer segment."""
    journal = begun(FileStore(root))
    assert journal.checkpoint(4, [b"all", b"of it"]).confirmed
    assert journal.append(5, [b"more"]).confirmed
    journal.close()
    assert names(root) == ["1.0.previous", "1.1.log"]
    return (root / "c1" / "1.1.log").read_bytes()


def test_flipped_at_every_byte_what_was_confirmed_is_there_or_its_loss_is_told(root: Path) -> None:
    data = rolled(root)
    segment, read = root / "c1" / "1.1.log", FileStore(root)
    for at in range(len(data)):
        segment.write_bytes(data[:at] + bytes((data[at] ^ 0x55,)) + data[at + 1 :])
        found, entry = read.read("c1"), read.find("c1")
        assert found is not None
        assert found.bodies == ((b"all", b"of it") if at >= len(data) - OVERHEAD - len(b"more") else PAST), at
        assert "1.1.log is damaged" in found.report
        assert found.lost in (1, None)
        assert found.description == b"call of n"
        assert entry is not None
        assert (entry.problem, entry.description) == ("", b"call of n")


def test_cut_at_every_byte_what_was_confirmed_is_there_or_its_loss_is_told_but_for_the_named_case(root: Path) -> None:
    data = rolled(root)
    segment, read = root / "c1" / "1.1.log", FileStore(root)
    checkpoint = len(data) - OVERHEAD - len(b"more")
    for cut in range(len(data)):
        segment.write_bytes(data[:cut])
        found = read.read("c1")
        assert found is not None
        assert found.bodies == ((b"all", b"of it") if cut >= checkpoint else PAST), cut
        assert bool(found.report) == (cut < checkpoint), cut  # behind the checkpoint it looks torn: the named case


def test_after_a_damaged_checkpoint_the_call_goes_on_from_the_segment_before_it(store: JournalStore, root: Path) -> None:
    data = bytearray(rolled(root))
    data[40] ^= 1
    (root / "c1" / "1.1.log").write_bytes(data)
    later = claim(store, "m")
    assert (later.incarnation, later.past.bodies, later.past.lost) == (2, PAST, None)
    assert "1.1.log is damaged" in later.past.report
    assert later.append(1, [b"on"]).confirmed
    assert names(root) == ["1.0.previous", "1.1.damaged", "2.0.log"]
    assert bodies(root) == (*PAST, b"on")
    assert later.checkpoint(2, [b"all"]).confirmed
    assert names(root) == ["1.1.damaged", "2.0.previous", "2.1.log"]
    later.close()
    assert FileStore(root).remove("c1")
    assert list(root.iterdir()) == []


def test_where_the_segment_before_is_damaged_too_all_is_lost(store: JournalStore, root: Path) -> None:
    rolled(root)
    for name in names(root):
        (root / "c1" / name).write_bytes(b"something else")
    found, entry = store.read("c1"), store.find("c1")
    assert found is not None
    assert (found.bodies, found.lost) == ((), None)
    assert entry is not None
    assert entry.problem == "it does not say what the call is"


def test_a_checkpoint_that_is_cut_off_where_all_before_it_is_gone_is_a_loss(store: JournalStore, root: Path) -> None:
    rolled(root)
    (root / "c1" / "1.0.previous").unlink()
    os.truncate(root / "c1" / "1.1.log", 50)
    later = claim(store, "m")
    assert (later.past.bodies, later.past.lost) == ((), None)
    assert "what it followed is gone" in later.past.report
    later.close()


def test_an_end_that_is_cut_off_between_batches_is_what_nobody_can_tell(store: JournalStore, root: Path) -> None:
    begun(store).close()
    segment = root / "c1" / "1.0.log"
    os.truncate(segment, segment.stat().st_size - OVERHEAD - len(PAST[-1]))
    assert bodies(root) == PAST[:-1]


def test_of_many_claimers_each_has_a_number_of_its_own_and_the_last_has_the_call(root: Path) -> None:
    numbers: list[int] = []
    journals: list[ClaimedJournal] = []

    def race(at: int) -> None:
        journal = claim(FileStore(root), str(at))
        numbers.append(journal.incarnation)
        journals.append(journal)

    threads = [threading.Thread(target=race, args=(at,)) for at in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(numbers)) == 12
    answers = {journal.incarnation: journal.append(1, [b"x"]).result for journal in journals if not journal.failure}
    assert [number for number, answer in answers.items() if answer is AppendResult.CONFIRMED] == [max(numbers)]
    for journal in journals:
        journal.close()


def test_nothing_is_confirmed_that_a_claimer_has_not_read(root: Path) -> None:
    for round_ in range(10):
        folder = root / str(round_)
        old = claim(FileStore(folder))
        confirmed: list[bytes] = []
        begins = threading.Event()

        def write(old: ClaimedJournal = old, confirmed: list[bytes] = confirmed, begins: threading.Event = begins) -> None:
            for sequence in range(1, 1_000):
                if not old.append(sequence, [b"%d" % sequence]).confirmed:
                    return
                confirmed.append(b"%d" % sequence)
                begins.set()

        writer = threading.Thread(target=write)
        writer.start()
        assert begins.wait(30)
        new = claim(FileStore(folder), "m")
        writer.join()
        assert list(new.past.bodies[: len(confirmed)]) == confirmed
        new.close()
        old.close()


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int, int], None]:
    """Make a system call fail from its ``after``-th use on; 0 as the number of the error heals it."""
    genuine = {name: getattr(os, name) for name in ("write", "fdatasync", "ftruncate", "open")}

    def make(name: str, number: int, after: int = 0) -> None:
        left = [after]

        def broken(*args: object, **more: object) -> object:
            left[0] -= 1
            if left[0] < 0 and (name != "open" or (isinstance(args[1], int) and args[1] & os.O_CREAT)):
                raise OSError(number, os.strerror(number))
            return genuine[name](*args, **more)

        monkeypatch.setattr(os, name, broken if number else genuine[name])

    return make


def test_a_full_disk_is_cut_back_and_the_same_batch_is_taken_later(
    store: JournalStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, genuine, calls = begun(store), os.write, [0]

    def once(descriptor: int, data: bytes) -> int:
        calls[0] += 1
        if calls[0] > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return genuine(descriptor, bytes(data)[:20])

    monkeypatch.setattr(os, "write", once)
    answer = journal.append(4, [b"four"])
    assert answer.result is AppendResult.UNAVAILABLE
    assert "No space left on device: make room on the disk" in answer.reason
    monkeypatch.setattr(os, "write", genuine)
    assert bodies(root) == PAST
    assert journal.append(4, [b"four"]).confirmed
    assert bodies(root) == (*PAST, b"four")
    journal.close()


def test_a_full_disk_that_cannot_be_cut_back_is_left_for_a_new_segment(
    store: JournalStore, root: Path, fails: Callable[[str, int, int], None]
) -> None:
    journal = begun(store)
    fails("write", errno.ENOSPC, 0)
    fails("ftruncate", errno.ENOSPC, 0)
    assert journal.append(4, [b"four"]).result is AppendResult.UNAVAILABLE
    assert journal.checkpoint(4, [b"all"]).result is AppendResult.UNAVAILABLE
    fails("write", 0, 0)
    assert journal.append(4, [b"four"]).result is AppendResult.UNAVAILABLE
    assert journal.checkpoint(4, [b"all"]).confirmed
    assert bodies(root) == (b"all",)
    journal.close()


@pytest.mark.parametrize(("call", "durability"), [("write", Durability.PROCESS), ("fdatasync", Durability.DISK)])
def test_after_an_error_of_the_disk_the_outcome_is_unknown_until_a_checkpoint_in_a_new_segment(
    root: Path, fails: Callable[[str, int, int], None], call: str, durability: Durability
) -> None:
    journal = begun(FileStore(root, durability))
    fails(call, errno.EIO, 0)
    answer = journal.append(4, [b"four"])
    assert answer.result is AppendResult.UNKNOWN
    assert "may be lost; see to the disk" in answer.reason
    fails(call, 0, 0)
    assert journal.append(4, [b"four"]).result is AppendResult.UNAVAILABLE
    assert journal.checkpoint(4, [b"all"]).confirmed
    assert names(root) == ["1.0.previous", "1.1.log"]
    assert bodies(root) == (b"all",)
    journal.close()


def test_a_checkpoint_that_failed_and_cannot_be_removed_takes_no_batch_from_the_journal(
    store: JournalStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, genuine = begun(store), os.write

    def written_and_failed(descriptor: int, data: bytes) -> int:
        genuine(descriptor, data)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def refused(*_args: object, **_more: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", written_and_failed)
        patch.setattr(os, "unlink", refused)
        assert journal.checkpoint(4, [b"all"]).result is AppendResult.UNKNOWN
    assert bodies(root) == (b"all",)
    assert journal.append(4, [b"four"]).result is AppendResult.UNAVAILABLE
    assert journal.checkpoint(4, [b"all", b"four"]).confirmed
    assert bodies(root) == (b"all", b"four")
    journal.close()


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.EACCES, errno.EIO])
def test_what_cannot_be_claimed_is_read_and_claimed_by_a_checkpoint_later(
    store: JournalStore, root: Path, fails: Callable[[str, int, int], None], number: int
) -> None:
    begun(store).close()
    fails("open", number, 0)
    journal = claim(FileStore(root), "m")
    assert (journal.incarnation, journal.past.bodies) == (2, PAST)
    assert os.strerror(number) in journal.failure
    assert journal.append(1, [b"four"]).result is AppendResult.UNAVAILABLE
    assert journal.checkpoint(1, [b"all"]).result is AppendResult.UNAVAILABLE
    fails("open", 0, 0)
    assert journal.checkpoint(1, [b"all"]).confirmed
    assert journal.failure == ""
    assert journal.append(2, [b"more"]).confirmed
    assert bodies(root) == (b"all", b"more")
    journal.close()


def test_a_claim_that_waited_for_the_disk_is_fenced_by_whoever_had_it_meanwhile(
    store: JournalStore, root: Path, fails: Callable[[str, int, int], None]
) -> None:
    begun(store).close()
    fails("open", errno.EROFS, 0)
    journal = claim(FileStore(root), "m")
    fails("open", 0, 0)
    other = claim(FileStore(root), "other")
    assert journal.checkpoint(1, [b"all"]).result is AppendResult.FENCED
    assert other.append(1, [b"four"]).confirmed
    assert bodies(root) == (*PAST, b"four")
    other.close()
    journal.close()


def test_a_claim_without_room_for_its_copy_keeps_the_older_segment(
    store: JournalStore, root: Path, fails: Callable[[str, int, int], None]
) -> None:
    begun(store).close()
    fails("write", errno.ENOSPC, 0)
    journal = claim(FileStore(root), "m")
    assert (journal.incarnation, journal.past.bodies) == (2, PAST)
    assert "No space left" in journal.failure
    journal.close()
    fails("write", 0, 0)
    later = claim(FileStore(root), "later")
    assert (later.incarnation, later.past.bodies, later.past.report) == (3, PAST, "")
    assert names(root) == ["1.0.previous", "3.0.log"]
    later.close()


def test_what_is_removed_under_its_owner_is_written_anew_by_a_checkpoint(store: JournalStore, root: Path) -> None:
    journal = begun(store)
    for path in (root / "c1").iterdir():
        path.unlink()
    (root / "c1").rmdir()
    answer = journal.append(4, [b"four"])
    assert answer.result is AppendResult.UNAVAILABLE
    assert "has been removed: it is written anew" in answer.reason
    assert journal.checkpoint(4, [b"all"]).confirmed
    assert bodies(root) == (b"all",)
    journal.close()


def test_a_file_of_the_same_name_that_somebody_else_has_made_confirms_nothing(store: JournalStore, root: Path) -> None:
    journal = begun(store)
    segment = root / "c1" / "1.0.log"
    segment.unlink()
    segment.touch()
    answer = journal.append(4, [b"four"])
    assert answer.result is AppendResult.UNAVAILABLE
    assert "has been removed" in answer.reason
    journal.close()


def test_a_removal_that_was_killed_leaves_no_call_and_is_finished_by_the_next(store: JournalStore, root: Path) -> None:
    begun(store).close()
    data, _ = batch(start_of(seed_of("c1", 2, 0)), [(3, 0, b"")])
    (root / "c1" / "2.0.log").write_bytes(data)
    assert store.read("c1") is None
    assert store.find("c1") is None
    assert store.remove("c1")
    assert list(root.iterdir()) == []


def test_strange_things_in_the_folder_are_passed_over(store: JournalStore, root: Path) -> None:
    begun(store).close()
    (root / ".hidden").mkdir()
    (root / "file").touch()
    (root / "empty").mkdir()
    os.mkfifo(root / "c1" / "9.0.log")
    assert [entry.call_id for entry in store.list() if not entry.problem] == []
    (root / "c1" / "9.0.log").unlink()
    (root / "c1" / "copy of 1.0.log").touch()
    (root / "c1" / "01.0.log").touch()
    assert [(entry.call_id, entry.problem) for entry in store.list()] == [("c1", "")]
    assert bodies(root) == PAST


def test_a_long_description_is_listed(store: JournalStore) -> None:
    journal = store.claim("c1", b"x" * 200_000, nonce="n")
    found = store.find("c1")
    assert found is not None
    assert len(found.description) == 200_000
    journal.end(1, b"y" * 100_000)
    ended = store.find("c1")
    assert ended is not None
    assert (len(ended.description), ended.ended) == (100_000, True)
    journal.close()


def test_whoever_looks_at_any_moment_sees_a_beginning_and_disturbs_nobody(root: Path) -> None:
    journal = claim(FileStore(root))
    over, seen = threading.Event(), [0]

    def look() -> None:
        while not over.is_set():
            store = FileStore(root)
            found = store.read("c1")
            assert found is not None
            assert found.report == ""
            numbers = [int(body) for body in found.bodies]
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True
            assert [entry.problem for entry in store.list()] == [""]
            seen[0] += 1

    looker = threading.Thread(target=look)
    looker.start()
    for sequence in range(1, 1_001):
        write = journal.checkpoint if sequence % 50 == 0 else journal.append
        assert write(sequence, [b"%d" % sequence]).confirmed
    over.set()
    looker.join()
    assert seen[0]
    journal.close()

"""What every store of journals promises (`protocols.JournalStore`), as tests: inherit `JournalConformance` and give it a store.

``again`` gives a second store on the same journals, as another process has it.
"""

from abc import ABC, abstractmethod

import pytest

from protocols import AppendResult, ClaimedJournal, InternalError, JournalContent, JournalStore

CONFIRMED, FENCED = AppendResult.CONFIRMED, AppendResult.FENCED
ODD = (b"", b"\0", bytes(range(256)), b"LKJ\x01" * 20, "größer".encode(), b"x" * 100_000)


def claim(store: JournalStore, nonce: str = "n", *, call_id: str = "c1", above: int = 0) -> ClaimedJournal:
    return store.claim(call_id, b"call of " + nonce.encode(), nonce=nonce, above=above)


class JournalConformance(ABC):
    """The tests of the port."""

    @abstractmethod
    @pytest.fixture
    def store(self) -> JournalStore:
        """An empty store."""

    @abstractmethod
    @pytest.fixture
    def again(self, store: JournalStore) -> JournalStore:
        """The same journals, for somebody else."""

    def test_a_first_claim_finds_nothing(self, store: JournalStore) -> None:
        assert store.read("c1") is None
        assert store.find("c1") is None
        journal = claim(store)
        assert (journal.incarnation, journal.past.bodies, journal.past.report, journal.failure) == (1, (), "", "")
        journal.close()

    def test_what_is_confirmed_is_read_by_everybody_in_its_order(self, store: JournalStore, again: JournalStore) -> None:
        journal = claim(store)
        assert journal.append(1, [b"one", b"two"]).result is CONFIRMED
        assert journal.append(2, [b"three"]).result is CONFIRMED
        found = again.read("c1")
        assert found is not None
        assert (found.bodies, found.report, found.lost, found.incarnation, found.ended) == ((b"one", b"two", b"three"), "", 0, 1, False)
        assert found.description == b"call of n"
        journal.close()
        later = claim(again, "m")
        assert (later.incarnation, later.past.bodies) == (2, found.bodies)
        later.close()

    def test_a_claim_that_its_judge_refuses_changes_nothing(self, store: JournalStore, again: JournalStore) -> None:
        journal = claim(store)
        journal.append(1, [b"one"])
        journal.close()
        before, judged = store.read("c1"), list[JournalContent]()

        def refuse(past: JournalContent) -> None:
            judged.append(past)
            raise LookupError("not for me")

        with pytest.raises(LookupError):
            again.claim("c1", b"mine", nonce="m", judge=refuse)
        assert [past.bodies for past in judged] == [(b"one",)]
        assert store.read("c1") == before
        later = again.claim("c1", b"mine", nonce="m", judge=judged.append)
        assert (later.past.bodies, judged[1].bodies) == ((b"one",), (b"one",))
        later.close()

    def test_bodies_are_any_bytes(self, store: JournalStore, again: JournalStore) -> None:
        journal = claim(store)
        journal.append(1, ODD)
        journal.close()
        later = claim(again, "m")
        assert later.past.bodies == ODD
        later.close()
        found = store.read("c1")
        assert found is not None
        assert found.bodies == ODD

    def test_a_batch_that_is_repeated_is_written_once(self, store: JournalStore, again: JournalStore) -> None:
        journal = claim(store)
        for _ in range(2):
            assert journal.append(1, [b"one"]).confirmed
        assert journal.append(2, [b"two"]).confirmed
        assert journal.append(1, [b"one"]).confirmed
        found = again.read("c1")
        assert found is not None
        assert found.bodies == (b"one", b"two")
        with pytest.raises(InternalError, match=r"batch 4 .* after batch 2"):
            journal.append(4, [b"four"])
        journal.close()

    def test_a_claim_is_idempotent_by_its_nonce(self, store: JournalStore) -> None:
        first = claim(store, "same")
        assert claim(store, "same").incarnation == first.incarnation
        assert first.append(1, [b"one"]).confirmed
        first.close()

    def test_an_older_incarnation_is_fenced_whatever_it_does(self, store: JournalStore, again: JournalStore) -> None:
        old = claim(store)
        old.append(1, [b"one"])
        new = claim(again, "m")
        assert old.append(2, [b"two"]).result is FENCED
        assert "2" in old.append(2, [b"two"]).reason or old.append(2, [b"two"]).reason
        assert old.checkpoint(2, [b"all"]).result is FENCED
        assert old.end(2, b"over").result is FENCED
        assert new.past.bodies == (b"one",)
        assert new.append(1, [b"three"]).confirmed
        found = store.read("c1")
        assert found is not None
        assert found.bodies == (b"one", b"three")
        old.close()
        new.close()

    def test_a_checkpoint_replaces_what_was(self, store: JournalStore, again: JournalStore) -> None:
        journal = claim(store)
        for sequence in range(1, 6):
            journal.append(sequence, [b"%d" % sequence])
        assert journal.checkpoint(6, [b"all", b"of it"]).confirmed
        assert journal.checkpoint(6, [b"all", b"of it"]).confirmed
        assert journal.append(7, [b"more"]).confirmed
        found = again.read("c1")
        assert found is not None
        assert found.bodies == (b"all", b"of it", b"more")
        assert found.description == b"call of n"
        journal.close()

    def test_the_number_is_above_what_is_known_elsewhere(self, store: JournalStore, again: JournalStore) -> None:
        first = claim(store, above=6)
        assert first.incarnation == 7
        second = claim(again, "m", above=3)
        assert second.incarnation == 8
        first.close()
        second.close()

    def test_a_list_tells_what_each_call_is_and_whether_it_has_ended(self, store: JournalStore, again: JournalStore) -> None:
        assert again.list() == ()
        journals = [claim(store, "n", call_id="c1"), claim(store, "m", call_id="c2")]
        journals[0].append(1, [b"x"])
        assert journals[1].end(1, b"it ended well").confirmed
        listed = {entry.call_id: (entry.description, entry.ended, entry.incarnation, entry.problem) for entry in again.list()}
        assert listed == {"c1": (b"call of n", False, 1, ""), "c2": (b"it ended well", True, 1, "")}
        found = again.find("c2")
        assert found is not None
        assert found.ended
        assert found.written_wall_s > 0
        content = again.read("c2")
        assert content is not None
        assert (content.description, content.ended) == (b"it ended well", True)
        for journal in journals:
            journal.close()

    def test_a_call_that_ended_can_be_taken_up_again(self, store: JournalStore, again: JournalStore) -> None:
        journal = claim(store)
        journal.append(1, [b"one"])
        journal.end(2, b"over")
        journal.close()
        later = claim(again, "m")
        assert later.past.ended
        assert later.past.bodies == (b"one",)
        found = store.find("c1")
        assert found is not None
        assert not found.ended
        later.close()

    @pytest.mark.parametrize("ended", [False, True])
    def test_a_release_by_somebody_else_is_a_claim(self, store: JournalStore, again: JournalStore, *, ended: bool) -> None:
        journal = claim(store)
        journal.append(1, [b"one"])
        again.release("c1", b"nobody's", ended=ended)
        assert journal.append(2, [b"two"]).result is FENCED
        found = store.read("c1")
        assert found is not None
        assert (found.description, found.ended, found.bodies, found.incarnation) == (b"nobody's", ended, (b"one",), 2)
        journal.close()
        again.release("missing", b"", ended=True)
        assert store.find("missing") is None

    def test_what_is_removed_is_gone_and_its_owner_fenced(self, store: JournalStore, again: JournalStore) -> None:
        journal = claim(store)
        journal.append(1, [b"one"])
        assert not again.remove("c1", incarnation=2)
        assert again.remove("c1", incarnation=1)
        assert not again.remove("c1")
        assert store.read("c1") is None
        assert store.find("c1") is None
        assert store.list() == ()
        assert journal.append(2, [b"two"]).result is not CONFIRMED
        journal.close()

    def test_a_closed_journal_confirms_nothing(self, store: JournalStore) -> None:
        journal = claim(store)
        journal.close()
        journal.close()
        assert not journal.append(1, [b"one"]).confirmed

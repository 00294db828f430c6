"""The stores that there are keep the port's promises."""

from pathlib import Path

import pytest

from actors.journal import FileStore, MemoryStore
from protocols import Durability, JournalStore, SystemClock
from support.journal_conformance import JournalConformance


class TestFiles(JournalConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> JournalStore:
        return FileStore(tmp_path / "calls")

    @pytest.fixture
    def again(self, store: JournalStore, tmp_path: Path) -> JournalStore:
        del store
        return FileStore(tmp_path / "calls")


class TestSyncedFiles(TestFiles):
    @pytest.fixture
    def store(self, tmp_path: Path) -> JournalStore:
        return FileStore(tmp_path / "calls", Durability.DISK)


class TestMemory(JournalConformance):
    @pytest.fixture
    def store(self) -> JournalStore:
        return MemoryStore(SystemClock())

    @pytest.fixture
    def again(self, store: JournalStore) -> JournalStore:
        return store

import random
import sys

import numpy as np
import pytest

from protocols import Entropy, SeededEntropy, SystemEntropy, new_key, reseed_generators


def test_ids_of_the_system_are_fresh() -> None:
    entropy: Entropy = SystemEntropy()
    ids = {entropy.hex_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(found) == 16 and int(found, 16) >= 0 and found == found.lower() for found in ids)
    assert len(entropy.hex_id(3)) == 6
    assert 0 <= entropy.random() < 1


def test_a_seed_repeats_its_sequence() -> None:
    first, again, other = SeededEntropy(7), SeededEntropy(7), SeededEntropy(8)
    sequence = [first.hex_id(), first.random(), first.hex_id(2)]
    assert sequence == [again.hex_id(), again.random(), again.hex_id(2)]
    assert sequence != [other.hex_id(), other.random(), other.hex_id(2)]
    assert 0 <= first.random() < 1


def test_keys_are_fresh_and_32_bytes_long() -> None:
    assert len(new_key()) == 32
    assert new_key() != new_key()


def test_shared_generators_are_seeded_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    random.seed(7)
    np.random.seed(7)  # noqa: NPY002 - the one that libraries share
    expected = (random.random(), np.random.random())  # noqa: NPY002
    random.seed(7)
    np.random.seed(7)  # noqa: NPY002
    reseed_generators()
    assert random.random() != expected[0]
    assert np.random.random() != expected[1]  # noqa: NPY002
    monkeypatch.delitem(sys.modules, "numpy.random")
    reseed_generators()

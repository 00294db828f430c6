"""The one place that makes randomness: ids, keys, jitter."""

import random
import secrets
import sys
from typing import Protocol

__all__ = ["Entropy", "SeededEntropy", "SystemEntropy", "new_key", "reseed_generators"]


class Entropy(Protocol):
    """Where ids and random numbers come from."""

    def hex_id(self, n_bytes: int = 8) -> str:
        """A fresh lower-case hexadecimal id of ``2 * n_bytes`` characters."""
        ...

    def random(self) -> float:
        """A number in ``[0, 1)``, for jitter and choice, never for secrets."""
        ...


class SystemEntropy:
    """Ids from the operating system's random source."""

    def hex_id(self, n_bytes: int = 8) -> str:
        """An unguessable id."""
        return secrets.token_hex(n_bytes)

    def random(self) -> float:
        """A number from a source that is safe across forks."""
        return secrets.SystemRandom().random()


class SeededEntropy:
    """A repeatable source: the same seed gives the same ids. For simulations only."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def hex_id(self, n_bytes: int = 8) -> str:
        """The next id of the seed's sequence."""
        return self._random.randbytes(n_bytes).hex()

    def random(self) -> float:
        """The next number of the seed's sequence."""
        return self._random.random()


def new_key() -> bytes:
    """A fresh 32-byte key that authenticates one run's messages."""
    return secrets.token_bytes(32)


def reseed_generators() -> None:
    """Seed the shared random generators of this process anew, that of numpy if it is loaded: a fork has the state of its parent's."""
    random.seed()
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()

"""What a conformance suite is made of: named checks over a subject, which is a factory of providers and what to ask them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from protocols import label_of

TIMEOUT_S: Final = 30.0
"""For one check, unless its subject says otherwise."""


class ConformanceError(AssertionError):
    """A provider does not keep its contract; the text says what it did, and what it has to do."""


class Closing(Protocol):
    """What can be closed."""

    async def aclose(self) -> None:
        """Give back what it holds."""
        ...


ProviderT_co = TypeVar("ProviderT_co", bound=Closing, covariant=True)


class Subject(Protocol[ProviderT_co]):
    """What is checked: ``make`` gives a new provider, which is closed behind each check."""

    @property
    def make(self) -> Callable[[], ProviderT_co]:
        """Gives a new provider."""
        ...

    @property
    def timeout_s(self) -> float:
        """For one check."""
        ...


ProviderT = TypeVar("ProviderT", bound=Closing)
SubjectT = TypeVar("SubjectT", bound=Subject[Any])
Run = Callable[[ProviderT, SubjectT], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Generic[ProviderT, SubjectT]):
    """One promise of a contract. It may only be checked where ``applies`` says so, by the capabilities of the provider."""

    name: str
    run: Run[ProviderT, SubjectT]
    applies: Callable[[ProviderT, SubjectT], bool]

    def __str__(self) -> str:
        return self.name

    def __call__(self, subject: SubjectT) -> bool:
        """Check ``subject`` on an event loop of its own; False: the promise is none of its capabilities'.

        Raises:
            ConformanceError: the provider breaks the promise, or it takes longer than the subject allows.
            Exception: whatever the provider raises where it must not.
        """
        return asyncio.run(self.check(subject))

    async def check(self, subject: SubjectT) -> bool:
        """As the call does, on the running loop."""
        provider: ProviderT = subject.make()
        try:
            if not self.applies(provider, subject):
                return False
            async with asyncio.timeout(subject.timeout_s):
                await self.run(provider, subject)
        except TimeoutError as late:
            raise ConformanceError(f"{label_of(provider)}: {self.name}: it has not come to an end after {subject.timeout_s:g} s") from late
        finally:
            await provider.aclose()
        return True


class Suite(Generic[ProviderT, SubjectT]):
    """The checks of one contract; functions become some by `check`."""

    def __init__(self) -> None:
        self._checks: list[Check[ProviderT, SubjectT]] = []

    def __iter__(self) -> Iterator[Check[ProviderT, SubjectT]]:
        return iter(self._checks)

    def check(
        self, applies: Callable[[ProviderT, SubjectT], bool] = lambda _provider, _subject: True
    ) -> Callable[[Run[ProviderT, SubjectT]], Run[ProviderT, SubjectT]]:
        """Make a function a check of its name."""

        def add(run: Run[ProviderT, SubjectT]) -> Run[ProviderT, SubjectT]:
            self._checks.append(Check(name=getattr(run, "__name__", ""), run=run, applies=applies))
            return run

        return add


def require(provider: object, kept: object, text: str) -> None:
    """Unless it is ``kept``, tell what ``provider`` has to do.

    Raises:
        ConformanceError: it is not.
    """
    if not kept:
        raise ConformanceError(f"{label_of(provider)}: {text}")


async def lets_others_run(provider: object, work: Awaitable[object], *, turns: int = 3) -> None:
    """Require that the event loop has ``turns`` while ``work`` is awaited: who computes on it stops everything else."""
    had = 0

    async def count() -> None:
        nonlocal had
        while True:
            had += 1
            await asyncio.sleep(0)

    counting = asyncio.ensure_future(count())
    try:
        await work
    finally:
        counting.cancel()
    require(provider, had >= turns, "it keeps the event loop for itself while it works: compute in a thread (asyncio.to_thread)")


async def warms_up_and_closes_twice(provider: Any) -> None:  # noqa: ANN401 - of every contract
    """Prewarming and closing may be done again."""
    provider.prewarm()
    provider.prewarm()
    await provider.aclose()
    await provider.aclose()

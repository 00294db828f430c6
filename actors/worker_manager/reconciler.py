"""Performs reconciliations: asks `jobs` for its partitions, then each of them for its jobs. It judges nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from actors.worker_manager.reconciliation import Observation, jobs_of, partitions_of
from protocols import Children, Message, Ref, WhichChildren
from supervision import Cancel, Context

RECONCILE_TIMEOUT_S: Final = 10.0
"""How long `jobs` and each partition may take to tell of their children: they do so between starts and stops, of which many may wait."""

RECONCILE_EVERY_S: Final = 30.0
"""A reconciliation without any reason: for the message that got lost."""

RETRY_S: Final = 0.2
"""Pause before the next attempt when somebody did not answer."""


@dataclass(eq=False)
class _Reconciliation:
    """One that is under way: who is asked, and what they found so far."""

    asked: Mapping[str, Ref] = field(default_factory=dict)
    observations: dict[str, Observation] = field(default_factory=dict)


class Reconciler:
    """One reconciliation at a time, and one more if there is news meanwhile.

    If somebody who is asked may be gone, another takes the place of the present one.
    ``begins`` is called when a reconciliation begins, ``done`` with what it found, or None when `jobs` did not answer.
    """

    def __init__(self, context: Context, begins: Callable[[], None], done: Callable[[Mapping[str, Observation] | None], None]) -> None:
        self._context = context
        self._begins = begins
        self._done = done
        self._present: _Reconciliation | None = None
        self._again = False
        self._cancel_next: Cancel = lambda: None

    def reconcile(self, *, anew: bool = False) -> None:
        """Begin a reconciliation now, or right after the present one, which ``anew`` gives up: the dead do not answer."""
        if self._present is not None and not anew:
            self._again = True
            return
        self._cancel_next()
        self._present, self._again = _Reconciliation(), False
        self._begins()
        then = partial(self._partitions_told, self._present)
        self._context.ask_name("jobs", WhichChildren(), timeout_s=RECONCILE_TIMEOUT_S, then=then)

    def _partitions_told(self, reconciliation: _Reconciliation, answer: Message | None) -> None:
        if reconciliation is not self._present:
            return
        if not isinstance(answer, Children):
            self._end(None)
            return
        reconciliation.asked = partitions_of(answer)
        for name, ref in reconciliation.asked.items():
            self._context.ask(ref, WhichChildren(), timeout_s=RECONCILE_TIMEOUT_S, then=partial(self._jobs_told, reconciliation, name))
        if not reconciliation.asked:
            self._end({})

    def _jobs_told(self, reconciliation: _Reconciliation, name: str, answer: Message | None) -> None:
        if reconciliation is not self._present:
            return
        reconciliation.observations[name] = Observation(
            ref=reconciliation.asked[name], jobs=jobs_of(answer) if isinstance(answer, Children) else None
        )
        if len(reconciliation.observations) == len(reconciliation.asked):
            self._end(reconciliation.observations)

    def _end(self, observations: Mapping[str, Observation] | None) -> None:
        self._present = None
        self._done(observations)
        whole = observations is not None and all(observation.jobs is not None for observation in observations.values())
        if self._again:
            self._again = False
            self.reconcile()
        else:
            self._cancel_next = self._context.after(RECONCILE_EVERY_S if whole else RETRY_S, self.reconcile)

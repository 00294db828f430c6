"""Performs surveys: asks `jobs` for its partitions, then each of them for its jobs. It judges nothing."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from actors.worker_manager.survey import Finding, jobs_of, partitions_of
from protocols import Children, Message, Ref, WhichChildren
from supervision import Cancel, Context

SURVEY_TIMEOUT_S: Final = 10.0
"""How long `jobs` and each partition may take to tell of their children: they do so between starts and stops, of which many may wait."""

SURVEY_EVERY_S: Final = 30.0
"""A survey without any reason: for the message that got lost."""

RETRY_S: Final = 0.2
"""Pause before the next attempt when somebody did not answer."""


class Surveyor:
    """One survey at a time, and one more if there is news meanwhile.

    ``begins`` is called when a survey begins, ``done`` with what it found, or None when `jobs` did not answer.
    """

    def __init__(self, context: Context, begins: Callable[[], None], done: Callable[[Mapping[str, Finding] | None], None]) -> None:
        self._context = context
        self._begins = begins
        self._done = done
        self._busy = self._again = False
        self._cancel_next: Cancel = lambda: None

    def survey(self) -> None:
        """Begin a survey now, or right after the present one."""
        if self._busy:
            self._again = True
            return
        self._cancel_next()
        self._busy = True
        self._begins()
        self._context.ask_name("jobs", WhichChildren(), timeout_s=SURVEY_TIMEOUT_S, then=self._partitions_told)

    def _partitions_told(self, answer: Message | None) -> None:
        if not isinstance(answer, Children):
            self._end(None)
            return
        partitions = partitions_of(answer)
        findings: dict[str, Finding] = {}
        for name, ref in partitions.items():
            then = partial(self._jobs_told, findings, len(partitions), name, ref)
            self._context.ask(ref, WhichChildren(), timeout_s=SURVEY_TIMEOUT_S, then=then)
        if not partitions:
            self._end(findings)

    def _jobs_told(self, findings: dict[str, Finding], expected: int, name: str, ref: Ref, answer: Message | None) -> None:
        findings[name] = Finding(ref=ref, jobs=jobs_of(answer) if isinstance(answer, Children) else None)
        if len(findings) == expected:
            self._end(findings)

    def _end(self, findings: Mapping[str, Finding] | None) -> None:
        self._busy = False
        self._done(findings)
        whole = findings is not None and all(finding.jobs is not None for finding in findings.values())
        if self._again:
            self._again = False
            self.survey()
        else:
            self._cancel_next = self._context.after(SURVEY_EVERY_S if whole else RETRY_S, self.survey)

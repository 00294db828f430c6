"""Performs surveys: asks `jobs` for its partitions, then each of them for its jobs. It judges nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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


@dataclass(eq=False)
class _Survey:
    """One that is under way: who is asked, and what they found so far."""

    asked: Mapping[str, Ref] = field(default_factory=dict)
    findings: dict[str, Finding] = field(default_factory=dict)


class Surveyor:
    """One survey at a time, and one more if there is news meanwhile; if somebody who is asked may be gone, one in the place of the present.

    ``begins`` is called when a survey begins, ``done`` with what it found, or None when `jobs` did not answer.
    """

    def __init__(self, context: Context, begins: Callable[[], None], done: Callable[[Mapping[str, Finding] | None], None]) -> None:
        self._context = context
        self._begins = begins
        self._done = done
        self._present: _Survey | None = None
        self._again = False
        self._cancel_next: Cancel = lambda: None

    def survey(self, *, anew: bool = False) -> None:
        """Begin a survey now, or right after the present one, which ``anew`` gives up: the dead do not answer."""
        if self._present is not None and not anew:
            self._again = True
            return
        self._cancel_next()
        self._present, self._again = _Survey(), False
        self._begins()
        then = partial(self._partitions_told, self._present)
        self._context.ask_name("jobs", WhichChildren(), timeout_s=SURVEY_TIMEOUT_S, then=then)

    def _partitions_told(self, survey: _Survey, answer: Message | None) -> None:
        if survey is not self._present:
            return
        if not isinstance(answer, Children):
            self._end(None)
            return
        survey.asked = partitions_of(answer)
        for name, ref in survey.asked.items():
            self._context.ask(ref, WhichChildren(), timeout_s=SURVEY_TIMEOUT_S, then=partial(self._jobs_told, survey, name))
        if not survey.asked:
            self._end({})

    def _jobs_told(self, survey: _Survey, name: str, answer: Message | None) -> None:
        if survey is not self._present:
            return
        survey.findings[name] = Finding(ref=survey.asked[name], jobs=jobs_of(answer) if isinstance(answer, Children) else None)
        if len(survey.findings) == len(survey.asked):
            self._end(survey.findings)

    def _end(self, findings: Mapping[str, Finding] | None) -> None:
        self._present = None
        self._done(findings)
        whole = findings is not None and all(finding.jobs is not None for finding in findings.values())
        if self._again:
            self._again = False
            self.survey()
        else:
            self._cancel_next = self._context.after(SURVEY_EVERY_S if whole else RETRY_S, self.survey)

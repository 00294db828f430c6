"""What several judges say of a conversation."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from livekitex_agent.evals.judgments import JudgmentResult
from livekitex_agent.job import get_job_context
from livekitex_agent.llm import ChatContext
from livekitex_agent.utils.log import logger
from protocols import UsageError

UNCERTAIN: Final = 0.5
"""What an open judgment counts."""


class Evaluator(Protocol):
    """Whoever judges a conversation."""

    @property
    def name(self) -> str:
        """By which its result is found."""
        ...

    async def evaluate(
        self,
        *,
        chat_ctx: ChatContext,
        reference: ChatContext | None = None,
        llm: Any = None,  # noqa: ANN401 - a model of either family
    ) -> JudgmentResult:
        """See `Judge.evaluate`."""
        ...


@dataclass
class EvaluationResult:
    """The judgments by the names of their judges."""

    judgments: dict[str, JudgmentResult] = field(default_factory=dict)

    @property
    def score(self) -> float:
        """From 0 to 1: a pass counts 1, an open one 0.5; 0 without any."""
        if not self.judgments:
            return 0.0
        points = [1.0 if each.passed else UNCERTAIN if each.uncertain else 0.0 for each in self.judgments.values()]
        return sum(points) / len(points)

    @property
    def all_passed(self) -> bool:
        """Whether each has passed."""
        return all(each.passed for each in self.judgments.values())

    @property
    def any_passed(self) -> bool:
        """Whether one has."""
        return any(each.passed for each in self.judgments.values())

    @property
    def majority_passed(self) -> bool:
        """Whether more than half have, or there is none."""
        return not self.judgments or sum(each.passed for each in self.judgments.values()) > len(self.judgments) / 2

    @property
    def none_failed(self) -> bool:
        """Whether each has passed or is open."""
        return not any(each.failed for each in self.judgments.values())


class JudgeGroup:
    """Judges that work at once, and ask the model ``llm`` where they have none of their own.

    Raises:
        UsageError: ``llm`` is a name: give the model itself.
    """

    def __init__(self, *, llm: Any, judges: Sequence[Evaluator] | None = None) -> None:  # noqa: ANN401 - a model of either family
        if isinstance(llm, str):
            raise UsageError(f"llm={llm!r} is a name: give a language model")
        self._llm = llm
        self._judges = list(judges or ())

    @property
    def llm(self) -> Any:  # noqa: ANN401 - as above
        """The model."""
        return self._llm

    @property
    def judges(self) -> list[Evaluator]:
        """The judges."""
        return self._judges

    async def evaluate(self, chat_ctx: ChatContext, *, reference: ChatContext | None = None) -> EvaluationResult:
        """Have all of them judge ``chat_ctx``; one that fails is logged and left out. In a job, what they find is tagged there."""
        judged = await asyncio.gather(*(self._judged(judge, chat_ctx, reference) for judge in self._judges))
        found = {judge.name: one for judge, one in zip(self._judges, judged, strict=True) if one is not None}
        if (job := get_job_context(required=False)) is not None:
            job.tagger.evaluated(found)
        return EvaluationResult(found)

    async def _judged(self, judge: Evaluator, chat_ctx: ChatContext, reference: ChatContext | None) -> JudgmentResult | None:
        try:
            return await judge.evaluate(chat_ctx=chat_ctx, reference=reference, llm=self._llm)
        except Exception as failure:  # noqa: BLE001 - the seam to the user's code
            logger.warning("the judge %s failed: %s", judge.name, failure)
            return None

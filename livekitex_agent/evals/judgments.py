"""What a judge says, and how it is read from a model's answer."""

import re
from dataclasses import dataclass
from typing import Any, Final, Literal

from livekitex_agent.llm.asking import answer_of

Verdict = Literal["pass", "fail", "maybe"]

_ANSWER: Final = re.compile(r"\W*(PASS|FAIL|MAYBE)\b[:.\s-]*(.*)", re.IGNORECASE | re.DOTALL)
_VERDICTS: Final[dict[str, Verdict]] = {"PASS": "pass", "FAIL": "fail", "MAYBE": "maybe"}


@dataclass
class JudgmentResult:
    """A ``verdict``, with its ``reasoning`` and the criteria (``instructions``) that it is by."""

    verdict: Verdict
    reasoning: str
    instructions: str = ""

    @property
    def passed(self) -> bool:
        """Whether the criteria are met, for certain."""
        return self.verdict == "pass"

    @property
    def failed(self) -> bool:
        """Whether they are not, for certain."""
        return self.verdict == "fail"

    @property
    def uncertain(self) -> bool:
        """Whether it is open."""
        return self.verdict == "maybe"


async def judgment_of(model: Any, instructions: str, question: str) -> JudgmentResult:  # noqa: ANN401 - a model of either family
    """What ``model`` answers, whose ``instructions`` ask for a line that begins with PASS, FAIL or MAYBE.

    Raises:
        ValueError: the answer is no verdict.
        Exception: whatever the model raises.
    """
    answer = await answer_of(model, instructions, question)
    found = _ANSWER.fullmatch(answer.strip())
    if found is None:
        raise ValueError(f"the judge answered {answer!r:.80}, which is no verdict: it must begin with PASS or FAIL")
    return JudgmentResult(verdict=_VERDICTS[found[1].upper()], reasoning=found[2].strip())

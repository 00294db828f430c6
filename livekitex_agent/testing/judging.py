"""Whether a message does what it should: asked of a language model, or of a function of the test's."""

import inspect
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from livekitex_agent import llm
from livekitex_agent.llm.asking import answer_of
from protocols import LLM, UsageError

Verdict = bool | tuple[bool, str]
JudgeFunction = Callable[[str, str], Verdict | Awaitable[Verdict]]

INSTRUCTIONS: Final = (
    "You evaluate tests of conversational agents. You are shown a message of an agent, and an intent. Decide whether the message does what "
    "the intent says. Be strict: what the message does not clearly do, it does not do. Answer with one line, which begins with PASS or "
    "FAIL, then a colon, then your reason in one sentence."
)
_ANSWER: Final = re.compile(r"\W*(PASS|FAIL)\b[:.\s-]*(.*)", re.IGNORECASE | re.DOTALL)


Judge = LLM | llm.LLM[Any] | JudgeFunction


async def verdict_of(judge: Judge, message: str, intent: str) -> tuple[bool, str]:
    """Whether ``message`` does what ``intent`` says, and why.

    Raises:
        UsageError: ``judge`` is none, or its answer is none.
        ProviderError: the model failed.
    """
    if hasattr(judge, "chat"):
        return _read(await answer_of(judge, INSTRUCTIONS, f"Intent:\n{intent}\n\nMessage:\n{message}"))
    if not callable(judge):
        raise UsageError(f"the judge is {judge!r:.60}: give a language model, or a function of message and intent")
    verdict = judge(message, intent)
    if inspect.isawaitable(verdict):
        verdict = await verdict
    if isinstance(verdict, bool):
        return verdict, ""
    match verdict:
        case (bool(fulfils), str(reason)):
            return fulfils, reason
    raise UsageError(f"the judge gave {verdict!r:.60}: give a bool, or a bool and its reason")


def _read(answer: str) -> tuple[bool, str]:
    found = _ANSWER.fullmatch(answer.strip())
    if found is None:
        raise UsageError(f"the judge answered {answer!r:.80}, which is no verdict: it must begin with PASS or FAIL")
    return found[1].upper() == "PASS", found[2].strip()

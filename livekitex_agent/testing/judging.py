"""Whether a message does what it should: asked of a language model, or of a function of the test's."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Final

from livekitex_agent import llm
from livekitex_agent.evals.judgments import judgment_of
from protocols import LLM, UsageError

Verdict = bool | tuple[bool, str]
JudgeFunction = Callable[[str, str], Verdict | Awaitable[Verdict]]

INSTRUCTIONS: Final = (
    "You evaluate tests of conversational agents. You are shown a message of an agent, and an intent. Decide whether the message does what "
    "the intent says. Be strict: what the message does not clearly do, it does not do. Answer with one line, which begins with PASS or "
    "FAIL, then a colon, then your reason in one sentence."
)
Judge = LLM | llm.LLM[Any] | JudgeFunction


async def verdict_of(judge: Judge, message: str, intent: str) -> tuple[bool, str]:
    """Whether ``message`` does what ``intent`` says, and why.

    Raises:
        UsageError: ``judge`` is none, or its answer is none.
        ProviderError: the model failed.
    """
    if hasattr(judge, "chat"):
        try:
            judged = await judgment_of(judge, INSTRUCTIONS, f"Intent:\n{intent}\n\nMessage:\n{message}")
        except ValueError as failure:
            raise UsageError(str(failure)) from failure
        return judged.passed, judged.reasoning
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

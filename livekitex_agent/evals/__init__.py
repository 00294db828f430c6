"""Judges of whole conversations: a group of them says of each criterion whether it was met.

::

    judges = JudgeGroup(llm=model, judges=[task_completion_judge(), accuracy_judge()])
    result = await judges.evaluate(ctx.make_session_report().chat_history)
"""

from livekitex_agent.evals.evaluation import EvaluationResult, Evaluator, JudgeGroup
from livekitex_agent.evals.judges import (
    Judge,
    accuracy_judge,
    coherence_judge,
    conciseness_judge,
    handoff_judge,
    relevancy_judge,
    safety_judge,
    task_completion_judge,
    tool_use_judge,
)
from livekitex_agent.evals.judgments import JudgmentResult, Verdict

__all__ = [
    "EvaluationResult",
    "Evaluator",
    "Judge",
    "JudgeGroup",
    "JudgmentResult",
    "Verdict",
    "accuracy_judge",
    "coherence_judge",
    "conciseness_judge",
    "handoff_judge",
    "relevancy_judge",
    "safety_judge",
    "task_completion_judge",
    "tool_use_judge",
]

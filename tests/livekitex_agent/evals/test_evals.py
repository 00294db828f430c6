"""What judges are told of a conversation, and what a group makes of their judgments."""

import logging
from collections.abc import Callable
from typing import Any, cast

import pytest

from livekitex_agent.evals import (
    EvaluationResult,
    Judge,
    JudgeGroup,
    JudgmentResult,
    Verdict,
    accuracy_judge,
    coherence_judge,
    conciseness_judge,
    handoff_judge,
    relevancy_judge,
    safety_judge,
    task_completion_judge,
    tool_use_judge,
)
from livekitex_agent.job import Job, JobContext, JobPort, JobProcess, RunningJobInfo, leave_job_context, set_job_context
from livekitex_agent.llm import AgentConfigUpdate, AgentHandoff, ChatContext, ChatMessage, FunctionCall, FunctionCallOutput
from protocols import TextDelta, UsageError

pytestmark = pytest.mark.asyncio

CONVERSATION = ChatContext(
    [
        AgentConfigUpdate(instructions="Sell pizza.", tools_added=["order"]),
        ChatMessage(role="user", content=["Two pizzas."]),
        FunctionCall(call_id="1", name="order", arguments='{"count": 2}'),
        FunctionCallOutput(call_id="1", name="order", output="ordered", is_error=False),
        FunctionCallOutput(call_id="2", name="order", output="no oven", is_error=True),
        ChatMessage(role="assistant", content=["Two piz"], interrupted=True),
    ]
)


class Model:
    """A model that answers as it is told."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def chat(self, messages: Any) -> Any:
        self.asked.append(list(messages)[-1].text)
        yield TextDelta(text=self.answer)


class Pizza(Judge):
    """Needs no model."""

    def __init__(self) -> None:
        super().__init__(name="pizza")

    async def evaluate(self, *, chat_ctx: ChatContext, reference: ChatContext | None = None, llm: Any = None) -> JudgmentResult:
        del reference, llm
        said = any("pizza" in (message.text_content or "") for message in chat_ctx.messages())
        return JudgmentResult(verdict="pass" if said else "fail", reasoning="")


@pytest.mark.parametrize(
    ("answer", "verdict"), [("PASS: fine", "pass"), ("**Fail** - it is not", "fail"), ("maybe. Who knows?", "maybe"), ("PASS", "pass")]
)
async def test_a_model_judges_by_criteria(answer: str, verdict: str) -> None:
    model = Model(answer)
    judged = await accuracy_judge(model).evaluate(chat_ctx=CONVERSATION, reference=CONVERSATION)
    assert judged.verdict == verdict
    assert (judged.passed, judged.failed, judged.uncertain) == (verdict == "pass", verdict == "fail", verdict == "maybe")
    assert judged.instructions in model.asked[0]
    assert "A conversation that meets them:" in model.asked[0]


async def test_it_is_told_all_of_the_conversation() -> None:
    model = Model("PASS")
    await task_completion_judge(model).evaluate(chat_ctx=CONVERSATION)
    assert "The agent's instructions:\nSell pizza." in model.asked[0]
    assert model.asked[0].endswith(
        "Conversation:\n"
        "[agent config: instructions='Sell pizza.', tools_added=['order']]\n"
        "user: Two pizzas.\n"
        '[function call: order({"count": 2})]\n'
        "[function output: ordered]\n"
        "[function error: no oven]\n"
        "assistant: Two piz [interrupted]"
    )


async def test_a_goal_that_is_not_known_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await task_completion_judge(Model("PASS")).evaluate(chat_ctx=ChatContext.empty())
    assert "the agent's goal is not known" in caplog.text


async def test_without_a_hand_off_there_is_nothing_to_judge_of_it() -> None:
    model = Model("FAIL: forgotten")
    first = AgentHandoff(old_agent_id=None, new_agent_id="waiter")
    assert (await handoff_judge(model).evaluate(chat_ctx=ChatContext([first]))).passed
    assert not model.asked
    handed = ChatContext([first, AgentHandoff(old_agent_id="waiter", new_agent_id="cashier")])
    assert (await handoff_judge(model).evaluate(chat_ctx=handed)).failed


async def test_a_judge_needs_a_model_and_a_verdict() -> None:
    with pytest.raises(ValueError, match="No LLM provided for judge 'safety'"):
        await safety_judge().evaluate(chat_ctx=CONVERSATION)
    with pytest.raises(ValueError, match="which is no verdict"):
        await safety_judge(Model("I think so")).evaluate(chat_ctx=CONVERSATION)
    with pytest.raises(NotImplementedError, match="'own' does not implement"):
        await Judge(name="own").evaluate(chat_ctx=CONVERSATION)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (task_completion_judge, "task_completion"),
        (handoff_judge, "handoff"),
        (accuracy_judge, "accuracy"),
        (tool_use_judge, "tool_use"),
        (safety_judge, "safety"),
        (relevancy_judge, "relevancy"),
        (coherence_judge, "coherence"),
        (conciseness_judge, "conciseness"),
    ],
)
async def test_judges_have_names(make: Callable[[], Any], name: str) -> None:
    assert make().name == name


async def test_a_group_asks_all_and_leaves_out_who_fails(caplog: pytest.LogCaptureFixture) -> None:
    model = Model("MAYBE: open")
    group = JudgeGroup(llm=model, judges=[Pizza(), safety_judge(), accuracy_judge(), Judge(name="broken")])
    assert group.llm is model
    assert len(group.judges) == 4
    with caplog.at_level(logging.WARNING):
        result = await group.evaluate(CONVERSATION)
    assert {name: each.verdict for name, each in result.judgments.items()} == {"pizza": "pass", "safety": "maybe", "accuracy": "maybe"}
    assert "the judge broken failed" in caplog.text
    with pytest.raises(UsageError, match="give a language model"):
        JudgeGroup(llm="openai/gpt-4o-mini")


async def test_in_a_job_what_they_find_is_tagged() -> None:
    job = JobContext(proc=JobProcess(), info=RunningJobInfo(job=Job(id="c")), port=cast("JobPort", None))
    set_job_context(job)
    await JudgeGroup(llm=Model("MAYBE: open"), judges=[Pizza()]).evaluate(CONVERSATION)
    leave_job_context(job)
    assert job.tagger.tags == {"lk.judge.pizza:pass"}


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((), (0.0, True, False, True, True)),
        (("pass", "pass"), (1.0, True, True, True, True)),
        (("pass", "maybe"), (0.75, False, True, False, True)),
        (("pass", "pass", "fail"), (2 / 3, False, True, True, False)),
        (("fail",), (0.0, False, False, False, False)),
    ],
)
async def test_judgments_are_counted(verdicts: tuple[Verdict, ...], expected: Any) -> None:
    result = EvaluationResult({str(at): JudgmentResult(verdict=verdict, reasoning="") for at, verdict in enumerate(verdicts)})
    assert (result.score, result.all_passed, result.any_passed, result.majority_passed, result.none_failed) == expected

"""The demo's call by ear: a voice says each line, what is heard of it is recognised and answered, and the order comes out right."""

import pytest

from actors import Resampler, RunContext, hibari_tts, rule_llm
from actors.providers.offline.rules.numbers import read_number
from livekitex_agent.demo.phone_order import CALLER_LINES, EXPECTED_ORDER, TOOLS, order_problems, read_order
from livekitex_agent.demo.phone_rules import RULES
from protocols import ChatContext, ChatOptions, FunctionCallOutput, Role
from support.answers import text_and_calls
from support.hearing import utterances

pytestmark = pytest.mark.asyncio
TABLE = {tool.schema.name: tool for tool in TOOLS}
QUIET = bytes(32_000)


async def spoken(text: str, **voice: float) -> bytes:
    """``text`` as a voice says it, at 16 kHz, between two seconds of silence."""
    resampler = Resampler(24_000, 16_000)
    parts = [resampler.process(chunk.pcm) async for chunk in hibari_tts(voice).synthesize(text)]
    return QUIET + b"".join(parts) + resampler.flush() + QUIET


async def answer(context: ChatContext, ctx: RunContext) -> tuple[ChatContext, str]:
    """The text of the reply to ``context``, after the tools that it takes, and the context with both."""
    while True:
        text, calls = await text_and_calls(rule_llm(RULES).chat(context, [tool.schema for tool in TABLE.values()], ChatOptions()))
        outputs = [FunctionCallOutput(call_id=call.call_id, output=await TABLE[call.name].invoke(call.arguments, ctx)) for call in calls]
        context = context.add_message(Role.ASSISTANT, text).append(*calls, *outputs)
        if not calls:
            return context, text


@pytest.mark.parametrize("pitch", [1.0, 0.85])
async def test_the_demo_call_by_ear(pitch: float) -> None:
    ctx = RunContext(user_data={}, call_id="call")
    context = ChatContext()
    for line in CALLER_LINES:
        (text,) = await utterances(await spoken(line, pitch=pitch))  # one line is one turn
        context, _ = await answer(context.add_message(Role.USER, text), ctx)
    assert order_problems(read_order(ctx.user_data), EXPECTED_ORDER) == [], context
    assert ctx.end_requested


async def test_the_summary_is_understood_by_ear() -> None:
    ctx = RunContext(user_data={}, call_id="call")
    context, _ = await answer(ChatContext().add_message(Role.USER, "I would like two pizzas, one salad and three ice creams."), ctx)
    _, summary = await answer(context.add_message(Role.USER, "What have I ordered so far?"), ctx)
    words = " ".join(await utterances(await spoken(summary))).lower().replace(",", "").replace(".", "").split()
    found = {word: read_number([words[at - 1]])[0] for at, word in enumerate(words)}
    assert (found["pizzas"], found["salad"], found["ice"]) == (2, 1, 3)


@pytest.mark.parametrize("answer_line", ["Yes.", "No."])
async def test_the_shortest_answers_are_speech(answer_line: str) -> None:
    assert await utterances(await spoken(answer_line)) == [answer_line]

"""What a session remembers of the tools that it ran."""

from livekitex_agent.program.tool_outcomes import KEPT, ToolOutcome, ToolOutcomes


def test_what_is_not_known_is_what_the_model_was_told() -> None:
    assert ToolOutcomes().of("call", "", ok=True) == ToolOutcome(message=None, failed=False, reply=True, hand_off=False)
    assert ToolOutcomes().of("call", "closed", ok=False) == ToolOutcome(message="closed", failed=True, reply=True, hand_off=False)


def test_at_the_bound_the_oldest_is_forgotten() -> None:
    outcomes, noted = ToolOutcomes(), ToolOutcome(message="noted", failed=False, reply=False, hand_off=True)
    for number in range(KEPT + 1):
        outcomes.note(str(number), noted)
    assert outcomes.of("0", "told", ok=True).message == "told"
    assert outcomes.of("1", "told", ok=True) == noted

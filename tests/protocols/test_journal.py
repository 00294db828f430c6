"""The port of the journals: its answers."""

from protocols import CONFIRMED, Appended, AppendResult, Durability, JournalContent, accept_any


def test_only_a_confirmation_is_one() -> None:
    assert CONFIRMED.confirmed
    assert [Appended(result).confirmed for result in AppendResult] == [result is AppendResult.CONFIRMED for result in AppendResult]


def test_the_durabilities_and_answers_have_names() -> None:
    assert [str(durability) for durability in Durability] == ["process", "disk", "memory"]
    assert [str(result) for result in AppendResult] == ["confirmed", "fenced", "unavailable", "unknown"]


def test_a_claim_takes_any_past_unless_a_judge_is_named() -> None:
    accept_any(JournalContent(report="damaged", lost=None))

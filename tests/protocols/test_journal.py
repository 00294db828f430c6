"""The port of the journals: its answers."""

from protocols import CONFIRMED, Appended, AppendResult, Durability


def test_only_a_confirmation_is_one() -> None:
    assert CONFIRMED.confirmed
    assert [Appended(result).confirmed for result in AppendResult] == [result is AppendResult.CONFIRMED for result in AppendResult]


def test_the_durabilities_and_answers_have_names() -> None:
    assert [str(durability) for durability in Durability] == ["process", "disk", "memory"]
    assert [str(result) for result in AppendResult] == ["confirmed", "fenced", "unavailable", "unknown"]

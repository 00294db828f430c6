from typing import Any

import pytest

from protocols import (
    AgentHandoff,
    ChatItem,
    ChatMessage,
    ConfigurationError,
    FailedTurn,
    FunctionCall,
    FunctionCallOutput,
    ImageContent,
    Role,
    Summary,
    TokenEstimator,
)


def test_a_token_has_four_characters_unless_the_model_says_otherwise() -> None:
    assert [TokenEstimator().text(text) for text in ("", "a", "abcd", "abcde")] == [0, 1, 1, 2]
    assert TokenEstimator(characters_per_token=1.5).text("abcd") == 3


@pytest.mark.parametrize(
    ("item", "tokens"),
    [
        (ChatMessage.of(Role.USER, "abcde"), 6),
        (ChatMessage.of(Role.USER, "abcd", ImageContent(url="https://a")), 4 + 1 + 765),
        (FunctionCall(call_id="1", name="look", arguments="{}"), 6),
        (FunctionCallOutput(call_id="1", output="found it"), 6),
        (Summary(text="abcd"), 5),
        (FailedTurn(text="is not told", tools=("look", "buy")), 6),
        (AgentHandoff(new_agent="billing"), 0),
    ],
)
def test_an_item_has_the_tokens_that_a_model_is_told(item: ChatItem, tokens: int) -> None:
    assert TokenEstimator().item(item) == tokens
    assert TokenEstimator().items([item, item]) == 2 * tokens


WRONG = [("characters_per_token", 0), ("characters_per_token", 101), ("tokens_per_item", -1), ("tokens_per_image", -1)]


@pytest.mark.parametrize(("name", "number"), WRONG)
def test_numbers_that_cannot_be_are_refused(name: str, number: Any) -> None:
    with pytest.raises(ConfigurationError, match="characters per token"):
        TokenEstimator(**{name: number})

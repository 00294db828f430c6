from typing import Any

import pytest

from livekitex_agent import FunctionChoice, ToolChoice
from livekitex_agent.tool_choice import choice_of, names_of
from protocols import UsageError


@pytest.mark.parametrize(
    ("argument", "choice"),
    [
        ("auto", (ToolChoice.AUTO, "")),
        ("none", (ToolChoice.NONE, "")),
        (ToolChoice.REQUIRED, (ToolChoice.REQUIRED, "")),
        ({"name": "look"}, (ToolChoice.REQUIRED, "look")),
        ({"type": "function", "function": {"name": "look"}}, (ToolChoice.REQUIRED, "look")),
        (FunctionChoice(name="look"), (ToolChoice.REQUIRED, "look")),
    ],
)
def test_a_choice_is_a_word_or_names_a_tool(argument: Any, choice: tuple[ToolChoice, str]) -> None:
    assert choice_of(argument) == choice


@pytest.mark.parametrize("argument", ["always", "", None, {}, {"name": ""}, {"name": 5}, {"function": {"name": "look"}}, 1, ["auto"]])
def test_what_is_no_choice_is_named_with_the_cure(argument: Any) -> None:
    with pytest.raises(UsageError, match='give "auto", "none", "required", or'):
        choice_of(argument)


def test_names_are_a_list_of_texts_or_none_for_all() -> None:
    assert names_of(None) is None
    assert names_of(["look", "order"]) == ("look", "order")
    assert names_of([]) == ()
    for wrong in ("look", [len], [1]):
        with pytest.raises(UsageError, match="give a list of names"):
            names_of(wrong)  # type: ignore[arg-type]

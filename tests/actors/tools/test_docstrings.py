import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.tools.docstrings import Docstring, parse_docstring


def test_description_and_parameters_of_googles_style() -> None:
    text = """Look up a product.

    The price is in
    euros.

    Args:
        name: What it is called.
        size (str): Its size,
            small or large.
        *rest: Ignored.

    Returns:
        The price.

    Raises:
        KeyError: name: unknown.
    """
    assert parse_docstring(text) == Docstring(
        description="Look up a product.\nThe price is in euros.",
        parameters={"name": "What it is called.", "size": "Its size, small or large.", "rest": "Ignored."},
    )


@pytest.mark.parametrize("text", [None, "", "   \n  "])
def test_no_docstring_is_empty(text: str | None) -> None:
    assert parse_docstring(text) == Docstring(description="", parameters={})


def test_text_before_the_first_parameter_belongs_to_none() -> None:
    assert parse_docstring("Do.\n\nArgs:\n    all are optional\n    a: One.").parameters == {"a": "One."}


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    parsed = parse_docstring(text)
    assert all(name.isidentifier() or name.isalnum() for name in parsed.parameters)

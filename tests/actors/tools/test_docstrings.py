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


STYLES = {
    "headings of two words": """Order.

        Args:
            name: The dish.
            size (dict[str, tuple[int, str]], optional): Its size (in cm):
                small.

        Keyword Args:
            loud: Whether to shout.

        Other Parameters:
            extra: More.

        See Also:
            cancel: Not for the model.
        """,
    "numpy": """Order.

        Parameters
        ----------
        name : str
            The dish.
        size, loud : {'a', 'b'}, default 'a'
            Both: this.
        extra
            More.

        Returns
        -------
        str
            Hidden.
        """,
    "sphinx": """Order.

        :param name: The dish,
            in full.
        :type name: str
        :param str size: Its size.
        :keyword loud: Whether to shout.
        :returns: hidden
        :raises KeyError: name: hidden
        """,
    "epytext": """Order.

        @param name: The dish.
        @type name: str
        @return: hidden
        """,
    "a list": """Order.

        Args:
            - name: The dish.
            * `size` (str): Its size.
            **loud** - Whether to shout.
        """,
    "not indented": """Order.

        Parameters:
        name -- The dish.
        size: Its size.
        """,
    "markdown": """Order.

        ## Arguments

        - `name`: The dish.
        """,
    "javadoc": """Order.

        @param {string} name - The dish.
        @param {number} [size=3] Its size.
        @returns {string} hidden
        """,
    "headings of other words": """Order.

        Required parameters:
            name: The dish.

        Optional Args (in any order):
            size: Its size.

        Function Inputs
            loud: Whether to shout.

        Outputs:
            hidden: Not for the model.

        Side Effects:
            Hidden.
        """,
    "numbers": """Order.

        Args:
            1. name: The dish.
            2) size - Its size.
        """,
    "two in one line": """Order.

        Args:
            name, `size` (str): Both: this.
            \\*rest [int]: Ignored.
            loud = False: Whether to shout.
        """,
    "definitions": """Order.

        :Parameters:
            name : str
                The dish.
            size : int
                Its size.
        :Returns: hidden
        """,
    "text goes on": """Order.

        Args:
            name: The dish.

        Say please.
        """,
}
MEANT = {
    "headings of two words": {"name": "The dish.", "size": "Its size (in cm): small.", "loud": "Whether to shout.", "extra": "More."},
    "numpy": {"name": "The dish.", "size": "Both: this.", "loud": "Both: this.", "extra": "More."},
    "sphinx": {"name": "The dish, in full.", "size": "Its size.", "loud": "Whether to shout."},
    "epytext": {"name": "The dish."},
    "a list": {"name": "The dish.", "size": "Its size.", "loud": "Whether to shout."},
    "not indented": {"name": "The dish.", "size": "Its size."},
    "markdown": {"name": "The dish."},
    "javadoc": {"name": "The dish.", "size": "Its size."},
    "headings of other words": {"name": "The dish.", "size": "Its size.", "loud": "Whether to shout."},
    "numbers": {"name": "The dish.", "size": "Its size."},
    "two in one line": {"name": "Both: this.", "size": "Both: this.", "rest": "Ignored.", "loud": "Whether to shout."},
    "definitions": {"name": "The dish.", "size": "Its size."},
    "text goes on": {"name": "The dish."},
}


@pytest.mark.parametrize("style", STYLES)
def test_each_style_is_read(style: str) -> None:
    description = "Order.\nSay please." if style == "text goes on" else "Order."
    assert parse_docstring(STYLES[style]) == Docstring(description=description, parameters=MEANT[style])


@pytest.mark.parametrize(
    "line", ["Sizes: small", "Available sizes:", "Note that: this", "returns: nothing", "----", "Sample input:", "@everyone is told"]
)
def test_what_is_no_heading_stays_in_the_description(line: str) -> None:
    assert line in parse_docstring(f"Order.\n{line}\nMore.").description


@given(
    st.text(st.sampled_from("abA :.-=@#*`()[]\n\t\x0bé"), max_size=200)
    | st.lists(st.sampled_from(["Args:", "  a: b", ":param x: y", "---"])).map("\n".join)
)
def test_any_text_is_read(written: str) -> None:
    parsed = parse_docstring(written)
    assert all(isinstance(name, str) and text == " ".join(text.split()) for name, text in parsed.parameters.items())

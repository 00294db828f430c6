import pytest

from actors.tools import function_tool, load_tool, reference_to, tool_to_wire
from protocols import InvalidAgentError, InvalidToolError


def plain(name: str) -> str:
    """Greet."""
    return f"hi {name}"


@function_tool(name="greet", timeout_s=2.5, idempotent=True)
def decorated(name: str) -> str:
    """Greet."""
    return f"hi {name}"


constant = 5


def test_a_tool_is_found_again() -> None:
    wire = tool_to_wire(decorated)
    assert wire == {
        "source": reference_to(decorated),
        "name": "greet",
        "description": "Greet.",
        "parameters": decorated.schema.parameters,
        "timeout_ms": 2500,
        "idempotent": True,
    }
    found = load_tool(wire)
    assert (found.schema, found.timeout_s, found.idempotent) == (decorated.schema, 2.5, True)
    assert found("you") == "hi you"


def test_a_plain_function_is_made_a_tool_on_both_sides() -> None:
    wire = tool_to_wire(plain)
    found = load_tool(wire)
    assert found.validate('{"name": "you"}') == {"name": "you"}
    assert found.schema == function_tool(plain).schema


def test_a_lambda_is_told_that_it_is_one() -> None:
    with pytest.raises(InvalidToolError, match="a lambda cannot travel"):
        tool_to_wire(lambda name: name)


def test_what_is_no_function_any_more_is_refused() -> None:
    with pytest.raises(InvalidAgentError, match="constant is a int and no function"):
        load_tool(tool_to_wire(plain) | {"source": reference_to(plain).replace("plain", "constant")})

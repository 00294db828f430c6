"""A model's arguments: from its text to a JSON object, also where it has written what is nearly one. Pure.

What small and open models get wrong (quotes, a missing brace, tokens of their chat template) is repaired as LiveKit Agents does it: so a
tool that is called there is called here.
"""

import json
import re
from typing import Any, Final

from pydantic_core import from_json

from protocols import InvalidToolError, well_formed

MAX_REPAIRED_CHARS: Final = 16_000
"""Longer text that is no JSON is refused as it is: repairing takes up to 5 µs a character, while the call waits."""
_SHOWN_CHARS: Final = 200
_MAX_WRAPPED: Final = 8
_TEMPLATE_TOKENS: Final = re.compile(
    r"<\|[^<>|]{0,40}\|>|<\|[^<>a-zA-Z0-9_]{0,10}|[^<>a-zA-Z0-9_]{0,10}\|>|<(?:start|end)_of_turn>"  # whole, begun, ended, of a turn
)


def parse_arguments(tool: str, arguments: str) -> dict[str, Any]:
    """The arguments of a call of ``tool`` by name; empty text and null stand for none.

    Raises:
        InvalidToolError: they are no JSON object, and nothing that can be made one; the text is for the model to read.
    """
    try:
        value = _parsed(arguments.strip() or "{}")
    except (ValueError, RecursionError) as failure:
        raise InvalidToolError(wrong_arguments(tool, failure)) from failure
    return value


def canonical_arguments(tool: str, arguments: str) -> str:
    """``arguments`` as the history shows them: as Python writes JSON; what cannot be read as it is."""
    try:
        return json.dumps(parse_arguments(tool, arguments))
    except InvalidToolError:
        return arguments


def wrong_arguments(tool: str, problem: object) -> str:
    """What the model is told of arguments that do not fit, in LiveKit's words."""
    return well_formed(f"Error parsing arguments for `{tool}`: {problem}")


def _parsed(text: str) -> dict[str, Any]:
    try:
        value = from_json(text)
    except ValueError as failure:
        value = _repaired(text)
        if value == "":
            raise ValueError(f"could not parse function arguments as JSON: {failure}: {text[:_SHOWN_CHARS]}") from failure
    for _ in range(_MAX_WRAPPED):  # JSON in a string of JSON
        if not isinstance(value, str):
            break
        try:
            value = from_json(value)
        except ValueError:
            raise ValueError(f"function arguments decoded to a non-JSON string: {value[:_SHOWN_CHARS]}") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(  # noqa: TRY004 - as any other text that is none
            f"expected dict from function arguments, got {type(value).__name__}: {text[:_SHOWN_CHARS]}"
        )
    return value


def _repaired(text: str) -> Any:  # noqa: ANN401 - JSON
    """What ``text`` was meant to be; empty if that cannot be told."""
    if len(text) > MAX_REPAIRED_CHARS:
        return ""
    import json_repair

    return from_json(json.dumps(_without_template(json_repair.loads(text))))  # which refuses lone surrogates


def _without_template(value: Any) -> Any:  # noqa: ANN401 - JSON
    """``value`` without the tokens of a chat template, and without items of lists of which nothing is left."""
    if isinstance(value, str):
        return _TEMPLATE_TOKENS.sub("", value).strip()
    if isinstance(value, list):
        return [item for item in map(_without_template, value) if item not in ("", None)]
    if isinstance(value, dict):
        return {name: _without_template(item) for name, item in value.items()}
    return value

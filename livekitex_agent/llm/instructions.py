"""Instructions that differ between calls that are heard and calls that are read, and those that change from call to call."""

import string
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Literal

from livekitex_agent.utils.log import logger

__all__ = ["Instructions"]


class Instructions:
    """``common`` instructions; ``audio`` and ``text`` are added for calls with a voice and without, ``dynamic`` for this call alone.

    What is dynamic comes last, so that the rest is the same for each call and a provider may cache it.
    """

    def __init__(self, common: str = "", *, audio: str | None = None, text: str | None = None, dynamic: str | None = None) -> None:
        self.common = common
        self.audio = audio
        self.text = text
        self.dynamic = dynamic

    def render(self, *, modality: Literal["audio", "text"] | None = None, data: Mapping[str, object] | None = None) -> str:
        """The instructions for ``modality`` (None: the common ones), with ``{name}`` replaced by ``data``; what it lacks is empty."""
        told = "\n".join(filter(None, (self.render_static(modality=modality), self.dynamic)))
        return safe_render(told, data) if data else told

    def render_static(self, *, modality: Literal["audio", "text"] | None = None) -> str:
        """As `render`, without what is dynamic."""
        addition = {"audio": self.audio, "text": self.text}.get(modality or "")
        return "\n\n".join(filter(None, (self.common, addition)))

    @staticmethod
    def resolve_template(template: str, **kwargs: object) -> "Instructions":
        """``template`` with each ``{name}`` replaced by the argument of that name, which may itself differ by modality."""

        def filled(modality: Literal["audio", "text"]) -> str:
            return safe_render(template, {name: _part(part, modality) for name, part in kwargs.items()})

        heard, read = filled("audio"), filled("text")
        return Instructions(heard) if heard == read else Instructions("", audio=heard, text=read)

    def __str__(self) -> str:
        return self.common

    def __repr__(self) -> str:
        return f"Instructions({self.common!r})" if self.dynamic is None else f"Instructions({self.common!r}, dynamic={self.dynamic!r})"

    def __hash__(self) -> int:
        return hash((self.common, self.audio, self.text, self.dynamic))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Instructions):
            return (self.common, self.audio, self.text, self.dynamic) == (other.common, other.audio, other.text, other.dynamic)
        if isinstance(other, str):
            return self.common == other and not (self.audio or self.text or self.dynamic)
        return NotImplemented


def safe_render(template: str, data: Mapping[str, object]) -> str:
    """``template`` formatted with ``data``, in which a mapping's values are also reached as ``{outer.inner}``.

    None is empty; so is a name that ``data`` lacks, which is logged.

    Raises:
        ValueError: the template is malformed: a brace that is text is written twice.
    """
    return _Formatter().vformat(template, (), {name: _reached(value) for name, value in data.items()})


def _reached(value: object) -> object:
    if not isinstance(value, dict):
        return value
    return SimpleNamespace(**{str(name): _reached(inner) for name, inner in value.items()})


class _Formatter(string.Formatter):
    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:  # noqa: ANN401 - the base's
        try:
            return super().get_field(field_name, args, kwargs)
        except (KeyError, IndexError, AttributeError, TypeError):
            logger.error("the template's placeholder {%s} has no value: it is left empty", field_name)
            return None, field_name

    def convert_field(self, value: Any, conversion: Any) -> Any:  # noqa: ANN401 - the same
        return None if value is None else super().convert_field(value, conversion)

    def format_field(self, value: Any, format_spec: str) -> str:  # noqa: ANN401 - the same
        return "" if value is None else str(super().format_field(value, format_spec))


def _part(part: object, modality: Literal["audio", "text"]) -> object:
    if not isinstance(part, Instructions):
        return part
    chosen = part.audio if modality == "audio" else part.text
    return part.common if chosen is None else chosen

"""Instructions of which some are for calls that are heard, and some for calls that are read."""

from dataclasses import dataclass
from typing import Literal, Self

__all__ = ["Instructions"]


@dataclass(frozen=True, slots=True)
class Instructions:
    """``common`` instructions, and what is added to them for a call with a voice (``audio``), and for one without (``text``)."""

    common: str
    audio: str = ""
    text: str = ""

    def render(self, modality: Literal["audio", "text"] | None = None) -> str:
        """The instructions for a call of this ``modality`` (None: the common ones alone), the addition in a paragraph of its own."""
        addition = {"audio": self.audio, "text": self.text}.get(modality or "", "")
        return "\n\n".join(filter(None, (self.common, addition)))

    @classmethod
    def of_template(cls, template: str, **parts: "str | Instructions") -> Self:
        """``template`` with each ``{name}`` replaced by the part of that name, which may itself differ by modality.

        Names for which there is no part stay as they are.
        """

        def filled(modality: Literal["audio", "text"]) -> str:
            text = template
            for name, part in parts.items():
                text = text.replace(f"{{{name}}}", part if isinstance(part, str) else part.render(modality))
            return text

        heard, read = filled("audio"), filled("text")
        return cls(heard) if heard == read else cls("", audio=heard, text=read)

    def __str__(self) -> str:
        """The common instructions."""
        return self.common

"""A task that gets the caller's name, or parts of it."""

from dataclasses import dataclass
from typing import Any, Final

from livekitex_agent.beta.workflows.capture import CaptureTask, Wanted
from livekitex_agent.llm import FunctionTool, ToolError, function_tool
from livekitex_agent.types import NOT_GIVEN, NotGiven, NotGivenOr
from livekitex_agent.voice.run_context import RunContext

HEARD: Final = (
    "People say a name and then spell it ('Michael m i c h a e l'), or use a spelling alphabet ('Mike India Charlie'). Make symbols of "
    "'dash' or 'hyphen' (`-`) and 'apostrophe' (`'`). Begin each part with a capital letter."
)
READ: Final = "Begin each part with a capital letter, and keep its hyphens and special characters."
ASK: Final = (
    "Get the user's name (follow this order '{order}' but do not mention the format). If the conversation has a name already, ask in short "
    "whether it is the one that is wanted; if it has told what the name is for (a cardholder, a guest, an emergency contact), name that, "
    "and where the name you know comes from. Ask afresh only if the conversation has none."
)
SPELLED: Final = (
    "After you have received the name, always verify its spelling: have the user confirm it or spell it, and spell each part letter by "
    "letter when you confirm.\n"
)
NO_NAMES: Final = frozenset({"null", "none", "nil", "n/a", "unknown", "unspecified"})
"""What models write into a field that they ought to leave out."""


@dataclass
class GetNameResult:
    """The parts that were asked for; the others are None."""

    first_name: str | None = None
    middle_name: str | None = None
    last_name: str | None = None


class GetNameTask(CaptureTask[GetNameResult]):
    """Gets it; see `CaptureTask`. ``name_format`` is the order of its parts, as "{last_name} {first_name}".

    ``verify_spelling`` has it spelled when it is confirmed.

    Raises:
        ValueError: no part is wanted.
    """

    def __init__(  # noqa: PLR0917 - LiveKit's
        self,
        first_name: bool = True,  # noqa: FBT001, FBT002 - LiveKit's, as the next two
        last_name: bool = False,  # noqa: FBT001, FBT002
        middle_name: bool = False,  # noqa: FBT001, FBT002
        name_format: NotGivenOr[str] = NOT_GIVEN,
        verify_spelling: bool = False,  # noqa: FBT001, FBT002
        extra_instructions: str = "",
        **others: Any,  # noqa: ANN401 - those of the base class
    ) -> None:
        wanted = {"first_name": first_name, "middle_name": middle_name, "last_name": last_name}
        self._parts = [part for part, chosen in wanted.items() if chosen]
        if not self._parts:
            raise ValueError("At least one of first_name, middle_name, or last_name must be True")
        self._format = " ".join(f"{{{part}}}" for part in self._parts) if isinstance(name_format, NotGiven) else name_format
        super().__init__(
            Wanted(
                what="name",
                tool="name",
                heard=HEARD,
                read=READ,
                in_parts=f"Get its parts in this order: {self._format}. If it is unclear or takes too long, ask for each part separately.",
                ask=ASK.format(order=self._format),
            ),
            detail=SPELLED if verify_spelling else "",
            extra_instructions=extra_instructions,
            **others,
        )
        self._read_back_before = verify_spelling

    def update_tools_of(self) -> list[FunctionTool]:
        """``update_name``."""

        async def update_name(  # noqa: D417 - the model is shown it, and not the context
            ctx: RunContext[Any],
            first_name: str | None = None,
            middle_name: str | None = None,
            last_name: str | None = None,
        ) -> str | None:
            """Update the name provided by the user.

            Args:
                first_name: The user's first name.
                middle_name: The user's middle name, if collected.
                last_name: The user's last name, if collected.
            """
            given = {"first_name": _clean(first_name), "middle_name": _clean(middle_name), "last_name": _clean(last_name)}
            if wrong := list(self._wrong(given)):
                raise ToolError(f"Incomplete name: {'; '.join(wrong)}")
            name = self._format.format(**{part: text or "" for part, text in given.items()}).strip()
            return await self.captured(
                GetNameResult(**{part: given[part] for part in self._parts}),
                ctx,
                told=f"The name has been updated to {name}",
                read_back="Repeat the name back to the user.",
                spelled=f"Spell out the name letter by letter for verification: {' '.join(name.replace(' ', ''))}",
            )

        return [function_tool(update_name, flags=self._ask_flag)]

    def _wrong(self, given: dict[str, str | None]) -> "list[str]":
        missing = [f"{part.replace('_', ' ')} is required but was not provided" for part in self._parts if not given[part]]
        # A card's number or a postal code that was put into a name.
        no_names = [
            f"{part.replace('_', ' ')} {text!r} contains no letters - that doesn't look like a name"
            for part, text in given.items()
            if text and not any(character.isalpha() for character in text)
        ]
        return missing + no_names


def _clean(given: str | None) -> str | None:
    text = (given or "").strip().strip("'\"").strip()
    return None if text.casefold() in NO_NAMES else text or None

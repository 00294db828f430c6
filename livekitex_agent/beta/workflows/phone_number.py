"""A task that gets the caller's phone number."""

import re
from dataclasses import dataclass
from typing import Any, Final

from livekitex_agent.beta.workflows.capture import CaptureTask, Wanted
from livekitex_agent.llm import FunctionTool, ToolError, function_tool
from livekitex_agent.voice.run_context import RunContext

PHONE_REGEX: Final = r"^\+?[1-9]\d{6,14}$"

WANTED: Final = Wanted(
    what="phone number",
    tool="phone_number",
    heard=(
        "Make digits of spoken numbers ('five' is 5, 'oh' 0, 'double two' 22) and a leading `+` of 'plus'; leave out dashes, spaces, "
        "parentheses and dots. 'Area code' goes before the digits of one."
    ),
    read="Leave out dashes, spaces, parentheses and dots, silently.",
    in_parts=(
        "If it is unclear or invalid, or takes too long, ask for it in parts: the area code, then the rest. Never repeat it as one block "
        "of digits, but in groups."
    ),
    ask=(
        "Ask the user for their phone number. If the user already stated one earlier in this conversation, record it with "
        "update_phone_number instead of asking again."
    ),
)


@dataclass
class GetPhoneNumberResult:
    """7 to 15 digits, perhaps with a ``+`` before them."""

    phone_number: str


class GetPhoneNumberTask(CaptureTask[GetPhoneNumberResult]):
    """Gets it; see `CaptureTask`."""

    def __init__(self, extra_instructions: str = "", **others: Any) -> None:  # noqa: ANN401 - those of the base class
        super().__init__(WANTED, extra_instructions=extra_instructions, **others)

    def update_tools_of(self) -> list[FunctionTool]:
        """``update_phone_number``."""

        async def update_phone_number(phone_number: str, ctx: RunContext[Any]) -> str | None:  # noqa: D417 - the model is shown it, and not the context
            """Update the phone number provided by the user.

            Args:
                phone_number: The phone number provided by the user, digits only with optional leading +
            """
            digits = re.sub(r"[\s\-().]+", "", phone_number)
            if not re.match(PHONE_REGEX, digits):
                raise ToolError(f"Invalid phone number provided: {phone_number}")
            return await self.captured(
                GetPhoneNumberResult(phone_number=digits),
                ctx,
                told=f"The phone number has been updated to {digits}",
                read_back="Read the number back to the user in groups.",
                spelled=f"Read the number back digit by digit: {' '.join(digits)}",
            )

        return [function_tool(update_phone_number, flags=self._ask_flag)]

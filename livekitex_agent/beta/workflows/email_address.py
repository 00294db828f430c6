"""A task that gets the caller's e-mail address."""

import re
from dataclasses import dataclass
from typing import Any, Final

from livekitex_agent.beta.workflows.capture import CaptureTask, Wanted
from livekitex_agent.llm import FunctionTool, ToolError, function_tool
from livekitex_agent.types import NOT_GIVEN, NotGivenOr
from livekitex_agent.voice.run_context import RunContext

EMAIL_REGEX: Final = r"^[A-Za-z0-9][A-Za-z0-9._%+\-]*@(?:[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}$"

WANTED: Final = Wanted(
    what="email address",
    tool="email_address",
    heard=(
        "Make symbols of spoken words: 'dot' is `.`, 'underscore' `_`, 'dash' `-`, 'plus' `+`, 'at' `@`. People say a word and then spell "
        "it ('john j o h n'), or in part ('mike b two two' is mikeb22). If only the part before the '@' is said, ask for the domain."
    ),
    read="If the address is almost right (the '@' or the domain is missing), ask.",
    in_parts="If it is unclear or invalid, or takes too long, ask for it in parts: what is before the '@', then the domain.",
    ask=(
        "Ask the user for their email address. If the user already stated one earlier in this conversation, record it with "
        "update_email_address instead of asking again."
    ),
)
SPELLED: Final = "After you have received the email address, always have the user confirm it, and spell it out character by character.\n"


@dataclass
class GetEmailResult:
    """A valid address."""

    email_address: str


class GetEmailTask(CaptureTask[GetEmailResult]):
    """Gets it; see `CaptureTask`. ``verify_spelling`` has it always confirmed, character by character."""

    def __init__(
        self,
        *,
        verify_spelling: bool = False,
        require_confirmation: NotGivenOr[bool] = NOT_GIVEN,
        **others: Any,  # noqa: ANN401 - those of the base class
    ) -> None:
        super().__init__(
            WANTED,
            detail=SPELLED if verify_spelling else "",
            require_confirmation=True if verify_spelling else require_confirmation,
            **others,
        )
        self._read_back_before = verify_spelling

    def update_tools_of(self) -> list[FunctionTool]:
        """``update_email_address``."""

        async def update_email_address(email: str, ctx: RunContext[Any]) -> str | None:  # noqa: D417 - the model is shown it, and not the context
            """Update the email address provided by the user.

            Args:
                email: The email address provided by the user
            """
            email = email.strip()
            if not re.match(EMAIL_REGEX, email):
                raise ToolError(f"Invalid email address provided: {email}")
            return await self.captured(
                GetEmailResult(email_address=email),
                ctx,
                told=f"The email has been updated to {email}",
                read_back="Repeat the email back to the user.",
                spelled=f"Repeat the email character by character: {' '.join(email)}",
            )

        return [function_tool(update_email_address, flags=self._ask_flag)]

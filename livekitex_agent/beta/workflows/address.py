"""A task that gets the caller's postal address."""

from dataclasses import dataclass
from typing import Any, Final

from livekitex_agent.beta.workflows.capture import CaptureTask, Wanted
from livekitex_agent.llm import FunctionTool, function_tool
from livekitex_agent.voice.run_context import RunContext

WANTED: Final = Wanted(
    what="address",
    tool="address",
    heard=(
        "It may be of any country; its fields are as '450 SOUTH MAIN ST', 'FLOOR 2', 'SALT LAKE CITY UT 84101', 'UNITED STATES', or "
        "'PLOT 10, NEHRU ROAD', 'OFFICE 403, 4TH FLOOR', 'VILE PARLE (E), MUMBAI MAHARASHTRA 400099', 'INDIA'. Make symbols of spoken "
        "words ('dash' is `-`, 'apostrophe' `'`) and numerals of spoken numbers; people say a field and then spell it. Set the accents "
        "that the place's language has. Say ordinals as words, postal codes digit by digit, and spell what the user spelled."
    ),
    read="It may be of any country. If it is almost right (the country or the postal code is missing), ask.",
    in_parts=(
        "If it is unclear or invalid, or takes too long, ask for it in parts: street address, unit number if there is one, locality, "
        "country."
    ),
    ask=(
        "Ask the user for their address. If the user already stated one earlier in this conversation, record it with update_address "
        "instead of asking again."
    ),
)


@dataclass
class GetAddressResult:
    """The fields of the address, in one line."""

    address: str


class GetAddressTask(CaptureTask[GetAddressResult]):
    """Gets it; see `CaptureTask`."""

    def __init__(self, **others: Any) -> None:  # noqa: ANN401 - those of the base class
        super().__init__(WANTED, **others)

    def update_tools_of(self) -> list[FunctionTool]:
        """``update_address``."""

        async def update_address(street_address: str, unit_number: str, locality: str, country: str, ctx: RunContext[Any]) -> str | None:  # noqa: D417 - the model is shown it, and not the context
            """Update the address provided by the user.

            Args:
                street_address: Dependent on country, may include fields like house number, street name, block, or district
                unit_number: The unit number, for example Floor 1 or Apartment 12. If there is no unit number, return ''
                locality: Dependent on country, may include fields like city, zip code, or province
                country: The country the user lives in spelled out fully
            """
            others = [field for field in (unit_number, locality, country) if field is not unit_number or field.strip()]
            address = " ".join([street_address, *others])
            letters = " ".join(street_address.replace(" ", ""))
            return await self.captured(
                GetAddressResult(address=address),
                ctx,
                told=f"The address has been updated to {address}",
                read_back="Repeat the address back to the user.",
                spelled=f"Repeat the address field by field, the street name letter by letter: {[letters, *others]}",
            )

        return [function_tool(update_address, flags=self._ask_flag)]

"""A task that gets the caller's date of birth, and perhaps the time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final

from livekitex_agent.beta.workflows.capture import CaptureTask, Wanted
from livekitex_agent.llm import FunctionTool, ToolError, function_tool
from livekitex_agent.utils.misc import wall_time
from livekitex_agent.voice.run_context import RunContext

HEARD: Final = (
    "Dates are said as 'January 15th 1990', 'the fifteenth of January nineteen ninety', 'one fifteen ninety' or 'Jan 15 90'. Make numbers "
    "of spoken numbers, ordinals and months; of two digits of a year make the year that is meant ('90' is 1990, '05' 2005)."
)
READ: Final = "Take common formats as 'MM/DD/YYYY', 'January 15, 1990' or '1990-01-15'; '90' means 1990, '05' 2005."
IN_PARTS: Final = (
    "Say a date in words, as 'January fifteenth, nineteen ninety'. If it is unclear or invalid, or takes too long, ask for it in parts: "
    "the month, then the day, then the year. Give no examples unless you are asked to."
)
WITH_TIME: Final = "Also ask for the time of birth. The user need not know it: then go on without it.\n"
_CENTURY: Final = 100


@dataclass
class GetDOBResult:
    """A date that is not in the future; the time, if it was asked for and is known."""

    date_of_birth: date
    time_of_birth: time | None = None


class GetDOBTask(CaptureTask[GetDOBResult]):
    """Gets it; see `CaptureTask`. ``include_time`` asks for the time, too."""

    def __init__(
        self,
        extra_instructions: str = "",
        include_time: bool = False,  # noqa: FBT001, FBT002 - LiveKit's
        **others: Any,  # noqa: ANN401 - those of the base class
    ) -> None:
        self._include_time = include_time
        self._time: time | None = None
        also = " and, if they know it, their time of birth" if include_time else ""
        super().__init__(
            Wanted(
                what="date of birth",
                tool="dob",
                heard=HEARD,
                read=READ,
                in_parts=IN_PARTS,
                ask=f"Ask the user to provide their date of birth{also}.",
            ),
            detail=WITH_TIME if include_time else "",
            extra_instructions=extra_instructions,
            **others,
        )

    def update_tools_of(self) -> list[FunctionTool]:
        """``update_dob`` and perhaps ``update_time``."""
        date_tool = function_tool(self._update_dob, name="update_dob", flags=self._ask_flag)
        return [date_tool, function_tool(self._update_time, name="update_time")] if self._include_time else [date_tool]

    async def _update_dob(self, year: int, month: int, day: int, ctx: RunContext[Any]) -> str | None:  # noqa: D417 - the model is shown it, and not the context
        """Update the date of birth provided by the user. Give a spoken month and year as numbers ('July 2030' is 7, 2030).

        Args:
            year: The birth year (e.g., 1990)
            month: The birth month (1-12)
            day: The birth day (1-31)
        """
        today = datetime.fromtimestamp(wall_time(), UTC).date()
        if 0 <= year < _CENTURY:
            year += 2000 if year <= today.year % _CENTURY else 1900
        try:
            born = date(year, month, day)
        except ValueError as wrong:
            raise ToolError(f"Invalid date: {wrong}") from None
        if born > today:
            raise ToolError(f"Invalid date of birth: {born:%B %d, %Y} is in the future. Date of birth cannot be a future date.")
        return await self._both(born, ctx, read_back="Repeat the date back to the user in a natural spoken format.")

    async def _update_time(self, hour: int, minute: int, ctx: RunContext[Any]) -> str | None:  # noqa: D417 - the model is shown it, and not the context
        """Update the time of birth provided by the user.

        Args:
            hour: The birth hour (0-23)
            minute: The birth minute (0-59)
        """
        try:
            self._time = time(hour, minute)
        except ValueError as wrong:
            raise ToolError(f"Invalid time: {wrong}") from None
        if self._captured is None:
            return f"The time of birth has been updated to {self._time:%I:%M %p}\nThe date of birth is not known yet: ask the user for it."
        return await self._both(self._captured.date_of_birth, ctx, read_back="Repeat the time back to the user in a natural spoken format.")

    async def _both(self, born: date, ctx: RunContext[Any], *, read_back: str) -> str | None:
        at = f" at {self._time:%I:%M %p}" if self._time else ""
        return await self.captured(
            GetDOBResult(date_of_birth=born, time_of_birth=self._time),
            ctx,
            told=f"The date of birth has been updated to {born:%B %d, %Y}{at}",
            read_back=read_back,
            spelled=f"Repeat the date one part at a time, the month, the day, then the year: {born:%B}, {born.day}, {born.year}",
        )

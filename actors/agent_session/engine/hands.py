"""Tools at work: each on a copy of the call's data, so that a tool that fails leaves no half of it behind."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from actors.agent_session.core import Input, RunTool
from actors.agent_session.core.inputs import ToolFinished
from actors.tools import FunctionTool, RunContext
from protocols import Clock, InvalidToolError

MAX_USER_DATA_BYTES: Final = 128_000
"""Of the call's data as JSON; a tool that makes it larger has failed."""


class Hands:
    """Runs tools, one at a time, for the call ``call_id``; the outcomes go to ``report``."""

    def __init__(self, tools: Mapping[str, FunctionTool], call_id: str, clock: Clock, report: Callable[[Input], None]) -> None:
        self._tools = tools
        self._call_id = call_id
        self._clock = clock
        self._report = report

    async def run(self, wanted: RunTool) -> None:
        """Run a tool and tell its outcome, which is an error in words where it failed or took too long."""
        tool = self._tools[wanted.call.name]
        context = RunContext(user_data=json.loads(wanted.user_data_json), call_id=self._call_id, incarnation=wanted.incarnation)
        begun = self._clock.monotonic()
        ok, data, end_call = True, wanted.user_data_json, ""
        try:
            result = await tool.invoke(wanted.call.arguments, context)
            data, end_call = _dump(context.user_data), context.end_requested or ""
        except TimeoutError:
            ok, result = False, f"error: {wanted.call.name} had no result after {tool.timeout_s:g} s"
        except InvalidToolError as failure:
            ok, result = False, f"error: {failure}"
        except (Exception, SystemExit) as failure:  # noqa: BLE001 - the seam to the user's code
            ok, result = False, f"error: {type(failure).__name__}: {failure}"
        self._report(
            ToolFinished(
                call_id=wanted.call.call_id,
                result=result,
                ok=ok,
                user_data_json=data,
                end_call=end_call,
                duration_ms=(self._clock.monotonic() - begun) * 1000,
            )
        )


def _dump(user_data: dict[str, Any]) -> str:
    try:
        data = json.dumps(user_data, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as failure:
        raise InvalidToolError(f"user_data holds what is no JSON ({failure}): keep text, numbers, lists and maps in it") from failure
    if len(data) > MAX_USER_DATA_BYTES:
        raise InvalidToolError(f"user_data has {len(data)} bytes, the limit is {MAX_USER_DATA_BYTES}: keep less in it")
    return data

"""Tools at work: each on a copy of the call's data, so that a tool that fails leaves no half of it behind."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from actors.agent_session.core import MAX_USER_DATA_BYTES, Input, RunTool
from actors.agent_session.core.inputs import ToolFinished
from actors.agent_session.engine.bulkhead import CANCEL_S, Bulkhead
from actors.agent_session.engine.circuit_breakers import CircuitOpenError
from actors.agent_session.engine.failures import named, words_of
from actors.tools import FunctionTool, RunContext, SupportsHandOff
from protocols import Clock, InvalidToolError, shorten_reason, well_formed

MAX_AGENT_BYTES: Final = 256_000
"""Of an agent that a call is handed to, as JSON: it stands in the journal."""
TOOL_THREADS: Final = 16
"""Tools that block at a time: those that run, and others that never returned. When all are held, no tool is run."""
MAX_NOT_RUN: Final = 3
"""Calls in a row for which there was no thread, after which the incarnation ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """What a tool leaves beside its result: the call's data, why the call is to end, the agent that it is handed to (JSON); or nothing."""

    user_data_json: str
    end_call: str = ""
    hand_off: str = ""


class ToolExecutor:
    """Runs tools, as many at a time as are wanted, for the call ``call_id``, behind ``bulkhead``; the outcomes go to ``report``.

    ``services`` names what stands behind a tool, by the tool's name.
    """

    def __init__(
        self,
        tools: Mapping[str, FunctionTool],
        call_id: str,
        *,
        services: Mapping[str, str],
        clock: Clock,
        bulkhead: Bulkhead,
        report: Callable[[Input], None],
    ) -> None:
        self._tools = tools
        self._services = services
        self._call_id = call_id
        self._clock = clock
        self._bulkhead = bulkhead
        self._report = report
        self._not_run = 0

    def use(self, tools: Mapping[str, FunctionTool], services: Mapping[str, str]) -> None:
        """Run these tools from now on."""
        self._tools, self._services = tools, services

    async def run(self, wanted: RunTool) -> None:
        """Run a tool and tell its outcome, which is an error in words where it failed or took too long."""
        tool = self._tools[wanted.call.name]
        context = RunContext(
            user_data=json.loads(wanted.user_data_json),
            call_id=self._call_id,
            incarnation=wanted.incarnation,
            call=wanted.call,
            speech_id=wanted.speech_id,
        )
        begun = self._clock.monotonic()
        ok, end = True, _End(user_data_json=wanted.user_data_json)
        try:
            result, end = await self._run(tool, wanted.call.arguments, context)
        except TimeoutError:
            ok, result = False, f"error: {wanted.call.name} had no result after {tool.timeout_s:g} s"
        except (CircuitOpenError, InvalidToolError) as failure:
            ok, result = False, f"error: {words_of(failure)}"
        except Exception as failure:  # noqa: BLE001 - the seam to the user's code
            ok, result = False, f"error: {named(failure)}"
        self._report(
            ToolFinished(
                call_id=wanted.call.call_id,
                result=result,
                ok=ok and not context.failed,
                user_data_json=end.user_data_json,
                end_call=end.end_call,
                hand_off=end.hand_off,
                duration_ms=(self._clock.monotonic() - begun) * 1000,
                reply=not ok or context.reply,
                output=not ok or context.output,
            )
        )
        if self._not_run >= MAX_NOT_RUN:
            self._bulkhead.lose(f"hold all their {TOOL_THREADS} threads and do not return")

    async def _run(self, tool: FunctionTool, arguments: str, context: RunContext) -> tuple[str, _End]:
        """The result of ``tool``, and what else it leaves."""
        self._not_run = self._not_run + 1 if self._bulkhead.full else 0
        if self._not_run:
            raise InvalidToolError(f"{tool.schema.name} was not run: {TOOL_THREADS} calls of tools have not returned, and hold all threads")
        service = self._services[tool.schema.name]
        result = await self._bulkhead.call(lambda: tool.invoke(arguments, context), tool.timeout_s + CANCEL_S, service=service)
        end = _End(user_data_json=_data(context), end_call=_reason(context.end_requested), hand_off=_agent_json(context.next_agent))
        return well_formed(result), end


def _agent_json(agent: SupportsHandOff | None) -> str:
    if agent is None:
        return ""
    try:
        wire = json.dumps(agent.to_wire(), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as failure:
        raise InvalidToolError(f"the agent that the call is handed to holds what is no JSON ({failure})") from failure
    if len(wire) > MAX_AGENT_BYTES:
        raise InvalidToolError(f"the agent that the call is handed to has {len(wire)} bytes, the limit is {MAX_AGENT_BYTES}: shorten it")
    return wire


def _reason(requested: object) -> str:
    if requested is None:
        return ""
    if not isinstance(requested, str):
        raise InvalidToolError(f"end_call({requested!r:.80}): give the reason as text")
    return shorten_reason(well_formed(requested)) or "normal"


def _data(context: RunContext) -> str:
    if not context.user_data_json:
        return _dump(context.user_data)
    if len(context.user_data_json) > MAX_USER_DATA_BYTES:
        raise _too_large(len(context.user_data_json))
    return context.user_data_json


def _dump(user_data: object) -> str:
    if not isinstance(user_data, dict):
        raise InvalidToolError(f"user_data is a {type(user_data).__name__} now: change the map that it is, do not replace it")
    try:
        data = json.dumps(user_data, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as failure:
        raise InvalidToolError(f"user_data holds what is no JSON ({failure}): keep text, numbers, lists and maps in it") from failure
    if len(data) > MAX_USER_DATA_BYTES:
        raise _too_large(len(data))
    return data


def _too_large(size: int) -> InvalidToolError:
    return InvalidToolError(f"user_data has {size} bytes, the limit is {MAX_USER_DATA_BYTES}: keep less in it")

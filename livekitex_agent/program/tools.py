"""The tools of an agent, run on the program's loop: with the session in reach, and with what LiveKit's tools may return and raise.

A tool waits for user code, so it is called by the session as any other, behind its bulkhead and within its time, while its function runs
on the program's loop, or in a thread if it is a plain function. What it leaves is told in LiveKit's terms: text is told as it is,
numbers, lists and dictionaries as Python prints them, and of anything else that it is no valid output; None and `StopResponse` ask for no
answer of the model's. Arguments that do not fit are told to it too.
"""

import asyncio
import inspect
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from actors import FunctionTool
from actors import RunContext as ToolRun
from livekitex_agent.llm import FunctionCall, StopResponse, ToolContext, ToolError, ToolResult, utils
from livekitex_agent.program.crossing import run_on
from livekitex_agent.program.tool_outcomes import ToolOutcome
from livekitex_agent.program.tool_progress import Progress, update_template
from livekitex_agent.voice.agent import Agent
from livekitex_agent.voice.agent_task import RUNNING
from livekitex_agent.voice.mocking import call_mock, mocks_of
from livekitex_agent.voice.run_context import RunContext
from livekitex_agent.voice.speech_handle import TOOL_SPEECH
from protocols import InvalidToolError

if TYPE_CHECKING:
    from livekitex_agent.program.session_activity import SessionActivity

log = logging.getLogger("livekitex.program")

TOOL_TIMEOUT_S: Final = 1_800.0
"""For one run of a tool of a program: it may hold a conversation of its own meanwhile."""
INTERNAL_ERROR: Final = "An internal error occurred"
"""What the model is told of an exception that is no `ToolError`: the rest is the program's business, and in its log."""


@dataclass(frozen=True, kw_only=True)
class ProgramTool(FunctionTool):
    """A tool of the agent ``agent``, run for ``activity``."""

    activity: "SessionActivity"
    agent: Agent

    async def invoke(self, arguments_json: str, context: ToolRun) -> str:
        """See `FunctionTool.invoke`; here the function and what it returns are the program's."""
        return await run_on(self.activity.loop.loop, lambda: self._invoke(arguments_json, context))

    async def _invoke(self, arguments_json: str, context: ToolRun) -> str:
        activity = self.activity
        handle = activity.speeches.of_call(context.speech_id)
        call_id = context.call.call_id if context.call is not None else ""
        call = FunctionCall(call_id=call_id, name=self.schema.name, arguments=arguments_json)
        if any(other.call.call_id == call_id for other in activity.call.memory.detached):  # it is run again, and its speech is over
            handle.mark_done()
        template = update_template(self.agent._tool_handling, activity.session._tool_handling)
        progress = Progress(activity, call_id, template)
        run = RunContext(run=context, session=activity.session, speech_handle=handle, function_call=call, progress=progress)
        speech, running = TOOL_SPEECH.set((handle, asyncio.current_task())), RUNNING.set(activity)
        message: str | None
        try:
            with activity.scopes.leave():
                async with asyncio.timeout(self.timeout_s):
                    returned = await self._call(arguments_json, run)
            told = self._told(call, returned, context, detached=run.updated)
            message = described(returned)
        except StopResponse:
            context.reply, message, told = False, None, ""
        except (ToolError, InvalidToolError) as failure:
            context.failed, message, told = True, str(failure), str(failure)
        except TimeoutError:
            raise
        except Exception as failure:  # the seam to the user's code
            log.exception("the tool %s has failed", self.schema.name)
            context.failed, message, told = True, str(failure), INTERNAL_ERROR
        finally:
            TOOL_SPEECH.reset(speech)
            RUNNING.reset(running)
            context.user_data_json = activity.user_data.written()
            activity.speeches.send_held(returning=call_id)
        activity.outcomes.note(
            f"{call_id}_final" if run.updated else call_id,
            ToolOutcome(message=message or None, failed=context.failed, reply=context.reply, hand_off=context.next_agent is not None),
        )
        return told

    async def _call(self, arguments_json: str, run: RunContext[Any]) -> object:
        arguments = self.validate(arguments_json)
        if self.parameters.context_name is not None:
            arguments[self.parameters.context_name] = run
        mock = mocks_of(type(self.agent), self.activity.session).get(self.schema.name)
        if mock is None:
            return await self.run(arguments)
        return await call_mock(mock, {name: arguments[name] for name in inspect.signature(self.function).parameters if name in arguments})

    def _told(self, call: FunctionCall, returned: object, context: ToolRun, *, detached: bool) -> str:
        agent, result = _split(returned)
        if agent is not None and detached:
            log.error("the tool %s returns an agent after an update: that does not get the call", self.schema.name)
            raise ToolError("the agent handoff did not happen")
        if agent is not None:
            context.hand_off(self.activity.agents.reference(agent))
            self.activity.run.hands_on()
        told = utils.make_function_call_output(fnc_call=call, output=result, exception=None).fnc_call_out
        nothing = (result.output if isinstance(result, ToolResult) else result) is None
        context.reply, context.failed = told.reply_required and not nothing, told.is_error
        return told.output


def program_tools(activity: "SessionActivity", agent: Agent, tools: Sequence[Any]) -> dict[str, FunctionTool]:
    """The tools that ``agent`` has in its session, by name: the later one of a name counts."""
    found: dict[str, FunctionTool] = {}
    for tool in ToolContext(tools).function_tools.values():
        fields = {name: getattr(tool, name) for name in FunctionTool.__dataclass_fields__}
        found[tool.schema.name] = ProgramTool(**{**fields, "timeout_s": TOOL_TIMEOUT_S}, activity=activity, agent=agent)
    return found


def described(returned: object) -> str | None:
    """What a tool has returned as LiveKit tells of it; None if it is nothing, or an agent alone."""
    output = returned.output if isinstance(returned, ToolResult) else returned
    return None if _split(output)[1] is None else str(output)


def _split(returned: object) -> tuple[Agent | None, object]:
    """The agent that a tool hands the call to, and its result."""
    if isinstance(returned, Agent):
        return returned, None
    if isinstance(returned, tuple) and any(isinstance(part, Agent) for part in returned):
        agents = [part for part in returned if isinstance(part, Agent)]
        others = [part for part in returned if not isinstance(part, Agent)]
        if len(agents) > 1:
            raise ToolError("a tool hands the call to one agent at a time")
        return agents[0], others[0] if len(others) == 1 else (tuple(others) or None)
    return None, returned

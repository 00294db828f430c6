"""A task that gets one thing from the caller: what all ready ones have in common.

The model calls the tool ``update_…`` with what it understood. A caller who speaks is then asked whether it is right, and only from then on
the model has a tool ``confirm_…``, so that it cannot confirm what nobody was asked; one who writes is not. With ``decline_…_capture`` the
task fails, with a `ToolError` that tells why.
"""

from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from livekitex_agent.beta.workflows.instructions import WorkflowInstructions
from livekitex_agent.llm import FunctionTool, Instructions, ToolError, ToolFlag, function_tool
from livekitex_agent.types import NOT_GIVEN, NotGiven, NotGivenOr
from livekitex_agent.utils.log import logger
from livekitex_agent.voice.agent_task import AgentTask
from livekitex_agent.voice.run_context import RunContext

R = TypeVar("R")

TEMPLATE: Final = """\
{persona}

{modality}

{detail}Call `{update}` at the first opportunity, whenever you have a new idea of the {what}, before you ask or answer anything.
Do not invent anything: stick strictly to what the user said.
{confirmation}
{in_parts}

Ignore unrelated input and stay with your task. Do not use Markdown, greetings or needless comments.
Call a tool whenever one applies. Do not pretend to: nothing happens unless the tool is called.

{extra}
"""
PERSONA: Final = "You are one step in a broader system, and responsible for one thing alone: to get the user's {what}."
HEARD: Final = """\
The input is a noisy transcription of speech. {patterns}
Leave out fillers and hesitations. Do not mention corrections: take the input as imperfect, and mend it silently."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a task gets: how it is called (``what``), how its tools are (``update_{tool}``), and what its model is told.

    ``heard`` and ``read`` say how it may look in speech and in writing, ``in_parts`` how to ask if it is not understood, ``ask`` what to do
    first.
    """

    what: str
    tool: str
    heard: str
    read: str
    in_parts: str
    ask: str


class CaptureTask(AgentTask[R], Generic[R]):
    """See above. A subclass has a tool ``update_…`` (`update_tool`) that calls `captured`.

    ``instructions`` replace the task's, as a whole or (`WorkflowInstructions`) in parts. ``require_confirmation`` settles whether the
    caller is asked if it is right. With ``require_explicit_ask`` it is asked for even if the conversation has it already. The others
    are those of `AgentTask`.
    """

    def __init__(
        self,
        wanted: Wanted,
        *,
        instructions: NotGivenOr[Instructions | str] = NOT_GIVEN,
        extra_instructions: str = "",
        detail: str = "",
        tools: NotGivenOr[list[Any]] = NOT_GIVEN,
        require_confirmation: NotGivenOr[bool] = NOT_GIVEN,
        require_explicit_ask: bool = False,
        **agent: Any,  # noqa: ANN401 - the arguments of an agent
    ) -> None:
        if isinstance(instructions, NotGiven):
            instructions = WorkflowInstructions(extra=extra_instructions)
        elif extra_instructions:
            logger.warning("extra_instructions are passed over: instructions are given")
        if isinstance(instructions, WorkflowInstructions):
            instructions = _resolved(wanted, instructions, detail, require_confirmation)
        self._wanted = wanted
        self._require_confirmation = require_confirmation
        self._ask_flag = ToolFlag.IGNORE_ON_ENTER if require_explicit_ask else ToolFlag.NONE
        self._captured: R | None = None
        self._read_back_before = False
        super().__init__(
            instructions=instructions,
            tools=[*(tools or ()), *self.update_tools_of(), self._decline_tool()],
            **agent,
        )

    async def on_enter(self) -> None:
        """Ask for it."""
        self.session.generate_reply(instructions=self._wanted.ask)

    def update_tools_of(self) -> list[FunctionTool]:
        """The tools by which the model says what it understood."""
        raise NotImplementedError

    async def captured(self, result: R, ctx: RunContext[Any], *, told: str, read_back: str, spelled: str) -> str | None:
        """The model has understood ``result``: the task is complete, or the caller is to be asked if it is right.

        ``told`` is what the model is told of it, ``read_back`` how to repeat it to the caller, ``spelled`` how to the second time.
        """
        self._captured = result
        if not self.must_confirm(ctx):
            self._complete(result)
            return None
        await self.offer_confirmation()
        how = spelled if self._read_back_before else read_back
        self._read_back_before = True
        return f"{told}\n{how}\nAsk the user to confirm it; do not call `confirm_{self._wanted.tool}` by yourself."

    def must_confirm(self, ctx: RunContext[Any]) -> bool:
        """Whether the caller is asked if it is right: by default if he speaks."""
        if isinstance(self._require_confirmation, NotGiven):
            return ctx.speech_handle.input_details.modality == "audio"
        return self._require_confirmation

    async def offer_confirmation(self) -> None:
        """Give the model the tool that confirms what is captured now."""
        confirm = self._confirm_tool(self._captured)
        await self.update_tools([*(tool for tool in self.tools if tool.id != confirm.id), confirm])

    def _complete(self, result: R | Exception) -> None:
        if not self.done():
            self.complete(result)

    def _confirm_tool(self, result: R | None) -> FunctionTool:
        what = self._wanted.what

        async def confirm() -> str | None:
            if result is None or result != self._captured:  # it was updated again, perhaps in the same answer
                return f"The {what} has changed since the user was asked: ask whether the new one is right."
            self._complete(result)
            return None

        return function_tool(confirm, name=f"confirm_{self._wanted.tool}", description=f"Call when the user has confirmed the {what}.")

    def _decline_tool(self) -> FunctionTool:
        what = self._wanted.what

        async def decline(reason: str) -> None:
            self._complete(ToolError(f"couldn't get the {what}: {reason}"))

        return function_tool(
            decline,
            name=f"decline_{self._wanted.tool}_capture",
            description=f"Call when the user explicitly declines to give the {what}, with a short reason.",
            flags=ToolFlag.IGNORE_ON_ENTER,
        )


def _resolved(wanted: Wanted, given: WorkflowInstructions, detail: str, confirm: NotGivenOr[bool]) -> Instructions:
    confirmation = f"Call `confirm_{wanted.tool}` after the user has confirmed that the {wanted.what} is right."
    return given.resolve(
        template=TEMPLATE,
        default_persona=PERSONA.format(what=wanted.what),
        modality=Instructions(audio=HEARD.format(patterns=wanted.heard), text=f"The input is typed. {wanted.read}"),
        confirmation=Instructions(audio="" if confirm is False else confirmation, text=confirmation if confirm is True else ""),
        detail=detail,
        update=f"update_{wanted.tool}",
        what=wanted.what,
        in_parts=wanted.in_parts,
    )

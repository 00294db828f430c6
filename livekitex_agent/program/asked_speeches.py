"""What a program asks to be said: from LiveKit's arguments to the commands of the call.

What is left out is decided here: whether the speech may be interrupted (the agent says it, else the session, else it may), which tools a
reply is offered, and whether it may call them.
"""

from collections.abc import AsyncIterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from livekitex_agent.llm import ChatContext, ToolContext, ToolFlag, to_protocol
from livekitex_agent.program.agent_hooks import ENTERING
from livekitex_agent.program.written_text import deltas_of, written_by
from livekitex_agent.tool_choice import choice_of, names_of
from livekitex_agent.types import NotGiven, NotGivenOr
from livekitex_agent.voice.speech_handle import SpeechHandle, tool_speech
from livekitex_agent.voice.turn import may_interrupt
from protocols import GenerateReply, Say, ToolChoice

if TYPE_CHECKING:
    from livekitex_agent.program.session_activity import SessionActivity


class AskedSpeeches:
    """Of the session that ``activity`` runs; used on the program's loop."""

    def __init__(self, activity: "SessionActivity") -> None:
        self._activity = activity
        self.drained = False
        """Whether nothing more may be asked for."""

    def say(
        self,
        text: str | AsyncIterable[str],
        *,
        audio: NotGivenOr[AsyncIterable[Any]],
        allow_interruptions: NotGivenOr[bool],
        add_to_chat_ctx: bool,
    ) -> SpeechHandle:
        """See `Activity.say`."""
        self._require_undrained()
        words = text if isinstance(text, str) else ""
        say = Say(command_id="", text=words, allow_interruptions=self._may_interrupt(allow_interruptions), in_history=add_to_chat_ctx)
        if (
            isinstance(text, str)
            and not isinstance(audio, NotGiven)
            and self._activity.voices.get(self._activity.hooks.current) is not None
        ):
            return self._watched(self._activity.speeches.begin_with_audio(say, audio))
        if not isinstance(text, str) or not text.strip() or self._activity.current_agent._overrides("transcription_node"):
            return self._watched(
                self._activity.speeches.begin_open(replace(say, text=""), written_by(self._activity.current_agent, deltas_of(text)))
            )
        return self._watched(
            self._activity.speeches.begin("say", lambda command_id: replace(say, command_id=command_id), say.allow_interruptions)
        )

    def generate_reply(
        self,
        *,
        user_input: NotGivenOr[Any],
        instructions: NotGivenOr[Any],
        tool_choice: NotGivenOr[Any],
        tools: NotGivenOr[Sequence[str]],
        allow_interruptions: NotGivenOr[bool],
        chat_ctx: NotGivenOr[ChatContext],
    ) -> SpeechHandle:
        """See `Activity.generate_reply`."""
        self._require_undrained()
        allowed = self._may_interrupt(allow_interruptions)
        told = "" if isinstance(instructions, NotGiven) or instructions is None else str(instructions)
        text = "" if isinstance(user_input, NotGiven) else getattr(user_input, "text_content", user_input) or ""
        named = self._offered() if isinstance(tools, NotGiven) else names_of(tools)
        if not isinstance(tool_choice, NotGiven):
            choice, required = choice_of(tool_choice)
        else:
            choice, required = (ToolChoice.NONE if tool_speech() is not None else ToolChoice.AUTO), ""
        given = to_protocol(chat_ctx) if isinstance(chat_ctx, ChatContext) else None
        handle = self._activity.speeches.begin(
            "generate_reply",
            lambda command_id: GenerateReply(
                command_id=command_id,
                instructions=told,
                user_input=text,
                allow_interruptions=allowed,
                tools=named,
                tool_choice=choice,
                required_tool=required,
                context=given,
            ),
            allow_interruptions=allowed,
        )
        return self._watched(handle)

    def _require_undrained(self) -> None:
        if self.drained:
            raise RuntimeError("the session is drained: nothing more is said in it; close it")

    def _offered(self) -> tuple[str, ...] | None:
        """The tools of a reply to which none are named: all (None), but while an agent enters those that are not to be called then."""
        if not ENTERING.get():
            return None
        tools = ToolContext([*self._activity.session.tools, *self._activity.hooks.current.tools]).function_tools
        return tuple(name for name, tool in tools.items() if ToolFlag.IGNORE_ON_ENTER not in tool.flags)

    def _may_interrupt(self, given: NotGivenOr[bool]) -> bool:
        if not isinstance(given, NotGiven):
            return given
        agent = may_interrupt(self._activity.hooks.current._turn_handling, self._activity.hooks.current._flat)
        session = may_interrupt(self._activity.session._turn_handling, self._activity.session._flat)
        return next((told for told in (agent, session) if told is not None), True)

    def _watched(self, handle: SpeechHandle) -> SpeechHandle:
        self._activity.run.watch(handle)
        return handle

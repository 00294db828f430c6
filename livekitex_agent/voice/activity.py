"""What runs a session's conversation, as the classes that users write know it. The program's runtime implements it."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from livekitex_agent.types import NotGivenOr
from livekitex_agent.voice.events import AgentState, CloseReason, UserState
from livekitex_agent.voice.speech_handle import SpeechHandle

if TYPE_CHECKING:
    from livekitex_agent.llm import ChatContext
    from livekitex_agent.voice.agent import Agent, ModelSettings
    from livekitex_agent.voice.agent_session import AgentSession
    from livekitex_agent.voice.run_result import RunOutputOptions, RunResult


class Activity(Protocol):
    """The conversation of one `AgentSession` that was started; used from the program's loop.

    An ``agent`` is the one that is meant: it need not be the one that has the call.
    """

    # What it has.

    @property
    def session(self) -> "AgentSession[Any]":
        """The session."""
        ...

    @property
    def current_agent(self) -> "Agent":
        """Who has the call."""
        ...

    @property
    def current_speech(self) -> SpeechHandle | None:
        """What is said now."""
        ...

    @property
    def user_state(self) -> UserState:
        """What the caller does."""
        ...

    @property
    def agent_state(self) -> AgentState:
        """What the agent does."""
        ...

    def history(self) -> "ChatContext":
        """The conversation so far: a copy."""
        ...

    def chat_ctx_of(self, agent: "Agent") -> "ChatContext":
        """What it knows of the conversation: a copy."""
        ...

    def usage(self) -> Any:  # noqa: ANN401 - an `AgentSessionUsage`
        """What the models were used for so far."""
        ...

    # What it does.

    def enter(self) -> None:
        """Have the agent's `on_enter` run, unless it had in an earlier life."""
        ...

    def say(
        self,
        text: str | AsyncIterable[str],
        *,
        audio: NotGivenOr[AsyncIterable[Any]],
        allow_interruptions: NotGivenOr[bool],
        add_to_chat_ctx: bool,
    ) -> SpeechHandle:
        """See `AgentSession.say`."""
        ...

    def generate_reply(
        self,
        *,
        user_input: NotGivenOr[Any],
        instructions: NotGivenOr[Any],
        tool_choice: NotGivenOr[Any],
        tools: NotGivenOr[Sequence[str]],
        allow_interruptions: NotGivenOr[bool],
        chat_ctx: NotGivenOr["ChatContext"],
    ) -> SpeechHandle:
        """See `AgentSession.generate_reply`."""
        ...

    def completed(self, outcome: Any) -> None:  # noqa: ANN401 - the task's result, or why it failed
        """A task was completed; it is what the run comes to that goes on now."""
        ...

    def begin_run(
        self, user_input: str | None, output_type: type[Any] | None = None, output_options: "RunOutputOptions | None" = None
    ) -> "RunResult[Any]":
        """Note what happens from now on; see `AgentSession.run`."""
        ...

    def reset_away_timer(self) -> None:
        """See `AgentSession.reset_away_timer`."""
        ...

    def interrupt(self, *, force: bool) -> "asyncio.Future[None]":
        """See `AgentSession.interrupt`."""
        ...

    def commit_user_turn(self, timeout_s: float, *, skip_reply: bool) -> "asyncio.Future[str]":
        """See `AgentSession.commit_user_turn`."""
        ...

    def clear_user_turn(self) -> None:
        """See `AgentSession.clear_user_turn`."""
        ...

    def set_audio_in(self, enabled: bool) -> None:  # noqa: FBT001 - a switch
        """Listen to the caller, or not."""
        ...

    def update_agent(self, agent: "Agent") -> None:
        """See `AgentSession.update_agent`."""
        ...

    async def run_task(self, task: Any) -> Any:  # noqa: ANN401 - an `AgentTask` of any result
        """See `AgentTask`: let it have the call until it is complete, and give its result."""
        ...

    async def wait_for_idle(self) -> None:
        """See `AgentSession.wait_for_idle`."""
        ...

    async def drain(self) -> None:
        """See `AgentSession.drain`."""
        ...

    def close_soon(self, reason: CloseReason, *, drain: bool) -> None:
        """See `AgentSession.shutdown`."""
        ...

    async def aclose(self, reason: CloseReason) -> None:
        """See `AgentSession.aclose`."""
        ...

    def background_changed(self) -> None:
        """See `AgentSession.use_background`."""
        ...

    # The agents.

    async def update_instructions(self, agent: "Agent", instructions: str) -> None:
        """See `Agent.update_instructions`."""
        ...

    async def update_tools(self, agent: "Agent", before: list[Any]) -> None:
        """Its tools have changed from what they were ``before``."""
        ...

    async def update_chat_ctx(self, agent: "Agent", chat_ctx: "ChatContext") -> None:
        """See `Agent.update_chat_ctx`."""
        ...

    def providers_changed(self, agent: "Agent") -> None:
        """Its providers have changed."""
        ...

    def stt_node(self, agent: "Agent", audio: AsyncIterable[Any], model_settings: "ModelSettings") -> AsyncIterator[Any]:
        """The default of `Agent.stt_node`."""
        ...

    def llm_node(self, agent: "Agent", chat_ctx: "ChatContext", tools: list[Any], model_settings: "ModelSettings") -> AsyncIterator[Any]:
        """The default of `Agent.llm_node`."""
        ...

    def tts_node(self, agent: "Agent", text: AsyncIterable[str], model_settings: "ModelSettings") -> AsyncIterator[Any]:
        """The default of `Agent.tts_node`."""
        ...

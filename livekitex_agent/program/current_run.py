"""What a test or a script waits for with ``session.run``: the speeches and agents that what was said has caused, and what came of it."""

import asyncio
from collections.abc import Callable
from typing import Any

from actors import ProgramCall, ProgramLoop
from livekitex_agent.llm.conversion import item_from_protocol
from livekitex_agent.program.tool_progress import is_report
from livekitex_agent.voice.agent import Agent
from livekitex_agent.voice.agent_session import AgentSession
from livekitex_agent.voice.run_result import RunOutputOptions, RunResult, Watched
from livekitex_agent.voice.speech_handle import SpeechHandle
from protocols import AgentHandoff, ConversationItemAdded, EventPushed, ToolReply

__all__ = ["CurrentRun"]


class CurrentRun:
    """The newest run of a session, if it has one. Used on the program's loop."""

    def __init__(self, session: AgentSession[Any], call: ProgramCall, loop: ProgramLoop) -> None:
        self._session = session
        self._call = call
        self._loop = loop
        self._run: RunResult[Any] | None = None
        self._handing: asyncio.Future[None] | None = None
        self._telling: asyncio.Future[None] | None = None

    def begin(
        self, user_input: str | None, output_type: type[Any] | None = None, output_options: RunOutputOptions | None = None
    ) -> RunResult[Any]:
        """Begin a run; of the one before nothing more is recorded."""
        self._run = RunResult(user_input, output_type, output_options=output_options, ask_again=self._ask_again)
        return self._run

    @property
    def newest(self) -> RunResult[Any] | None:
        """The run; None before the first."""
        return self._run

    def completed(self, outcome: Any) -> None:  # noqa: ANN401 - a task's
        """A task has come to ``outcome``."""
        if self._run is not None:
            self._run.record_output(outcome)

    def watch(self, work: Watched) -> None:
        """The run is not over before ``work`` is."""
        if self._run is not None:
            self._run.watch(work)

    def unwatch(self, work: Watched) -> None:
        """It does not wait for ``work``, which waits for the caller."""
        if self._run is not None:
            self._run.unwatch(work)

    def hands_on(self) -> None:
        """A tool gives the call to another agent: the run is not over before that one has it, or cannot have it."""
        if self._handing is None:
            self._handing = self._loop.loop.create_future()
            self.watch(self._handing)

    def handed_on(self, before: Agent, after: Agent) -> None:
        """The call is another agent's."""
        handoff = next((item for item in reversed(self._call.conversation.items) if isinstance(item, AgentHandoff)), None)
        if self._run is not None and handoff is not None:
            self._run.record_handoff(item_from_protocol(handoff), before, after)
        self.stays()

    def stays(self) -> None:
        """Nobody waits any more for another agent to have the call, nor for what the one before was to tell."""
        handing, self._handing = self._handing, None
        if handing is not None:
            handing.set_result(None)
        self._told()

    def _told(self) -> None:
        telling, self._telling = self._telling, None
        if telling is not None:
            telling.set_result(None)

    def tell(self, pushed: EventPushed, of_call: Callable[[str], SpeechHandle]) -> None:
        """Something happened in the call; ``of_call`` gives the handle of a speech by its id."""
        run, event = self._run, pushed.event
        if isinstance(event, ToolReply):
            self._tells(event)
        if run is None or not isinstance(event, ConversationItemAdded) or event.role == "user":
            return
        item = self._call.conversation.get_by_id(event.item_id)
        if item is not None and not isinstance(item, AgentHandoff) and not is_report(item) and run.watches(of_call(pushed.speech_id)):
            run.record_item(item_from_protocol(item))

    def _tells(self, event: ToolReply) -> None:
        """What a tool has told that goes on, or went on: the run that this happens in is not over before the agent tells it."""
        if event.status == "scheduled":
            self._told()
        elif event.status == "pending" and self._telling is None and self._run is not None and not self._run.done():
            self._telling = self._loop.loop.create_future()
            self.watch(self._telling)

    def _ask_again(self, instructions: str) -> SpeechHandle:
        return self._session.generate_reply(instructions=instructions)

"""A session at work: LiveKit's session on one side, the call's core on the other. Everything here is on the program's loop.

How it works. What user code asks for becomes a command of the call (`speeches`), what happens in the call comes back as its events: they
end the handles, move what the session tells of itself, and are told on (`session_events`), in their order. The agent that has the call is
the call's own fact; the runtime only finds the object that it is (`agents`), makes what the call works with (`parts`), and runs its hooks.
Each hook is a scope: what had returned in an earlier life is not run again, what had not runs again and asks for the same speeches.
"""

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from typing import Any, Final
from weakref import WeakKeyDictionary

from actors import ProgramCall, ProgramLoop, ProgramWork
from livekitex_agent.llm import ChatContext, from_protocol
from livekitex_agent.program.agent_context import kept, shown
from livekitex_agent.program.agent_hooks import AgentHooks
from livekitex_agent.program.agent_states import SAID, AgentStates
from livekitex_agent.program.agent_tools import AgentTools
from livekitex_agent.program.agents import Agents
from livekitex_agent.program.asked_speeches import AskedSpeeches
from livekitex_agent.program.audio_rate import AudioRate
from livekitex_agent.program.closing import ask_to_close, asked_to_close
from livekitex_agent.program.current_run import CurrentRun
from livekitex_agent.program.default_recognition import recognize_by_default
from livekitex_agent.program.derived import Derived
from livekitex_agent.program.errors_told import ErrorsTold
from livekitex_agent.program.facts import Facts
from livekitex_agent.program.metrics_told import MetricsTold
from livekitex_agent.program.nodes import AgentLLM, speak_by_default
from livekitex_agent.program.parts import given_provider, words_of
from livekitex_agent.program.providers import ProviderHost, retries_of
from livekitex_agent.program.recognition import Hearing
from livekitex_agent.program.scopes import Scopes
from livekitex_agent.program.session_events import close_event, session_events
from livekitex_agent.program.speeches import Speeches
from livekitex_agent.program.tool_outcomes import ToolOutcomes
from livekitex_agent.program.toolsets import OpenToolsets
from livekitex_agent.program.transcription import Transcription
from livekitex_agent.program.user_data_keeper import UserDataKeeper
from livekitex_agent.program.user_presence import UserPresence
from livekitex_agent.program.user_transcripts import UserTranscripts
from livekitex_agent.program.user_turns import UserTurns
from livekitex_agent.voice.agent import Agent, ModelSettings
from livekitex_agent.voice.agent_session import AgentSession
from livekitex_agent.voice.agent_task import AgentTask
from livekitex_agent.voice.events import AgentState, AgentStateChangedEvent, CloseReason, SpeechCreatedEvent, UserState
from livekitex_agent.voice.run_result import RunOutputOptions, RunResult
from livekitex_agent.voice.speech_handle import SpeechHandle
from protocols import (
    TTS,
    AgentChanged,
    CallEnded,
    ChatItem,
    CommitAudio,
    ConversationItemAdded,
    EndCall,
    EventPushed,
    ProviderKind,
    SessionError,
    SpeechCreated,
    SystemClock,
    UpdateChatContext,
    UpdateInstructions,
)

log = logging.getLogger("livekitex.program")

CLOSE_TIMEOUT_S: Final = 60.0


class SessionActivity:
    """See `voice.activity.Activity`. ``overrides`` are providers that take the place of the program's own."""

    def __init__(
        self,
        session: AgentSession[Any],
        call: ProgramCall,
        loop: ProgramLoop,
        scopes: Scopes,
        *,
        agents: Agents,
        facts: Facts,
        overrides: Mapping[Any, Any],
    ) -> None:
        self.session = session
        self.call = call
        self.loop = loop
        self.scopes = scopes
        self.agents = agents
        self.facts = facts
        self.overrides = overrides
        self.providers = ProviderHost(loop.loop, retries_of(session.conn_options))
        self.toolsets = OpenToolsets()
        self.tools = AgentTools(self)
        self.outcomes = ToolOutcomes()
        self.metrics = MetricsTold(session)
        options = session._conn_options
        self.errors = ErrorsTold(session, None if options is None else options.max_unrecoverable_errors, self._failed_too_often)
        self.speeches = Speeches(call, loop, scopes, self._speech_created)
        self.user_data = UserDataKeeper(session, call)
        self._transcription = Transcription(session, loop)
        self._transcripts = UserTranscripts()
        self.run = CurrentRun(session, call, loop)
        self.models: WeakKeyDictionary[Agent, AgentLLM] = WeakKeyDictionary()
        self.hearing = Hearing(self)
        self.voices: WeakKeyDictionary[Agent, TTS | None] = WeakKeyDictionary()
        """Behind the nodes of the agents."""
        self.derived = Derived()
        self.audio_rate = AudioRate(facts)
        self.hooks = AgentHooks(self)
        self._asked = AskedSpeeches(self)
        self.say, self.generate_reply = self._asked.say, self._asked.generate_reply
        self.presence = UserPresence(
            session._user_away_timeout, lambda event: session.emit("user_state_changed", event), self.outcomes.any_open
        )
        self._states = AgentStates()
        self.live = False
        """Whether `begin` has returned."""
        self._closing: CloseReason | None = None
        self._error: Any = None
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turns = UserTurns(self.speeches, scopes)
        self.commit_user_turn, self.clear_user_turn = self._turns.commit, self._turns.clear

    # Its life.

    async def begin(self, agent: Agent) -> None:
        """Begin the conversation with ``agent``, or go on with the one that had it in an earlier life; returns once it is live."""
        self.user_data.restore()
        self.call.start(parts := await self.hooks.begin(agent))
        self.call.hear(self.session.input.audio_enabled)
        await self.facts.put("session/started", "true")
        await self.audio_rate.settle(parts)
        self.live = True
        self._tell_states(self._states.begin())
        self.loop.spawn(self.user_data.commit_regularly(), name="user data")

    def enter(self) -> None:
        """See `Activity.enter`. Where the life before has died at its end, that goes on."""
        if self.call.memory.closed:
            self._ended(self.call.memory.ending, SystemClock().wall())
        elif (closing := asked_to_close(self.facts)) is not None:
            self.hooks.live()
            self.close_soon(closing[0], drain=closing[1])
        else:
            self.hooks.enter()

    async def run_task(self, task: AgentTask[Any]) -> Any:  # noqa: ANN401 - of the task
        """See `Activity.run_task`."""
        return await self.hooks.run_task(task)

    def perform(self, work: ProgramWork) -> None:
        """See `Program.perform`; from any thread."""
        self.hooks.perform(work)

    # What happens in the call.

    def tell(self, pushed: EventPushed) -> None:
        """See `Program.tell`."""
        self.speeches.tell(pushed)
        self._transcription.tell(pushed)
        self.presence.tell(pushed)
        if isinstance(pushed.event, AgentChanged):
            before = self.hooks.current
            self.hooks.changed()
            self.run.handed_on(before, self.hooks.current)
        changes = tuple(self._states.after(pushed, voice=self._has_voice, answers=self.outcomes.answers(pushed.event)))
        if not isinstance(pushed.event, ConversationItemAdded):
            self._tell_states(changes)
        self.metrics.tell(pushed.event)
        self.errors.tell(pushed, lambda kind: given_provider(self, self.hooks.current, ProviderKind(kind)))
        for event in session_events(pushed, self._item, self.outcomes, self._transcripts):
            self.session.emit(event.type, event)  # type: ignore[attr-defined]  # each has one
        if isinstance(pushed.event, ConversationItemAdded):  # he is answered once his words are there
            self._tell_states(changes)
        self._turns.tell(pushed)
        self.run.tell(pushed, self.speeches.of_call)
        if isinstance(pushed.event, CallEnded) or (isinstance(pushed.event, SessionError) and pushed.event.source == "agent"):
            self.hooks.coming = None
            self.run.stays()
        if isinstance(pushed.event, CallEnded):
            self._ended(pushed.event.reason, pushed.wall_s)

    def _item(self, item_id: str) -> ChatItem | None:
        return self.call.conversation.get_by_id(item_id)

    def _tell_states(self, changes: Iterable[tuple[AgentState, AgentState]]) -> None:
        for old, new in changes:
            self.presence.agent_is(new)
            self.session.emit("agent_state_changed", AgentStateChangedEvent(old_state=old, new_state=new))

    @property
    def _has_voice(self) -> bool:
        return given_provider(self, self.hooks.current, ProviderKind.TTS) is not None

    @property
    def _hears(self) -> bool:
        return given_provider(self, self.hooks.current, ProviderKind.STT) is not None

    def _speech_created(self, handle: SpeechHandle, created: SpeechCreated) -> None:
        if not created.user_initiated:
            self.run.watch(handle)
        source = "say" if created.source in SAID else "generate_reply"
        self.session.emit("speech_created", SpeechCreatedEvent(user_initiated=True, source=source, speech_handle=handle))

    def _ended(self, reason: str, wall_s: float) -> None:
        self.speeches.lost("the call has ended")
        if not self._closed.done():
            self._closed.set_result(None)
            self.presence.stop()
            self.metrics.heard.stop()
            self.errors.heard.stop()
            self.session.emit("close", close_event(reason, self._closing, wall_s, self._error))

    # What it has.

    @property
    def ended(self) -> "asyncio.Future[None]":
        """Done once the conversation is over."""
        return self._closed

    @property
    def user_state(self) -> UserState:
        """See `Activity.user_state`."""
        return self.presence.now

    @property
    def agent_state(self) -> AgentState:
        """See `Activity.agent_state`."""
        return self._states.now

    @property
    def current_agent(self) -> Agent:
        """See `Activity.current_agent`."""
        return self.hooks.coming or self.hooks.current

    @property
    def current_speech(self) -> SpeechHandle | None:
        """See `Activity.current_speech`."""
        return self.speeches.current

    def history(self) -> ChatContext:
        """See `Activity.history`."""
        return from_protocol(self.call.conversation)

    def chat_ctx_of(self, agent: Agent) -> ChatContext:
        """See `Activity.chat_ctx_of`."""
        known = self.call.known
        return agent._chat_ctx.copy() if known is None or agent is not self.hooks.current else shown(self.instructions(), known)

    def instructions(self) -> str:
        """What the agent that has the call is told of itself."""
        given = self.call.memory.instructions
        return words_of(self.hooks.current, voice=self._has_voice) if given is None else given

    def usage(self) -> Any:  # noqa: ANN401 - see `Activity.usage`
        """See `Activity.usage`."""
        return self.metrics.usage()

    # What it does.

    def reset_away_timer(self) -> None:
        """See `Activity.reset_away_timer`."""
        self.presence.active()

    def interrupt(self, *, force: bool) -> "asyncio.Future[None]":
        """See `Activity.interrupt`."""
        return self.speeches.interrupt(force=force)

    def set_audio_in(self, enabled: bool) -> None:  # noqa: FBT001 - a switch
        """See `Activity.set_audio_in`."""
        self.call.hear(enabled)

    def completed(self, outcome: Any) -> None:  # noqa: ANN401 - see `Activity.completed`
        """See `Activity.completed`."""
        self.run.completed(outcome)

    def begin_run(
        self, user_input: str | None, output_type: type[Any] | None = None, output_options: RunOutputOptions | None = None
    ) -> RunResult[Any]:
        """See `Activity.begin_run`."""
        return self.run.begin(user_input, output_type, output_options)

    # The end.

    async def wait_for_idle(self) -> None:
        """See `Activity.wait_for_idle`."""
        while self.speeches.open or self.speeches.current is not None:
            for handle in [*self.speeches.open, *([self.speeches.current] if self.speeches.current else [])]:
                await asyncio.shield(handle._over)

    async def drain(self) -> None:
        """See `Activity.drain`."""
        await self.hooks.exit()
        self._asked.drained = True
        await self.wait_for_idle()

    def close_soon(self, reason: CloseReason, *, drain: bool) -> None:
        """See `Activity.close_soon`."""
        ask_to_close(self.facts, reason, drain=drain)
        self.loop.spawn(self._close(reason, drain=drain), name="closing")

    async def aclose(self, reason: CloseReason) -> None:
        """See `Activity.aclose`."""
        await self._close(reason, drain=False)

    async def _close(self, reason: CloseReason, *, drain: bool) -> None:
        if self._closing is None and not self.over:
            self._closing = reason
            ask_to_close(self.facts, reason, drain=drain)
            if drain:
                await self.wait_for_idle()
            await self.hooks.leave()
            if not drain and self.speeches.current is not None:
                self.speeches.current.interrupt(force=True)
            if reason is not CloseReason.ERROR and self._hears:
                self.speeches.send(CommitAudio(command_id=self.scopes.command_id("last words"), reply=False))
            self.speeches.send(EndCall(command_id=self.scopes.command_id("close"), reason="normal"))
        await asyncio.wait([self._closed], timeout=CLOSE_TIMEOUT_S)
        self.hooks.end()
        await self.toolsets.close_all()

    def _failed_too_often(self, error: Any) -> None:  # noqa: ANN401 - of any family
        self._error = error
        self.close_soon(CloseReason.ERROR, drain=False)

    @property
    def over(self) -> bool:
        """Whether the conversation has ended."""
        return self._closed.done()

    @property
    def closing(self) -> bool:
        """Whether the program has closed it."""
        return self._closing is not None

    def gone(self) -> None:
        """The conversation has ended, by whatever: nobody waits for it any more."""
        self._ended("gone", SystemClock().wall())

    async def leave(self) -> None:
        """The call is over: the agent that had it leaves, if it has not."""
        if self._closing is None:
            await self.hooks.leave()
            self.hooks.end()
        await self.toolsets.close_all()
        await self.providers.aclose()

    # The agents.

    def update_agent(self, agent: Agent) -> None:
        """See `Activity.update_agent`."""
        self.hooks.replace(agent)

    async def update_instructions(self, agent: Agent, instructions: str) -> None:
        """See `Activity.update_instructions`."""
        command_id = self.scopes.command_id("update_instructions")  # a rerun, in which it has not the call yet, numbers on
        if agent is self.hooks.current:
            await self.speeches.accepted(UpdateInstructions(command_id=command_id, instructions=instructions))

    async def update_tools(self, agent: Agent, before: list[Any]) -> None:
        """See `Activity.update_tools`."""
        await self.tools.update(agent, before)

    async def update_chat_ctx(self, agent: Agent, chat_ctx: ChatContext) -> None:
        """See `Activity.update_chat_ctx`."""
        command_id = self.scopes.command_id("update_chat_ctx")  # see `update_instructions`
        if agent is self.hooks.current:
            await self.speeches.accepted(UpdateChatContext(command_id=command_id, context=kept(chat_ctx)))

    def background_changed(self) -> None:
        """See `Activity.background_changed`."""
        self.loop.spawn(self.tools.offer(self.hooks.current), name="background audio")

    def providers_changed(self, agent: Agent) -> None:
        """See `Activity.providers_changed`."""
        self.loop.spawn(self.tools.offer(agent), name="providers")

    def stt_node(self, agent: Agent, audio: AsyncIterable[Any], model_settings: ModelSettings) -> AsyncIterator[Any]:
        """See `Activity.stt_node`."""
        del model_settings
        return recognize_by_default(self, self.hearing.behind.get(agent), audio)

    def llm_node(self, agent: Agent, chat_ctx: ChatContext, tools: list[Any], model_settings: ModelSettings) -> AsyncIterator[Any]:
        """See `Activity.llm_node`."""
        return self.models[agent].default_node(chat_ctx, tools, model_settings)

    def tts_node(self, agent: Agent, text: AsyncIterable[str], model_settings: ModelSettings) -> AsyncIterator[Any]:
        """See `Activity.tts_node`."""
        del model_settings
        return speak_by_default(self, self.voices.get(agent), text)

"""The conversation as a program holds it: LiveKit's ``AgentSession``.

In a call's process it is the face of the call's actor, and comes back with it: the entrypoint makes a new one, which goes on where the one
before was. Without a call (in a plain script or a test) the same core runs in this process, unsupervised and without a journal.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, Mapping, Sequence
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, Self

from typing_extensions import TypeVar

from actors import load_reference
from livekitex_agent.llm import ChatContext
from livekitex_agent.metrics import AgentSessionUsage
from livekitex_agent.types import NOT_GIVEN, NotGiven, NotGivenOr
from livekitex_agent.utils.event_emitter import EventEmitter
from livekitex_agent.voice.activity import Activity
from livekitex_agent.voice.agent import Agent
from livekitex_agent.voice.connect_options import SessionConnectOptions
from livekitex_agent.voice.events import AgentState, CloseReason, Event, EventTypes, UserState
from livekitex_agent.voice.io import AgentInput, AgentOutput
from livekitex_agent.voice.mocking import hold_mocks
from livekitex_agent.voice.session_options import AgentSessionOptions
from livekitex_agent.voice.speech_handle import SpeechHandle
from livekitex_agent.voice.text_transforms import DEFAULT_TRANSFORMS, TextTransforms, require_transforms
from protocols import SystemClock

if TYPE_CHECKING:
    from livekitex_agent.voice.run_result import RunOutputOptions, RunResult

Userdata_T = TypeVar("Userdata_T", default=Any)

STANDALONE: Final = "livekitex_agent.program.standalone:StandaloneHost"
MAX_TOOL_STEPS: Final = 3
NOT_RUNNING: Final = "AgentSession isn't running"
RECORDED_EVENTS: Final = 10_000
"""So many of its last events, metrics not counted, a session keeps for its report."""


class SessionHost(Protocol):
    """Where sessions run: in the process of a call, or alone."""

    async def attach(self, session: "AgentSession[Any]", agent: Agent) -> Activity:
        """Begin or take up the conversation of ``session`` with ``agent``; returns once it is live."""
        ...


HOST: ContextVar[SessionHost | None] = ContextVar("livekitex_session_host", default=None)
"""Set in a call's process."""


class AgentSession(EventEmitter[EventTypes], Generic[Userdata_T]):
    """A conversation: who hears, thinks and speaks in it unless its agent has its own, how turns are handled, and data of the user's.

    ``stt``, ``vad``, ``llm`` and ``tts`` are providers of ours (`livekitex_agent.providers`), of the user's (`livekitex_agent.llm` and its
    kin), or names ("openai:gpt-5.4-mini"). One of ours goes on through a block of the program's loop, one of the user's waits with it.
    What the voice is given goes through ``tts_text_transforms`` first: without Markdown and emoji by default.
    ``max_tool_steps`` bounds the rounds of tools in a turn. The deprecated flat arguments of LiveKit's are taken, too.
    """

    def __init__(
        self,
        *,
        stt: NotGivenOr[Any] = NOT_GIVEN,
        vad: NotGivenOr[Any] = NOT_GIVEN,
        llm: NotGivenOr[Any] = NOT_GIVEN,
        tts: NotGivenOr[Any] = NOT_GIVEN,
        turn_handling: NotGivenOr[Mapping[str, Any]] = NOT_GIVEN,
        tools: NotGivenOr[Sequence[Any]] = NOT_GIVEN,
        tool_handling: NotGivenOr[Mapping[str, Any]] = NOT_GIVEN,
        max_tool_steps: int = MAX_TOOL_STEPS,
        tts_text_transforms: NotGivenOr[Sequence[TextTransforms] | None] = NOT_GIVEN,
        userdata: NotGivenOr[Userdata_T] = NOT_GIVEN,
        user_away_timeout: float | None = 15.0,
        aec_warmup_duration: NotGivenOr[float | None] = NOT_GIVEN,
        turn_detection: NotGivenOr[Any] = NOT_GIVEN,
        allow_interruptions: NotGivenOr[bool] = NOT_GIVEN,
        min_endpointing_delay: NotGivenOr[float] = NOT_GIVEN,
        max_endpointing_delay: NotGivenOr[float] = NOT_GIVEN,
        min_interruption_duration: NotGivenOr[float] = NOT_GIVEN,
        min_interruption_words: NotGivenOr[int] = NOT_GIVEN,
        resume_false_interruption: NotGivenOr[bool] = NOT_GIVEN,
        preemptive_generation: NotGivenOr[Any] = NOT_GIVEN,
        conn_options: NotGivenOr[SessionConnectOptions] = NOT_GIVEN,
        **others: Any,  # noqa: ANN401 - LiveKit's other arguments
    ) -> None:
        super().__init__()
        if unknown := set(others) - _TAKEN:
            raise TypeError(f"AgentSession.__init__() got an unexpected keyword argument {min(unknown)!r}")
        self._providers: dict[str, Any] = {"stt": stt, "vad": vad, "llm": llm, "tts": tts}
        self._tools = [] if isinstance(tools, NotGiven) else list(tools)
        self._tool_handling = tool_handling
        self._max_tool_steps = max_tool_steps
        given_transforms = DEFAULT_TRANSFORMS if isinstance(tts_text_transforms, NotGiven) else tts_text_transforms
        self._text_transforms = tuple(given_transforms or ())
        require_transforms(self._text_transforms)
        self._turn_handling = {} if isinstance(turn_handling, NotGiven) else dict(turn_handling)
        self._flat = {
            "turn_detection": turn_detection,
            "allow_interruptions": allow_interruptions,
            "min_endpointing_delay": min_endpointing_delay,
            "max_endpointing_delay": max_endpointing_delay,
            "min_interruption_duration": min_interruption_duration,
            "min_interruption_words": min_interruption_words,
            "resume_false_interruption": resume_false_interruption,
            "preemptive_generation": preemptive_generation,
        }
        self._aec_warmup = aec_warmup_duration
        self._user_away_timeout = user_away_timeout
        self._conn_options = None if isinstance(conn_options, NotGiven) else conn_options
        self._userdata: Any = userdata
        self._input = AgentInput(self._set_audio_in)
        self._output = AgentOutput()
        self._background: Mapping[str, Any] = {}
        self._running: Activity | None = None
        self._said, self._used = ChatContext.empty(), AgentSessionUsage(model_usage=[])
        self._starting = False
        self._started_at: float | None = None
        self._agent: Agent | None = None
        self._run: RunResult[Any] | None = None
        self._recorded_events: deque[Event] = deque(maxlen=RECORDED_EVENTS)

    # Its life.

    async def start(
        self,
        agent: Agent,
        *,
        capture_run: bool = False,
        room: NotGivenOr[Any] = NOT_GIVEN,
        room_options: NotGivenOr[Any] = NOT_GIVEN,
        room_input_options: NotGivenOr[Any] = NOT_GIVEN,
        room_output_options: NotGivenOr[Any] = NOT_GIVEN,
        record: NotGivenOr[Any] = NOT_GIVEN,
        session_host: NotGivenOr[bool] = NOT_GIVEN,
    ) -> "RunResult[Any] | None":
        """Begin the conversation with ``agent``; returns once it is live, while the agent's `on_enter` runs. A second call does nothing.

        With ``capture_run`` it returns what the beginning comes to. The room is what the call has already.

        Raises:
            LivekitexError: a provider, a tool or an option is wrong; the text names it and the cure.
        """
        del room, room_options, room_input_options, room_output_options, record, session_host
        if self._starting:
            return None
        self._starting = True
        hold_mocks(self)
        self._started_at = SystemClock().wall()
        self._agent = agent
        host = HOST.get()
        if host is None:
            host = load_reference(STANDALONE)()
        try:
            self._running = await host.attach(self, agent)
        except BaseException:
            self._starting = False
            raise
        if capture_run:
            self._run = self._running.begin_run(None)
        self._running.enter()
        await asyncio.sleep(0)  # what the agent says first when it enters comes before what the program asks for next
        return await self._run if capture_run and self._run is not None else None

    async def drain(self) -> None:
        """Have the agent leave (`Agent.on_exit`), and wait until what was asked for has been said.

        After that `say` and `generate_reply` raise; what the caller says is answered until the session is closed.
        """
        await self._live().drain()

    def shutdown(self, *, drain: bool = True) -> None:
        """Close the session soon; with ``drain`` once all was said that was asked for."""
        self._live().close_soon(CloseReason.USER_INITIATED, drain=drain)

    async def aclose(self) -> None:
        """Close the session: what is said now is stopped, the agent's `on_exit` runs, ``close`` is told. A second call does nothing."""
        if self._running is not None:
            await self._running.aclose(CloseReason.USER_INITIATED)
            self._said, self._used = self.history, self.usage
            self._running, self._starting = None, False

    async def __aenter__(self) -> Self:
        """Give the session, which is closed at the end."""
        return self

    async def __aexit__(self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None) -> None:
        """Close the session."""
        await self.aclose()

    # What it has.

    @property
    def userdata(self) -> Userdata_T:
        """The user's data, which comes back after a death.

        Raises:
            ValueError: none was given.
        """
        if isinstance(self._userdata, NotGiven):
            raise ValueError("AgentSession userdata is not set")  # noqa: TRY004 - as LiveKit's
        data: Userdata_T = self._userdata
        return data

    @userdata.setter
    def userdata(self, value: Userdata_T) -> None:
        self._userdata = value

    @property
    def history(self) -> ChatContext:
        """The conversation so far, of all its agents: a copy. A closed session still has it."""
        return self._said.copy() if self._running is None else self._running.history()

    @property
    def current_agent(self) -> Agent:
        """Who has the call.

        Raises:
            RuntimeError: the session was not started.
        """
        agent = self._agent if self._running is None else self._running.current_agent
        if agent is None:
            raise RuntimeError("VoiceAgent isn't running")
        return agent

    @property
    def current_speech(self) -> SpeechHandle | None:
        """What is said now."""
        return None if self._running is None else self._running.current_speech

    @property
    def user_state(self) -> UserState:
        """What the caller does."""
        return "listening" if self._running is None else self._running.user_state

    @property
    def agent_state(self) -> AgentState:
        """What the agent does."""
        return "initializing" if self._running is None else self._running.agent_state

    @property
    def tools(self) -> list[Any]:
        """What all its agents may call."""
        return list(self._tools)

    @property
    def usage(self) -> Any:  # noqa: ANN401 - an `AgentSessionUsage`
        """What its models were used for so far; a closed session still tells it."""
        return self._used if self._running is None else self._running.usage()

    @property
    def input(self) -> AgentInput:
        """Where the caller's audio and text come in."""
        return self._input

    @property
    def output(self) -> AgentOutput:
        """Where the agent's audio and text go out."""
        return self._output

    @property
    def options(self) -> AgentSessionOptions:
        """What it was told, as given."""
        return AgentSessionOptions(
            turn_handling=self._turn_handling,
            max_tool_steps=self._max_tool_steps,
            user_away_timeout=self._user_away_timeout,
            tts_text_transforms=self._text_transforms,
        )

    @property
    def conn_options(self) -> SessionConnectOptions:
        """How often its providers are asked again."""
        return self._conn_options or SessionConnectOptions()

    @property
    def stt(self) -> Any:  # noqa: ANN401 - a provider, or None
        """Its recogniser, as given."""
        return self._providers["stt"] or None

    @property
    def llm(self) -> Any:  # noqa: ANN401 - as `stt`
        """Its model, as given."""
        return self._providers["llm"] or None

    @property
    def tts(self) -> Any:  # noqa: ANN401 - as `stt`
        """Its voice, as given."""
        return self._providers["tts"] or None

    @property
    def vad(self) -> Any:  # noqa: ANN401 - as `stt`
        """Its voice activity detection, as given."""
        return self._providers["vad"] or None

    # What it does.

    def emit(self, event: EventTypes, *args: Any) -> None:  # noqa: ANN401 - the event's
        """Call those who listen to ``event``, and keep it for the session's report (`JobContext.make_session_report`)."""
        if event != "metrics_collected":
            self._recorded_events.extend(args)
        super().emit(event, *args)

    def say(
        self,
        text: str | AsyncIterable[str],
        *,
        audio: NotGivenOr[AsyncIterable[Any]] = NOT_GIVEN,
        allow_interruptions: NotGivenOr[bool] = NOT_GIVEN,
        add_to_chat_ctx: bool = True,
    ) -> SpeechHandle:
        """Have the agent say ``text``, or what the iterator gives, as soon as nobody has the turn.

        Raises:
            RuntimeError: the session is not running, or is drained.
        """
        return self._live().say(text, audio=audio, allow_interruptions=allow_interruptions, add_to_chat_ctx=add_to_chat_ctx)

    def generate_reply(
        self,
        *,
        user_input: NotGivenOr[Any] = NOT_GIVEN,
        instructions: NotGivenOr[Any] = NOT_GIVEN,
        tool_choice: NotGivenOr[Any] = NOT_GIVEN,
        tools: NotGivenOr[Sequence[str]] = NOT_GIVEN,
        allow_interruptions: NotGivenOr[bool] = NOT_GIVEN,
        chat_ctx: NotGivenOr[ChatContext] = NOT_GIVEN,
        input_modality: str = "text",
    ) -> SpeechHandle:
        """Have the agent's model speak: to ``user_input``, or by itself; ``instructions`` are for this reply alone.

        Asked for in a tool, ``tool_choice`` is "none" where it is left out.

        Raises:
            RuntimeError: the session is not running, or is drained.
        """
        del input_modality
        return self._live().generate_reply(
            user_input=user_input,
            instructions=instructions,
            tool_choice=tool_choice,
            tools=tools,
            allow_interruptions=allow_interruptions,
            chat_ctx=chat_ctx,
        )

    def run(
        self,
        *,
        user_input: str,
        input_modality: str = "text",
        output_type: type[Any] | None = None,
        output_options: NotGivenOr["RunOutputOptions | None"] = NOT_GIVEN,
    ) -> "RunResult[Any]":
        """Say ``user_input`` as the caller; the result is complete, and may be awaited, once all that it causes is over.

        It comes to what a task was completed with in it. If that has to be an ``output_type`` and no task was completed, the model is asked
        again as ``output_options`` say (None: it is not).

        Raises:
            RuntimeError: another run is not over.
        """
        if self._run is not None and not self._run.done():
            raise RuntimeError("nested runs are not supported")
        hold_mocks(self)
        self._run = self._live().begin_run(user_input, output_type, {} if isinstance(output_options, NotGiven) else output_options)
        self.generate_reply(user_input=user_input, input_modality=input_modality)
        return self._run

    def interrupt(self, *, force: bool = False) -> "asyncio.Future[None]":
        """Stop what is said now and what waits; the future is done when the history has what was heard.

        Raises:
            RuntimeError: the session is not running, or what is said now may not be interrupted and ``force`` is False.
        """
        return self._live().interrupt(force=force)

    def reset_away_timer(self) -> None:
        """The caller has given a sign of life that the session does not hear: he is not away, and the wait begins anew."""
        if self._running is not None:
            self._running.reset_away_timer()

    def commit_user_turn(
        self,
        *,
        transcript_timeout: float = 2.0,
        stt_flush_duration: float = 2.0,
        skip_reply: bool = False,
        audio_detached: bool = False,
    ) -> "asyncio.Future[str]":
        """The caller's turn ends here; the future gives what he said."""
        del stt_flush_duration, audio_detached
        return self._live().commit_user_turn(transcript_timeout, skip_reply=skip_reply)

    def clear_user_turn(self) -> None:
        """Forget what the caller has said in his open turn."""
        self._live().clear_user_turn()

    def update_agent(self, agent: Agent) -> None:
        """Hand the call to ``agent``: the one that has it leaves (`Agent.on_exit`), then ``agent`` enters."""
        self._agent = agent
        if self._running is not None:
            self._running.update_agent(agent)

    async def wait_for_idle(self) -> None:
        """Wait until nobody speaks, nothing is asked for, and no tool runs."""
        await self._live().wait_for_idle()

    def use_background(self, options: Mapping[str, Any]) -> None:
        """Have this heard beside the speech, by the names of a call's options; for `BackgroundAudioPlayer`."""
        self._background = options
        if self._running is not None:
            self._running.background_changed()

    def _set_audio_in(self, enabled: bool) -> None:  # noqa: FBT001 - a callback
        if self._running is not None:
            self._running.set_audio_in(enabled)

    def _live(self) -> Activity:
        if self._running is None:
            raise RuntimeError(NOT_RUNNING)
        return self._running


_TAKEN: Final = frozenset(
    {
        "stt_context_options",
        "use_tts_aligned_transcript",
        "min_consecutive_speech_delay",
        "expressive",
        "video_sampler",
        "ivr_detection",
        "transcription_timeout",
        "session_close_transcript_timeout",
        "loop",
        "false_interruption_timeout",
        "discard_audio_if_uninterruptible",
        "agent_false_interruption_timeout",
        "mcp_servers",
        "keyterms_options",
    }
)
"""Arguments of LiveKit's that are taken and change nothing."""

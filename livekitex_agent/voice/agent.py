"""The agent of a call, as user code writes it: its words and tools, who hears, thinks and speaks for it, its hooks and its nodes.

An agent is passive. Until it has a call its methods change the object alone. From `_run_by` on it has an `Activity`, which is the program's
side of the session: what changes the agent is then journalled and takes effect with the model's next answer, and the hooks are called by
it, on the program's loop. A node that is not overridden never runs: the session does that work itself, on the loop of the media, unless a
node of the program's calls ``Agent.default``.

Each agent keeps the arguments that it was made with. After a death the same code makes it again, or else those arguments do; which agent is
which is decided in ``program/agents.py``.
"""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from livekitex_agent.absent_names import names_of
from livekitex_agent.agent_description import AgentDescription, Provider
from livekitex_agent.call_options import CallOptions
from livekitex_agent.llm import ChatContext, ToolContext, find_function_tools
from livekitex_agent.types import NOT_GIVEN, NotGiven, NotGivenOr
from livekitex_agent.utils.misc import camel_to_snake_case
from livekitex_agent.voice.activity import Activity
from protocols import Instructions, InvalidAgentError, LivekitexError

if TYPE_CHECKING:
    from livekitex_agent.voice.agent_session import AgentSession
    from livekitex_agent.voice.events import UserTurnExceededEvent

TOO_LONG: Final = (
    "The user has been speaking too long without giving a chance to reply. "
    "Politely cut in with a short reply or notice. Keep it short since the user cannot interrupt it."
)

AGENT_MADE: ContextVar[Callable[["Agent"], None] | None] = ContextVar("livekitex_agent_made", default=None)
"""In a program: what is told of each agent that is made."""


@dataclass
class ModelSettings:
    """How the model is to answer this time; ``tool_choice`` is "auto", "none", "required", or a tool by its name."""

    tool_choice: NotGivenOr[Any] = NOT_GIVEN


class Agent:
    """An agent: as it is, or of a subclass with hooks, tools as methods (`function_tool`) and nodes of its own.

    ``instructions`` tell the model who it is; `Instructions` may differ with and without a voice. ``tools`` are what it may call beside
    its own methods. ``chat_ctx`` is what it knows when the call is handed to it (left out, nothing), without calls of tools that it has
    not. ``vad``, ``stt``, ``llm`` and ``tts`` are its session's where they are left out, and none where they are None. ``turn_handling`` is
    as in `AgentSession`.

    A script may give an agent to `AgentSystem.start_session` that is of this very class and travels as plain data; ``name``, ``greeting``,
    ``turn_detector`` and ``options`` are for that (see `AgentDescription`). Whether it can travel is checked then, or by `to_wire`.
    """

    _made_with: tuple[tuple[Any, ...], dict[str, Any]]
    """Its class's arguments, as they were given."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:  # noqa: ANN401 - whatever the subclass takes
        """Note what the agent is made with: it may have to be made again in another process."""
        made = super().__new__(cls)
        made._made_with = (args, kwargs)
        noted = AGENT_MADE.get()
        if noted is not None:
            noted(made)
        return made

    def __init__(
        self,
        *,
        instructions: str | Instructions,
        id: str | None = None,  # noqa: A002 - LiveKit's name
        chat_ctx: NotGivenOr[ChatContext | None] = NOT_GIVEN,
        tools: Sequence[Any] | None = None,
        stt: NotGivenOr[Any] = NOT_GIVEN,
        vad: NotGivenOr[Any] = NOT_GIVEN,
        turn_handling: NotGivenOr[Mapping[str, Any]] = NOT_GIVEN,
        tool_handling: NotGivenOr[Mapping[str, Any]] = NOT_GIVEN,
        llm: NotGivenOr[Any] = NOT_GIVEN,
        tts: NotGivenOr[Any] = NOT_GIVEN,
        expressive: NotGivenOr[Any] = NOT_GIVEN,
        min_consecutive_speech_delay: NotGivenOr[float] = NOT_GIVEN,
        use_tts_aligned_transcript: NotGivenOr[bool] = NOT_GIVEN,
        turn_detection: NotGivenOr[Any] = NOT_GIVEN,
        min_endpointing_delay: NotGivenOr[float] = NOT_GIVEN,
        max_endpointing_delay: NotGivenOr[float] = NOT_GIVEN,
        allow_interruptions: NotGivenOr[bool] = NOT_GIVEN,
        mcp_servers: NotGivenOr[Sequence[Any] | None] = NOT_GIVEN,
        name: str = "",
        greeting: str = "",
        turn_detector: NotGivenOr[Provider | None] = NOT_GIVEN,
        options: CallOptions | Mapping[str, Any] | None = None,
    ) -> None:
        self._id = id or name or ("default_agent" if type(self) is Agent else camel_to_snake_case(type(self).__name__))
        self._name, self._greeting, self._options = name, greeting, options
        self._instructions = instructions
        self._given_tools: Any = tools
        self._tools = [*tools, *find_function_tools(self)] if isinstance(tools, list | tuple) else find_function_tools(self)
        self._chat_ctx = chat_ctx.copy(tools=self._tools) if isinstance(chat_ctx, ChatContext) else ChatContext.empty()
        self._providers: dict[str, Any] = {"vad": vad, "stt": stt, "llm": llm, "tts": tts, "turn_detector": turn_detector}
        self._turn_handling = {} if isinstance(turn_handling, NotGiven) else dict(turn_handling)
        self._flat = {
            "turn_detection": turn_detection,
            "min_endpointing_delay": min_endpointing_delay,
            "max_endpointing_delay": max_endpointing_delay,
            "allow_interruptions": allow_interruptions,
        }
        self._activity: Activity | None = None
        self._tool_handling = tool_handling
        del expressive, min_consecutive_speech_delay, use_tts_aligned_transcript, mcp_servers

    @classmethod
    def text(
        cls,
        *,
        instructions: str | Instructions,
        name: str = "",
        tools: Sequence[Any] = (),
        greeting: str = "",
        llm: NotGivenOr[Any] = NOT_GIVEN,
        options: CallOptions | Mapping[str, Any] | None = None,
    ) -> Self:
        """An agent that reads and writes and neither hears nor speaks."""
        return cls(
            instructions=instructions,
            name=name,
            tools=tools,
            greeting=greeting,
            vad=None,
            stt=None,
            tts=None,
            llm=llm,
            options=options,
        )

    def with_providers(self, **providers: Any) -> "Agent":  # noqa: ANN401 - as the class takes them
        """An agent of the same making, but with these providers; of an agent that is plain data."""
        _, made_with = self._made_with
        return Agent(**{**made_with, **providers})

    def to_wire(self) -> dict[str, Any]:
        """The agent as plain data, as a call takes it that has no program.

        Raises:
            InvalidAgentError, InvalidToolError: it is of a subclass, or something of it cannot travel; the text names it and the cure.
        """
        return self._describe().to_wire()

    def _describe(self) -> AgentDescription:
        """The agent as plain data, checked; raises as `to_wire`."""
        if type(self) is not Agent:
            raise InvalidAgentError(_NOT_PLAIN.format(cls=type(self).__name__))
        given: dict[str, Any] = {name: value for name, value in self._providers.items() if value is not NOT_GIVEN}
        if self._name != "":
            given["name"] = self._name
        if self._given_tools is not None:
            given["tools"] = self._given_tools
        if self._options is not None:
            given["options"] = self._options
        return AgentDescription(instructions=self._instructions, greeting=self._greeting, **given)

    # What it is.

    @property
    def id(self) -> str:
        """Its name in the conversation: given, or its class's in snake case."""
        return self._id

    @property
    def label(self) -> str:
        """Its id."""
        return self._id

    @property
    def instructions(self) -> str | Instructions:
        """What the model is told about it."""
        return self._instructions

    @property
    def tools(self) -> list[Any]:
        """What it may call: a copy."""
        return list(self._tools)

    @property
    def chat_ctx(self) -> ChatContext:
        """What it knows of the conversation: a copy, to be changed by `update_chat_ctx`."""
        return self._chat_ctx.copy() if self._activity is None else self._activity.chat_ctx_of(self)

    @property
    def session(self) -> "AgentSession[Any]":
        """The session that it speaks in.

        Raises:
            RuntimeError: it does not speak in one.
        """
        session: AgentSession[Any] = self._running().session
        return session

    @property
    def stt(self) -> Any:  # noqa: ANN401 - a recogniser, a reference to one, None, or not given
        """Its own recogniser, as it was given."""
        return self._providers["stt"]

    @property
    def llm(self) -> Any:  # noqa: ANN401 - as `stt`
        """Its own model, as it was given."""
        return self._providers["llm"]

    @property
    def tts(self) -> Any:  # noqa: ANN401 - as `stt`
        """Its own voice, as it was given."""
        return self._providers["tts"]

    @property
    def vad(self) -> Any:  # noqa: ANN401 - as `stt`
        """Its own voice activity detection, as it was given."""
        return self._providers["vad"]

    # Live changes.

    async def update_instructions(self, instructions: str) -> None:
        """From the model's next answer on it has these instructions."""
        if self._activity is not None:
            await self._activity.update_instructions(self, instructions)
        self._instructions = instructions

    async def update_tools(self, tools: Sequence[Any]) -> None:
        """From its next turn on it has these tools. A turn that goes on is offered those that it began with.

        Raises:
            TypeError: one of them is no tool.
            ValueError: two have one name.
        """
        ToolContext(tools)  # raises what is wrong with them
        before, self._tools = self._tools, list(tools)
        if self._activity is not None:
            try:
                await self._activity.update_tools(self, before)
            except LivekitexError:
                self._tools = before
                raise

    async def update_chat_ctx(self, chat_ctx: ChatContext, *, exclude_invalid_function_calls: bool = True) -> None:
        """It knows ``chat_ctx`` of the conversation from now on; without calls of tools that it has not, unless that is False."""
        context = chat_ctx.copy(tools=self._tools) if exclude_invalid_function_calls else chat_ctx.copy()
        if self._activity is not None:
            await self._activity.update_chat_ctx(self, context)
        self._chat_ctx = context

    def update_options(
        self,
        *,
        stt: NotGivenOr[Any] = NOT_GIVEN,
        vad: NotGivenOr[Any] = NOT_GIVEN,
        llm: NotGivenOr[Any] = NOT_GIVEN,
        tts: NotGivenOr[Any] = NOT_GIVEN,
        expressive: NotGivenOr[Any] = NOT_GIVEN,
    ) -> None:
        """Replace its own providers; those of a running agent serve from their next request on."""
        del expressive
        changed = {name: value for name, value in (("stt", stt), ("vad", vad), ("llm", llm), ("tts", tts)) if value is not NOT_GIVEN}
        self._providers |= changed
        if self._activity is not None and changed:
            self._activity.providers_changed(self)

    # Hooks.

    async def on_enter(self) -> None:
        """The agent has the call from now on."""

    async def on_exit(self) -> None:
        """The agent gives the call to another, or the session ends."""

    async def on_user_turn_completed(self, turn_ctx: ChatContext, new_message: Any) -> None:  # noqa: ANN401 - a `ChatMessage`
        """The caller has said ``new_message``, and is about to be answered.

        ``turn_ctx`` is what the model will be told before it, and may be changed for this answer alone; ``new_message`` may be changed for
        good. Raising `StopResponse` leaves the caller without an answer.
        """

    async def on_user_turn_exceeded(self, ev: "UserTurnExceededEvent") -> None:
        """The caller's turn has reached its limit; by default the agent cuts in with a short reply."""
        await self.session.generate_reply(user_input=ev.transcript, instructions=TOO_LONG, allow_interruptions=False, tool_choice="none")

    # Nodes.

    def stt_node(self, audio: AsyncIterable[Any], model_settings: ModelSettings) -> Any:  # noqa: ANN401 - a stream, or what gives one
        """From the caller's audio to `SpeechEvent`s."""
        return Agent.default.stt_node(self, audio, model_settings)

    def llm_node(self, chat_ctx: ChatContext, tools: list[Any], model_settings: ModelSettings) -> Any:  # noqa: ANN401 - as above
        """From what the model is told to its answer: text, and `ChatChunk`s with calls of tools."""
        return Agent.default.llm_node(self, chat_ctx, tools, model_settings)

    def tts_node(self, text: AsyncIterable[str], model_settings: ModelSettings) -> Any:  # noqa: ANN401 - as above
        """From text to audio frames."""
        return Agent.default.tts_node(self, text, model_settings)

    def transcription_node(self, text: AsyncIterable[Any], model_settings: ModelSettings) -> Any:  # noqa: ANN401 - as above
        """From text to what is shown and remembered of it."""
        return Agent.default.transcription_node(self, text, model_settings)

    class default:  # noqa: N801 - LiveKit's name
        """What the nodes do that are not overridden."""

        @staticmethod
        def stt_node(agent: "Agent", audio: AsyncIterable[Any], model_settings: ModelSettings) -> AsyncIterator[Any]:
            """Recognise with the agent's recogniser, or its session's."""
            return agent._running().stt_node(agent, audio, model_settings)

        @staticmethod
        def llm_node(agent: "Agent", chat_ctx: ChatContext, tools: list[Any], model_settings: ModelSettings) -> AsyncIterator[Any]:
            """Ask the agent's model, or its session's."""
            return agent._running().llm_node(agent, chat_ctx, tools, model_settings)

        @staticmethod
        def tts_node(agent: "Agent", text: AsyncIterable[str], model_settings: ModelSettings) -> AsyncIterator[Any]:
            """Speak with the agent's voice, or its session's."""
            return agent._running().tts_node(agent, text, model_settings)

        @staticmethod
        async def transcription_node(agent: "Agent", text: AsyncIterable[Any], model_settings: ModelSettings) -> AsyncIterator[Any]:
            """The text as it is."""
            del agent, model_settings
            async for piece in text:
                yield piece

    def _overrides(self, name: str) -> bool:
        """Whether the hook or node ``name`` is the agent's own."""
        return getattr(type(self), name) is not getattr(Agent, name)

    def _run_by(self, activity: Activity | None) -> None:
        """It runs in that conversation; with None no more."""
        self._activity = activity

    def _keep(self, chat_ctx: ChatContext) -> None:
        """It knows this of the conversation when it has the call again."""
        self._chat_ctx = chat_ctx

    def _running(self) -> Activity:
        """What runs the conversation of a running agent.

        Raises:
            RuntimeError: it does not run.
        """
        if self._activity is None:
            raise RuntimeError("no activity context found, the agent is not running")
        return self._activity


_NOT_PLAIN: Final = (
    "a {cls} is no plain Agent: a script gives start_session an Agent(...), or ProgramPlace(place=...) of a program that makes the {cls}"
)

__getattr__ = names_of(__name__, {"AgentTask": "livekitex_agent.voice.agent_task"})

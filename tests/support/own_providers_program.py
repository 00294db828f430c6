"""A program whose agents hear, speak and think with providers of their own; each notes who was asked, in all lives of a test."""

from collections.abc import AsyncIterator, Sequence

from livekitex_agent import Agent, AgentServer, AgentSession, JobContext, function_tool
from livekitex_agent.agent_description import provider
from livekitex_agent.testing.fakes import scripted_vad
from livekitex_agent.testing.fakes.written_voice import read_aloud, spoken
from protocols import (
    LLM,
    SESSION_RATE_HZ,
    STT,
    TTS,
    AudioChunk,
    CallDelta,
    ChatContext,
    ChatFinished,
    ChatMessage,
    ChatOptions,
    FinishReason,
    LLMEvent,
    TextDelta,
    ToolSchema,
    Transcript,
)

HEARD: list[tuple[str, str]] = []
SAID: list[tuple[str, str]] = []
CLOSED: list[str] = []


class Ear(STT):
    """Reads the written voice."""

    rate_hz = SESSION_RATE_HZ

    def __init__(self, name: str) -> None:
        self.name = name

    async def recognize(self, pcm: bytes, *, language: str = "") -> Transcript:
        """What was said, and who heard it."""
        text = read_aloud(pcm, self.rate_hz)
        HEARD.append((self.name, text))
        return Transcript(text=text)


class Mouth(TTS):
    """Writes its voice, at its own rate."""

    def __init__(self, name: str, rate_hz: int) -> None:
        self.name = name
        self._rate_hz = rate_hz

    @property
    def rate_hz(self) -> int:
        """Its own."""
        return self._rate_hz

    async def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        """The sentence."""
        SAID.append((self.name, text))
        yield AudioChunk(pcm=spoken(text, self.rate_hz), rate_hz=self.rate_hz)


class Mind(LLM):
    """Calls the tool of which it hears the name, and else says who it is."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        """One answer."""
        last = context.items[-1] if context.items else None
        asked = last.text if isinstance(last, ChatMessage) else ""
        called = next((tool.name for tool in tools if tool.name in asked), None)
        if called is not None:
            yield CallDelta(index=0, call_id=f"call {len(context.items)}", name=called, arguments="{}")
            yield ChatFinished(reason=FinishReason.TOOL_CALLS)
            return
        yield TextDelta(text=f"This is {self.name} who speaks to you.")
        yield ChatFinished(reason=FinishReason.STOP)

    async def aclose(self) -> None:
        """Note it."""
        CLOSED.append(self.name)


class Changing(Agent):
    """One who hands the call to any of the others."""

    @function_tool
    async def shop(self) -> Agent:
        """To the one who has what the session has."""
        return Shop()

    @function_tool
    async def bank(self) -> Agent:
        """To the one who has all of his own."""
        return Bank()

    @function_tool
    async def writer(self) -> Agent:
        """To the one who only writes."""
        return Writer()

    @function_tool
    async def deaf(self) -> Agent:
        """To the one whose detector hears nothing."""
        return Deaf()

    @function_tool
    async def patient(self) -> Agent:
        """To the one who waits until he is told that the turn is over."""
        return Patient()

    @function_tool
    async def louder(self) -> str:
        """Speak with another voice from now on."""
        self.update_options(tts=Mouth("megaphone", 16_000))
        return "done"


class Shop(Changing):
    """Has what the session has."""

    def __init__(self) -> None:
        super().__init__(instructions="You sell.")


class Bank(Changing):
    """Has all of his own, and a voice of another rate."""

    def __init__(self) -> None:
        vad = provider(scripted_vad, min_silence_ms=60)
        super().__init__(instructions="You count.", stt=Ear("bank"), tts=Mouth("bank", 8_000), vad=vad, llm=Mind("bank"))


class Writer(Changing):
    """Has no voice."""

    def __init__(self) -> None:
        super().__init__(instructions="You write.", tts=None)


class Deaf(Changing):
    """Hears nothing."""

    def __init__(self) -> None:
        super().__init__(instructions="You see.", vad=provider(scripted_vad, voice=[]))


class Patient(Changing):
    """Takes turns by hand, or after 2 s."""

    def __init__(self) -> None:
        turns = {"turn_detection": "manual", "user_turn_limit": {"max_duration": 2.0}}
        super().__init__(instructions="You wait.", turn_handling=turns)


server = AgentServer()


@server.rtc_session(agent_name="shop")
async def shop(ctx: JobContext) -> None:
    """Begin with the one who has what the session has."""
    vad, llm = provider(scripted_vad), Mind("shop")
    await AgentSession(vad=vad, stt=Ear("shop"), llm=llm, tts=Mouth("shop", 24_000)).start(Shop())


@server.rtc_session(agent_name="writer")
async def writer(ctx: JobContext) -> None:
    """Begin without a voice: only the bank has one."""
    await AgentSession(vad=provider(scripted_vad), stt=Ear("shop"), llm=Mind("shop")).start(Shop())

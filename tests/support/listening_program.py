"""A program whose agents hear by nodes of their own: one changes the words, one hears by itself, one has a recogniser of its own."""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

from livekitex_agent import Agent, AgentServer, AgentSession, JobContext, ModelSettings, function_tool, stt
from livekitex_agent.agent_description import provider
from livekitex_agent.testing.fakes import scripted_llm, scripted_stt, scripted_vad
from support.livekit_providers import providers_on

HEARD: list[tuple[str, str]] = []
"""What each node has heard, in all lives: they are in one process in the tests."""


class Listener(Agent):
    """Hears whales for fish."""

    def __init__(self) -> None:
        super().__init__(instructions="You listen.")

    async def stt_node(self, audio: AsyncIterable[Any], model_settings: ModelSettings) -> AsyncIterator[stt.SpeechEvent]:
        """Change the words."""
        async for event in Agent.default.stt_node(self, audio, model_settings):
            if event.type == stt.SpeechEventType.FINAL_TRANSCRIPT:
                HEARD.append(("listener", event.alternatives[0].text))
                event.alternatives[0].text = event.alternatives[0].text.replace("fish", "whale")
            yield event

    @function_tool
    async def go_on(self) -> Agent:
        """Go on to who hears as everybody does."""
        return Plain()

    @function_tool
    async def go_deaf(self) -> Agent:
        """Go on to who hears only that there is something."""
        return Counter()


class Plain(Agent):
    """Hears with the session's recogniser."""

    def __init__(self) -> None:
        super().__init__(instructions="You are plain.")


class Counter(Agent):
    """Recognises by itself, and gives texts."""

    def __init__(self) -> None:
        super().__init__(instructions="You count.")

    async def stt_node(self, audio: AsyncIterable[Any], model_settings: ModelSettings) -> AsyncIterator[str]:
        """Tell that there was a sound, as soon as there is."""
        quiet = True
        async for frame in audio:
            sound = any(frame.data.tobytes())
            if sound and quiet:
                HEARD.append(("counter", "a sound"))
                yield "a sound"
            quiet = not sound


server = AgentServer()


async def listen(stt_of_it: object) -> None:
    """Begin with the agent whose node changes the words."""
    llm = provider(
        scripted_llm,
        replies=[
            {"to": "*go on*", "calls": ["go_on"]},
            {"to": "*count*", "calls": ["go_deaf"]},
            {"say": "Yes."},
        ],
    )
    await AgentSession(vad=provider(scripted_vad), stt=stt_of_it, llm=llm).start(Listener())


@server.rtc_session(agent_name="words")
async def words(ctx: JobContext) -> None:
    """With one of streams, which is asked where the media is."""
    await listen(provider(scripted_stt, streaming=True))


@server.rtc_session(agent_name="utterances")
async def utterances(ctx: JobContext) -> None:
    """With one of utterances."""
    await listen(provider(scripted_stt))


@server.rtc_session(agent_name="theirs")
async def theirs(ctx: JobContext) -> None:
    """With one of LiveKit's classes."""
    await listen(providers_on("livekitex_agent").StreamingSTT("yesterday at the sea i saw a fish"))


@server.rtc_session(agent_name="none")
async def none(ctx: JobContext) -> None:
    """With none: the agent recognises by itself."""
    await AgentSession(vad=provider(scripted_vad), llm=provider(scripted_llm)).start(Counter())

"""A program with sound beside its agent's speech, which starts after the session has, as programs do. The sound is in `WAV`."""

from pathlib import Path
from typing import Final

from livekitex_agent import Agent, AgentServer, AgentSession, JobContext
from livekitex_agent.agent_description import provider
from livekitex_agent.testing.fakes import scripted_llm, scripted_tts
from livekitex_agent.voice.background_audio import AudioConfig, BackgroundAudioPlayer

WAV: Final[list[Path]] = []
"""Where the sound is."""
PLAYERS: Final[list[BackgroundAudioPlayer]] = []

server = AgentServer()


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    """Have the sound beside the agent."""
    session = AgentSession(llm=provider(scripted_llm, replies=[{"say": "Yes."}]), tts=provider(scripted_tts))
    await session.start(Agent(instructions="You say yes."))
    PLAYERS.append(BackgroundAudioPlayer(ambient_sound=AudioConfig(str(WAV[0]), volume=0.5)))
    await PLAYERS[-1].start(room=ctx.room, agent_session=session)

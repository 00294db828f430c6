"""A written line interrupts what is being spoken."""

from fakes import FakeLLM, FakeTTS, note, pause, text, until
from livekit.agents import Agent, AgentServer, AgentSession, JobContext

server = AgentServer()
LONG = " ".join(["word"] * 60)


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    session = AgentSession(llm=FakeLLM({"tell me": LONG, "stop": "I stop."}), tts=FakeTTS())

    @session.on("speech_created")
    def speech(event: object) -> None:
        event.speech_handle.add_done_callback(lambda handle: note("done", handle.interrupted, len(handle.chat_items)))

    await session.start(Agent(instructions="Tell stories."), room=ctx.room)


AUDIO = True
CALLER = [text("tell me", wait=False), until("agent_state_changed", new_state="speaking"), pause(0.3), text("stop")]

"""A tool with a schema of its own gets its arguments as they come."""

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, RunContext, function_tool

server = AgentServer()

SCHEMA = {
    "name": "open_gate",
    "description": "Opens a gate.",
    "parameters": {
        "type": "object",
        "properties": {"gate_id": {"type": "string", "description": "Which gate."}, "wide": {"type": "boolean"}},
        "required": ["gate_id"],
    },
}


@function_tool(raw_schema=SCHEMA)
async def open_gate(raw_arguments: dict[str, object], ctx: RunContext) -> str:
    note("open_gate", raw_arguments, ctx.function_call.name)
    return f"gate {raw_arguments['gate_id']} is open"


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    script = {"open it": call("open_gate", gate_id="7", extra=1), "gate 7 is open": "The gate is open."}
    await AgentSession(llm=FakeLLM(script)).start(Agent(instructions="Open gates.", tools=[open_gate]), room=ctx.room)


CALLER = [text("open it")]

"""A tool's arguments are nested models."""

from fakes import FakeLLM, call, note, text
from livekit.agents import Agent, AgentServer, AgentSession, JobContext, function_tool
from pydantic import BaseModel, Field

server = AgentServer()


class Address(BaseModel):
    """Where somebody lives."""

    street: str = Field(description="Street and number.")
    city: str


class Customer(BaseModel):
    name: str
    address: Address
    others: list[Address]


class Desk(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="You keep addresses.")

    @function_tool
    async def save(self, customer: Customer) -> dict[str, str]:
        """Save a customer."""
        note(type(customer).__name__, type(customer.address).__name__, [type(other).__name__ for other in customer.others])
        return {"saved": customer.address.city}


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    address = {"street": "Via Roma 1", "city": "Turin"}
    script = {
        "save me": call("save", customer={"name": "Ada", "address": address, "others": [address, address]}),
        "{'saved': 'Turin'}": "Saved.",
    }
    await AgentSession(llm=FakeLLM(script)).start(Desk(), room=ctx.room)


CALLER = [text("save me")]

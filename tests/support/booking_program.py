"""A program that gets a guest's data with LiveKit's ready tasks, in a group: his email address, then his phone number. Notes in `DONE`."""

from livekitex_agent import Agent, AgentServer, AgentSession, JobContext
from livekitex_agent.agent_description import provider
from livekitex_agent.beta.workflows import GetEmailTask, GetPhoneNumberTask, TaskGroup
from livekitex_agent.testing.fakes import scripted_llm

DONE: list[str] = []
"""What the program has done, in all its lives: they are in one process in the tests."""


class Clerk(Agent):
    """Takes a booking."""

    def __init__(self) -> None:
        super().__init__(instructions="You take a booking.")

    async def on_enter(self) -> None:
        """Get what is needed."""
        DONE.append("clerk enters")
        group = TaskGroup(summarize_chat_ctx=False)
        group.add(lambda: GetEmailTask(require_confirmation=True), id="email", description="gets the email address")
        group.add(lambda: GetPhoneNumberTask(require_confirmation=False), id="phone", description="gets the phone number")
        result = await group
        email, phone = result.task_results["email"], result.task_results["phone"]
        DONE.append(f"booked for {email.email_address}, {phone.phone_number}")
        await self.session.say("You are booked.")


server = AgentServer()


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    """Serve one guest."""
    DONE.append(f"life {ctx.incarnation}")
    llm = provider(
        scripted_llm,
        replies=[
            {"to": "*ada@*", "calls": [{"name": "update_email_address", "arguments": '{"email": "ada@example.org"}'}]},
            {"to": "*eda@*", "calls": [{"name": "update_email_address", "arguments": '{"email": "eda@example.org"}'}]},
            {"after": "update_email_address", "say": "Is that right?"},
            {"to": "*yes*", "calls": ["confirm_email_address"]},
            {"to": "*555*", "calls": [{"name": "update_phone_number", "arguments": '{"phone_number": "+15551234567"}'}]},
            {"to": "*wrong address*", "calls": [{"name": "out_of_scope", "arguments": '{"task_ids": ["email"]}'}]},
            {"after": "confirm_email_address", "say": "And your number?"},
            {"after": "out_of_scope", "say": "What is the right one?"},
            {"say": "What is it?"},
        ],
    )
    session = AgentSession(llm=llm)
    await session.start(Clerk())

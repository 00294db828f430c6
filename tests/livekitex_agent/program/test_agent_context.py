"""What a program sees of what its agent knows, and what of that is kept."""

import asyncio
from typing import Any

from hypothesis import given

import protocols
from livekitex_agent import Agent, AgentSession, function_tool, provider
from livekitex_agent.llm import ChatContext, ChatMessage, to_protocol
from livekitex_agent.program.agent_context import INSTRUCTIONS_MESSAGE_ID, kept, shown
from livekitex_agent.testing.fakes import scripted_llm
from livekitex_agent.voice.agent_task import AgentTask
from support.chat_contexts import CONTEXTS


@given(CONTEXTS)
def test_what_is_shown_begins_with_the_instructions_and_is_kept_without_them(context: protocols.ChatContext) -> None:
    seen = shown("Be brief.", context)
    assert (seen.items[0].id, seen.messages()[0].text_content) == (INSTRUCTIONS_MESSAGE_ID, "Be brief.")
    assert kept(seen) == context


def test_an_agent_without_instructions_has_no_message_of_them() -> None:
    assert shown("", ()).items == []


def test_instructions_of_the_agent_before_are_not_kept() -> None:
    copied = ChatContext([ChatMessage(id=INSTRUCTIONS_MESSAGE_ID, role="system", content=["You sell."])])
    copied.add_message(role="user", content="hello")
    assert [item.text for item in kept(copied).messages] == ["hello"]
    assert kept(copied) == to_protocol(ChatContext(copied.items[1:]))


class Verify(AgentTask[str]):
    """Knows what was said before, the turn that goes on too."""

    def __init__(self, chat_ctx: ChatContext, asked: asyncio.Event) -> None:
        super().__init__(instructions="Verify.", chat_ctx=chat_ctx)
        self._asked = asked

    async def on_enter(self) -> None:
        """Ask."""
        await self.session.say("Your code?")
        self._asked.set()

    @function_tool
    async def code(self) -> None:
        """Take it."""
        self.complete("42")


class Bank(Agent):
    """Has the caller verified in a tool."""

    def __init__(self, asked: asyncio.Event) -> None:
        super().__init__(instructions="Bank.")
        self._asked = asked

    @function_tool
    async def balance(self) -> str:
        """The balance."""
        code = await Verify(self.chat_ctx.copy(exclude_function_call=True, exclude_instructions=True), self._asked)
        return f"verified by {code}"


def test_a_task_that_is_given_the_open_turn_gives_it_back_once() -> None:
    replies = [
        {"to": "balance", "calls": ["balance"]},
        {"to": "my code", "calls": ["code"]},
        {"after": "balance", "say": "A hundred."},
        {"to": "bye", "say": "Bye."},
    ]

    async def main() -> None:
        asked = asyncio.Event()
        async with asyncio.timeout(20), AgentSession[Any](llm=provider(scripted_llm, replies=replies)) as session:
            bank = Bank(asked)
            await session.start(bank)
            handle = session.generate_reply(user_input="balance")
            await asked.wait()
            await session.generate_reply(user_input="my code")
            await handle
            await session.generate_reply(user_input="bye")
            said = [item.text_content for item in bank.chat_ctx.messages() if item.role != "system"]
            assert said == ["balance", "Your code?", "my code", "A hundred.", "bye", "Bye."]

    asyncio.run(main())

"""What a program sees of what its agent knows, and what of that is kept."""

from hypothesis import given

import protocols
from livekitex_agent.llm import ChatContext, ChatMessage, to_protocol
from livekitex_agent.program.agent_context import INSTRUCTIONS_MESSAGE_ID, kept, shown
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

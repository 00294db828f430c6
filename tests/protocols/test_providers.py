import pytest

from protocols import CallDelta, ChatMessage, FunctionCall, ProviderKind, ProviderRef, Role, TextDelta, pack, unpack
from protocols.providers import LLMDelta


def test_a_provider_travels_as_its_factory_and_options() -> None:
    ref = ProviderRef(factory="actors:offline_tts", options={"speed": 1.5})
    assert unpack(ProviderRef, pack(ProviderRef, ref)) == ref


def test_a_message_of_a_chat_has_neither_calls_nor_an_id_unless_it_says_so() -> None:
    message = ChatMessage(role=Role.USER, content="hello")
    assert (message.calls, message.call_id) == ((), "")
    call = FunctionCall(call_id="1", name="price", arguments="{}")
    asks = ChatMessage(role=Role.ASSISTANT, calls=(call,))
    assert unpack(ChatMessage, pack(ChatMessage, asks)) == asks


def test_the_kinds_are_the_parts_of_a_voice_agent() -> None:
    assert [str(kind) for kind in ProviderKind] == ["vad", "stt", "turn_detector", "llm", "tts"]


@pytest.mark.parametrize("delta", [TextDelta(text="a"), CallDelta(call=FunctionCall(call_id="1", name="n", arguments="{}"))])
def test_a_reply_is_text_and_calls(delta: LLMDelta) -> None:
    assert isinstance(delta, LLMDelta)

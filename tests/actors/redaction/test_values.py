import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from actors.agent_session.core import Memory
from actors.agent_session.core.entries import FactRecorded
from actors.redaction import PatternRedactor, redact_for, redacted, redacted_json
from actors.redaction.values import FAILED
from protocols import (
    AgentMessage,
    ChatMessage,
    CommandDone,
    EventPushed,
    FunctionCall,
    ImageContent,
    PlaybackProgress,
    RedactionSink,
    Role,
    SendText,
    ToolCalled,
    ToolReturned,
    UserInputTranscribed,
    UserMessage,
)

CARD = "4111 1111 1111 1111"
REDACT = redact_for(PatternRedactor(), RedactionSink.EVENT)


def pushed(event: Any) -> EventPushed:
    return EventPushed(call_id="c", number=1, incarnation=1, wall_s=1.7e9, event=event, turn_id="turn-1")


def test_all_texts_within_are_redacted_and_nothing_else() -> None:
    event = pushed(UserMessage(turn_id="turn-1", text=f"it is {CARD}", source="text"))
    assert redacted(event, REDACT) == pushed(UserMessage(turn_id="turn-1", text="it is [card]", source="text"))
    call = FunctionCall(call_id="call-1", name="pay", arguments=json.dumps({"card": CARD, "amount": 9.5}))
    history = (ChatMessage.of(Role.USER, CARD, id="41111111"), call)
    left = redacted(history, REDACT)
    assert left[0] == ChatMessage.of(Role.USER, "[card]", id="41111111")
    assert json.loads(left[1].arguments) == {"card": "[card]", "amount": 9.5, "__redacted__": True}
    assert redacted({"a": [CARD, 3], CARD: None}, REDACT) == {"a": ["[card]", 3], "[card]": None}


def test_what_holds_nothing_is_itself() -> None:
    for value in (pushed(CommandDone(command_id="x")), ("a", "b"), {"a": "b"}, 7, None, b"bytes", UserMessage):
        assert redacted(value, REDACT) is value


def test_ids_stay_because_others_refer_to_them() -> None:
    command = SendText(command_id="4111111111111111", text="4111111111111111")
    assert redacted(command, REDACT) == SendText(command_id="4111111111111111", text="[card]")


def test_what_a_program_keeps_is_found_by_its_key_and_stays_json() -> None:
    kept = Memory(facts={CARD: "4111111111111111", "note": json.dumps(f"it is {CARD}")})
    assert redacted(kept, REDACT).facts == {CARD: '"[card]"', "note": '"it is [card]"'}
    assert redacted(FactRecorded(key=CARD, value_json="4111111111111111"), REDACT) == FactRecorded(key=CARD, value_json='"[card]"')
    plain = Memory(facts={CARD: "5"})
    assert redacted(plain, REDACT) is plain


def test_json_stays_json() -> None:
    text = json.dumps({"card": 4111111111111111, "cards": [CARD], "price": 9.99, "sure": True, "é": None})
    assert json.loads(redacted_json(text, REDACT)) == {"card": "[card]", "cards": ["[card]"], "price": 9.99, "sure": True, "é": None}
    assert redacted_json('{"price":  9.99}', REDACT) == '{"price":  9.99}', "byte for byte, where nothing is left out"
    assert redacted_json(f"not json {CARD}", REDACT) == "not json [card]"
    returned = ToolReturned(call_id="call-1", name="pay", result='{"card": 4111111111111111}', ok=True)
    assert redacted(returned, REDACT).result == '{"card": "[card]"}', "any text that is JSON"
    assert redacted(replace(returned, result=f"[{CARD}"), REDACT).result == "[[card]", "and what only looks like it"
    called = ToolCalled(call_id="call-1", name="pay", arguments='{"card": 4111111111111111}')
    assert redacted(called, REDACT).arguments == '{"card": "[card]", "__redacted__": true}'


def test_arguments_that_are_no_map_are_left_out_whole() -> None:
    for arguments in (f"no json {CARD}", f'["{CARD}"]'):
        assert redacted(ToolCalled(call_id="c", name="pay", arguments=arguments), REDACT).arguments == '{"__redacted__": true}'


@pytest.mark.parametrize(
    ("cut", "whole"),
    [
        (UserInputTranscribed(text="it is 4111 1111 11", is_final=False), UserInputTranscribed(text="order 41111111", is_final=True)),
        (
            AgentMessage(speech_id="s", text="it is 4111 1111 11", interrupted=True),
            AgentMessage(speech_id="s", text="order 41111111", interrupted=False),
        ),
        (
            PlaybackProgress(speech_id="s", position_ms=1, text="it is 4111 1111 11"),
            UserMessage(turn_id="t", text="41111111", source="text"),
        ),
        (ChatMessage.of(Role.ASSISTANT, "it is 4111 1111 11"), ChatMessage.of(Role.USER, "order 41111111")),
    ],
)
def test_a_text_that_may_be_cut_leaves_without_the_number_at_its_end(cut: Any, whole: Any) -> None:
    assert "4111" not in str(redacted(cut, REDACT))
    assert redacted(whole, REDACT) is whole


class Failing:
    def redact(self, text: str, sink: RedactionSink, *, whole: bool = True) -> Any:
        if text == "none":
            return None
        raise ValueError(text)


def test_a_text_at_which_a_redactor_fails_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert redacted(("secret", 3), redact_for(Failing(), RedactionSink.JOURNAL)) == (FAILED, 3)
    assert "secret" not in caplog.text
    assert caplog.records[0].failure == "ValueError"  # type: ignore[attr-defined]
    assert redacted("none", redact_for(Failing(), RedactionSink.JOURNAL)) == FAILED


def test_an_image_s_address_is_a_text_and_its_bytes_are_none() -> None:
    linked = redacted(ImageContent(url="https://example.com/4111111111111111.png"), REDACT)
    assert linked.url == "https://example.com/[card].png"
    drawn = ImageContent(data=b"4111111111111111", mime_type="image/png")
    assert redacted(drawn, REDACT) is drawn

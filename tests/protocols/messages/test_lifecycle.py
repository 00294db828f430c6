import pytest

from protocols import CapacityError, ErrorReply, InvalidAudioError
from protocols.messages import lifecycle
from protocols.messages.lifecycle import MAX_ERROR_CHARS
from support.messages import check_message_class, tagged_classes


@pytest.mark.parametrize("cls", tagged_classes(lifecycle), ids=lambda cls: cls.__name__)
def test_every_class_is_a_message_with_golden_bytes(cls: type) -> None:
    check_message_class(cls)


def test_an_error_reply_says_whose_fault_and_whether_to_retry() -> None:
    assert ErrorReply.of(CapacityError("8 of 8 jobs")) == ErrorReply(error="CapacityError", text="8 of 8 jobs", retryable=True)
    assert ErrorReply.of(InvalidAudioError("odd")) == ErrorReply(error="InvalidAudioError", text="odd", retryable=False)


def test_its_text_is_bounded() -> None:
    assert len(ErrorReply.of(CapacityError("x" * 10_000)).text) == MAX_ERROR_CHARS

import pytest

from protocols import UserInputTranscribed
from protocols.events import caller
from support.messages import check_message_class, tagged_classes


@pytest.mark.parametrize("cls", tagged_classes(caller), ids=lambda cls: cls.__name__)
def test_every_class_is_an_event_with_golden_bytes(cls: type) -> None:
    check_message_class(cls)


def test_only_final_texts_are_kept() -> None:
    assert not UserInputTranscribed(text="a pi", is_final=False).kept
    assert UserInputTranscribed(text="a pizza", is_final=True).kept

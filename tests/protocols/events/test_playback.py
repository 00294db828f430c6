import pytest

from protocols.events import playback
from support.messages import check_message_class, tagged_classes


@pytest.mark.parametrize("cls", tagged_classes(playback), ids=lambda cls: cls.__name__)
def test_every_class_is_an_event_with_golden_bytes(cls: type) -> None:
    check_message_class(cls)

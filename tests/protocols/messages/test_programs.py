import pytest

from protocols.messages import programs
from support.messages import check_message_class, tagged_classes


@pytest.mark.parametrize("cls", tagged_classes(programs), ids=lambda cls: cls.__name__)
def test_every_class_is_a_message_with_golden_bytes(cls: type) -> None:
    check_message_class(cls)

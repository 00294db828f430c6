from protocols import ProviderFormat


def test_a_form_has_messages_and_a_system_text_where_there_is_one() -> None:
    assert ProviderFormat(messages=[]).system == ""

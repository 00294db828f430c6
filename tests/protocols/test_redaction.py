import pytest

from protocols import RedactionSink, Redactor, RedactorFactory, was_redacted


class Upper:
    def redact(self, text: str, sink: RedactionSink, *, whole: bool = True) -> str:
        return f"{text.upper()} {sink} {whole}"


def make() -> Redactor:
    return Upper()


def test_a_redactor_is_told_where_a_text_goes_and_whether_it_is_whole() -> None:
    factory: RedactorFactory = make
    assert [factory().redact("x", sink, whole=False) for sink in RedactionSink] == ["X journal False", "X log False", "X event False"]


@pytest.mark.parametrize(
    ("arguments", "was"),
    [
        ('{"card": "[card]", "__redacted__": true}', True),
        ('{"card": "[card]"}', False),
        ('{"__redacted__": 1}', False),
        ('["__redacted__"]', False),
        ('{"__redacted__": true', False),
    ],
)
def test_arguments_say_whether_something_was_left_out_of_them(arguments: str, was: bool) -> None:
    assert was_redacted(arguments) is was

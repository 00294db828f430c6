from protocols import RedactionSink, Redactor, RedactorFactory


class Upper:
    def redact(self, text: str, sink: RedactionSink, *, whole: bool = True) -> str:
        return f"{text.upper()} {sink} {whole}"


def make() -> Redactor:
    return Upper()


def test_a_redactor_is_told_where_a_text_goes_and_whether_it_is_whole() -> None:
    factory: RedactorFactory = make
    assert [factory().redact("x", sink, whole=False) for sink in RedactionSink] == ["X journal False", "X log False", "X event False"]
